"""What a heartbeat means for whoever looks after the reader; pure.

Source: a capture of an FX9600 and the FXR60's figures for fixed readers, the RFD40/RFD90 reference for
sleds. Every field may be missing: what is sent is set up in the reader.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from devices.device import Condition
from devices.rfid.json_events import MOST_ANTENNAS, name, number, whole

MOST_LISTED = 32
LOW_BATTERY = ("LOW", "CRITICAL")
Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the set-up expects of the reader."""

    antennas: Collection[int] = ()
    """Those that must be connected; a reader lists its empty ports too."""
    reading: bool = False
    """Whether it must be reading all the time."""


def condition(heartbeat: Content, wanted: Wanted) -> Condition:
    """The reader's condition by one heartbeat."""
    radio, system = _part(heartbeat, "radio_control"), _part(heartbeat, "system")
    connected = dict(_antennas(radio))
    troubles = dict(_troubles(heartbeat, radio, connected, wanted))
    return Condition(troubles=troubles, values=dict(_values(heartbeat, radio, system, connected)))


def dropped(heartbeat: Content) -> int:
    """How many data messages the reader has thrown away since it started."""
    gateway = _part(heartbeat, "reader_gateway")
    paths = gateway.get("dataPathStatistics")
    listed = paths[:MOST_LISTED] if isinstance(paths, list) else [gateway]
    return sum(
        whole(path.get("numDataMessagesDropped"), 0, 2**53) or 0 for path in listed if isinstance(path, dict)
    )


def _troubles(
    heartbeat: Content, radio: Content, connected: Mapping[int, bool], wanted: Wanted
) -> Iterator[tuple[str, str]]:
    gone = [port for port in wanted.antennas if not connected.get(port, True)]
    if gone:
        yield "antenna_error", f"the reader has no antenna at {', '.join(map(str, gone))}"
    if radio.get("radioConnection") == "disconnected":
        yield "radio_lost", "the reader has lost its own radio"
    idle = radio.get("radioActivity") == "inactive" or _inventory(heartbeat) == "STOPPED"
    if wanted.reading and idle:
        yield "not_reading", "the reader says that it does not read"
    battery = _part(heartbeat, "batteryAlert")
    if battery.get("status") in LOW_BATTERY:
        yield "battery_low", f"the sled's battery is {str(battery['status']).lower()}"


def _values(
    heartbeat: Content, radio: Content, system: Content, connected: Mapping[int, bool]
) -> Iterator[tuple[str, str]]:
    if connected:
        there = " ".join(str(port) for port, is_there in connected.items() if is_there)
        yield "antennas", f"{there or 'none'} of {len(connected)}"
    for key, text in (
        ("radio", name(radio.get("radioActivity"))),
        ("inventory", name(_inventory(heartbeat))),
        ("inputs", _pins(system.get("GPI"))),
        ("outputs", _pins(system.get("GPO"))),
        ("ntp_offset", _number(_part(system, "ntp").get("offset"))),
        ("temperature_c", _number(_temperature(system))),
        ("battery_percent", _number(_part(heartbeat, "batteryAlert").get("chargePercentage"))),
    ):
        if text is not None:
            yield key, text
    if "reader_gateway" in heartbeat:
        yield "messages_dropped", str(dropped(heartbeat))


def _part(content: Content, key: str) -> Content:
    found = content.get(key)
    return found if isinstance(found, dict) else {}


def _antennas(radio: Content) -> Iterator[tuple[int, bool]]:
    for port, state in list(_part(radio, "antennas").items())[:MOST_ANTENNAS]:
        if port.isascii() and port.isdigit() and len(port) < 4:
            yield int(port), state == "connected"


def _pins(found: object) -> str | None:
    if not isinstance(found, dict) or not found:
        return None
    return " ".join(f"{str(pin)[:4]}={str(state)[:4]}" for pin, state in list(found.items())[:MOST_LISTED])


def _temperature(system: Content) -> object:
    """The hotter one where the reader measures the room and its amplifier."""
    found = system.get("temperature")
    if not isinstance(found, dict):
        return found
    measured = [degrees for degrees in map(number, found.values()) if degrees is not None]
    return max(measured, default=None)


def _inventory(heartbeat: Content) -> object:
    return _part(heartbeat, "inventoryStatus").get("rfidStatus")


def _number(value: object) -> str | None:
    found = number(value)
    return None if found is None else f"{found:g}"
