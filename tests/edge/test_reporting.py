"""What the station says of itself: numbered, bounded, and with what its devices counted."""

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock

import pytest

from devices.watch import DeviceStatus, State
from edge import journal
from edge.reporting import MOST_COUNTS, MOST_DEVICES, Reporting
from inspection.messages.station import Birth, Death, Health, Presence

if TYPE_CHECKING:
    from tests.edge.rig import Rig


def status(rig_module: ModuleType, number: int = 1, *, counts: int = 3) -> DeviceStatus:
    found: DeviceStatus = rig_module.status_of(
        f"gate-{number}",
        state=State.DEGRADED,
        reason="bad_bytes",
        sentence="noise",
        readings=815,
        lost=2,
        dropped=4,
        faults={"bad_bytes": 7},
        counts={f"count_{each}": each for each in range(counts)},
    )
    return found


@pytest.fixture
def reporting(rig: "Rig", rig_module: ModuleType) -> Reporting:
    made: Reporting = rig_module.reporting_of(rig)
    return made


@pytest.fixture
def devices(rig: "Rig", monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets the bench have these devices."""
    return lambda *given: monkeypatch.setattr(rig.senses, "snapshot", lambda: given)


async def test_one_sequence_counts_everything_that_a_start_says(
    reporting: Reporting, rig: "Rig", site: ModuleType
) -> None:
    rig.tags = {site.tag(1): -40.0}
    await rig.tick(3)
    batch = reporting.presence()
    assert batch is not None
    said = (batch, reporting.birth(), await reporting.health(), reporting.death())
    assert [each.seq for each in said] == [0, 1, 2, 3]
    kinds: tuple[type[Presence | Birth | Health | Death], ...] = (Presence, Birth, Health, Death)
    assert [kind.read(each.to_json()) for kind, each in zip(kinds, said, strict=True)] == list(said)
    assert reporting.presence() is None, "what was told is not told again"


async def test_each_device_is_told_with_what_it_counted(
    reporting: Reporting, devices: Callable[..., None], rig_module: ModuleType
) -> None:
    devices(status(rig_module))
    [gate] = (await reporting.health()).devices
    assert (gate.name, gate.state, gate.reason) == ("gate-1", "degraded", "bad_bytes")
    assert (gate.readings, gate.lost, gate.dropped, gate.faults) == (815, 2, 4, {"bad_bytes": 7})
    assert reporting.birth().devices == (gate,)


async def test_however_much_a_bench_counts_the_message_is_bounded(
    reporting: Reporting, devices: Callable[..., None], rig_module: ModuleType
) -> None:
    devices(*(status(rig_module, number, counts=99) for number in range(40)))
    told = (await reporting.health()).devices
    assert (len(told), len(told[0].counts)) == (MOST_DEVICES, MOST_COUNTS)
    assert max(told[0].counts.values()) == 98, "the largest of them"


async def test_a_page_that_looks_while_an_item_arrives_reads_of_no_interruption(
    reporting: Reporting, rig: "Rig", site: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.scan(f"BADGE:{site.BADGE}")
    rig.station.interrupted = "RMA-1/1/9"
    assert (await reporting.snapshot())["hold"] == {"reason": "interrupted", "detail": "RMA-1/1/9"}
    figures = await reporting.figures()
    monkeypatch.setattr(reporting, "figures", AsyncMock(return_value=figures))
    loop, write_down, seen = asyncio.get_running_loop(), journal.begin_item, []

    def look_first(*given: Any, **named: Any) -> None:
        """In the writer's thread, so the step that brought the item waits for this."""
        seen.append(asyncio.run_coroutine_threadsafe(reporting.snapshot(), loop).result(timeout=60))
        write_down(*given, **named)

    monkeypatch.setattr(journal, "begin_item", look_first)
    rig.tags = {site.tag(1): -40.0}
    await rig.tick(10)
    assert [(each["state"], each["hold"]) for each in seen] == [("matched", None)]
