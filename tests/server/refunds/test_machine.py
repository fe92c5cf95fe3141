"""Whatever order things happen in, no unit is paid more than it is owed and no payment more than it has.

Steps of any number of cashiers are interleaved on one database, and each may stop for ever between two of
them; the payment system keeps its rules and loses its answers.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import func, select

from inspection.messages.refund import OutcomeStatus
from inspection.payouts import PayoutCode
from inspection.refund_exceptions import CaseKind
from inspection.refund_state import SETTLED, RefundEvent, RefundState
from server.db.refund_tables import cases as case_rows
from server.db.refund_tables import found_money, instructions, outcomes
from server.db.refund_tables import payouts as payout_rows
from server.refunds import cases, due, paying, payouts, standing
from server.refunds.due import Job
from server.refunds.gate import read_gate
from server.refunds.gateway import PaymentStanding, Payout, PayoutAnswer
from server.refunds.payouts import OPEN, PayoutStep
from server.refunds.places import Places
from server.refunds.standing import RefundRow
from tests.server.refunds.books import PLACES, SITE, Kept, announced
from tests.server.refunds.rules import FAULTS, Shop

ASK_WITHIN_S = 15.0
"""Of a cashier whose lease has ended nothing is left: the next is another process."""
VERDICTS: dict[str, dict[str, Any]] = {
    "new": {"grade": "new", "condition": "A"},
    "used": {"grade": "used", "condition": "B"},
    "damaged": {"grade": "damaged", "condition": "D"},
    "exception": {"grade": "used", "condition": "B", "exception": "missing_part"},
    "held": {"grade": "ungraded", "condition": None, "disposition": "hold", "channel": "hold_area"},
}
UNITS = ("R1/1/1", "R1/2/1", "R2/1/1")
PAYMENTS = ("P-1", "P-2")
TROUBLES = ("none",) * 9 + FAULTS
MOVES = st.tuples(
    st.sampled_from(["claim", "claim", "go", "go", "go", "go", "go", "go", "crash", "wait"]),
    st.integers(0, 7),
    st.sampled_from(TROUBLES),
)


@dataclass
class Errand:
    """What one cashier has in hand for one payout; lost with it in a crash."""

    job: Job
    looks_up: bool
    seen: PaymentStanding | None = None
    payout: Payout | None = None
    chosen_s: float = 0.0
    answer: PayoutAnswer | None = None
    answered: bool = False


class Refunds(RuleBasedStateMachine):
    """Everything that may happen to the refunds of a few units."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = Kept(undo_s=30)
        self.books = self.kept.books
        self.errands: list[Errand] = []
        self.words: list[tuple[str, PayoutAnswer]] = []
        self.numbers = dict.fromkeys(UNITS, 0)
        self.records = 0
        self.named: dict[str, int] = {}

    def teardown(self) -> None:
        try:
            if self.numbers and hasattr(self, "shop"):
                self.settle_down()
        finally:
            self.kept.close()

    @initialize(
        paid=st.lists(st.integers(100, 900) | st.just(0), min_size=3, max_size=3),
        promised=st.lists(st.none() | st.integers(100, 900), min_size=3, max_size=3),
        more=st.lists(st.sampled_from([-1, 0, 0, 0, 300]), min_size=2, max_size=2),
        currencies=st.lists(st.sampled_from(["JPY", "CNY", "KWD"]), min_size=2, max_size=2),
        limit=st.sampled_from([0, 500, 1000]),
        verdicts=st.lists(st.sampled_from(["new", "new", "used", "damaged"]), min_size=3, max_size=3),
        late_s=st.sampled_from([31, 31, 28.5]),
    )
    def sell(
        self,
        paid: list[int],
        promised: list[int | None],
        more: list[int],
        currencies: list[str],
        limit: int,
        verdicts: list[str],
        late_s: float,
    ) -> None:
        sums = (paid[0] + paid[1], paid[2])
        self.shop = Shop(
            captured={name: max(0, sums[at] + more[at]) for at, name in enumerate(PAYMENTS)},
            currency=dict(zip(PAYMENTS, currencies, strict=True)),
        )
        self.units = {}
        for at, unit in enumerate(UNITS):
            payment = PAYMENTS[at // 2]
            least = promised[at]
            changes: dict[str, Any] = {"paid_minor": paid[at], "payment": payment}
            if least is not None:
                changes["promised_minor"] = min(least, paid[at])
            self.units[unit] = announced(unit, currency=self.shop.currency[payment], **changes)
        self.kept.set_mode("execute")
        if limit:
            for currency in sorted(set(currencies)):
                self.kept.approve_up_to(currency, limit)
        for unit, verdict in zip(UNITS, verdicts, strict=True):
            self.judge(unit, verdict)
        self.kept.checkpoint()
        self.kept.forward(late_s)
        for row in self.all_rows():
            if row.state is RefundState.REQUESTED and row.unit != UNITS[1]:
                self.let_go(row)

    # at the bench

    @rule(
        unit=st.sampled_from(UNITS),
        verdict=st.sampled_from(sorted(VERDICTS)),
        elsewhere=st.sampled_from([False] * 7 + [True]),
        approved=st.booleans(),
        later_s=st.sampled_from([0, 28.5, 31]),
    )
    def inspect(self, unit: str, verdict: str, elsewhere: bool, approved: bool, later_s: float) -> None:
        """Once more, with what usually follows."""
        self.judge(unit, verdict, elsewhere=elsewhere)
        row = self.row(unit)
        if approved and row is not None and row.state is RefundState.REQUESTED:
            self.let_go(row)
        if later_s:
            self.kept.checkpoint()
            self.kept.forward(later_s)

    def judge(self, unit: str, verdict: str, *, elsewhere: bool = False) -> None:
        self.numbers[unit] += 1
        self.records += 1
        message = self.units[unit]
        if elsewhere:  # announced anew as another payment's
            other = PAYMENTS[1 - PAYMENTS.index(str(message.payment))]
            message = message.model_copy(update={"payment": other, "currency": self.shop.currency[other]})
        purpose = {
            "inspection": self.numbers[unit],
            "purpose": "appeal" if self.numbers[unit] > 1 else "first",
        }
        self.units[unit] = announced(unit, **message.model_dump(mode="json", exclude_unset=True) | purpose)
        self.kept.judge(self.units[unit], self.records, **VERDICTS[verdict])

    @rule(seconds=st.sampled_from([0.5, 2, 10, 26, 31, 400]), covers=st.booleans())
    def wait(self, seconds: float, covers: bool) -> None:
        if covers:
            self.kept.checkpoint()
        self.kept.forward(seconds)

    # persons

    @rule(unit=st.sampled_from(UNITS))
    def let_it_go(self, unit: str) -> None:
        """Approve what waits, or send again what was refused, has failed or is held."""
        row = self.row(unit)
        if row is not None:
            self.let_go(row)

    def let_go(self, row: RefundRow) -> None:
        steps = {
            RefundState.REQUESTED: (RefundEvent.APPROVE,),
            RefundState.HELD: (RefundEvent.RELEASE, RefundEvent.APPROVE),
            RefundState.REJECTED: (RefundEvent.RELEASE, RefundEvent.APPROVE),
        }.get(row.state, ())
        if row.kind == "hold":
            return

        def go(connection: Any) -> None:
            moved = row
            for event in steps:
                named = {"approved_by": "Ada King"} if event is RefundEvent.APPROVE else {}
                moved = standing.move(
                    connection, SITE, moved, event, self.kept.at, reason=None, attempts=0, **named
                )

        self.kept.do(go)

    @rule(
        act=st.sampled_from(["take_back", "by_hand", "account"]),
        at=st.integers(0, 2),
        amount=st.integers(1, 200),
    )
    def meddle(self, act: str, at: int, amount: int) -> None:
        """What persons do that nobody expects."""
        if act == "take_back":
            self.take_back(UNITS[at])
        elif act == "by_hand":
            self.pay_by_hand(PAYMENTS[at % 2], amount)
        else:
            self.account_for_it(PAYMENTS[at % 2])

    def take_back(self, unit: str) -> None:
        row = self.row(unit)
        if row is not None:
            self.kept.do(lambda c: standing.take_back(c, SITE, row.instruction, self.kept.at))

    def pay_by_hand(self, payment: str, amount: int) -> None:
        room = self.shop.captured[payment] - self.shop.refunded(payment)
        if room > 0:
            before = self.shop.by_hand.get(payment, 0)
            self.shop.by_hand[payment] = before + min(amount, room)

    def account_for_it(self, payment: str) -> None:
        """A person says that what was paid by hand is another matter."""
        known = self.named.get(payment, 0)
        amount = self.shop.by_hand.get(payment, 0) - known
        names = [row.payment for row in self.all_rows() if self.units[row.unit].payment == payment]
        if amount <= 0 or not names:
            return
        self.named[payment] = known + amount
        values = {"site": SITE, "id": f"f{payment}{known}", "merchant": "m1", "payment": names[0]}
        more = {"amount_minor": amount, "by": "Ada King", "at": self.kept.at}
        self.kept.do(lambda c: c.execute(found_money.insert().values(**values, **more)))

    # cashiers

    @rule(moves=st.lists(MOVES, min_size=1, max_size=14))
    def work(self, moves: list[tuple[str, int, str]]) -> None:
        self.work_on(moves)

    @rule(moves=st.lists(MOVES, min_size=3, max_size=14))
    def work_more(self, moves: list[tuple[str, int, str]]) -> None:
        self.work_on(moves)

    @rule(moves=st.lists(MOVES, min_size=6, max_size=14))
    def work_most(self, moves: list[tuple[str, int, str]]) -> None:
        self.work_on(moves)

    def work_on(self, moves: list[tuple[str, int, str]]) -> None:
        """Claim, and go on with what anybody has in hand, in any order."""
        for what, which, trouble in moves:
            if what == "claim":
                self.claim(1 + which % 4)
            elif what == "wait":
                self.kept.forward((0.5, 2, 5, 0.5, 2, 5, 16, 26)[which])
            elif self.errands:
                at = which % len(self.errands)
                if what == "crash" or not self.step(self.errands[at], trouble):
                    self.errands.pop(at)
            self.always()

    def claim(self, most: int) -> None:
        places = Places(most=most, taken={})
        found = self.kept.do(lambda c: due.claim(c, self.books, self.kept.now, places))
        for job in found.to_pay:
            self.errands.append(Errand(job=job, looks_up=False))
        for job in found.to_look_up:
            self.errands.append(Errand(job=job, looks_up=True))

    def step(self, errand: Errand, trouble: str) -> bool:
        """One step of an errand; False once it is at its end."""
        key = errand.job.payout.key
        if errand.looks_up:
            return self.look_up(errand, key, trouble)
        if errand.seen is None:
            return self.ask_standing(errand, key, trouble)
        if errand.payout is None:
            return self.choose(errand, errand.seen)
        if not errand.answered:
            if self.kept.now.timestamp() - errand.chosen_s > ASK_WITHIN_S:
                return False
            errand.answer, errand.answered = self.shop.pay_back(errand.payout, trouble), True
            return True
        lease = errand.chosen_s + self.books.lease_s
        self.note(partial(paying.settle, lease=lease), key, errand.answer)
        return False

    def ask_standing(self, errand: Errand, key: str, trouble: str) -> bool:
        if trouble == "lost_before":
            self.note(paying.not_reached, key, 0.0)
        elif trouble == "refuse":
            self.note(paying.refused_to_say, key)
        else:
            errand.seen = self.shop.standing(errand.job.ref.payment)
        return errand.seen is not None

    def choose(self, errand: Errand, seen: PaymentStanding) -> bool:
        job, now = errand.job, self.kept.now
        before = self.row(job.payout.unit)
        errand.payout = self.kept.do(lambda c: paying.choose(c, self.books, job.payout, job.ref, seen, now))
        if errand.payout is not None:
            errand.chosen_s = now.timestamp()
            assert before is not None
            self.may_be_asked(before, errand.payout)
        return errand.payout is not None

    def may_be_asked(self, row: RefundRow, payout: Payout) -> None:
        """What must be true of whatever is asked for."""
        assert row.state is RefundState.APPROVED, row
        assert row.approved_by, "nobody approved it by name"
        (said,) = self.kept.rows(instructions, instructions.c.id == row.instruction)
        assert payout.key.startswith(f"{said.id}/"), "not the newest instruction"
        assert said.body, said
        size = self.kept.do(lambda c: read_gate(c, SITE)).covered
        assert said.leaf_seq < size, "no checkpoint covers it"
        before = said_of(said)["not_before"]
        assert before <= self.kept.at, f"asked for at {self.kept.at}, not before {before}"

    def look_up(self, errand: Errand, key: str, trouble: str) -> bool:
        if errand.answered:
            self.note(partial(paying.settle, lease=errand.job.payout.due_at), key, errand.answer)
            return False
        if trouble == "lost_before":
            self.note(paying.not_told, key)
            return False
        errand.answer, errand.answered = self.shop.look_up(key), True
        return True

    def note(self, step: Callable[..., Any], key: str, *more: Any) -> None:
        now = self.kept.now
        self.kept.do(lambda c: step(c, self.books, key, *more, now))

    # what the payment system tells by itself

    @precondition(lambda self: self.shop.made)
    @rule(act=st.sampled_from(["tell", "finish", "fail"]), which=st.integers(0, 7))
    def comes_of_it(self, act: str, which: int) -> None:
        """A refund is told of again, finishes, or fails after it was confirmed."""
        keys = sorted(self.shop.made)
        key = keys[which % len(keys)]
        made = self.shop.made[key]
        if act != "tell":
            made.pending = False
        made.failed = made.failed or act == "fail"
        self.words.append((key, self.shop.told(key)))

    @precondition(lambda self: self.words)
    @rule(which=st.integers(0, 15), again=st.booleans())
    def hear(self, which: int, again: bool) -> None:
        at = which % len(self.words)
        key, answer = self.words[at]
        if not again:
            self.words.pop(at)
        self.hear_word(key, answer)

    def hear_word(self, key: str, answer: PayoutAnswer) -> None:
        now = self.kept.now
        if answer.code != PayoutCode.REFUND_FAILED:
            self.note(paying.settle, key, answer)
            return
        row = self.kept.do(lambda c: payouts.find(c, SITE, key))
        if row.state is PayoutStep.CONFIRMED:
            self.kept.do(lambda c: paying.afterwards(c, self.books, row, OutcomeStatus.FAILED, now))
        else:
            self.note(paying.settle, key, answer)

    # what is always true

    def row(self, unit: str) -> RefundRow | None:
        return self.kept.do(lambda c: standing.find(c, SITE, unit))

    def all_rows(self) -> list[RefundRow]:
        return list(self.kept.do(lambda c: standing.find_many(c, SITE, UNITS)).values())

    @invariant()
    def no_payment_gives_more_than_it_has(self) -> None:
        for name, captured in getattr(self, "shop", Shop({}, {})).captured.items():
            assert self.shop.refunded(name) <= captured

    @invariant()
    def no_unit_gets_more_than_it_was_ever_owed(self) -> None:
        for unit, highest in self.highest().items():
            assert self.shop.paid(unit) <= highest, f"{unit} got {self.shop.paid(unit)} of {highest}"

    def always(self) -> None:
        self.no_payment_gives_more_than_it_has()
        self.no_unit_gets_more_than_it_was_ever_owed()
        self.one_payout_of_a_payment_and_of_a_unit_is_open()
        self.what_is_paid_is_what_the_payouts_say_and_the_ledger()
        self.what_is_settled_is_what_is_owed_or_a_case_is_open()

    def highest(self) -> dict[str, int]:
        said = select(instructions.c.unit, func.max(instructions.c.target_total_minor))
        return self.kept.do(
            lambda c: {row[0]: row[1] for row in c.execute(said.group_by(instructions.c.unit))}
        )

    @invariant()
    def one_payout_of_a_payment_and_of_a_unit_is_open(self) -> None:
        found = self.kept.rows(payout_rows, payout_rows.c.state.in_(OPEN))
        assert len({row.payment for row in found}) == len(found)
        assert len({row.unit for row in found}) == len(found)

    @invariant()
    def what_is_paid_is_what_the_payouts_say_and_the_ledger(self) -> None:
        paid: dict[str, int] = {}
        for row in self.kept.rows(payout_rows, payout_rows.c.state == PayoutStep.CONFIRMED):
            paid[row.unit] = paid.get(row.unit, 0) + row.amount_minor
        newest: dict[str, int] = {}
        joined = select(instructions.c.unit, outcomes.c.refunded_total_minor).join_from(
            outcomes, instructions, instructions.c.id == outcomes.c.instruction
        )
        for unit, total in self.kept.do(lambda c: list(c.execute(joined.order_by(outcomes.c.leaf_seq)))):
            newest[unit] = total
        for row in self.all_rows():
            assert row.paid_minor == paid.get(row.unit, 0), row
            assert row.paid_minor == newest.get(row.unit, 0), row

    @invariant()
    def what_is_settled_is_what_is_owed_or_a_case_is_open(self) -> None:
        for row in self.all_rows():
            if row.state in SETTLED and row.paid_minor != row.target_total_minor:
                assert self.open_kinds(row.unit), row

    def open_kinds(self, unit: str) -> set[CaseKind]:
        found = self.kept.do(lambda c: cases.open_of(c, SITE, [unit]))
        return {row.kind for row in found.get(unit, [])}

    # and in the end

    def settle_down(self) -> None:
        """Without faults everything comes to rest: paid to the cent, or before a person."""
        self.errands.clear()
        for made in self.shop.made.values():
            made.pending = False
        self.kept.checkpoint()
        for _ in range(60):
            self.kept.forward(4000)
            for key, answer in self.words:
                self.hear_word(key, answer)
            self.words.clear()
            found = self.kept.do(lambda c: due.claim(c, self.books, self.kept.now, PLACES))
            jobs = [(job, False) for job in found.to_pay] + [(job, True) for job in found.to_look_up]
            for job, looks_up in jobs:
                errand = Errand(job=job, looks_up=looks_up)
                while self.step(errand, "none"):
                    pass
            if not jobs and self.at_rest():
                break
        assert self.at_rest(), (self.all_rows(), self.kept.rows(payout_rows))
        for row in self.all_rows():
            settled = row.state in SETTLED and row.paid_minor == row.target_total_minor
            taken = row.reason == standing.TAKEN_BACK
            assert settled or taken or self.open_kinds(row.unit), row
            told = sum(m.amount for k, m in self.shop.made.items() if m.unit == row.unit and not m.failed)
            assert row.paid_minor == told or self.open_kinds(row.unit), (row, self.shop.made)
        self.no_payment_gives_more_than_it_has()
        self.no_unit_gets_more_than_it_was_ever_owed()
        self.what_is_paid_is_what_the_payouts_say_and_the_ledger()
        assert all(row.owner for row in self.kept.rows(case_rows))

    def at_rest(self) -> bool:
        moving = any(row.state in (RefundState.APPROVED, RefundState.SENT) for row in self.all_rows())
        return not moving and not self.kept.rows(payout_rows, payout_rows.c.state.in_(OPEN))


def said_of(row: Any) -> dict[str, Any]:
    return dict(json.loads(row.body))


class RefundsForLong(Refunds):
    """The same, as often as patience has it."""


QUICK = settings(deadline=None, suppress_health_check=list(HealthCheck), stateful_step_count=30)
TestRefunds = Refunds.TestCase
TestRefunds.settings = settings(QUICK, max_examples=25, derandomize=True)


@pytest.mark.soak
class TestRefundsForLong(RefundsForLong.TestCase):  # type: ignore[valid-type,misc] # made by Hypothesis
    settings = settings(QUICK, max_examples=10_000, stateful_step_count=60)
