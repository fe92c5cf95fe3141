"""What a tag's EPC means: every scheme of TDS 1.x and the `+` and `++` schemes of TDS 2.x.

Source: GS1 EPC Tag Data Standard 2.3, table 14-1. The 64-bit schemes of the first versions went with a
published table of company prefixes that was withdrawn in 2009: they are refused as reserved headers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from inspection.errors import BadIdentifier, NotAnItem
from inspection.identity import assets, items
from inspection.identity.borrowed import BORROWED, BORROWED_BITS, read_borrowed
from inspection.identity.classic import ClassicEpc
from inspection.identity.codes import ItemCode
from inspection.identity.faults import Fault
from inspection.identity.items import sgtin96_for
from inspection.identity.parts import PARTS
from inspection.identity.plus import HEADERS as PLUS
from inspection.identity.plus import decode_plus

__all__ = ["Stranger", "read_epc", "sgtin96_for", "trade_item"]

_OURS: tuple[type[ClassicEpc], ...] = (
    items.Sgtin96, items.Sgtin198, items.Sscc96, items.Itip110, items.Itip212,
    assets.Grai96, assets.Grai170, assets.Giai96, assets.Giai202, assets.Sgln96, assets.Sgln195,
    assets.Gdti96, assets.Gdti113, assets.Gdti174,
)  # fmt: skip
OWN: Mapping[int, type[ClassicEpc]] = {kind.HEADER: kind for kind in _OURS}
"""Classic schemes with a decoder of our own, by header."""
UNPROGRAMMED, TAG_MAKER = 0x00, 0xE2
SUNSET = frozenset({0x08, 0x09, 0x0A, 0x0B, 0xCE, *range(0x80, 0xC0)})
"""Headers of the 64-bit schemes."""
LONGEST_BITS = 496
"""What the length in a tag's protocol bits can say (TDS 2.3, section 9.3)."""
SHOWN_BYTES = LONGEST_BITS // 8


def read_epc(epc: bytes, *, bits: int | None = None) -> ItemCode:
    """Say what a tag's EPC means; `bits` where the last byte does not count whole.

    Raises NotAnItem for tags that carry no GS1 key (blank, TID-like, reserved header), so that
    the page can show their hex, and BadIdentifier for those that carry a damaged one. Both name the hex.
    """
    bits = len(epc) * 8 if bits is None else bits
    try:
        return _read(epc, bits)
    except (NotAnItem, BadIdentifier) as error:
        words = f"{error} ({shown(epc)})"
        raise type(error)(words, fault=error.fault) from error


def _read(epc: bytes, bits: int) -> ItemCode:
    if bits < 8:
        raise NotAnItem("the tag sent an empty EPC", fault=Fault.UNPROGRAMMED)
    header, value = epc[0], int.from_bytes(epc, "big") >> len(epc) * 8 - bits
    kind = OWN.get(header)
    if kind is not None:
        return kind.read(_cut(value, bits, kind.BITS)).item(epc)
    if bits > LONGEST_BITS:
        raise BadIdentifier(f"the tag's EPC is too long: {bits} bits", fault=Fault.TOO_LONG)
    if header in PLUS:
        return decode_plus(value, bits).item(epc)
    if header in PARTS:
        return PARTS[header].read(value, bits).item(epc)
    if header in BORROWED:
        return read_borrowed(_cut(value, bits, BORROWED_BITS), epc)
    raise _foreign(header)


def _cut(value: int, bits: int, needed: int) -> int:
    """The bits of a fixed scheme; a reader may fill up with zeros to whole 16-bit words."""
    extra = bits - needed
    if extra < 0:
        words = f"the tag's EPC is cut short: {bits} of {needed} bits"
        raise BadIdentifier(words, fault=Fault.CUT_SHORT)
    if extra >= 16:
        raise BadIdentifier(f"the tag's EPC is too long: {bits} bits, not {needed}", fault=Fault.TOO_LONG)
    if extra and value & (1 << extra) - 1:
        raise BadIdentifier("the bits behind the EPC are not zero", fault=Fault.TRAILING_BITS)
    return value >> extra


def _foreign(header: int) -> NotAnItem:
    if header == UNPROGRAMMED:
        words = "the tag is blank: nobody has written a number into it"
        return NotAnItem(words, fault=Fault.UNPROGRAMMED)
    if header == TAG_MAKER:
        words = "the tag shows its maker's chip number (header E2), no item number"
    elif header in SUNSET:
        words = f"the tag uses a 64-bit scheme that GS1 withdrew in 2009 (header {header:02X})"
    else:
        words = f"the tag carries no GS1 number: header {header:02X} is reserved"
    return NotAnItem(words, fault=Fault.RESERVED_HEADER)


def shown(epc: bytes) -> str:
    """The EPC for a person: its hex, and its letters where it is made of letters."""
    text = epc.decode("ascii", "replace").strip()
    spelled = f" = {text!r}" if len(text) > 1 and text.isascii() and text.isprintable() else ""
    return epc[:SHOWN_BYTES].hex() + (spelled if len(epc) <= SHOWN_BYTES else "...")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """A tag that is no trade item: to be shown, never to be matched."""

    epc: bytes
    code: str
    """Code of the error that says why, such as `not_an_item`."""
    sentence: str
    """Why, for a person, with the raw hex."""


def trade_item(epc: bytes) -> ItemCode | Stranger:
    """Say which trade item a tag means, or why it means none; never raises."""
    try:
        item = read_epc(epc)
    except (NotAnItem, BadIdentifier) as error:
        return Stranger(epc=epc, code=error.code, sentence=str(error))
    if item.gtin is None:
        named = item.uri or item.digital_link
        return Stranger(epc=epc, code=NotAnItem.code, sentence=f"the tag names no trade item: {named}")
    return item
