"""Are these the entries that the log signed, all of them, in their order? And if not: what was done?

The root over the lines decides, against the root of the signed checkpoint. Where they agree, every byte is
the log's own, and what is wrong is wrong in the log. Where they do not, the walk names what was done to
the file; what it finds nothing wrong with was made anew as a whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from inspection.custody.leaf import GENESIS
from kit.basis import Mark
from kit.export import UNREADABLE, Header, Rows
from kit.walk import FIRST_LINE, Pin, Problem, Rule, Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """What is known of a log that was read to its end, or as far as anybody would."""

    rows: Rows
    header: Header
    mark: Mark | None
    """The header's checkpoint; None where no trusted key signed it."""
    root: bytes | None
    """The root over the first lines, as many as the checkpoint counts; None when there are fewer."""
    pin: Pin | None
    """The newest receipt's entry."""

    @property
    def size(self) -> int:
        """How many entries the log said it has."""
        return self.mark.checkpoint.size if self.mark else self.header.size

    @property
    def whole(self) -> bool:
        """True when the lines are those under the checkpoint, byte for byte."""
        return self.mark is not None and self.root == self.mark.checkpoint.root

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the order, the nearest to the trusted entry first."""
        if not self.whole:
            yield from self._broken()
        elif self.pin and self.pin.index < self.size and self.rows.hash(self.pin.index) != self.pin.hash:
            yield from self._walk().problems()
        else:
            yield from self._own_faults()
            yield from self._beyond()

    def header_problems(self) -> Iterator[Problem]:
        """What the first line says beside its checkpoint must be the same."""
        if self.mark is None:
            return
        checkpoint = self.mark.checkpoint
        if (self.header.origin, self.header.size) != (checkpoint.origin, checkpoint.size):
            detail = f"it says {self.header.size} entries, its checkpoint {checkpoint.size}"
            yield Problem(rule=Rule.HEADER, line=1, detail=detail)
        last = self.rows.hash(self.size - 1) if self.size else GENESIS
        if self.whole and self.header.head != last:
            yield Problem(rule=Rule.HEADER, line=1, detail="its head is not the hash of the last entry")

    def _broken(self) -> Iterator[Problem]:
        found = False
        for problem in self._walk().problems():
            found = True
            yield problem
        if found or self.mark is None:
            return
        if self.pin and self.pin.index >= self.size - 1:
            detail = f"the log signed other entries 0 to {self.size - 1} than those that your receipt proves"
            yield Problem(rule=Rule.SPLIT, index=self.size - 1, line=1, detail=detail)
        else:
            detail = f"the entries fit each other, but not the root that the log signed over {self.size}"
            yield Problem(rule=Rule.ROOT, detail=detail)

    def _walk(self) -> Walk:
        """Start at the head that the header states, or at the last line where no trusted key signed it."""
        rows, pin = self.rows, self.pin
        if self.mark is not None:
            index, demand = self.size - 1, self.header.head if self.size else None
            demand = rows.hash(index) if self.whole and self.size else demand
        else:
            index, demand = max(len(rows) - 1, rows.index(len(rows) - 1) if len(rows) else -1), None
        if pin and pin.index > index:
            index, demand = pin.index, None
        return Walk(rows=rows, at=len(rows) - 1, index=index, demand=demand, pin=pin, proven=self.whole)

    def _own_faults(self) -> Iterator[Problem]:
        """What the log itself signed and should not have."""
        if self.rows.chained(self.size):
            return
        before = GENESIS
        for at in range(self.size):
            stated = self.rows.index(at)
            if stated == UNREADABLE:
                detail = "the log holds it so, but this program cannot read it"
                yield self._at(Rule.UNREADABLE, at, detail)
            elif stated != at:
                yield self._at(Rule.MISNUMBERED, at, f"it says index {stated}, its place is {at}")
            elif self.rows.demand(at) != before and not self.rows.is_bodiless(at):
                rule = Rule.CHAIN if at else Rule.NO_BEGINNING
                yield self._at(rule, at, "the log holds it so, but it demands another entry before it")
            before = self.rows.hash(at)

    def _beyond(self) -> Iterator[Problem]:
        """Lines behind the last entry that the checkpoint counts: a newer receipt may prove them."""
        if len(self.rows) == self.size and not (self.pin and self.pin.index >= self.size):
            return
        found = list(self._walk().problems())
        yield from found
        if not found:
            detail = (
                f"it says {self.size} entries, the file has {len(self.rows)}, and your receipt proves them"
            )
            yield Problem(rule=Rule.OLD_HEAD, line=1, detail=detail)

    def _at(self, rule: Rule, at: int, detail: str) -> Problem:
        return Problem(rule=rule, index=at, line=at + FIRST_LINE, detail=detail)
