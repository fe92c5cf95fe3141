"""Numbers of refunds: the same as those that anybody adds up by hand, whatever became of the refunds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update

from inspection.custody.leaf import EntryType
from inspection.deductions import DeductionCode
from inspection.messages.refund import OutcomeStatus
from inspection.refund_state import RefundState
from server.db.ledger_tables import leaves
from server.db.refund_tables import deliveries, instructions, refunds
from server.ledger.rebuilding import rebuild
from server.refunds import deciding, standing, statistics
from server.refunds.deciding import Less
from server.refunds.lookup_schemas import By, Group, Money
from server.refunds.noting import Done, note_outcome
from server.refunds.statistics import Span
from tests.server.refunds.books import NEW, SITE, USED, Kept, owe, row

UNITS = ("R1/1/1", "R2/1/1")
HELD = {"grade": "ungraded", "condition": None, "disposition": "hold", "channel": "hold_area"}
GONE = {"grade": "damaged", "condition": "D"}
DAYS = [f"2026-05-{day:02}" for day in range(3, 9)]
STEPS = st.tuples(
    st.sampled_from(["inspect", "decide", "report", "report", "report"]),
    st.sampled_from(UNITS),
    st.integers(0, 99),
    st.sampled_from([0, 7.2, 61, 40_000]),
)


@dataclass
class Book:
    """Refunds of a few units, with what is known of their times beside the tables."""

    kept: Kept
    judged: dict[str, datetime] = field(default_factory=dict)
    """The newest verdict of each unit."""
    settled: dict[str, datetime] = field(default_factory=dict)
    """The first outcome that settles each instruction."""
    reports: int = 0

    def inspect(self, unit: str, which: int) -> None:
        reason = ("changed_mind", "defective")[which % 2]
        number = self.kept.rows(instructions.c.inspection, instructions.c.unit == unit)
        owe(self.kept, unit, max((each[0] for each in number), default=0) + 1,
            (NEW, USED, HELD, GONE)[which % 4], reason=reason)  # fmt: skip
        self.judged[unit] = self.kept.now

    def decide(self, unit: str, which: int) -> None:
        """A person says less of the verdict that there is."""
        if unit in self.judged:
            less = [Less(code=DeductionCode.MISSING_PART, amount_minor=1 + which)]
            log, policy, now = self.kept.books.log, self.kept.policy, self.kept.now
            self.kept.do(lambda c: deciding.decide(c, log, unit, less, "Ada King", policy, now))

    def report(self, unit: str, which: int) -> None:
        """An outcome of any instruction of the unit, the newest or an older one."""
        told = self.kept.rows(instructions.c.id, instructions.c.unit == unit)
        if not told:
            return
        self.reports += 1
        name, refund = told[which % len(told)][0], row(self.kept, unit)
        status = tuple(OutcomeStatus)[which % len(OutcomeStatus)] if which % 3 else OutcomeStatus.SETTLED
        done = Done(id=f"re_{self.reports}", instruction=name, status=status, paid_minor=which)
        self.kept.do(lambda c: note_outcome(c, self.kept.books.log, refund, done, self.kept.now))
        self.kept.do(lambda c: standing.note_paid(c, SITE, unit, which, self.kept.at))
        if status is OutcomeStatus.SETTLED:
            self.settled.setdefault(name, self.kept.now)

    def groups(self, first: str, last: str, key: Callable[[Any], str]) -> dict[str, Group]:
        """Added up one by one."""
        rows = [each for each in self.kept.rows(refunds) if first <= each.told_at < last]
        named = [(key(each), each) for each in rows]
        return {name: self._group(name, [each for its, each in named if its == name]) for name, _ in named}

    def _group(self, name: str, rows: list[Any]) -> Group:
        kinds = ["hold" if each.state == RefundState.HELD.value else each.kind for each in rows]
        settled = [each for each in rows if each.instruction in self.settled]
        times = [
            (self.settled[each.instruction] - self.judged[each.unit]).total_seconds() for each in settled
        ]
        money = Money(
            currency="CNY",
            count=len(rows),
            target_total_minor=sum(each.target_total_minor for each in rows),
            paid_minor=sum(each.paid_minor for each in rows),
        )
        return Group(
            key=name,
            count=len(rows),
            full=kinds.count("approve"),
            part=kinds.count("partial"),
            denied=kinds.count("deny_proposed"),
            held=kinds.count("hold"),
            amounts=(money,),
            settled=len(times),
            median_s=nearest(times, 50),
            p95_s=nearest(times, 95),
        )


def nearest(times: list[float], percent: int) -> int | None:
    """The least time that so many percent do not exceed, by counting."""
    enough = [at for at in times if sum(other <= at for other in times) * 100 >= percent * len(times)]
    return round(min(enough)) if enough else None


@given(
    st.lists(STEPS, min_size=3, max_size=14),
    st.lists(st.sampled_from(DAYS), min_size=2, max_size=2, unique=True),
)
def test_the_numbers_are_those_of_the_refunds_one_by_one(
    steps: list[tuple[str, str, int, float]], days: list[str]
) -> None:
    book, (first, last) = Book(kept=Kept()), sorted(days)
    book.kept.set_mode("inform")
    book.inspect(UNITS[0], 0)
    for what, unit, which, later_s in steps:
        book.kept.forward(later_s)
        getattr(book, what)(unit, which)
    span = Span(told_from=first, told_to=last, merchant=None, now=book.kept.now)
    keys: dict[By, Callable[[Any], str]] = {
        By.DAY: lambda each: each.told_at[:10],
        By.MERCHANT: lambda each: each.merchant,
        By.REASON: lambda each: each.return_reason,
        By.GRADE: lambda each: grade_of(book.kept, each.instruction),
        By.STATE: lambda each: each.state,
    }
    for by, key in keys.items():
        found = book.kept.do(partial(statistics.read, site=SITE, span=span, by=by))
        assert {each.key: each for each in found.groups} == book.groups(first, last, key), by
    whole = book.groups(first, last, lambda _: "all")
    assert [found.all] == list(whole.values()) or (found.all.count, whole) == (0, {})
    book.kept.close()


def grade_of(kept: Kept, instruction: str) -> str:
    """As the instruction itself says it."""
    (found,) = kept.rows(instructions.c.body, instructions.c.id == instruction)
    return str(orjson.loads(found[0])["grade"])


def test_a_time_is_known_again_where_an_instruction_came_back_behind_its_outcome(kept: Kept) -> None:
    """After a restore an instruction waits until its unit is announced, and its outcome does not."""
    book = Book(kept)
    book.inspect(UNITS[0], 0)
    kept.forward(61)
    book.report(UNITS[0], 0)
    (before,) = kept.rows(refunds.c.settled_s)
    kept.do(lambda c: [c.execute(delete(table)) for table in (deliveries, instructions, refunds)])
    (leaf,) = kept.rows(leaves.c.leaf, leaves.c.type == EntryType.REFUND_INSTRUCTION.value)
    assert kept.do(lambda c: rebuild(c, SITE, leaf[0], None, 0.0))
    assert kept.rows(refunds.c.settled_s) == [before]
    assert round(before[0]) == 61


def test_a_merchant_whose_name_is_all_is_counted_once(kept: Kept) -> None:
    owe(kept)
    kept.do(lambda c: c.execute(update(refunds).values(merchant=statistics.ALL)))
    span = Span(told_from=DAYS[0], told_to=DAYS[-1], merchant=None, now=kept.now)
    found = kept.do(lambda c: statistics.read(c, SITE, span, By.MERCHANT))
    assert (found.all.count, [each.count for each in found.groups]) == (1, [1])
