"""Trade items, their pieces, and parcels: SGTIN-96, SGTIN-198, SSCC-96, ITIP-110, ITIP-212.

Source: GS1 EPC Tag Data Standard 2.3, sections 7.3, 7.4, 7.15, 14.6.1, 14.6.2 and 14.6.12.
"""

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar

from inspection.errors import BadIdentifier
from inspection.identity.check_digit import has_right_check_digit
from inspection.identity.classic import ClassicEpc, Lettered, Numbered, Serialised
from inspection.identity.codes import ItemCode
from inspection.identity.faults import Fault
from inspection.identity.partitions import LOGISTIC_UNIT, TRADE_ITEM
from inspection.identity.text import in_link, in_seven_bit, in_uri, seven_bit


class _TradeItem(Serialised, ABC):
    """What SGTIN-96 and SGTIN-198 share."""

    __slots__ = ()
    PARTITION = TRADE_ITEM

    @property
    def gtin(self) -> str:
        """GTIN-14 with its check digit."""
        return self._with_indicator()

    @property
    def uri(self) -> str:
        """EPC pure identity URI."""
        return f"urn:epc:id:sgtin:{self.company_prefix}.{self.reference}.{in_uri(self.serial_text)}"

    @property
    def digital_link(self) -> str:
        """Path of the GS1 Digital Link, to be put behind a domain."""
        return f"/01/{self.gtin}/21/{in_link(self.serial_text)}"

    def item(self, epc: bytes) -> ItemCode:
        """What the tag says."""
        gtin, serial = self.gtin, self.serial_text
        return ItemCode(
            raw=epc.hex(),
            gtin=gtin,
            serial=serial,
            epc=epc,
            uri=self.uri,
            digital_link=f"/01/{gtin}/21/{in_link(serial)}",
            scheme=self.SCHEME,
            filter=self.filter,
            company_prefix=self.company_prefix,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sgtin96(_TradeItem, Numbered):
    """A serialised trade item in 96 bits."""

    SCHEME, HEADER, BITS, TAIL = "SGTIN-96", 0x30, 96, 38


@dataclass(frozen=True, slots=True, kw_only=True)
class Sgtin198(_TradeItem, Lettered):
    """A serialised trade item whose serial has letters or leading zeros."""

    SCHEME, HEADER, BITS, TAIL = "SGTIN-198", 0x36, 198, 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Sscc96(ClassicEpc):
    """A parcel or pallet; the last 24 bits are zero."""

    SCHEME, HEADER, BITS, TAIL = "SSCC-96", 0x31, 96, 24
    PARTITION = LOGISTIC_UNIT

    @classmethod
    def _read_tail(cls, tail: int) -> dict[str, Any]:
        if tail:
            # A capture of a real R700 holds ASCII in the EPC bank, which starts like a SSCC-96.
            raise BadIdentifier("it is no SSCC: its last 24 bits are not zero", fault=Fault.TRAILING_BITS)
        return {}

    def _tail(self) -> int:
        return 0

    @property
    def sscc(self) -> str:
        """18 digits with the check digit."""
        return self._with_indicator()

    @property
    def uri(self) -> str:
        """EPC pure identity URI."""
        return f"urn:epc:id:sscc:{self.company_prefix}.{self.reference}"

    @property
    def digital_link(self) -> str:
        """Path of the GS1 Digital Link, to be put behind a domain."""
        return f"/00/{self.sscc}"

    def item(self, epc: bytes) -> ItemCode:
        """What the tag says."""
        sscc = self.sscc
        return ItemCode(
            raw=epc.hex(),
            sscc=sscc,
            epc=epc,
            uri=self.uri,
            digital_link=f"/00/{sscc}",
            scheme=self.SCHEME,
            filter=self.filter,
            company_prefix=self.company_prefix,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece(ClassicEpc, ABC):
    """A piece of a trade item that comes in several."""

    PARTITION = TRADE_ITEM
    SERIAL_BITS: ClassVar[int]
    piece: int
    """Which one, 0..99."""
    total: int
    """Of how many."""
    serial: str

    @classmethod
    def _read_tail(cls, tail: int) -> dict[str, Any]:
        bits = cls.SERIAL_BITS
        serial = cls._read_serial(tail & (1 << bits) - 1)
        return {"piece": tail >> bits + 7, "total": tail >> bits & 0x7F, "serial": serial}

    @classmethod
    def _read_serial(cls, value: int) -> str:
        return seven_bit(value, cls.SERIAL_BITS)

    def _tail(self) -> int:
        if not (0 <= self.piece <= 99 and 0 <= self.total <= 99):
            words = f"piece {self.piece} of {self.total} has more than two digits"
            raise BadIdentifier(words, fault=Fault.BAD_NUMBER)
        return (self.piece << 7 | self.total) << self.SERIAL_BITS | self._serial()

    def _serial(self) -> int:
        return in_seven_bit(self.serial, self.SERIAL_BITS)

    @property
    def uri(self) -> str:
        """EPC pure identity URI."""
        pieces = f"{self.piece:02d}.{self.total:02d}"
        return f"urn:epc:id:itip:{self.company_prefix}.{self.reference}.{pieces}.{in_uri(self.serial)}"

    @property
    def digital_link(self) -> str:
        """Path of the GS1 Digital Link, to be put behind a domain."""
        pieces = f"{self.piece:02d}{self.total:02d}"
        return f"/8006/{self._with_indicator()}{pieces}/21/{in_link(self.serial)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Itip110(_Piece):
    """A piece whose serial is a number, without leading zeros."""

    SCHEME, HEADER, BITS, TAIL, SERIAL_BITS = "ITIP-110", 0x40, 110, 52, 38

    @classmethod
    def _read_serial(cls, value: int) -> str:
        return str(value)

    def _serial(self) -> int:
        number = int(self.serial) if self.serial.isascii() and self.serial.isdigit() else -1
        if str(number) != self.serial or number >> self.SERIAL_BITS:
            words = f"serial {self.serial!r} does not fit into {self.SERIAL_BITS} bits"
            raise BadIdentifier(words, fault=Fault.BAD_NUMBER)
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Itip212(_Piece):
    """A piece whose serial has letters or leading zeros."""

    SCHEME, HEADER, BITS, TAIL, SERIAL_BITS = "ITIP-212", 0x41, 212, 154, 140


def sgtin96_for(gtin: str, serial: int, *, prefix_digits: int = 7, filter: int = 1) -> Sgtin96:
    """Return the tag for one unit of `gtin`; the prefix length is not in a GTIN and must be known."""
    if len(gtin) != 14 or not has_right_check_digit(gtin):
        words = f"{gtin!r} is no GTIN-14 with a right check digit"
        raise BadIdentifier(words, fault=Fault.CHECK_DIGIT)
    return Sgtin96(
        filter=filter,
        company_prefix=gtin[1 : 1 + prefix_digits],
        reference=gtin[0] + gtin[1 + prefix_digits : 13],
        serial=serial,
    )
