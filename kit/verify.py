"""`regrade verify log`: are these the entries that the log signed, byte for byte?

Only files are read; nothing is asked of anybody. The root over all entries, compared with the log's signed
checkpoint, decides; a receipt and older checkpoints tell whether the log itself was written anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain, islice
from typing import BinaryIO, Protocol

from inspection.custody.policy import Cosigned, TrustPolicy
from inspection.custody.receipt import Receipt
from inspection.custody.signing import key_id
from kit.basis import Basis, Mark, mark_of, older_marks, read_pins
from kit.content import Content, Repeats
from kit.export import (
    MAX_HEADER_BYTES,
    Header,
    Line,
    Raw,
    Rows,
    batches,
    line_of,
    lines,
    place_of,
    read_header,
)
from kit.judging import judged
from kit.plain import Pieces
from kit.remarks import Remark
from kit.structure import Structure
from kit.times import backdated
from kit.tree import GrowingTree
from kit.walk import Pin, Problem, Rule

MAX_PROBLEMS = 20
MORE_LINES = 10_000
"""Lines beyond what header and receipt announce that are still read: somebody else's file may have no end."""
Progress = Callable[[int], None]
"""Told how many bytes of the file are read."""


class Doubt(StrEnum):
    """What a verification cannot exclude, whatever it finds."""

    REWRITTEN = "rewritten"
    """Whoever holds the log's key may have written the whole log anew."""
    CUT = "cut"
    """Newer entries may be missing at the end."""
    FORKED = "forked"
    """Others may have been shown another log: no witness was asked for, or too few have seen it."""
    OWN_KEY = "own_key"
    """The key came from the file itself: only its self-consistency is shown."""
    UNCHECKED = "unchecked"
    """Verdicts of devices whose key is not in the log."""
    UNREAD = "unread"
    """What the entries say was not looked at."""
    RETAINED = "retained"
    """Bodies that were dropped under retention, or photos and fields that are not in the bundle."""
    OMITTED = "omitted"
    """A verdict that was never recorded leaves no trace here."""
    FALSE_INPUT = "false_input"
    """That the photos and the people told the truth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found."""

    origin: str
    size: int
    """Entries in the file, as far as it was read."""
    log_key: str
    """Id of the key that signed the checkpoint; of the first that is trusted, where none did."""
    receipt_index: int | None
    counts: dict[str, int]
    """Entries by type; `signed` and `unchecked` verdicts."""
    problems: tuple[Problem, ...]
    """Nearest to the trusted entry first, at most MAX_PROBLEMS."""
    doubts: tuple[Doubt, ...]
    remarks: tuple[Remark, ...] = ()
    """What is odd and no fault, at most MAX_REMARKS."""
    remarked: int = 0
    """How much is odd, in words or not."""
    cosigned: tuple[Cosigned, ...] = ()
    """Witnesses of the policy that have seen the checkpoint, and when."""
    fork_detectable: bool = False
    """True when enough witnesses have seen what this file shows."""

    @property
    def verified(self) -> bool:
        """True when nothing is wrong."""
        return not self.problems


