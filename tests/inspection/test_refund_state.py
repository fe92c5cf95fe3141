"""The refund of a unit goes only where the table lets it."""

import pytest

from inspection.errors import NoSuchTransition
from inspection.refund_state import NEXT, SETTLED, RefundEvent, RefundState, advance, draw


@pytest.mark.parametrize("state", list(RefundState), ids=str)
def test_every_state_has_a_row_and_takes_a_newer_word(state: RefundState) -> None:
    assert advance(state, RefundEvent.OWE) is RefundState.REQUESTED
    assert advance(state, RefundEvent.HOLD) is RefundState.HELD


@pytest.mark.parametrize(
    ("state", "event"), [(s, e) for s in RefundState for e in RefundEvent if e not in NEXT[s]], ids=str
)
def test_what_has_no_cell_cannot_happen(state: RefundState, event: RefundEvent) -> None:
    with pytest.raises(NoSuchTransition, match="cannot happen to a refund"):
        advance(state, event)


def test_what_is_unknown_is_never_simply_sent_again() -> None:
    assert RefundEvent.SEND not in NEXT[RefundState.UNKNOWN]
    assert RefundEvent.APPROVE not in NEXT[RefundState.UNKNOWN]


def test_only_what_was_approved_or_is_on_its_way_can_be_sent() -> None:
    assert {s for s, row in NEXT.items() if RefundEvent.SEND in row} == {
        RefundState.APPROVED,
        RefundState.SENT,
    }


def test_nothing_is_approved_out_of_a_hold_without_a_release() -> None:
    assert RefundEvent.APPROVE not in NEXT[RefundState.HELD]


def test_every_state_is_reached_and_drawn() -> None:
    reached = {after for row in NEXT.values() for after in row.values()} | {RefundState.NONE}
    assert reached == set(RefundState)
    assert all(state.value in draw() for state in RefundState)


def test_what_is_settled_can_be_opened_again() -> None:
    assert {advance(state, RefundEvent.REOPEN) for state in SETTLED} == {RefundState.HELD}
