"""`regrade verify proof` and `regrade verify between`: one entry, and two checkpoints of one log."""

from collections.abc import Iterator
from typing import BinaryIO

from inspection.custody.checkpoint import Checkpoint
from inspection.custody.leaf import Leaf
from inspection.custody.merkle import verify_consistency
from inspection.custody.policy import TrustPolicy
from inspection.custody.proof import read_hashes, read_proof
from inspection.custody.signing import key_id
from inspection.errors import BadProof, DomainError
from kit.basis import Mark, mark_of, older_marks
from kit.errors import NotAnExport, NotAProof
from kit.export import MAX_HEADER_BYTES, line_of, lines, place_of, read_header
from kit.tree import GrowingTree
from kit.verify import Doubt, Report
from kit.verify_bundle import Proven
from kit.walk import Problem, Rule


def verify_proof(leaf: bytes, proof: bytes, policy: TrustPolicy) -> Report:
    """Check that a leaf stands where its proof says; raises NotAProof for what is no proof."""
    try:
        read = read_proof(proof)
    except DomainError as error:
        raise NotAProof(f"no tlog-proof: {error}") from error
    stated = line_of(leaf).leaf
    proven = Proven.begin(policy, _origin(stated, policy))
    problems = list(proven.take(read.index, leaf, proof))
    return proven.report(problems, _doubts(proven))


def _origin(stated: Leaf | None, policy: TrustPolicy) -> str:
    """The one log of the policy that the leaf can be of."""
    names = [log.key.name for log in policy.logs]
    return stated.log if stated and stated.log in names else (names or [""])[0]


def _doubts(proven: Proven) -> Iterator[Doubt]:
    if not proven.witnessed:
        yield from (Doubt.REWRITTEN, Doubt.FORKED)
    if proven.content.counts["unchecked"]:
        yield Doubt.UNCHECKED
    yield from (Doubt.OMITTED, Doubt.FALSE_INPUT)


def read_consistency(content: bytes) -> tuple[bytes, ...]:
    """Read a consistency proof: one base64 hash per line; raises NotAProof."""
    try:
        return read_hashes(content.decode("ascii").splitlines())
    except (UnicodeDecodeError, DomainError) as error:
        raise NotAProof(f"no consistency proof: {error}") from error


def roots_of(file: BinaryIO, sizes: set[int]) -> dict[int, bytes]:
    """The roots that the lines of an export have at some sizes; raises NotAnExport."""
    read_header(file.readline(MAX_HEADER_BYTES + 1))
    tree = GrowingTree(wanted=frozenset(sizes))
    for line in lines(file, place_of):  # its hash is all that is asked for
        if tree.size >= max(sizes):
            break
        tree.add(line.hash)
    if missing := sizes - tree.roots.keys():
        raise NotAnExport(f"the export ends after {tree.size} entries, before {max(missing)}")
    return tree.roots


def verify_between(
    old: bytes,
    new: bytes,
    policy: TrustPolicy,
    *,
    proof: tuple[bytes, ...] | None = None,
    export: BinaryIO | None = None,
) -> Report:
    """Check that the newer checkpoint continues the older one.

    By a consistency proof, or by an export that has all entries of the newer one. Raises NotAProof where
    one is needed and neither is given.
    """
    marks, problems = older_marks(iter([("the old checkpoint", old), ("the new checkpoint", new)]), policy)
    if len(marks) == 2:
        problems += _between(marks[0].checkpoint, marks[1].checkpoint, proof, export)
    newest = mark_of("the new checkpoint", new, policy)[0]
    return _report(policy, newest, problems)


def _between(
    old: Checkpoint, new: Checkpoint, proof: tuple[bytes, ...] | None, export: BinaryIO | None
) -> Iterator[Problem]:
    if old.origin != new.origin:
        yield Problem(rule=Rule.OTHER_LOG, detail=f"one is of {old.origin!r}, the other of {new.origin!r}")
    elif old.size > new.size:
        detail = f"the log went back from {old.size} entries to {new.size}"
        yield Problem(rule=Rule.INCONSISTENT, index=new.size, detail=detail)
    elif export is not None:
        roots = roots_of(export, {old.size, new.size})
        for name, checkpoint in (("old", old), ("new", new)):
            if roots[checkpoint.size] != checkpoint.root:
                detail = f"the {name} checkpoint is not over the export's first {checkpoint.size} entries"
                yield Problem(rule=Rule.INCONSISTENT, detail=detail)
    else:
        yield from _by_proof(old, new, proof)


def _by_proof(old: Checkpoint, new: Checkpoint, proof: tuple[bytes, ...] | None) -> Iterator[Problem]:
    if proof is None and 0 < old.size < new.size:
        raise NotAProof(f"from {old.size} to {new.size} entries it takes a --proof, or an --export")
    try:
        verify_consistency(old.size, new.size, proof or (), old.root, new.root)
    except BadProof as error:
        yield Problem(rule=Rule.INCONSISTENT, detail=str(error))


def _report(policy: TrustPolicy, mark: Mark | None, problems: list[Problem]) -> Report:
    keys = [mark.log] if mark else [log.key for log in policy.logs]
    witnessed = mark is not None and mark.witnessed
    doubts = (Doubt.CUT,) if witnessed else (Doubt.FORKED, Doubt.CUT)
    return Report(
        origin=mark.checkpoint.origin if mark else "",
        size=mark.checkpoint.size if mark else 0,
        log_key=key_id(keys[0].public_key if keys else b""),
        receipt_index=None,
        counts={},
        problems=tuple(problems),
        doubts=doubts,
        cosigned=mark.cosigned if mark else (),
        fork_detectable=witnessed,
    )
