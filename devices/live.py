"""What `regrade devices watch` shows: the state of each device and its readings, as they come."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from devices.supervisor import Supervisor
from devices.watch import DeviceStatus, State
from inspection.identity.epc import Stranger, trade_item
from inspection.readings import Reading, Scan, TagRead, Trigger, Weight

SHOWN = 12
COLOURS = {State.STARTING: "cyan", State.READY: "green", State.DEGRADED: "yellow", State.LOST: "red"}


def described(reading: Reading) -> dict[str, Any]:
    """A reading as JSON, with what a tag's number means."""
    match reading:
        case TagRead():
            meaning = trade_item(reading.epc)
            words = meaning.sentence if isinstance(meaning, Stranger) else str(meaning.digital_link)
            return {
                "device": reading.reader,
                "at": reading.seen_at.isoformat(),
                "epc": reading.epc.hex(),
                "antenna": reading.antenna,
                "rssi_dbm": reading.rssi_dbm,
                "means": words,
            }
        case Scan():
            return {
                "device": reading.scanner,
                "at": reading.scanned_at.isoformat(),
                "code": reading.text,
                "symbology": reading.symbology,
            }
        case Weight():
            return {"device": reading.scale, "at": reading.measured_at.isoformat(), "weight": reading.as_sent}
        case Trigger():
            return {
                "device": reading.source,
                "at": reading.seen_at.isoformat(),
                "input": reading.input,
                "active": reading.active,
            }
        case _:
            return {"device": reading.camera, "at": reading.captured_at.isoformat(), "view": reading.view}


def line(reading: Reading) -> str:
    """A reading as one line for a person or a log."""
    told = described(reading)
    rest = "  ".join(f"{key}={value}" for key, value in told.items() if key not in ("device", "at"))
    return f"{told['at'][11:23]}  {told['device']}  {rest}"


class Live:
    """Takes the readings of a bench and says what they are."""

    def __init__(self, bench: Supervisor, say: Callable[[Reading], None]) -> None:
        self._bench = bench
        self._say = say
        self.newest: deque[str] = deque(maxlen=SHOWN)

    async def run(self) -> None:
        """Take readings for ever."""
        streams: Iterable[AsyncIterator[Reading]] = (
            self._bench.tag_reads(),
            self._bench.scans(),
            self._bench.weights(),
            self._bench.triggers(),
        )
        async with asyncio.TaskGroup() as tasks:
            for stream in streams:
                tasks.create_task(self._take(stream))

    async def _take(self, stream: AsyncIterator[Reading]) -> None:
        async for reading in stream:
            self.newest.append(line(reading))
            self._say(reading)


def screen(statuses: Iterable[DeviceStatus], newest: Iterable[str]) -> Group:
    """The whole picture: a table of devices, the last readings below."""
    table = Table("device", "driver", "state", "readings", "lost", "on the wire", "says", "what is wrong")
    for status in statuses:
        state = Text(status.state.value, style=COLOURS[status.state])
        wire, wrong = _counts(status.counts), status.sentence or _counts(status.faults)
        numbers = (str(status.readings), str(status.lost))
        says = " ".join(f"{name} {value}" for name, value in status.values.items())
        table.add_row(status.name, status.driver, state, *numbers, wire, says, wrong)
    return Group(table, *(Text(each) for each in newest))


def _counts(counts: Mapping[str, int]) -> str:
    return " ".join(f"{name} {number}" for name, number in counts.items() if number)


def as_json(reading: Reading) -> str:
    """One JSON object in one line."""
    return json.dumps(described(reading), ensure_ascii=False)
