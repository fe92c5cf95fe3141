import pytest

from devices.watch import NEXT, State


def test_the_table_has_no_missing_state() -> None:
    assert set(NEXT) == set(State)


@pytest.mark.parametrize("state", State)
def test_what_can_happen_at_any_time_has_a_cell_in_every_state(state: State) -> None:
    assert {"lost", "fault", "worked", "passed"} <= set(NEXT[state])


def test_only_a_lost_device_starts_again() -> None:
    assert [state for state in State if "again" in NEXT[state]] == [State.LOST]
    assert [state for state in State if "opened" in NEXT[state]] == [State.STARTING]
