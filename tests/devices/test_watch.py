import asyncio
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from devices.device import Condition
from devices.driver import Kind
from devices.watch import NEXT, Metrics, State, Watch


def test_the_table_has_no_missing_state() -> None:
    assert set(NEXT) == set(State)


@pytest.mark.parametrize("state", State)
def test_what_can_happen_at_any_time_has_a_cell_in_every_state(state: State) -> None:
    assert {"lost", "fault", "worked", "passed"} <= set(NEXT[state])


def test_only_a_lost_device_starts_again() -> None:
    assert [state for state in State if "again" in NEXT[state]] == [State.LOST]
    assert [state for state in State if "opened" in NEXT[state]] == [State.STARTING]


def made(changes: list[str | None]) -> Watch:
    def changed() -> None:
        changes.append(watch.reason)

    watch = Watch(
        name="gate",
        driver="zebra",
        kind=Kind.READER,
        view=None,
        clock=lambda: datetime(2026, 1, 31, tzinfo=UTC),
        metrics=Metrics.register(CollectorRegistry()),
        changed=changed,
    )
    watch.opened()
    return watch


BAD_ANTENNA = Condition(
    troubles={"antenna_error": "antenna 2 is not connected"}, values={"temperature_c": "40"}
)


def test_what_a_device_says_is_wrong_stays_wrong_until_it_says_otherwise() -> None:
    watch = made([])
    watch.told(BAD_ANTENNA)
    for _ in range(3):
        watch.worked()
        watch.told(BAD_ANTENNA)
    assert (watch.state, watch.reason) == (State.DEGRADED, "antenna_error")
    status = watch.status({})
    assert (status.faults, status.values) == ({"antenna_error": 1}, {"temperature_c": "40"})
    watch.told(Condition())
    assert (watch.state, watch.reason, watch.status({}).values) == (State.READY, None, {})


async def test_a_fault_that_passes_leaves_the_one_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.watch.FAULT_SHOWN_S", 0.01)
    changes: list[str | None] = []
    watch = made(changes)
    watch.told(BAD_ANTENNA)
    watch.skipped("not_json", "no JSON")
    assert watch.reason == "not_json"
    await asyncio.sleep(0.05)
    assert changes == [None, "antenna_error", "not_json", "antenna_error"]


def test_a_lost_device_says_nothing_of_itself() -> None:
    watch = made([])
    watch.told(BAD_ANTENNA)
    watch.lost("broker_away", "gone")
    assert (watch.state, watch.reason, watch.status({}).values) == (State.LOST, "broker_away", {})
    watch.again()
    watch.opened()
    assert watch.state is State.READY
