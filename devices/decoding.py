"""From a protocol's name and hex to JSON: the whole of `regrade devices decode`, without the terminal."""

from devices.protocols import PROTOCOLS
from devices.wire import Fields, decode, way_of


def decode_hex(
    protocol: str, written: str, kind: str | None = None, dialect: str | None = None
) -> list[Fields]:
    """Every frame in `written` (hex, blanks allowed), as JSON; raises ValueError in words."""
    if protocol not in PROTOCOLS:
        raise ValueError(f"{protocol!r} is none of {', '.join(sorted(PROTOCOLS))}")
    wire = PROTOCOLS[protocol]
    return decode(wire, _bytes(written), way_of(wire, kind, dialect))


def _bytes(written: str) -> bytes:
    try:
        return bytes.fromhex(written)
    except ValueError as error:
        raise ValueError(f"no hex: {error}") from error
