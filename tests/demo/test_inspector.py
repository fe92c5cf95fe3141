"""The scripted inspector: what a person would do next, in every state of the bench."""

from dataclasses import replace
from typing import Any

import pytest

from demo.inspector import STATES, Act, Hand, Mind, choose, is_done
from demo.live import lay_only
from demo.plan import SERIAL_BENCH, PlannedItem, Planner
from inspection.grades import Grade
from inspection.journey import NEXT, HoldReason, State
from inspection.operator import parse


@pytest.fixture(scope="module")
def item() -> PlannedItem:
    planned = Planner(seed=1, benches=(SERIAL_BENCH,)).plan(10, twisted=False).items
    return replace(planned[0], truth=Grade.USED, escalated=False)


@pytest.fixture
def mind(item: PlannedItem) -> Mind:
    return Mind(item=item, badge="b1")


def shown(item: PlannedItem | None, state: str, **more: Any) -> dict[str, Any]:
    """A snapshot with somebody signed in."""
    unit = {"id": item.unit.id} if item else None
    empty: dict[str, Any] = {"hold": None, "proposal": None, "bin": None, "committed": [], "boot": "b"}
    return {"state": state, "inspector": "i1", "unit": unit, **empty, **more}


def test_every_state_and_hold_is_answered_or_waited_for(item: PlannedItem, mind: Mind) -> None:
    assert set(STATES) <= {state.value for state in State}
    for state in NEXT:
        for hold in (None, *HoldReason):
            held = {"reason": hold.value, "detail": ""} if hold else None
            act = choose(shown(item, state.value, hold=held), mind)
            if act is not None and act.text:
                assert parse(act.text) is not None


def test_nobody_works_without_a_badge(item: PlannedItem, mind: Mind) -> None:
    act = choose(shown(item, "proposed", inspector=None), mind)
    assert act == Act(hand=Hand.SCAN, text="BADGE:b1")


@pytest.mark.parametrize(
    ("proposed", "said"),
    [("used", "CMD:ACCEPT"), ("new", "CMD:USED"), ("damaged", "CMD:USED"), ("ungraded", "CMD:USED")],
)
def test_a_right_proposal_is_accepted_and_a_wrong_one_overridden(
    item: PlannedItem, mind: Mind, proposed: str, said: str
) -> None:
    act = choose(shown(item, "proposed", proposal={"grade": proposed}), mind)
    assert act == Act(hand=Hand.SCAN, text=said)


@pytest.mark.parametrize(("proposed", "reason"), [("new", "CMD:REASON2"), ("damaged", "CMD:REASON6")])
def test_the_reason_fits_the_direction_of_the_override(
    item: PlannedItem, mind: Mind, proposed: str, reason: str
) -> None:
    act = choose(shown(item, "overridden", proposal={"grade": proposed}), mind)
    assert act is not None
    assert act.text == reason


def test_what_is_handed_on_is_escalated(item: PlannedItem, mind: Mind) -> None:
    handed_on = replace(mind, item=replace(item, escalated=True))
    act = choose(shown(item, "proposed", proposal={"grade": "used"}), handed_on)
    assert act == Act(hand=Hand.SCAN, text="CMD:ESCALATE")


def test_somebody_elses_item_is_set_aside(item: PlannedItem, mind: Mind) -> None:
    other = shown(item, "matched", unit={"id": "other/1/1"})
    assert choose(other, mind) == Act(hand=Hand.SCAN, text="CMD:SETASIDE")


def test_the_wrong_bin_comes_first_where_planned_and_the_right_one_after(
    item: PlannedItem, mind: Mind
) -> None:
    labelled = shown(item, "labelled", bin={"letter": "A"})
    wrong = choose(labelled, replace(mind, wrong_bin=True))
    assert wrong is not None
    assert wrong.text == "BIN:B"
    held = shown(item, "held", bin={"letter": "A"}, hold={"reason": "wrong_bin", "detail": ""})
    assert choose(held, mind) == Act(hand=Hand.SCAN, text="BIN:A")


def test_an_item_is_done_once_the_station_has_written_it_down(item: PlannedItem) -> None:
    unit = item.unit.id
    assert is_done(shown(None, "committed", committed=[{"unit": unit}]), item)
    assert is_done(shown(None, "held", hold={"reason": "duplicate_item", "detail": unit}), item)
    assert not is_done(shown(None, "idle", committed=[{"unit": "other"}]), item)


def test_left_to_a_person_only_badge_and_item_are_shown(item: PlannedItem, mind: Mind) -> None:
    acts = {state.value: lay_only(shown(item, state.value), mind) for state in NEXT}
    assert {state for state, act in acts.items() if act} == {"idle", "committed"}
