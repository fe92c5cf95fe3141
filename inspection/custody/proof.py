"""One text file that proves, offline, that an entry stands in a log (C2SP tlog-proof, v1).

c2sp.org/tlog-proof@v1
[extra <base64>]
index <n>
<base64 of a hash>...          from the leaf's sibling up
<an empty line>
<the checkpoint, with all its signatures>
"""

from dataclasses import dataclass

from inspection.custody.checkpoint import read_decimal
from inspection.custody.merkle import HASH_BYTES, MAX_HASHES, leaf_hash, verify_inclusion
from inspection.custody.note import MAX_NOTE_BYTES, read_base64, read_note, write_base64
from inspection.custody.policy import Accepted, TrustPolicy, accept
from inspection.errors import BadMessage

FIRST_LINE = "c2sp.org/tlog-proof@v1"
MAX_PROOF_BYTES = 2 * MAX_NOTE_BYTES
"""A note, 63 hashes, and extra data of much the same size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """Where an entry stands, and what proves it."""

    index: int
    """0..2^63 - 1."""
    hashes: tuple[bytes, ...]
    """Inclusion proof of 32-byte hashes, 63 at most."""
    checkpoint: bytes
    """The signed note, as it came."""
    extra: bytes | None = None
    """Anything else; no signature covers it, so nothing may be believed of it."""

    def to_bytes(self) -> bytes:
        """The file; raises BadMessage for what no reader would take."""
        extra = [] if self.extra is None else [f"extra {write_base64(self.extra)}"]
        lines = [FIRST_LINE, *extra, f"index {self.index}", *map(write_base64, self.hashes)]
        content = "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint
        if read_proof(content) != self:
            raise BadMessage("the proof cannot be written")
        return content


def read_proof(content: bytes) -> TlogProof:
    """Read a proof without judging it; raises BadMessage."""
    if len(content) > MAX_PROOF_BYTES:
        raise BadMessage(f"a proof may have {MAX_PROOF_BYTES} bytes, this one has {len(content)}")
    head, separator, checkpoint = content.partition(b"\n\n")
    if not separator:
        raise BadMessage("the proof has no checkpoint")
    read_note(checkpoint)
    lines = head.decode("ascii", "replace").split("\n")
    if lines.pop(0) != FIRST_LINE:
        raise BadMessage(f"the first line is not {FIRST_LINE}")
    extra = read_base64(lines.pop(0).removeprefix("extra ")) if _begins(lines, "extra ") else None
    if not _begins(lines, "index "):
        raise BadMessage("the proof has no index line")
    index = read_decimal(lines.pop(0).removeprefix("index "))
    return TlogProof(index=index, hashes=read_hashes(lines), checkpoint=checkpoint, extra=extra)


def _begins(lines: list[str], word: str) -> bool:
    return bool(lines) and lines[0].startswith(word)


def read_hashes(lines: list[str]) -> tuple[bytes, ...]:
    """Read lines of one base64 hash each, 63 at most; raises BadMessage."""
    if len(lines) > MAX_HASHES:
        raise BadMessage(f"a proof may have {MAX_HASHES} hashes, this one has {len(lines)}")
    hashes = tuple(read_base64(line) for line in lines)
    if wrong := [found for found in hashes if len(found) != HASH_BYTES]:
        raise BadMessage(f"a hash has {HASH_BYTES} bytes, this one has {len(wrong[0])}")
    return hashes


def check_proof(proof: TlogProof, leaf: bytes, policy: TrustPolicy) -> Accepted:
    """Return what the policy accepts when the proof proves `leaf` under it.

    Raises what `accept` raises, or BadProof when the leaf is not in the checkpoint's tree.
    """
    accepted = accept(policy, proof.checkpoint)
    checkpoint = accepted.checkpoint
    verify_inclusion(leaf_hash(leaf), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return accepted
