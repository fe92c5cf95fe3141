"""Impinj R700 events: JSON over MQTT, decoded without trusting a byte of it.

Source: Impinj IoT Device Interface 1.4 and captures of real readers. One message may hold one
object, an array, an empty array (keep-alive), several lines, or several objects without anything
between them. Unknown events are skipped; an overflow means that reads were lost and is reported.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

LARGEST_PAYLOAD = 262_144
"""Bytes; a real event has about 300."""
MOST_EVENTS = 1000
"""Per message."""
LONGEST_EPC = 62
"""Bytes: 31 words of the EPC bank (Gen2, PC length field)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEvent:
    """One `tagInventoryEvent`."""

    epc: bytes
    antenna: int | None
    rssi_dbm: float | None
    reader_time: datetime | None
    hostname: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent:
    """An event that is no tag, by the name of its key, such as `overflowEvent`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadEvent:
    """Something in a message that is not what the interface says."""

    reason: str
    """`too_large`, `not_json`, `not_an_event`, `bad_epc` or `too_many`."""
    sentence: str


Event = TagEvent | OtherEvent | BadEvent


def read_events(payload: bytes) -> list[Event]:
    """Read one message; what cannot be read becomes a BadEvent and does not spoil the rest."""
    if len(payload) > LARGEST_PAYLOAD:
        return [BadEvent(reason="too_large", sentence=f"a message of {len(payload)} bytes")]
    events: list[Event] = []
    for value in _documents(payload):
        if isinstance(value, BadEvent):
            events.append(value)
            continue
        for each in value if isinstance(value, list) else [value]:
            if len(events) >= MOST_EVENTS:
                return [*events, BadEvent(reason="too_many", sentence=f"more than {MOST_EVENTS} events")]
            events.append(_event(each))
    return events


def _documents(payload: bytes) -> Iterator[Any]:
    """The JSON documents of a message, whatever stands between them."""
    text = payload.decode("utf-8", errors="replace").lstrip("\ufeff")
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        if text[at].isspace() or text[at] == ",":
            at += 1
            continue
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield BadEvent(reason="not_json", sentence=f"no JSON at character {at}: {text[at : at + 40]!r}")
            return
        yield value


def _event(value: Any) -> Event:
    if not isinstance(value, dict):
        return BadEvent(reason="not_an_event", sentence=f"a {type(value).__name__} where an event should be")
    tag = value.get("tagInventoryEvent")
    if isinstance(tag, dict):
        return _tag_event(value, tag)
    name = next((key for key in value if key.endswith("Event")), None)
    if name is None:
        return BadEvent(
            reason="not_an_event", sentence=f"an object without an event: {' '.join(value)[:80]!r}"
        )
    return OtherEvent(name=name[:64])


def _tag_event(event: dict[str, Any], tag: dict[str, Any]) -> Event:
    try:
        epc = _epc(tag)
    except (ValueError, binascii.Error) as error:
        return BadEvent(reason="bad_epc", sentence=f"an EPC that cannot be read: {error}")
    rssi = _number(tag.get("peakRssiCdbm"))
    antenna = _number(tag.get("antennaPort"))
    hostname = event.get("hostname")
    return TagEvent(
        epc=epc,
        antenna=int(antenna) if antenna is not None and 1 <= antenna <= 255 else None,
        rssi_dbm=rssi / 100 if rssi is not None and -20_000 <= rssi <= 5_000 else None,
        reader_time=_time(tag.get("lastSeenTime")) or _time(event.get("timestamp")),
        hostname=hostname[:64] if isinstance(hostname, str) else None,
    )


def _epc(tag: dict[str, Any]) -> bytes:
    """From `epcHex`, else from `epc`, whose base64 is the URL-safe one (`-` and `_`)."""
    written, coded = tag.get("epcHex"), tag.get("epc")
    if isinstance(written, str):
        epc = bytes.fromhex(written)
    elif isinstance(coded, str):
        epc = base64.b64decode(coded, altchars=b"-_", validate=True)
    else:
        raise ValueError("neither epcHex nor epc")
    if not 1 <= len(epc) <= LONGEST_EPC:
        raise ValueError(f"{len(epc)} bytes long")
    return epc


def _number(value: Any) -> float | None:
    """A finite number; a bool is none, and an integer too long for a float is none either."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:
        return None


def _time(value: Any) -> datetime | None:
    """RFC 3339 with up to nine digits behind the second; Python keeps six of them."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError:
        return None
