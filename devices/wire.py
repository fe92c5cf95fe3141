"""What a protocol is by its bytes alone: the decode command, the property tests, the fuzzer and the
benchmarks ask every protocol the same questions through this one shape.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from devices.framing import BadBytes, BadFrame, Decoder, joined

Fields = dict[str, Any]
"""A frame as JSON: names and values as in the project's vectors."""
MOST_DECODED = 65_536
"""Bytes that one call of `decode` takes."""


class Check(StrEnum):
    """What protects a frame."""

    CRC = "crc"
    SUM = "sum"
    XOR = "xor"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Which way the bytes go, and what the bytes do not tell."""

    from_host: bool = False
    dialect: str | None = None
    kind: str = ""
    """Name of the vector, such as `cmd_version`; only where a protocol needs more than the two above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireProtocol:
    """One protocol of a line."""

    name: str
    """PROTOCOL of `regrade devices decode`."""
    check: Check
    longest: int
    """Bytes that a decoder may hold back at most."""
    decoder: Callable[[Way], Decoder[Any]]
    """A fresh one, for the bytes that go this way."""
    encode: Callable[[Any], bytes]
    """The bytes of one decoded frame, exactly as they were."""
    fields: Callable[[Any, Way], Fields]
    """What a frame says; raises BadFrame where its content does not add up."""
    dialects: tuple[str, ...] = ()
    """Names that `--dialect` takes; the first one is the default."""
    baud: int = 9600
    """Usual rate of the line, which the benchmarks compare with."""


def way_of(protocol: WireProtocol, kind: str | None, dialect: str | None) -> Way:
    """The way that a vector's kind names: `cmd_...` comes from the host, `...288...` is that dialect."""
    if dialect is not None and dialect not in protocol.dialects:
        known = ", ".join(protocol.dialects) or "none"
        raise ValueError(f"{protocol.name} has no dialect {dialect!r}; it has: {known}")
    named = next((name for name in protocol.dialects[1:] if kind and name in kind), None)
    chosen = dialect or named or (protocol.dialects[0] if protocol.dialects else None)
    return Way(from_host=(kind or "").startswith("cmd"), dialect=chosen, kind=kind or "")


def decode(protocol: WireProtocol, content: bytes, way: Way) -> list[Fields]:
    """Every frame in these bytes, as JSON; what is none is one `{"error": CODE}` for each run of it.

    Raises ValueError for more than 65,536 bytes.
    """
    if len(content) > MOST_DECODED:
        raise ValueError(f"{len(content)} bytes at once; {MOST_DECODED} are taken")
    decoder = protocol.decoder(way)
    found = joined([*decoder.feed(content), *decoder.idle()])
    return [_fields(protocol, each, way) for each in found]


def _fields(protocol: WireProtocol, found: Any, way: Way) -> Fields:
    if isinstance(found, BadBytes):
        return {"error": found.reason}
    try:
        return protocol.fields(found, way)
    except BadFrame:
        return {"error": "bad_frame"}


def by_name(*protocols: WireProtocol) -> Mapping[str, WireProtocol]:
    """A table of protocols."""
    return {protocol.name: protocol for protocol in protocols}
