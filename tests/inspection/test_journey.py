"""The journey is its table: complete, without dead ends, and drawn as it is."""

from collections import deque

import pytest

from inspection.errors import NoSuchTransition
from inspection.grades import ReturnException
from inspection.journey import HOLD_FOR, NEXT, RETRY, Event, HoldReason, State, advance, draw, possible

HAPPY = [
    (Event.STARTED, State.SELF_TEST),
    (Event.TESTS_PASSED, State.LIGHT_CHECK),
    (Event.LIGHT_GOOD, State.IDLE),
    (Event.ITEM_SEEN, State.IDENTIFYING),
    (Event.MATCH, State.MATCHED),
    (Event.CAPTURE, State.CAPTURING),
    (Event.BAD_IMAGE, State.RECAPTURE),
    (Event.CAPTURE, State.CAPTURING),
    (Event.CAPTURED, State.GRADING),
    (Event.GRADED, State.PROPOSED),
    (Event.CLEAN, State.CLEANING),
    (Event.CAPTURE, State.CAPTURING),
    (Event.CAPTURED, State.GRADING),
    (Event.GRADED, State.PROPOSED),
    (Event.OVERRIDE, State.OVERRIDDEN),
    (Event.DISPOSE, State.DISPOSED),
    (Event.LABEL_PRINTED, State.LABELLED),
    (Event.BIN_MATCHED, State.BIN_VERIFIED),
    (Event.COMMIT, State.COMMITTED),
    (Event.NEXT_ITEM, State.IDLE),
]


def reachable(start: State) -> set[State]:
    seen, waiting = {start}, deque([start])
    while waiting:
        state = waiting.popleft()
        after = {advance(state, event) for event in possible(state)} - seen
        seen |= after
        waiting.extend(after)
    return seen


def test_an_item_goes_all_the_way_with_a_retake_a_cleaning_and_an_override() -> None:
    state = State.BOOT
    for event, expected in HAPPY:
        state = advance(state, event)
        assert state == expected


@pytest.mark.parametrize("event", [Event.ACCEPT, Event.ACCEPT_ALONE, Event.OVERRIDE, Event.ESCALATE], ids=str)
def test_every_way_of_deciding_leads_to_a_disposition(event: Event) -> None:
    assert advance(advance(State.PROPOSED, event), Event.DISPOSE) == State.DISPOSED


def test_a_missing_cell_is_an_error_that_names_both() -> None:
    with pytest.raises(NoSuchTransition, match="commit cannot happen while idle"):
        advance(State.IDLE, Event.COMMIT)


def test_the_table_has_exactly_its_cells() -> None:
    for state in State:
        for event in Event:
            if event in NEXT[state] or event == Event.HOLD:
                assert isinstance(advance(state, event), State)
            else:
                with pytest.raises(NoSuchTransition):
                    advance(state, event)


@pytest.mark.parametrize("state", list(State), ids=str)
def test_any_state_may_be_held_and_leads_back_to_idle(state: State) -> None:
    assert advance(state, Event.HOLD) == State.HELD
    assert State.IDLE in reachable(state)


def test_every_state_can_be_reached() -> None:
    assert reachable(State.BOOT) == set(State)


def test_every_event_stands_somewhere_in_the_table() -> None:
    assert {event for cells in NEXT.values() for event in cells} | {Event.HOLD} == set(Event)


def test_nothing_is_committed_without_a_verified_bin() -> None:
    before = {state for state, cells in NEXT.items() if State.COMMITTED in cells.values()}
    assert before == {State.BIN_VERIFIED}


def test_every_hold_reason_says_whether_and_how_to_try_again() -> None:
    assert set(RETRY) == set(HoldReason)
    for event in RETRY.values():
        assert event is None or event in NEXT[State.HELD]


def test_every_exception_has_its_hold() -> None:
    assert set(HOLD_FOR) == set(ReturnException)


def test_a_wrong_bin_is_no_dead_end() -> None:
    again = RETRY[HoldReason.WRONG_BIN]
    assert again is not None
    labelled = advance(advance(State.LABELLED, Event.HOLD), again)
    assert advance(labelled, Event.BIN_MATCHED) == State.BIN_VERIFIED


def test_the_picture_has_every_arrow_of_the_table() -> None:
    picture = draw()
    assert picture.count("-->") == 1 + sum(len(cells) for cells in NEXT.values())
    assert "proposed --> confirmed: accept" in picture
