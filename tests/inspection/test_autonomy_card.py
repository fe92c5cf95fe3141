"""The card says on or off with its reason, counts what is recent, and names the product's own audits."""

from datetime import date, timedelta

import pytest

from inspection.autonomy import Autonomy
from inspection.autonomy_card import AutonomyCard, autonomy_card, category_of
from inspection.budget import AuditedItem, ErrorBudget
from inspection.grades import Grade
from inspection.reasons import ReasonCode

TODAY = date(2026, 6, 30)


def audits(count: int, *, wrong: int = 0, age: int = 1, sku: str = "MUG") -> list[AuditedItem]:
    return [
        AuditedItem(
            item=f"{sku}-{age}-{number}",
            day=TODAY - timedelta(days=age),
            category="tableware",
            proposed=Grade.NEW,
            share_ppm=995_000,
            truth=Grade.DAMAGED if number < wrong else Grade.NEW,
            sku=sku,
        )
        for number in range(count)
    ]


def card(items: list[AuditedItem], level: Autonomy = Autonomy.NORMAL) -> AutonomyCard:
    return autonomy_card(
        items, category="tableware", sku="MUG", today=TODAY, budget=ErrorBudget(), level=level
    )


@pytest.mark.parametrize(
    ("items", "level", "why"),
    [
        (audits(320), Autonomy.NORMAL, ReasonCode.WITHIN_BUDGET),
        (audits(320), Autonomy.OFF, ReasonCode.AUTONOMY_OFF),
        (audits(298), Autonomy.NORMAL, ReasonCode.TOO_FEW_AUDITED),
        (audits(320, wrong=1), Autonomy.NORMAL, ReasonCode.BUDGET_EXCEEDED),
        (audits(320, age=91), Autonomy.NORMAL, ReasonCode.TOO_FEW_AUDITED),
        (audits(320, age=-1), Autonomy.NORMAL, ReasonCode.TOO_FEW_AUDITED),
    ],
)
def test_the_row_of_new_says_why(items: list[AuditedItem], level: Autonomy, why: ReasonCode) -> None:
    new, used, damaged = card(items, level).rows
    assert (new.why.code, new.alone) == (why, why == ReasonCode.WITHIN_BUDGET)
    assert {used.why.code, damaged.why.code} == {ReasonCode.TOO_FEW_AUDITED}


def test_the_product_is_counted_apart_from_its_category() -> None:
    found = card([*audits(10, wrong=2), *audits(300, sku="CUP", age=4)])
    assert (found.product_audited, found.product_wrong) == (10, 2)
    assert found.rows[0].rule.audited == 310
    assert found.last_audit == TODAY - timedelta(days=1)


def test_a_product_belongs_to_the_category_of_its_last_audit() -> None:
    assert category_of(audits(2), "MUG") == "tableware"
    assert category_of(audits(2), "BOAT") is None
