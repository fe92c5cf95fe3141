"""Money: exact, never below nothing or above what was paid, never lowered by a machine."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.grades import Channel, Condition, Disposition, Grade, ReturnException
from inspection.policy import DEFAULT_POLICY, RefundRow
from inspection.reasons import Rule
from inspection.refund import NOT_THE_CUSTOMER, RefundKind, share_of, target_total
from inspection.returns import ReturnReason, ReturnUnit
from inspection.verdict import Role, Verdict, VerdictKind

GRADED = [Grade.NEW, Grade.USED, Grade.DAMAGED]


def judged(grade: Grade, kind: VerdictKind = VerdictKind.CONFIRM) -> Verdict:
    return Verdict(
        kind=kind,
        decided_by=Role.MACHINE if kind == VerdictKind.AUTONOMY else Role.INSPECTOR,
        grade=grade,
        condition=Condition.B,
        shares=None,
        disposition=Disposition.RESALE,
        channel=Channel.OPEN_BOX,
        rule=Rule.VALUE_BEST,
        reasons=(),
        policy="default/1",
    )


def held(verdict: Verdict, rule: Rule) -> Verdict:
    return replace(verdict, disposition=Disposition.HOLD, channel=Channel.HOLD_AREA, rule=rule)


@pytest.mark.parametrize(
    ("grade", "reason", "kind", "total"),
    [
        (Grade.NEW, ReturnReason.CHANGED_MIND, RefundKind.APPROVE, 7999),
        (Grade.USED, ReturnReason.CHANGED_MIND, RefundKind.PARTIAL, 6399),
        (Grade.USED, ReturnReason.DEFECTIVE, RefundKind.APPROVE, 7999),
        (Grade.DAMAGED, ReturnReason.DAMAGED_IN_TRANSIT, RefundKind.APPROVE, 7999),
        (Grade.DAMAGED, ReturnReason.NOT_AS_DESCRIBED, RefundKind.APPROVE, 7999),
        (Grade.DAMAGED, ReturnReason.OTHER, RefundKind.PARTIAL, 4000),
        (Grade.DAMAGED, ReturnReason.WRONG_SIZE, RefundKind.DENY_PROPOSED, 0),
    ],
)
def test_what_is_owed_follows_the_table(
    unit: ReturnUnit, grade: Grade, reason: ReturnReason, kind: RefundKind, total: int
) -> None:
    owed = target_total(replace(unit, reason=reason), judged(grade), DEFAULT_POLICY)
    assert (owed.kind, owed.target_total_minor, owed.currency) == (kind, total, "EUR")
    assert owed.reasons[0].rule == owed.rule


@pytest.mark.parametrize("exception", list(ReturnException), ids=str)
def test_any_exception_holds_the_refund(unit: ReturnUnit, exception: ReturnException) -> None:
    owed = target_total(unit, replace(judged(Grade.NEW), exception=exception), DEFAULT_POLICY)
    assert (owed.kind, owed.rule) == (RefundKind.HOLD, Rule.REFUND_HOLD)


def test_a_held_or_ungraded_unit_holds_the_refund(unit: ReturnUnit) -> None:
    for verdict in (held(judged(Grade.NEW), Rule.HOLD_ESCALATED), judged(Grade.UNGRADED)):
        assert target_total(unit, verdict, DEFAULT_POLICY).kind == RefundKind.HOLD


@pytest.mark.parametrize("rule", [Rule.HOLD_PRICE, Rule.HOLD_NO_CHANNEL, Rule.HOLD_CLOSE], ids=str)
def test_a_customer_does_not_wait_for_our_own_catalogue(unit: ReturnUnit, rule: Rule) -> None:
    assert target_total(unit, held(judged(Grade.NEW), rule), DEFAULT_POLICY).target_total_minor == 7999


def test_a_machine_never_lowers_a_refund(unit: ReturnUnit) -> None:
    alone = target_total(unit, judged(Grade.USED, VerdictKind.AUTONOMY), DEFAULT_POLICY)
    assert (alone.kind, alone.rule) == (RefundKind.HOLD, Rule.REFUND_NEEDS_PERSON)
    kind = target_total(unit, judged(Grade.NEW, VerdictKind.AUTONOMY), DEFAULT_POLICY).kind
    assert kind == RefundKind.APPROVE


@given(st.integers(0, 10**15), st.integers(0, 1_000_000))
def test_a_share_is_rounded_half_up_to_the_minor_unit(paid_minor: int, share_ppm: int) -> None:
    exact = Fraction(paid_minor * share_ppm, 1_000_000)
    rounded = share_of(paid_minor, share_ppm)
    assert Fraction(-1, 2) < rounded - exact <= Fraction(1, 2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 10**12),
    st.sampled_from(list(Grade)),
    st.sampled_from(list(ReturnReason)),
    st.sampled_from(list(VerdictKind)),
    st.integers(0, 1_000_000),
)
def test_a_total_is_never_below_nothing_or_above_what_was_paid(
    unit: ReturnUnit, paid: int, grade: Grade, reason: ReturnReason, kind: VerdictKind, share: int
) -> None:
    bought = replace(unit, paid_minor=paid, reason=reason)
    policy = replace(
        DEFAULT_POLICY, refunds=tuple(RefundRow(grade=g, reason=reason, share_ppm=share) for g in GRADED)
    )
    owed = target_total(bought, judged(grade, kind), policy)
    assert 0 <= owed.target_total_minor <= paid
    assert (owed.kind == RefundKind.APPROVE) == (
        owed.target_total_minor == paid and owed.kind != RefundKind.HOLD
    )
    assert owed.reasons
    if reason in NOT_THE_CUSTOMER and grade != Grade.UNGRADED:
        assert owed.target_total_minor == paid
