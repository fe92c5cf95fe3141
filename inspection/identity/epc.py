"""EPC binary to GS1 keys: SGTIN-96 by ourselves, the other classic schemes by epcpy.

Source: GS1 EPC Tag Data Standard 2.3, chapters 10 and 14. SGTIN-96 is read for every
sighting of every tag, so it has a short decoder of its own.
"""

from dataclasses import dataclass
from urllib.parse import quote

from epcpy.epc_schemes.base_scheme import GS1Element, TagEncodable
from epcpy.epc_schemes.sgtin import SGTIN
from epcpy.epc_schemes.sscc import SSCC
from epcpy.utils.common import ConvertException
from epcpy.utils.parsers import hex_to_tag_encodable

from inspection.errors import BadIdentifier, NotAnItem
from inspection.identity.check_digit import check_digit, has_right_check_digit, is_digits
from inspection.identity.codes import ItemCode

SGTIN_96 = 0x30
SSCC_96 = 0x31
SGTIN_96_BYTES = 12
SERIAL_BITS = 38

PREFIX_DIGITS = (12, 11, 10, 9, 8, 7, 6)
"""Digits of the company prefix, by partition value 0..6."""
PREFIX_BITS = (40, 37, 34, 30, 27, 24, 20)
"""Bits of the company prefix, by partition value; prefix and item reference share 44 bits."""

BITS_BY_HEADER = {
    0x2C: 96, 0x2D: 96, 0x2E: 96, 0x2F: 96, 0x30: 96, 0x31: 96, 0x32: 96, 0x33: 96, 0x34: 96, 0x35: 96,
    0x36: 198, 0x37: 170, 0x38: 202, 0x39: 195, 0x3C: 96, 0x3E: 174, 0x3F: 96, 0x40: 110, 0x41: 212,
}  # fmt: skip
"""Length of the classic schemes with a fixed one (TDS 2.3, table 14-1)."""
VARIABLE_HEADERS = frozenset({0x3B, 0x3D})
"""ADI-var and CPI-var."""
PLUS_HEADERS = frozenset(range(0xEB, 0xFE)) - {0xF6}
"""The `+` and `++` schemes of TDS 2.x, which this program does not read yet."""

QUALIFIERS = {"01": "21", "414": "254", "8006": "21", "8010": "8011"}
"""The application identifier that follows a key, where one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sgtin96:
    """A serialised trade item in 96 bits."""

    filter: int
    """Kind of packaging, 0..7; 1 is a point-of-sale item."""
    company_prefix: str
    """6..12 digits."""
    item_reference: str
    """The indicator digit first; together with the prefix 13 digits."""
    serial: int
    """0 .. 2**38 - 1, without leading zeros."""

    def __post_init__(self) -> None:
        digits = self.company_prefix + self.item_reference
        if len(digits) != 13 or not is_digits(digits) or len(self.company_prefix) not in PREFIX_DIGITS:
            raise BadIdentifier(
                f"prefix {self.company_prefix!r} and item reference {self.item_reference!r} make no GTIN-14"
            )
        if not 0 <= self.serial < 1 << SERIAL_BITS:
            raise BadIdentifier(f"serial {self.serial} does not fit into {SERIAL_BITS} bits")
        if not 0 <= self.filter <= 7:
            raise BadIdentifier(f"filter {self.filter} is not 0..7")

    @property
    def gtin(self) -> str:
        """GTIN-14 with its check digit."""
        digits = self.item_reference[0] + self.company_prefix + self.item_reference[1:]
        return digits + check_digit(digits)

    @property
    def uri(self) -> str:
        """EPC pure identity URI."""
        return f"urn:epc:id:sgtin:{self.company_prefix}.{self.item_reference}.{self.serial}"

    @property
    def digital_link(self) -> str:
        """Path of the GS1 Digital Link, to be put behind a domain."""
        return f"/01/{self.gtin}/21/{self.serial}"

    def encode(self) -> bytes:
        """The 12 bytes that go into the tag's EPC bank."""
        partition = PREFIX_DIGITS.index(len(self.company_prefix))
        item_bits = 44 - PREFIX_BITS[partition]
        value = SGTIN_96
        for field, bits in (
            (self.filter, 3),
            (partition, 3),
            (int(self.company_prefix), PREFIX_BITS[partition]),
            (int(self.item_reference), item_bits),
            (self.serial, SERIAL_BITS),
        ):
            value = value << bits | field
        return value.to_bytes(SGTIN_96_BYTES, "big")


def sgtin96_for(gtin: str, serial: int, *, prefix_digits: int = 7, filter: int = 1) -> Sgtin96:
    """Return the tag for one unit of `gtin`; the prefix length is not in a GTIN and must be known."""
    if len(gtin) != 14 or not has_right_check_digit(gtin):
        raise BadIdentifier(f"{gtin!r} is no GTIN-14 with a right check digit")
    return Sgtin96(
        filter=filter,
        company_prefix=gtin[1 : 1 + prefix_digits],
        item_reference=gtin[0] + gtin[1 + prefix_digits : 13],
        serial=serial,
    )


