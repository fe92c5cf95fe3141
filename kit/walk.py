"""Walk a log backwards from what is trusted, and name what does not fit.

Whether a log is whole, the root under its signed checkpoint says, and nothing else does. This walk only
names what is wrong with one that is not, or that a receipt contradicts.

Every leaf holds the hash of the leaf before it (`prev`). So whoever trusts one leaf - by a receipt, or by
the head that the header states - knows the hash of the one before, and so on to the first. Where the
file shows something else, the neighbours tell what happened:

    the demanded leaf stands just before the stranger      the stranger was inserted
    it stands somewhere else                               swapped (or moved)
    it stands nowhere, and the indexes leave a gap         dropped
    it stands nowhere, and there is no gap                 changed

After a changed or dropped leaf the hash of the one before is unknown: the walk goes on from what the
file shows, and what it names from there on is a consequence, not a proof.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from inspection.custody.leaf import GENESIS
from kit.export import UNREADABLE, Rows

FIRST_LINE = 2
"""The header is line 1, so the leaf at place 0 stands in line 2."""


class Rule(StrEnum):
    """What is wrong; each has one meaning, so that programs can go by it."""

    CHANGED = "changed"
    DROPPED = "dropped"
    SWAPPED = "swapped"
    INSERTED = "inserted"
    UNREADABLE = "unreadable"
    """The log holds it as it is, but it is no leaf that this program can read: upgrade."""
    MISNUMBERED = "misnumbered"
    """The log itself put a wrong index into an entry."""
    SPLIT = "split"
    """The log signed a head over another history than the receipt's."""
    OLD_HEAD = "old_head"
    """The header is signed, but it is older than the receipt: it is not of this file."""
    TOO_LONG = "too_long"
    """Far more lines than the header and the receipt announce: the rest was not read."""
    NO_BEGINNING = "no_beginning"
    """The first entry demands one before it."""
    CHAIN = "chain"
    """The log itself recorded an entry that demands another one before it."""
    ROOT = "root"
    """The entries fit each other, but they are not those under the checkpoint."""
    HEADER = "header"
    """The first line says something else than its checkpoint or its entries."""
    CHECKPOINT_SIGNATURE = "checkpoint_signature"
    QUORUM_MISSING = "quorum_missing"
    INCONSISTENT = "inconsistent"
    """Another checkpoint of the log is over another history."""
    BACKDATED = "backdated"
    """A witness saw the log at a time that an entry's own time contradicts."""
    BODY_MISSING = "body_missing"
    """Only the hash of an entry is here, behind one that has its body."""
    TILE = "tile"
    """A part of the archive is missing, or is not of these entries."""
    STRAY = "stray"
    """A part of the archive belongs to nothing."""
    BAD_PROOF = "bad_proof"
    OPENING = "opening"
    PHOTO = "photo"
    CONTRADICTION = "contradiction"
    OTHER_KEY = "other_key"
    OTHER_LOG = "other_log"
    RECEIPT_SIGNATURE = "receipt_signature"
    RECEIPT_CONTENT = "receipt_content"
    DEVICE_SIGNATURE = "device_signature"
    DEVICE_KEY = "device_key"
    REVOKED_KEY = "revoked_key"
    BAD_RECORD = "bad_record"
    BAD_BODY = "bad_body"
    WRONG_ID = "wrong_id"
    DUPLICATE_ID = "duplicate_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, named."""

    rule: Rule
    detail: str
    index: int | None = None
    """Ledger index of the entry; None where it is about the whole file."""
    last: int | None = None
    """Index of the last of several dropped entries."""
    line: int | None = None
    """Line of the file, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A leaf that is trusted without the file: a receipt's."""

    index: int
    hash: str
    prev: str


