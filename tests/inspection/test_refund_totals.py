"""Whatever is promised, judged or deducted: the total and what was taken off are the whole."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.deductions import Deduction, DeductionCode
from inspection.errors import BadMessage
from inspection.grades import Channel, Condition, Disposition, Grade, ReturnException
from inspection.policy import DEFAULT_POLICY, RefundRow
from inspection.reasons import Rule
from inspection.refund import RefundKind, base_minor, decided, share_of, target_total
from inspection.returns import ReturnReason, ReturnUnit
from inspection.verdict import Role, Verdict, VerdictKind

minor = st.integers(0, 10**12)
prices = st.tuples(minor, st.none() | minor).map(lambda pair: (pair[0], _capped(*pair)))
QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def _capped(paid: int, promised: int | None) -> int | None:
    return None if promised is None else min(paid, promised)


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


def bought(unit: ReturnUnit, price: tuple[int, int | None], reason: ReturnReason) -> ReturnUnit:
    return replace(unit, paid_minor=price[0], promised_minor=price[1], reason=reason)


@QUICK
@given(
    prices,
    st.sampled_from(list(ReturnReason)),
    st.sampled_from([Grade.NEW, Grade.USED, Grade.DAMAGED]),
    st.integers(0, 1_000_000),
    st.sampled_from(list(VerdictKind)),
    st.none() | st.sampled_from(list(ReturnException)),
)
def test_a_total_and_its_deductions_are_what_was_promised(
    unit: ReturnUnit,
    price: tuple[int, int | None],
    reason: ReturnReason,
    grade: Grade,
    share: int,
    kind: VerdictKind,
    stop: ReturnException | None,
) -> None:
    mine = bought(unit, price, reason)
    row = RefundRow(grade=grade, reason=reason, share_ppm=share)
    policy = replace(DEFAULT_POLICY, refunds=(row,))
    owed = target_total(mine, judged(grade, kind), policy, stop)
    if owed.kind is RefundKind.HOLD:
        assert (owed.target_total_minor, owed.deductions) == (0, ())
        return
    assert stop is None
    taken = sum(each.amount_minor for each in owed.deductions)
    assert taken + owed.target_total_minor == base_minor(mine) <= mine.paid_minor
    assert all(each.amount_minor > 0 for each in owed.deductions)
    assert owed.target_total_minor in (base_minor(mine), share_of(base_minor(mine), share))
    if kind is VerdictKind.AUTONOMY:
        assert owed.target_total_minor == base_minor(mine)


@QUICK
@given(prices, st.lists(st.tuples(st.sampled_from(list(DeductionCode)), st.integers(1, 10**12)), max_size=4))
def test_a_person_takes_off_exactly_what_was_said_and_never_more_than_there_is(
    unit: ReturnUnit, price: tuple[int, int | None], said: list[tuple[DeductionCode, int]]
) -> None:
    mine = bought(unit, price, ReturnReason.OTHER)
    less = tuple(Deduction(code=code, amount_minor=amount) for code, amount in said)
    taken = sum(each.amount_minor for each in less)
    if taken > base_minor(mine):
        with pytest.raises(BadMessage):
            decided(mine, less)
        return
    owed = decided(mine, less)
    assert owed.target_total_minor + taken == base_minor(mine)
    assert (owed.kind is RefundKind.APPROVE) == (not less)
    assert (owed.kind is RefundKind.DENY_PROPOSED) == (bool(less) and owed.target_total_minor == 0)


@given(minor, minor, st.integers(0, 1_000_000))
def test_a_share_of_more_is_never_less(first: int, second: int, share: int) -> None:
    low, high = sorted((first, second))
    assert share_of(low, share) <= share_of(high, share)
    assert 0 <= share_of(high, share) <= high