def decode_sgtin96(epc: bytes) -> Sgtin96:
    """Read a SGTIN-96; raises BadIdentifier where header, length or a field is wrong."""
    if len(epc) != SGTIN_96_BYTES or epc[0] != SGTIN_96:
        raise BadIdentifier(f"{epc.hex()} is no SGTIN-96: that has 12 bytes and begins with 30")
    value = int.from_bytes(epc, "big")
    partition = value >> 82 & 0b111
    if partition >= len(PREFIX_DIGITS):
        raise BadIdentifier(f"{epc.hex()} is no SGTIN-96: partition {partition} does not exist")
    item_bits = 44 - PREFIX_BITS[partition]
    both = value >> SERIAL_BITS & (1 << 44) - 1
    prefix_digits = PREFIX_DIGITS[partition]
    return Sgtin96(
        filter=value >> 85 & 0b111,
        company_prefix=_padded(both >> item_bits, prefix_digits, epc),
        item_reference=_padded(both & (1 << item_bits) - 1, 13 - prefix_digits, epc),
        serial=value & (1 << SERIAL_BITS) - 1,
    )


def _padded(number: int, digits: int, epc: bytes) -> str:
    if number >= 10**digits:
        raise BadIdentifier(f"{epc.hex()} is no GS1 key: {number} has more than {digits} digits")
    return f"{number:0{digits}d}"


def read_epc(epc: bytes) -> ItemCode:
    """Say what a tag's EPC means.

    Raises NotAnItem for tags that carry no GS1 key (blank, TID-like, reserved header), so that
    the page can show their hex, and BadIdentifier for those that carry a damaged one.
    """
    _refuse_foreign(epc)
    if epc[0] == SGTIN_96:
        item = decode_sgtin96(_cut_to_size(epc))
        return ItemCode(
            raw=epc.hex(),
            gtin=item.gtin,
            serial=str(item.serial),
            epc=epc,
            uri=item.uri,
            digital_link=item.digital_link,
        )
    scheme = _classic(epc)
    return ItemCode(
        raw=epc.hex(),
        gtin=scheme.gtin() if isinstance(scheme, SGTIN) else None,
        serial=_serial_of(scheme),
        sscc=scheme.gs1_key() if isinstance(scheme, SSCC) else None,
        epc=epc,
        uri=scheme.epc_uri,
        digital_link=_digital_link(scheme),
    )


def _refuse_foreign(epc: bytes) -> None:
    shown = epc[:62].hex()
    if not epc:
        raise NotAnItem("the tag sent an empty EPC")
    header = epc[0]
    if header == 0x00:
        raise NotAnItem(f"the tag is blank: nobody has written a number into it ({shown})")
    if header == 0xE2:
        raise NotAnItem(f"the tag shows its maker's chip number (header E2), no item number ({shown})")
    if header in PLUS_HEADERS:
        raise BadIdentifier(
            f"the tag uses a newer GS1 scheme (header {header:02X}) that is not read yet ({shown})"
        )
    if header not in BITS_BY_HEADER and header not in VARIABLE_HEADERS:
        raise NotAnItem(f"the tag carries no GS1 number: header {header:02X} is reserved ({shown})")


def _cut_to_size(epc: bytes) -> bytes:
    """Check the length of a fixed scheme; a reader may fill up to whole 16-bit words."""
    bits = BITS_BY_HEADER[epc[0]]
    words = -(-bits // 16)
    if len(epc) * 8 < bits:
        raise BadIdentifier(f"the tag's EPC is cut short: {len(epc) * 8} of {bits} bits ({epc.hex()})")
    if len(epc) > words * 2:
        raise BadIdentifier(f"the tag's EPC is too long: {len(epc) * 8} bits, not {bits} ({epc[:62].hex()})")
    return epc


def _classic(epc: bytes) -> TagEncodable:
    if epc[0] in BITS_BY_HEADER:
        _cut_to_size(epc)
    if epc[0] == SSCC_96 and any(epc[-3:]):
        # A capture of a real R700 holds ASCII in the EPC bank, which starts like a SSCC-96;
        # the 24 bits behind the serial must be zero (TDS 2.3, table 14-6) and epcpy lets them pass.
        raise BadIdentifier(f"the tag is no SSCC: its last 24 bits are not zero ({epc.hex()})")
    try:
        return hex_to_tag_encodable(epc.hex())
    except (ConvertException, ValueError, KeyError, IndexError) as error:
        raise BadIdentifier(f"the tag's number is damaged: {epc[:62].hex()}") from error


def _digital_link(scheme: TagEncodable) -> str | None:
    """Path of the GS1 Digital Link, from epcpy's `(key)value(qualifier)value`; None outside GS1."""
    if not isinstance(scheme, GS1Element):
        return None
    key, _, value = scheme.gs1_element_string()[1:].partition(")")
    qualifier = QUALIFIERS.get(key)
    if qualifier is None:
        return f"/{key}/{quote(value, safe='')}"
    value, _, tail = value.partition(f"({qualifier})")
    return f"/{key}/{value}" + (f"/{qualifier}/{quote(tail, safe='')}" if tail else "")


def _serial_of(scheme: TagEncodable) -> str | None:
    if not isinstance(scheme, SGTIN):
        return None
    return scheme.gs1_element_string().partition("(21)")[2]


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
        return Stranger(epc=epc, code=NotAnItem.code, sentence=f"the tag names no trade item: {item.uri}")
    return item
