"""A policy is plain data: it travels, comes back the same, and a wrong one is named."""

import json
from dataclasses import replace
from typing import Any

import pytest

from inspection.custody.canonical import canonical
from inspection.errors import BadMessage
from inspection.grades import Channel, Condition, Grade
from inspection.policy import DEFAULT_POLICY, CategoryPolicy, Policy, RefundRow
from inspection.returns import ReturnReason


def test_a_policy_comes_back_from_its_wire_form() -> None:
    assert Policy.from_wire(json.loads(json.dumps(DEFAULT_POLICY.to_wire()))) == DEFAULT_POLICY


def test_the_wire_form_has_canonical_bytes_that_change_with_the_policy() -> None:
    before = canonical(DEFAULT_POLICY.to_wire())
    after = canonical(replace(DEFAULT_POLICY, margin_ppm=1).to_wire())
    assert before != after


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"id": None}, "id"),
        ({"surprise": 1}, "surprise"),
        ({"channels": [{"grade": "shiny", "channels": []}]}, r"channels\.0\.grade"),
        ({"refunds": [{"grade": "new", "reason": "other", "share_ppm": 1_000_001}]}, r"refunds\.0"),
    ],
)
def test_a_wrong_policy_is_refused_and_the_field_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(BadMessage, match=f"no policy: {named}"):
        Policy.from_wire({**DEFAULT_POLICY.to_wire(), **change})


def test_a_share_over_the_whole_is_no_refund_row() -> None:
    with pytest.raises(ValueError, match="refund share"):
        RefundRow(grade=Grade.USED, reason=ReturnReason.OTHER, share_ppm=-1)


def test_a_pair_without_a_row_is_paid_back_in_full() -> None:
    empty = replace(DEFAULT_POLICY, refunds=())
    assert empty.refund_share_ppm(Grade.DAMAGED, ReturnReason.CHANGED_MIND) == 1_000_000


def test_a_category_may_bar_a_channel_and_set_its_own_restock_limit() -> None:
    row = CategoryPolicy(category="toys", restock_from=Condition.B, barred=(Channel.RECYCLE,))
    policy = replace(DEFAULT_POLICY, categories=(row,))
    assert Channel.RECYCLE not in policy.channels_for(Grade.DAMAGED, "toys")
    assert Channel.RECYCLE in policy.channels_for(Grade.DAMAGED, "boats")
    assert policy.restock_limit("toys") == Condition.B
    assert policy.restock_limit("boats") == Condition.A_PLUS


def test_an_ungraded_unit_has_no_channel() -> None:
    assert DEFAULT_POLICY.channels_for(Grade.UNGRADED, "apparel") == ()
