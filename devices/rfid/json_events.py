"""What readers say in JSON, decoded without trusting a byte of it: shared by all that publish over MQTT.

One message may hold one object, an array, an empty array (keep-alive), several lines, or several
objects without anything between them. What cannot be read becomes a `Fault` and does not spoil the rest.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from inspection.readings import LONGEST_EPC

LARGEST_PAYLOAD = 262_144
"""Bytes; a real event has about 300, and readers that batch send 256,000."""
MOST_EVENTS = 1000
"""Per message."""
LONGEST_TEXT = 128
"""Characters of a name that is kept."""
MOST_ANTENNAS = 255

DECODER = json.JSONDecoder()

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What cannot be read, or what the reader itself complains of: counted and shown."""

    reason: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What an event says of itself."""

    time: datetime | None = None
    """By the reader's clock."""
    host: str | None = None
    """Which reader says so, where it does."""
    number: int | None = None
    """The reader's own count of its events, where it has one."""
    once: str | None = None
    """Two events with the same are one that was sent twice; None where nobody can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEvent:
    """A tag, read at least once since the reader's last report of it."""

    mark: Mark
    epc: bytes
    antenna: int | None
    rssi_dbm: float | None
    reads: int = 1
    pc: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputEvent:
    """A general-purpose input changed."""

    mark: Mark
    input: int
    high: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEvent:
    """A barcode that a reader scanned."""

    mark: Mark
    content: bytes
    symbology: str | None
    """By the reader's own name, such as `CODE_39`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent:
    """Something else that a reader says, by its name, with what it holds."""

    mark: Mark
    name: str
    content: Mapping[str, Any]


Event = TagEvent | InputEvent | CodeEvent | OtherEvent


def objects(payload: bytes) -> list[Object | Fault]:
    """The objects of a message, whatever stands between or around them."""
    if len(payload) > LARGEST_PAYLOAD:
        return [Fault(reason="too_large", sentence=f"a message of {len(payload)} bytes")]
    found: list[Object | Fault] = []
    for value in _values(payload):
        if len(found) >= MOST_EVENTS:
            return [*found, Fault(reason="too_many", sentence=f"more than {MOST_EVENTS} events")]
        found.append(value if isinstance(value, dict | Fault) else _no_object(value))
    return found


def _values(payload: bytes) -> Iterator[Any]:
    for document in _documents(payload):
        yield from document if isinstance(document, list) else (document,)


def _documents(payload: bytes) -> Iterator[Any]:
    """The JSON documents of a message."""
    text = payload.decode("utf-8", errors="replace").lstrip("\ufeff")
    at = 0
    while at < len(text):
        if text[at].isspace() or text[at] == ",":
            at += 1
            continue
        try:
            value, at = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            shown = text[at : at + 40]
            yield Fault(reason="not_json", sentence=f"no JSON at character {at}: {shown!r}")
            return
        yield value


def _no_object(value: object) -> Fault:
    return Fault(reason="not_an_event", sentence=f"a {type(value).__name__} where an event should be")


def no_event(value: Object) -> Fault:
    """An object in which nothing is known."""
    return Fault(
        reason="not_an_event", sentence=f"an object without an event: {' '.join(map(str, value))[:80]!r}"
    )


def bad_epc(error: ValueError) -> Fault:
    """An event whose EPC cannot be read."""
    return Fault(reason="bad_epc", sentence=f"an EPC that cannot be read: {str(error)[:120]}")


def hex_bytes(written: object) -> bytes:
    """An EPC as hex; raises ValueError."""
    return _epc(bytes.fromhex(_text(written)))


def base64_bytes(written: object) -> bytes:
    """An EPC as base64, the plain one or the URL-safe one (`-` and `_`); raises ValueError."""
    plain = _text(written).replace("-", "+").replace("_", "/")
    return _epc(base64.b64decode(plain, validate=True))


def ascii_bytes(written: object) -> bytes:
    """An EPC whose bytes are these characters; raises ValueError."""
    return _epc(_text(written).encode("ascii"))


def ascii_hex_bytes(written: object) -> bytes:
    """An EPC as hex that was written as hex once more: `3330` is the byte 30; raises ValueError."""
    return _epc(bytes.fromhex(bytes.fromhex(_text(written)).decode("ascii")))


def _text(written: object) -> str:
    if not isinstance(written, str):
        raise ValueError(f"a {type(written).__name__}, no text")  # one kind for all callers
    return written


def _epc(epc: bytes) -> bytes:
    if not 1 <= len(epc) <= LONGEST_EPC:
        raise ValueError(f"{len(epc)} bytes long")
    return epc


def number(value: object) -> float | None:
    """A finite number; a bool is none, and an integer too long for a float is none either."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:
        return None


def whole(value: object, lowest: int, highest: int) -> int | None:
    """A whole number between these two; None for anything else."""
    found = number(value)
    fits = found is not None and found.is_integer() and lowest <= found <= highest
    return int(found) if fits and found is not None else None


def signal(value: object, scale: float = 1.0) -> float | None:
    """A signal in dBm after scaling; None where it cannot be one."""
    found = number(value)
    dbm = None if found is None else found * scale
    return dbm if dbm is not None and -200.0 <= dbm <= 50.0 else None


def name(value: object) -> str | None:
    """A short text; None for anything else."""
    return value[:LONGEST_TEXT] if isinstance(value, str) and value else None


def moment(value: object) -> datetime | None:
    """RFC 3339, the offset also without its colon, up to nine digits behind the second; Python keeps six."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
