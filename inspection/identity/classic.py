"""What the classic EPCs that we read ourselves have in common.

Header, filter, partition, company prefix and reference, then the serial in the bits that are left.
Source: GS1 EPC Tag Data Standard 2.3, chapters 7 and 14.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from inspection.errors import BadIdentifier
from inspection.identity.check_digit import check_digit
from inspection.identity.codes import ItemCode
from inspection.identity.faults import Fault
from inspection.identity.partitions import Partition
from inspection.identity.text import in_seven_bit, seven_bit


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicEpc(ABC):
    """One EPC of a scheme with a company prefix."""

    SCHEME: ClassVar[str]
    HEADER: ClassVar[int]
    BITS: ClassVar[int]
    TAIL: ClassVar[int]
    """Bits behind the reference."""
    PARTITION: ClassVar[Partition]

    filter: int
    """Kind of packaging, 0..7; 1 is a point-of-sale item."""
    company_prefix: str
    """6..12 digits."""
    reference: str
    """What the company numbers; an indicator or extension digit comes first."""

    def __post_init__(self) -> None:
        if not 0 <= self.filter <= 7:
            raise BadIdentifier(f"filter {self.filter} is not 0..7", fault=Fault.BAD_NUMBER)
        self.PARTITION.need(self.company_prefix, self.reference)
        self._tail()

    @classmethod
    def read(cls, value: int) -> Self:
        """Read the EPC, given as a number of `BITS` bits; raises BadIdentifier."""
        cut = cls.TAIL
        both = cls.PARTITION.bits + 3
        prefix, reference = cls.PARTITION.split(value >> cut & (1 << both) - 1)
        serial = cls._read_tail(value & (1 << cut) - 1)
        return cls(filter=value >> cut + both & 7, company_prefix=prefix, reference=reference, **serial)

    @classmethod
    @abstractmethod
    def _read_tail(cls, tail: int) -> dict[str, Any]:
        """The fields of a subclass, out of the bits behind the reference."""

    @abstractmethod
    def _tail(self) -> int:
        """The bits behind the reference; raises BadIdentifier where the serial cannot be written."""

    def encode(self) -> bytes:
        """The bytes that go into the tag's EPC bank, filled up to whole 16-bit words."""
        head = (self.HEADER << 3 | self.filter) << self.PARTITION.bits + 3
        value = (head | self.PARTITION.join(self.company_prefix, self.reference)) << self.TAIL | self._tail()
        words = -(-self.BITS // 16)
        return (value << words * 16 - self.BITS).to_bytes(words * 2, "big")

    @property
    @abstractmethod
    def uri(self) -> str:
        """EPC pure identity URI."""

    @property
    @abstractmethod
    def digital_link(self) -> str:
        """Path of the GS1 Digital Link, to be put behind a domain."""

    def item(self, epc: bytes) -> ItemCode:
        """What the tag says."""
        return ItemCode(
            raw=epc.hex(),
            epc=epc,
            uri=self.uri,
            digital_link=self.digital_link,
            scheme=self.SCHEME,
            filter=self.filter,
            company_prefix=self.company_prefix,
        )

    def _with_indicator(self) -> str:
        """The key of an item or parcel: the indicator comes first, the check digit last."""
        digits = self.reference[0] + self.company_prefix + self.reference[1:]
        return digits + check_digit(digits)

    def _with_check_digit(self) -> str:
        """Every other key: prefix, reference, check digit."""
        digits = self.company_prefix + self.reference
        return digits + check_digit(digits)


class Serialised(ClassicEpc, ABC):
    """One with a serial of its own."""

    __slots__ = ()

    @property
    @abstractmethod
    def serial_text(self) -> str:
        """The serial as a barcode has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered(Serialised, ABC):
    """The serial is a number, without leading zeros."""

    serial: int

    @classmethod
    def _read_tail(cls, tail: int) -> dict[str, Any]:
        return {"serial": tail}

    def _tail(self) -> int:
        if not 0 <= self.serial < 1 << self.TAIL:
            words = f"serial {self.serial} does not fit into {self.TAIL} bits"
            raise BadIdentifier(words, fault=Fault.BAD_NUMBER)
        return self.serial

    @property
    def serial_text(self) -> str:
        """The serial as a barcode has it."""
        return str(self.serial)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettered(Serialised, ABC):
    """The serial is any text of GS1's 82 characters."""

    serial: str

    @classmethod
    def _read_tail(cls, tail: int) -> dict[str, Any]:
        return {"serial": seven_bit(tail, cls.TAIL)}

    def _tail(self) -> int:
        return in_seven_bit(self.serial, self.TAIL)

    @property
    def serial_text(self) -> str:
        """The serial as a barcode has it."""
        return self.serial