@dataclass(slots=True, kw_only=True)
class Walk:
    """State of one walk: which line is next, which index it should have, which hash it must have."""

    rows: Rows
    at: int
    """Place of the next line, 0 for the first after the header."""
    index: int
    demand: str | None
    """Hash in hex; None after a leaf that could not be trusted."""
    pin: Pin | None = None
    proven: bool = True
    """False once the walk goes on from something that nobody signed."""
    moved: set[int] = field(default_factory=set)
    """Places of leaves that were named as swapped already."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong, the nearest to the trusted leaf first."""
        while self.index >= 0:
            if self.pin and self.index == self.pin.index:
                yield from self._meet(self.pin)
            yield from self._step()
        if self.demand not in (None, GENESIS):
            yield Problem(rule=Rule.NO_BEGINNING, index=0, detail="the first entry demands one before it")
        yield from (self._inserted(at) for at in range(self.at, -1, -1))

    def _meet(self, pin: Pin) -> Iterator[Problem]:
        """From the receipt's entry on the walk trusts the receipt."""
        if self.demand not in (None, pin.hash):
            if self.proven:
                detail = "the log signed another entry here than the one that your receipt proves"
                yield Problem(rule=Rule.SPLIT, index=pin.index, detail=detail)
            else:
                detail = "it does not continue the entry that your receipt proves"
                yield Problem(rule=Rule.CHANGED, index=pin.index + 1, detail=detail)
        self.demand, self.proven = pin.hash, True

    def _step(self) -> Iterator[Problem]:
        if self.at < 0:
            yield self._dropped(0)
        elif self.demand is None:
            yield from self._on_trust()
        elif self.rows.hash(self.at) == self.demand:
            yield from self._accept()
        elif (found := self.rows.find(self.demand)) is not None:
            yield from self._elsewhere(found)
        else:
            yield self._nowhere()

    def _accept(self) -> Iterator[Problem]:
        stated = self.rows.index(self.at)
        if stated == UNREADABLE:
            yield self._problem(Rule.UNREADABLE, "the log holds it so, but this program cannot read it")
            self._trust_less()
            self._next()
            return
        if stated != self.index:
            yield self._problem(Rule.MISNUMBERED, f"it says index {stated}, its place is {self.index}")
        self.demand = self.rows.demand(self.at)
        self._next()

    def _on_trust(self) -> Iterator[Problem]:
        stated = self.rows.index(self.at)
        if stated == self.index:
            yield from self._accept()
        elif 0 <= stated < self.index:
            yield self._dropped(stated + 1)
        elif self.at > 0 and self.rows.index(self.at - 1) == self.index:
            yield self._inserted(self.at)
            self.at -= 1
        else:
            yield self._problem(Rule.CHANGED, "its bytes are no leaf with this index")
            self._trust_less()
            self._next()

    def _elsewhere(self, found: int) -> Iterator[Problem]:
        if found < self.at and self._stands_right(found):
            yield from (self._inserted(at) for at in range(self.at, found, -1))
            self.at = found
            return
        here = self.rows.index(self.at)
        other = "a line that is no leaf" if here == UNREADABLE else f"entry {here}"
        yield self._problem(
            Rule.SWAPPED, f"it stands in line {found + FIRST_LINE}; in its place stands {other}"
        )
        self.moved.add(found)
        self.demand = self.rows.demand(found)
        if self.rows.hash(self.at) != self.demand:
            self.at -= 1
        self.index -= 1

    def _stands_right(self, at: int) -> bool:
        """True when the leaf before this place is the one that this leaf demands."""
        demanded = self.rows.demand(at)
        return demanded == (self.rows.hash(at - 1) if at > 0 else GENESIS)

    def _nowhere(self) -> Problem:
        likely = self._likely_index()
        if 0 <= likely < self.index:
            return self._dropped(likely + 1)
        problem = self._problem(
            Rule.CHANGED, "its bytes are not those that the trusted leaf after it demands"
        )
        self._trust_less()
        self._next()
        return problem

    def _trust_less(self) -> None:
        """Go on without knowing the next hash, unless the receipt holds this very leaf."""
        pinned = self.pin is not None and self.index == self.pin.index
        self.demand = self.pin.prev if self.pin and pinned else None
        self.proven = pinned

    def _likely_index(self) -> int:
        """The index of this line: by the leaf before where the link holds, else by what it states."""
        if self.at == 0:
            return 0 if self.rows.demand(0) == GENESIS else self.rows.index(0)
        before = self.rows.index(self.at - 1)
        if before != UNREADABLE and self.rows.demand(self.at) == self.rows.hash(self.at - 1):
            return before + 1
        return self.rows.index(self.at)

    def _next(self) -> None:
        self.at -= 1
        self.index -= 1

    def _problem(self, rule: Rule, detail: str) -> Problem:
        return Problem(rule=rule, index=self.index, line=self.at + FIRST_LINE, detail=detail)

    def _dropped(self, first: int) -> Problem:
        """Name the missing entries down to `first`, stopping at the receipt's, and go on below them."""
        if self.pin and first <= self.pin.index <= self.index:
            first = min(self.pin.index + 1, self.index)
        problem = Problem(
            rule=Rule.DROPPED,
            index=first,
            last=self.index,
            line=self.at + FIRST_LINE,
            detail=f"{_entries(first, self.index)} missing after line {self.at + FIRST_LINE}",
        )
        self.index = first
        self._trust_less()
        self.index -= 1
        return problem

    def _inserted(self, at: int) -> Problem:
        says = self.rows.index(at)
        if at in self.moved:
            detail = f"in its place stands entry {says}"
            return Problem(rule=Rule.SWAPPED, index=at, line=at + FIRST_LINE, detail=detail)
        what = "it is no leaf" if says == UNREADABLE else f"it says index {says}"
        if says != UNREADABLE and self.rows.has_twin(at):
            what = f"it is a copy of entry {says}"
        return Problem(
            rule=Rule.INSERTED, index=at, line=at + FIRST_LINE, detail=f"a line that no entry demands: {what}"
        )


def _entries(first: int, last: int) -> str:
    return "the entry is" if first == last else f"entries {first} to {last} are"
