"""Impinj R700 events: JSON over MQTT.

Source: Impinj IoT Device Interface 1.4 and captures of real readers. The event stands in the key that
ends with `Event`; events that are not known here are passed on by their name.
"""

from typing import Any

from devices.rfid.json_events import (
    MOST_ANTENNAS,
    Event,
    Fault,
    InputEvent,
    Mark,
    Object,
    OtherEvent,
    TagEvent,
    bad_epc,
    base64_bytes,
    hex_bytes,
    moment,
    name,
    no_event,
    objects,
    signal,
    whole,
)

CENTI = 0.01
"""Signals come in hundredths of a dBm."""


def read_events(payload: bytes) -> list[Event | Fault]:
    """Read one message; what cannot be read becomes a Fault and does not spoil the rest."""
    return [found if isinstance(found, Fault) else _event(found) for found in objects(payload)]


def _event(value: Object) -> Event | Fault:
    key = next((key for key in value if key.endswith("Event") and isinstance(value[key], dict)), None)
    if key is None:
        return no_event(value)
    content: Object = value[key]
    if key == "tagInventoryEvent":
        return _tag(value, content)
    if key == "gpiTransitionEvent" and (found := _input(value, content)):
        return found
    return OtherEvent(mark=_mark(value, content), name=key[:64], content=content)


def _mark(event: Object, content: Object) -> Mark:
    time = moment(content.get("lastSeenTime")) or moment(event.get("timestamp"))
    written = (event.get("timestamp"), content.get("lastSeenTime"), content.get("antennaPort"))
    tag = content.get("epcHex") or content.get("epc")
    once = repr((*written, tag))[:256] if time is not None and isinstance(tag, str) else None
    return Mark(time=time, host=name(event.get("hostname")), once=once)


def _tag(event: Object, tag: Object) -> TagEvent | Fault:
    try:
        epc = hex_bytes(tag["epcHex"]) if isinstance(tag.get("epcHex"), str) else base64_bytes(tag.get("epc"))
    except ValueError as error:
        return bad_epc(error)
    return TagEvent(
        mark=_mark(event, tag),
        epc=epc,
        antenna=whole(tag.get("antennaPort"), 1, MOST_ANTENNAS),
        rssi_dbm=signal(tag.get("peakRssiCdbm"), CENTI),
        pc=_pc(tag.get("pc")),
    )


def _pc(coded: object) -> int | None:
    """The PC word, two bytes in base64; it only helps to find torn reads, so anything else is none."""
    try:
        word = base64_bytes(coded)
    except ValueError:
        return None
    return int.from_bytes(word, "big") if len(word) == 2 else None


def _input(event: Object, content: dict[str, Any]) -> InputEvent | None:
    number, edge = whole(content.get("gpi"), 1, 64), content.get("transition")
    if number is None or edge not in ("low-to-high", "high-to-low"):
        return None
    return InputEvent(mark=_mark(event, content), input=number, high=edge == "low-to-high")
