"""Stops come first, then value; every answer names its rule and says why."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.catalogue import Product
from inspection.disposition import decide
from inspection.findings import DefectKind, Finding
from inspection.grades import Channel, Condition, Disposition, Grade, GradeShares, ReturnException
from inspection.grading import Grading
from inspection.policy import DEFAULT_POLICY, CategoryPolicy
from inspection.reasons import ReasonCode, Rule
from inspection.returns import ExpectedUnit, ReturnUnit

ONE_PRODUCT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def surely_damaged(likely_new: Grading) -> Grading:
    shares = GradeShares(new=10_000, used=90_000, damaged=900_000)
    return replace(likely_new, grade=Grade.DAMAGED, condition=Condition.D, shares=shares)


def test_a_unit_like_new_is_restocked_and_the_amounts_stand_beside_it(
    shoe: Product, unit: ReturnUnit, likely_new: Grading
) -> None:
    decision = decide(shoe, unit, likely_new, DEFAULT_POLICY)
    assert (decision.disposition, decision.channel) == (Disposition.RESALE, Channel.RESTOCK)
    assert decision.rule == Rule.VALUE_BEST
    assert [(o.channel, o.expected_minor) for o in decision.options] == [
        (Channel.RESTOCK, 6453),
        (Channel.OPEN_BOX, 4544),
    ]


def test_an_expected_unit_is_decided_like_its_unit(
    shoe: Product, unit: ReturnUnit, likely_new: Grading
) -> None:
    expected = ExpectedUnit(merchant="north", unit=unit, product=shoe, customer="C-1")
    assert decide(shoe, expected, likely_new, DEFAULT_POLICY) == decide(
        shoe, unit, likely_new, DEFAULT_POLICY
    )


def test_a_damaged_unit_is_repaired_where_that_pays(
    shoe: Product, unit: ReturnUnit, surely_damaged: Grading
) -> None:
    decision = decide(shoe, unit, surely_damaged, DEFAULT_POLICY)
    assert (decision.disposition, decision.channel) == (Disposition.REPAIR, Channel.REFURBISH)


@pytest.mark.parametrize("change", [{"repair": None}, {}], ids=["no route", "beyond repair"])
def test_a_damaged_unit_without_a_repair_is_scrapped(
    shoe: Product, unit: ReturnUnit, surely_damaged: Grading, change: dict[str, None]
) -> None:
    product = Product(**{**{name: getattr(shoe, name) for name in Product.__slots__}, **change})
    worse = surely_damaged if change else replace(surely_damaged, condition=Condition.E)
    decision = decide(product, unit, worse, DEFAULT_POLICY)
    assert (decision.disposition, decision.channel) == (Disposition.SCRAP, Channel.RECYCLE)


def test_an_opened_unit_is_not_sold_as_new_unless_its_category_allows_it(
    shoe: Product, unit: ReturnUnit, likely_new: Grading
) -> None:
    opened = replace(likely_new, condition=Condition.A)
    assert decide(shoe, unit, opened, DEFAULT_POLICY).channel == Channel.RESTOCK
    phone = decide(replace(shoe, category="electronics"), unit, opened, DEFAULT_POLICY)
    assert phone.channel == Channel.OPEN_BOX
    assert ReasonCode.RESTOCK_BARRED in [reason.code for reason in phone.reasons]


@pytest.mark.parametrize(
    "kind", [DefectKind.LEAK, DefectKind.SWOLLEN_BATTERY, DefectKind.BROKEN_GLASS], ids=str
)
def test_a_hazard_stops_even_an_ungraded_unit_of_a_wrong_kind(
    shoe: Product, unit: ReturnUnit, likely_new: Grading, stain: Finding, kind: DefectKind
) -> None:
    danger = replace(stain, kind=kind, confidence_ppm=250_000)
    ungraded = replace(likely_new, grade=Grade.UNGRADED, shares=None, findings=(danger,))
    decision = decide(shoe, unit, ungraded, DEFAULT_POLICY, ReturnException.WRONG_ITEM)
    assert (decision.rule, decision.exception) == (Rule.STOP_SAFETY, ReturnException.HAZARD)
    assert (decision.disposition, decision.channel) == (Disposition.HOLD, Channel.HOLD_AREA)


def test_a_hazard_that_a_person_saw_needs_no_finding(
    shoe: Product, unit: ReturnUnit, likely_new: Grading
) -> None:
    decision = decide(shoe, unit, likely_new, DEFAULT_POLICY, ReturnException.HAZARD)
    assert decision.rule == Rule.STOP_SAFETY


def test_a_recalled_product_is_held_whatever_its_state(
    shoe: Product, unit: ReturnUnit, likely_new: Grading
) -> None:
    decision = decide(replace(shoe, recalled=True), unit, likely_new, DEFAULT_POLICY)
    assert (decision.rule, decision.exception) == (Rule.STOP_RECALL, ReturnException.RECALL)


def test_another_product_than_agreed_is_a_wrong_item(
    shoe: Product, unit: ReturnUnit, likely_new: Grading
) -> None:
    decision = decide(replace(shoe, sku="BOOT-42"), unit, likely_new, DEFAULT_POLICY)
    assert (decision.rule, decision.exception) == (Rule.STOP_IDENTITY, ReturnException.WRONG_ITEM)


def test_an_opened_hygiene_product_is_scrapped_and_a_sealed_one_is_not(
    shoe: Product, unit: ReturnUnit, likely_new: Grading, stain: Finding
) -> None:
    cream = replace(shoe, hygiene=True)
    opened = replace(likely_new, findings=(replace(stain, kind=DefectKind.OPENED_SEAL),))
    decision = decide(cream, unit, opened, DEFAULT_POLICY)
    assert (decision.disposition, decision.rule) == (Disposition.SCRAP, Rule.STOP_HYGIENE)
    assert decide(cream, unit, likely_new, DEFAULT_POLICY).disposition == Disposition.RESALE


def test_a_hygiene_product_of_doubtful_identity_is_held_not_scrapped(
    shoe: Product, unit: ReturnUnit, surely_damaged: Grading
) -> None:
    cream = replace(shoe, hygiene=True)
    assert decide(cream, unit, surely_damaged, DEFAULT_POLICY).rule == Rule.STOP_HYGIENE
    doubtful = decide(cream, unit, surely_damaged, DEFAULT_POLICY, ReturnException.WRONG_SERIAL)
    assert doubtful.disposition == Disposition.HOLD


def test_an_ungraded_unit_is_held(shoe: Product, unit: ReturnUnit, likely_new: Grading) -> None:
    ungraded = replace(likely_new, grade=Grade.UNGRADED, condition=None, shares=None)
    assert decide(shoe, unit, ungraded, DEFAULT_POLICY).rule == Rule.HOLD_UNGRADED


def test_a_price_in_another_currency_is_held(shoe: Product, unit: ReturnUnit, likely_new: Grading) -> None:
    decision = decide(shoe, replace(unit, currency="CNY"), likely_new, DEFAULT_POLICY)
    assert decision.rule == Rule.HOLD_CURRENCY


def test_a_missing_price_is_held_never_guessed(shoe: Product, unit: ReturnUnit, likely_new: Grading) -> None:
    decision = decide(replace(shoe, recovery=()), unit, likely_new, DEFAULT_POLICY)
    assert (decision.disposition, decision.rule) == (Disposition.HOLD, Rule.HOLD_PRICE)
    assert decision.reasons[0].params == (("grade", "new"),)


def test_prices_that_the_policy_bars_are_told_apart_from_missing_ones(
    shoe: Product, unit: ReturnUnit, likely_new: Grading
) -> None:
    category = CategoryPolicy(
        category="apparel", restock_from=Condition.A, barred=(Channel.RESTOCK, Channel.OPEN_BOX)
    )
    policy = replace(DEFAULT_POLICY, categories=(category,))
    assert decide(shoe, unit, likely_new, policy).rule == Rule.HOLD_NO_CHANNEL


def test_a_close_call_is_said_and_held_only_where_the_policy_asks(
    shoe: Product, unit: ReturnUnit, likely_new: Grading
) -> None:
    wide = replace(DEFAULT_POLICY, margin_ppm=500_000)
    said = decide(shoe, unit, likely_new, wide)
    assert ReasonCode.CLOSE_CALL in [reason.code for reason in said.reasons]
    assert said.channel == Channel.RESTOCK
    strict = replace(wide, hold_when_close=True)
    assert decide(shoe, unit, likely_new, strict).rule == Rule.HOLD_CLOSE
    assert decide(shoe, unit, likely_new, strict, person_asked=True).channel == Channel.RESTOCK


def test_flat_shares_are_a_close_call(shoe: Product, unit: ReturnUnit, likely_new: Grading) -> None:
    flat = replace(likely_new, shares=GradeShares(new=500_000, used=400_000, damaged=100_000))
    held = decide(shoe, unit, flat, replace(DEFAULT_POLICY, hold_when_close=True))
    assert ReasonCode.SHARES_FLAT in [reason.code for reason in held.reasons]


@ONE_PRODUCT
@given(
    st.sampled_from(list(ReturnException)),
    st.sampled_from([Grade.NEW, Grade.USED, Grade.DAMAGED]),
    st.integers(0, 1_000_000),
    st.booleans(),
)
def test_a_stop_always_wins_over_any_price(
    shoe: Product,
    unit: ReturnUnit,
    likely_new: Grading,
    exception: ReturnException,
    grade: Grade,
    price: int,
    hygiene: bool,
) -> None:
    rich = tuple(replace(row, price_minor=price) for row in shoe.recovery)
    product = replace(shoe, recovery=rich, hygiene=hygiene)
    decision = decide(product, unit, replace(likely_new, grade=grade), DEFAULT_POLICY, exception)
    assert decision.is_held
    assert decision.options == ()
    assert decision.reasons
    assert decision.rule in {Rule.STOP_SAFETY, Rule.STOP_RECALL, Rule.STOP_IDENTITY}
