"""From a protocol's name and hex to JSON: the whole of `regrade devices decode`, without the terminal.

What a tag or a label says is no protocol of a line: it is read by `inspection.identity`.
"""

from collections.abc import Callable, Mapping

from devices.protocols import PROTOCOLS
from devices.wire import MOST_DECODED, Fields, decode, way_of
from inspection.identity.telling import tell_elements, tell_epc


def decode_hex(
    protocol: str, written: str, kind: str | None = None, dialect: str | None = None
) -> list[Fields]:
    """Every frame in `written` (hex, blanks allowed), as JSON; raises ValueError in words."""
    if protocol in CODES:
        return [_code(protocol, "".join(written.split()))]
    if protocol not in PROTOCOLS:
        raise ValueError(f"{protocol!r} is none of {', '.join(sorted([*PROTOCOLS, *CODES]))}")
    wire = PROTOCOLS[protocol]
    return decode(wire, _bytes(written), way_of(wire, kind, dialect))


def _code(protocol: str, digits: str) -> Fields:
    if len(digits) > MOST_DECODED * 2:
        raise ValueError(f"{len(digits) // 2} bytes at once; {MOST_DECODED} are taken")
    return CODES[protocol](digits)


def _epc(digits: str) -> Fields:
    """An EPC need not end at a byte: an odd number of digits is taken as it is."""
    return tell_epc(_bytes(digits + "0" * (len(digits) % 2)), len(digits) * 4)


def _elements(digits: str) -> Fields:
    return tell_elements(_bytes(digits))


CODES: Mapping[str, Callable[[str], Fields]] = {"epc_tds": _epc, "gs1_element_string": _elements}
"""What tags and labels say, by the name that the recordings have."""


def _bytes(written: str) -> bytes:
    try:
        return bytes.fromhex(written)
    except ValueError as error:
        raise ValueError(f"no hex: {error}") from error
