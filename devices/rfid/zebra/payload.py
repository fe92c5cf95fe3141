"""What Zebra readers publish: tags, barcodes, heartbeats and other management events, as JSON over MQTT.

Source: the Zebra IoT Connector's documents (raw MQTT payloads, management events), the RFD40/RFD90 MQTT
API reference (dataEVT, heartbeatEVT), and captures of FX, FXR60 and FXR90 readers. Fixed readers send one
tag in `data`, sleds a list of tags and barcodes; both may come as arrays, or glued together. Management
events may come on the topic of the data. Only the EPC is always there: signal, antenna and mode are not.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from devices.rfid.json_events import (
    MOST_ANTENNAS,
    MOST_EVENTS,
    CodeEvent,
    Event,
    Fault,
    InputEvent,
    Mark,
    Object,
    OtherEvent,
    TagEvent,
    bad_epc,
    hex_bytes,
    moment,
    name,
    no_event,
    objects,
    signal,
    whole,
)

LONGEST_CODE = 4096
"""Bytes of a barcode."""
LARGEST_NUMBER = 2**53
BEACON = "BLE_DATA"
"""Bluetooth beacons: no tags, with a count of their own."""
ANSWER = "answer"
"""An answer to a command that came where the readings come."""


def read_events(payload: bytes) -> list[Event | Fault]:
    """Read one message; what cannot be read becomes a Fault and does not spoil the rest."""
    events: list[Event | Fault] = []
    for found in objects(payload):
        events.extend([found] if isinstance(found, Fault) else _events(found))
        if len(events) > MOST_EVENTS:
            too_many = Fault(reason="too_many", sentence=f"more than {MOST_EVENTS} events")
            return [*events[:MOST_EVENTS], too_many]
    return events


def _events(value: Object) -> Iterator[Event | Fault]:
    data = value.get("data")
    if not isinstance(data, dict):
        yield _without_data(value)
    elif "idHex" in data:
        yield _tag(value, data)
    elif "tagData" in data or "barcodeData" in data:
        yield from _of_a_sled(value, data)
    else:
        yield _management(value, data)


def _without_data(value: Object) -> Event | Fault:
    if "command" in value:
        return OtherEvent(mark=Mark(), name=ANSWER, content=value)
    kind = name(value.get("type")) or name(value.get("eventName"))
    return OtherEvent(mark=Mark(), name=kind, content=value) if kind else no_event(value)


def _management(value: Object, data: Object) -> Event | Fault:
    kind = name(value.get("type")) or name(value.get("eventName"))
    if kind is None:
        return no_event(value)
    written = value.get("eventNum", value.get("eventNumber"))
    mark = Mark(
        time=moment(value.get("timestamp")),
        number=None if kind == BEACON else whole(written, 0, LARGEST_NUMBER),
        once=repr((kind, value.get("timestamp")))[:256],
    )
    pin, state = whole(data.get("pin"), 1, 64), data.get("state")
    if kind == "gpi" and pin is not None and state in ("HIGH", "LOW"):
        return InputEvent(mark=mark, input=pin, high=state == "HIGH")
    return OtherEvent(mark=mark, name=kind, content=data)


def _of_a_sled(value: Object, data: Object) -> Iterator[Event | Fault]:
    for tag in _listed(data.get("tagData")):
        yield _tag(value, tag)
    for code in _listed(data.get("barcodeData")):
        yield _code(value, code)


def _listed(found: object) -> Iterator[Object]:
    each = found if isinstance(found, list) else []
    return islice((one if isinstance(one, dict) else {} for one in each), MOST_EVENTS + 1)


def _tag(value: Object, tag: Object) -> TagEvent | Fault:
    """`idHex` of a fixed reader, `EPCid` of a sled: fields such as TID may hold the text of an error."""
    try:
        epc = hex_bytes(tag.get("idHex", tag.get("EPCid", tag.get("EPC"))))
    except ValueError as error:
        return bad_epc(error)
    return TagEvent(
        mark=_mark(value, tag, epc.hex()),
        epc=epc,
        antenna=whole(tag.get("antenna"), 1, MOST_ANTENNAS),
        rssi_dbm=signal(tag.get("peakRssi")),
        pc=_pc(tag.get("PC")),
        reads=whole(tag.get("reads", tag.get("seenCount")), 1, LARGEST_NUMBER) or 1,
    )


def _pc(written: object) -> int | None:
    """The PC word as four hex digits; it only helps to find torn reads, so anything else is none."""
    try:
        word = hex_bytes(written)
    except ValueError:
        return None
    return int.from_bytes(word, "big") if len(word) == 2 else None


def _code(value: Object, code: Object) -> CodeEvent | Fault:
    text = code.get("decodedBarcode")
    if not isinstance(text, str) or not text:
        return Fault(reason="not_an_event", sentence="a barcode without its text")
    content = text.encode("utf-8", errors="replace")
    if len(content) > LONGEST_CODE:
        return Fault(reason="too_long", sentence=f"a barcode of {len(content)} bytes")
    return CodeEvent(mark=_mark(value, code, text), content=content, symbology=name(code.get("symbology")))


def _mark(value: Object, part: Object, what: str) -> Mark:
    written = value.get("timestamp")
    return Mark(
        time=_epoch(part.get("lastSeenTime")) or moment(written),
        host=name(part.get("MAC")) or name(part.get("HOSTNAME")),
        number=whole(part.get("eventNum"), 0, LARGEST_NUMBER),
        once=repr((written, part.get("lastSeenTime"), part.get("antenna"), what))[:256] if written else None,
    )


def _epoch(value: object) -> datetime | None:
    """Milliseconds since 1970, as sleds write `lastSeenTime`."""
    milliseconds = whole(value, 0, 10**14)
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