class Beside(Protocol):
    """What lies beside the lines in an archive and must belong to them."""

    def checkpoints(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of every checkpoint that was kept."""
        ...

    def bundle(self, entries: list[bytes], complete: bool) -> None:
        """Take the next 256 entries, or the last ones; they are not complete where a body was dropped."""
        ...

    def tile(self, level: int, index: int, content: bytes) -> None:
        """Take a tile as it must be."""
        ...

    def problems(self, header: Header) -> Iterator[Problem]:
        """What did not fit."""
        ...


class Nothing:
    """Beside a file of lines lies nothing."""

    def checkpoints(self) -> Iterator[tuple[str, bytes]]:
        """None was kept."""
        return iter(())

    def bundle(self, entries: list[bytes], complete: bool) -> None:
        """Nothing to compare it with."""

    def tile(self, level: int, index: int, content: bytes) -> None:
        """Nothing to compare it with."""

    def problems(self, header: Header) -> Iterator[Problem]:
        """Nothing can be wrong."""
        return iter(())


@dataclass(slots=True, kw_only=True)
class Reading:
    """One file of lines on its way through the checks."""

    header: Header
    policy: TrustPolicy
    mark: Mark | None
    older: list[Mark]
    pins: list[Pin]
    content: Content
    beside: Beside
    tree: GrowingTree
    rows: Rows

    @property
    def most(self) -> int:
        """How many lines are read."""
        announced = max((pin.index + 1 for pin in self.pins), default=0)
        return max(self.header.size, announced) + MORE_LINES

    def take(self, file: BinaryIO, progress: Progress | None) -> list[Problem]:
        """Read all lines; returns what they say wrong by themselves."""
        kept: list[Problem] = []
        with judged(batches(file, self.most), self.header, thorough=self.content.thorough) as found:
            for batch, pieces in found:
                for problem in self._batch(batch, pieces):
                    if len(kept) < MAX_PROBLEMS:
                        kept.append(problem)
                if progress:
                    progress(file.tell())
        self.tree.finish()
        self.content.finish()
        return kept

    def _batch(self, batch: list[Raw], pieces: Pieces) -> Iterator[Problem]:
        hashes: list[bytes] = []
        bodiless = self.rows.bodiless
        for run in pieces:
            if run is not None:
                self.rows.add_run(b"".join(run.hashes), run.demands, run.indexes)
                self.content.take(run)
                hashes += run.hashes
            else:
                line = self._line(batch[len(hashes)])
                self.rows.add(line)
                yield from self.content.check(len(self.rows) - 1, line)
                hashes.append(line.hash)
        self.tree.add_tile(hashes)
        entries = [raw.content if isinstance(raw, Line) else raw for raw in batch]
        self.beside.bundle(entries, self.rows.bodiless == bodiless)

    def _line(self, raw: Raw) -> Line:
        if isinstance(raw, Line):
            return raw
        return line_of(raw) if self.content.thorough else place_of(raw)

    def structure(self) -> Structure:
        """What the lines are together."""
        size = self.mark.checkpoint.size if self.mark else self.header.size
        pin = self.pins[-1] if self.pins else None
        root = self.tree.roots.get(size)
        return Structure(rows=self.rows, header=self.header, mark=self.mark, root=root, pin=pin)


def verify_log(
    file: BinaryIO,
    receipt: Receipt | None = None,
    key: bytes | None = None,
    progress: Progress | None = None,
    *,
    basis: Basis | None = None,
    beside: Beside | None = None,
    thorough: bool = True,
) -> Report:
    """Check a whole export, opened at its beginning; raises NotAnExport only.

    `key` is the log's raw Ed25519 public key; None takes the export's own. `basis` goes before both.
    """
    basis = basis or Basis(key=key, receipts=(receipt,) if receipt else ())
    reading, problems = _begin(file, basis, beside or Nothing(), thorough)
    found = reading.take(file, progress)
    structure = reading.structure()
    whole = [*structure.header_problems(), *_structure(structure, reading), *_others(structure, reading)]
    # What a changed line says by itself is a consequence of the change, so it is not told twice.
    inside = [] if whole else found + list(_repeats(file, reading.content)) + list(_late(reading))
    parts = [] if whole else list(islice(reading.beside.problems(reading.header), MAX_PROBLEMS))
    return _report(reading, basis, [*problems, *whole, *inside, *parts])


def _begin(file: BinaryIO, basis: Basis, beside: Beside, thorough: bool) -> tuple[Reading, list[Problem]]:
    header = read_header(file.readline(MAX_HEADER_BYTES + 1))
    policy = basis.policy_for(header.origin, header.log_public_key)
    mark, problem = mark_of("the header's checkpoint", header.checkpoint, policy)
    pins, bad_pins = read_pins(basis, policy, header.origin)
    held = (("your checkpoint", note) for note in basis.checkpoints)
    older, bad_marks = older_marks(chain(held, beside.checkpoints()), policy)
    sizes = {each.checkpoint.size for each in older} | {header.size}
    sizes |= {mark.checkpoint.size} if mark else set()
    reading = Reading(
        header=header,
        policy=policy,
        mark=mark,
        older=older,
        pins=pins,
        content=Content(origin=header.origin, thorough=thorough),
        beside=beside,
        tree=GrowingTree(wanted=frozenset(sizes), on_tile=beside.tile),
        rows=Rows(),
    )
    head_problems = [*_other_key(policy, header), *([replace(problem, line=1)] if problem else [])]
    return reading, [*bad_pins, *head_problems, *bad_marks]


def _other_key(policy: TrustPolicy, header: Header) -> Iterator[Problem]:
    trusted = policy.log_keys(header.origin)
    if trusted and header.log_public_key not in trusted:
        theirs, yours = key_id(header.log_public_key), key_id(trusted[0])
        detail = f"the export names log key {theirs}, you gave {yours}"
        yield Problem(rule=Rule.OTHER_KEY, line=1, detail=detail)


def _structure(structure: Structure, reading: Reading) -> Iterator[Problem]:
    """What is wrong with the order, at most MAX_PROBLEMS; of a file not read to its end, what is sure."""
    walked = islice(structure.problems(), MAX_PROBLEMS)
    rows, header = structure.rows, structure.header
    if len(rows) < reading.most:
        yield from walked
        return
    detail = f"the header says {header.size} entries; after {len(rows)} lines the rest was not read"
    yield Problem(rule=Rule.TOO_LONG, line=len(rows) + 1, detail=detail)
    pinned = structure.pin is None or rows.find(structure.pin.hash) is not None
    if pinned and (structure.whole or structure.mark is None or rows.find(header.head) is not None):
        yield from walked  # else a trusted entry may stand in what was not read


def _others(structure: Structure, reading: Reading) -> Iterator[Problem]:
    """Older checkpoints and older receipts must be of this history too."""
    for mark in reading.older:
        yield from _older(mark, structure, reading.tree)
    for pin in reading.pins[:-1] if structure.whole else ():
        if pin.index < len(structure.rows) and structure.rows.hash(pin.index) != pin.hash:
            detail = "the log signed another entry here than the one that your receipt proves"
            yield Problem(rule=Rule.SPLIT, index=pin.index, detail=detail)
    for at in structure.rows.misplaced:
        detail = "only its hash is here, and an entry before it has its body"
        yield Problem(rule=Rule.BODY_MISSING, index=at, line=at + 2, detail=detail)


def _older(mark: Mark, structure: Structure, tree: GrowingTree) -> Iterator[Problem]:
    checkpoint = mark.checkpoint
    if checkpoint.origin != structure.header.origin:
        yield Problem(rule=Rule.OTHER_LOG, detail=f"{mark.name} is of log {checkpoint.origin!r}")
    elif not structure.whole:
        return  # against a file that is broken itself it says nothing
    elif checkpoint.size > structure.size:
        detail = f"{mark.name} is over {checkpoint.size} entries, this log ends after {structure.size}"
        yield Problem(rule=Rule.INCONSISTENT, index=structure.size, detail=detail)
    elif tree.roots[checkpoint.size] != checkpoint.root:
        detail = f"{mark.name} is over {checkpoint.size} other entries: the log signed two histories"
        yield Problem(rule=Rule.INCONSISTENT, detail=detail)


def _late(reading: Reading) -> Iterator[Problem]:
    marks = [*reading.older, *([reading.mark] if reading.mark else [])]
    return backdated(reading.content.times, marks)


def _repeats(file: BinaryIO, content: Content) -> Iterator[Problem]:
    suspects = content.doubled()
    if not suspects:
        return
    file.seek(0)
    file.readline(MAX_HEADER_BYTES + 1)
    second = Repeats(suspects=suspects)
    for at, line in enumerate(lines(file)):
        yield from second.check(at, line)


def _report(reading: Reading, basis: Basis, problems: list[Problem]) -> Report:
    mark = reading.mark
    trusted = reading.policy.log_keys(reading.header.origin)
    key = mark.log.public_key if mark else (*trusted, basis.key or reading.header.log_public_key)[0]
    return Report(
        origin=reading.header.origin,
        size=len(reading.rows),
        log_key=key_id(key),
        receipt_index=reading.pins[-1].index if reading.pins else None,
        counts=reading.content.counted(),
        problems=tuple(problems[:MAX_PROBLEMS]),
        doubts=tuple(_doubts(reading, basis)),
        remarks=tuple(reading.content.remarks.found),
        remarked=reading.content.remarks.total,
        cosigned=mark.cosigned if mark else (),
        fork_detectable=mark is not None and mark.witnessed,
    )


def _doubts(reading: Reading, basis: Basis) -> Iterator[Doubt]:
    pin = reading.pins[-1] if reading.pins else None
    witnessed = reading.mark is not None and reading.mark.witnessed
    if basis.own_key:
        yield Doubt.OWN_KEY
    if pin is None and not witnessed and not basis.checkpoints:
        yield Doubt.REWRITTEN
    if not witnessed and (pin is None or pin.index < len(reading.rows) - 1):
        yield Doubt.FORKED
    yield Doubt.CUT
    if not reading.content.thorough:
        yield Doubt.UNREAD
    if reading.content.counts["unchecked"]:
        yield Doubt.UNCHECKED
    if reading.rows.bodiless:
        yield Doubt.RETAINED
    yield from (Doubt.OMITTED, Doubt.FALSE_INPUT)
