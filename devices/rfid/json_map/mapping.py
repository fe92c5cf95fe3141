"""Where the readings stand in somebody else's JSON; pure.

Readers whose payload is a template of whoever sets them up (Keonn, SmartReader), or that have a format of
their own (Newland, SpringCard, Starfish), are read by paths: names divided by dots, numbers for places in
a list. What a tag lacks is taken from the message around it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import StringConstraints

from devices.rfid.json_events import (
    MOST_EVENTS,
    Event,
    Fault,
    Mark,
    Object,
    TagEvent,
    ascii_bytes,
    ascii_hex_bytes,
    bad_epc,
    base64_bytes,
    hex_bytes,
    moment,
    objects,
    signal,
    whole,
)

Coding = Literal["hex", "base64", "base64url", "ascii", "ascii-hex"]
TimeUnit = Literal["iso", "s", "ms", "us"]
Path = Annotated[
    str, StringConstraints(max_length=128, pattern=r"^(\.|[A-Za-z0-9_$:@-]+(\.[A-Za-z0-9_$:@-]+){0,7})$")
]
"""Such as `tag.antenna.port`; a single dot is the thing itself."""

CODINGS: Mapping[Coding, Callable[[object], bytes]] = {
    "hex": hex_bytes,
    "base64": base64_bytes,
    "base64url": base64_bytes,
    "ascii": ascii_bytes,
    "ascii-hex": ascii_hex_bytes,
}
PER_SECOND: Mapping[TimeUnit, float] = {"s": 1.0, "ms": 1e3, "us": 1e6}
LATEST_S = 253_402_300_799.0
"""31 December 9999."""
LARGEST_ANTENNA = 65_535
LARGEST_NUMBER = 2**53
LONGEST_DIGITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonMap:
    """Where things stand."""

    epc: str
    coding: Coding = "hex"
    tags: str | None = None
    """A list of tags, or one; None where each object is one."""
    antenna: str | None = None
    rssi: str | None = None
    rssi_scale: float = 1.0
    """What makes dBm of it."""
    time: str | None = None
    time_unit: TimeUnit = "iso"
    reads: str | None = None
    """How often a tag was read since the last report of it."""
    number: str | None = None
    """The reader's own count of its events."""
    only_field: str | None = None
    only_values: tuple[str, ...] = ()
    """Take what has one of these there, and pass over the rest."""


def read_events(payload: bytes, where: JsonMap) -> list[Event | Fault]:
    """Read one message; what cannot be read becomes a Fault and does not spoil the rest."""
    events: list[Event | Fault] = []
    for found in objects(payload):
        events.extend([found] if isinstance(found, Fault) else _events(found, where))
        if len(events) > MOST_EVENTS:
            too_many = Fault(reason="too_many", sentence=f"more than {MOST_EVENTS} tags")
            return [*events[:MOST_EVENTS], too_many]
    return events


def _events(value: Object, where: JsonMap) -> Iterator[Event | Fault]:
    if where.tags is None:
        yield from _tag(value, value, where)
        return
    listed = look_up(value, where.tags)
    if listed is None:
        if _is_wanted(value, value, where):
            names = " ".join(map(str, value))[:80]
            yield Fault(reason="not_an_event", sentence=f"nothing at {where.tags}: {names!r}")
        return
    for tag in listed if isinstance(listed, list) else [listed]:
        yield from _tag(tag, value, where)


def _tag(tag: object, around: Object, where: JsonMap) -> Iterator[TagEvent | Fault]:
    if not _is_wanted(tag, around, where):
        return
    try:
        epc = CODINGS[where.coding](_either(tag, around, where.epc))
    except ValueError as error:
        yield bad_epc(error)
        return
    antenna = whole(_loose(_either(tag, around, where.antenna)), 1, LARGEST_ANTENNA)
    yield TagEvent(
        mark=_mark(tag, around, where, (epc, antenna)),
        epc=epc,
        antenna=antenna,
        rssi_dbm=signal(_loose(_either(tag, around, where.rssi)), where.rssi_scale),
        reads=whole(_loose(_either(tag, around, where.reads)), 1, LARGEST_NUMBER) or 1,
    )


def _mark(tag: object, around: Object, where: JsonMap, what: tuple[bytes, int | None]) -> Mark:
    time = _time(_either(tag, around, where.time), where.time_unit)
    # Only a time with a fraction tells a message that came twice from a tag that was read twice.
    exact = time is not None and time.microsecond > 0
    return Mark(
        time=time,
        number=whole(_loose(_either(tag, around, where.number)), 0, LARGEST_NUMBER),
        once=repr((time, *what)) if exact else None,
    )


def _is_wanted(tag: object, around: Object, where: JsonMap) -> bool:
    if where.only_field is None:
        return True
    return _as_text(_either(tag, around, where.only_field)) in where.only_values


def _as_text(value: object) -> str:
    """As JSON writes it, without quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)[:128]


def _either(tag: object, around: Object, path: str | None) -> object:
    if path is None:
        return None
    found = look_up(tag, path)
    return look_up(around, path) if found is None else found


def look_up(value: object, path: str) -> object:
    """What stands at a path; None where nothing does."""
    for part in () if path == "." else path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdigit() and len(part) < 5:
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return value


def _loose(value: object) -> object:
    """A number, also where a template put it in quotes."""
    if not isinstance(value, str) or len(value) > LONGEST_DIGITS:
        return value
    try:
        return float(value)
    except ValueError:
        return None


def _time(value: object, unit: TimeUnit) -> datetime | None:
    if unit == "iso":
        return moment(value)
    ticks = _loose(value)
    if isinstance(ticks, bool) or not isinstance(ticks, int | float):
        return None
    fits = 0 <= ticks <= LATEST_S * PER_SECOND[unit]
    return datetime.fromtimestamp(ticks / PER_SECOND[unit], UTC) if fits else None
