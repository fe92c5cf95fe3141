"""Parts: ADI-var of aerospace and defence, CPI-var of every other trade; both of variable length.

Source: GS1 EPC Tag Data Standard 2.3, sections 6.3.9, 6.3.18, 7.11, 14.3.7 to 14.3.9, 14.6.10 and 14.6.13.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from inspection.errors import BadIdentifier
from inspection.identity.bits import BitReader, BitWriter
from inspection.identity.check_digit import is_digits
from inspection.identity.codes import ItemCode
from inspection.identity.faults import Fault
from inspection.identity.partitions import PREFIX_BITS, PREFIX_DIGITS
from inspection.identity.six_bits import need_end, put_letters, take_letter, take_until_zero
from inspection.identity.text import in_link, in_uri

END = "@"
"""Its lower 6 bits are zero."""
CODE = re.compile(r"[0-9A-HJ-NP-Z]{5,6}")
"""A CAGE code of 5 letters, or a DoDAAC of 6; neither has an I or O."""
PART = re.compile(r"[0-9A-Z/-]{0,32}")
SERIAL = re.compile(r"(?:[0-9A-Z/-]|#[0-9A-Z/-])[0-9A-Z/-]{0,28}")
"""Up to 30 letters with a leading `#`, which says that the part number is not of the serial's maker."""
COMPONENT = re.compile(r"[0-9A-Z#/-]+")
COMPONENT_LETTERS = 30
"""Of company prefix and component together."""
COMPONENT_SERIALS = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Adi:
    """A part of an aircraft."""

    SCHEME: ClassVar[str] = "ADI-var"
    HEADER: ClassVar[int] = 0x3B
    filter: int
    """0..63."""
    maker: str
    """CAGE code or DoDAAC."""
    part: str
    """Original part number; empty where the serial alone is unique."""
    serial: str

    def __post_init__(self) -> None:
        matches = CODE.fullmatch(self.maker) and PART.fullmatch(self.part) and SERIAL.fullmatch(self.serial)
        if not matches or not 0 <= self.filter <= 63:
            words = f"{self.maker!r} {self.part!r} {self.serial!r} is no part of an aircraft"
            raise BadIdentifier(words, fault=Fault.BAD_TEXT)

    @classmethod
    def read(cls, value: int, bits: int) -> Self:
        """Read the EPC, given as a number of so many bits; raises BadIdentifier."""
        reader = BitReader(value, bits)
        reader.take(8)
        filter = reader.take(6)
        maker = "".join(take_letter(reader) for _ in range(6)).removeprefix(" ")
        part, serial = take_until_zero(reader), take_until_zero(reader)
        need_end(reader)
        return cls(filter=filter, maker=maker, part=part, serial=serial)

    @property
    def uri(self) -> str:
        """EPC pure identity URI."""
        return f"urn:epc:id:adi:{self.maker}.{in_uri(self.part)}.{in_uri(self.serial)}"

    def encode(self) -> bytes:
        """The bytes of the EPC bank, up to whole 16-bit words."""
        writer = BitWriter()
        writer.put(self.HEADER, 8)
        writer.put(self.filter, 6)
        put_letters(writer, self.maker.rjust(6) + self.part + END + self.serial + END)
        return writer.in_words()

    def item(self, epc: bytes) -> ItemCode:
        """What the tag says."""
        return ItemCode(raw=epc.hex(), epc=epc, uri=self.uri, scheme=self.SCHEME, filter=self.filter)


@dataclass(frozen=True, slots=True, kw_only=True)
class CpiVar:
    """A component whose number has letters."""

    SCHEME: ClassVar[str] = "CPI-var"
    HEADER: ClassVar[int] = 0x3D
    SERIAL_BITS: ClassVar[int] = 40
    filter: int
    """0..7."""
    company_prefix: str
    """6..12 digits."""
    component: str
    serial: int
    """Up to 12 digits."""

    def __post_init__(self) -> None:
        if not (is_digits(self.company_prefix) and len(self.company_prefix) in PREFIX_DIGITS):
            raise BadIdentifier(f"{self.company_prefix!r} is no company prefix", fault=Fault.BAD_NUMBER)
        letters = len(self.company_prefix) + len(self.component)
        if not COMPONENT.fullmatch(self.component) or letters > COMPONENT_LETTERS:
            raise BadIdentifier(f"{self.component!r} is no number of a component", fault=Fault.BAD_TEXT)
        if not (0 <= self.filter <= 7 and 0 <= self.serial < COMPONENT_SERIALS):
            words = f"filter {self.filter} or serial {self.serial} is too large"
            raise BadIdentifier(words, fault=Fault.BAD_NUMBER)

    @classmethod
    def read(cls, value: int, bits: int) -> Self:
        """Read the EPC, given as a number of so many bits; raises BadIdentifier."""
        reader = BitReader(value, bits)
        reader.take(8)
        filter, partition = reader.take(3), reader.take(3)
        if partition >= len(PREFIX_BITS):
            raise BadIdentifier(f"partition {partition} does not exist", fault=Fault.BAD_PARTITION)
        prefix = f"{reader.take(PREFIX_BITS[partition]):0{PREFIX_DIGITS[partition]}d}"
        if len(prefix) > PREFIX_DIGITS[partition]:
            raise BadIdentifier(f"{prefix} is no company prefix here", fault=Fault.BAD_NUMBER)
        component, serial = take_until_zero(reader), reader.take(cls.SERIAL_BITS)
        need_end(reader)
        return cls(filter=filter, company_prefix=prefix, component=component, serial=serial)

    @property
    def uri(self) -> str:
        """EPC pure identity URI."""
        return f"urn:epc:id:cpi:{self.company_prefix}.{in_uri(self.component)}.{self.serial}"

    @property
    def digital_link(self) -> str:
        """Path of the GS1 Digital Link, to be put behind a domain."""
        return f"/8010/{self.company_prefix}{in_link(self.component)}/8011/{self.serial}"

    def encode(self) -> bytes:
        """The bytes of the EPC bank, up to whole 16-bit words."""
        writer = BitWriter()
        partition = PREFIX_DIGITS.index(len(self.company_prefix))
        writer.put(self.HEADER, 8)
        writer.put(self.filter, 3)
        writer.put(partition, 3)
        writer.put(int(self.company_prefix), PREFIX_BITS[partition])
        put_letters(writer, self.component + END)
        writer.put(self.serial, self.SERIAL_BITS)
        return writer.in_words()

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


PARTS: Mapping[int, type[Adi] | type[CpiVar]] = {Adi.HEADER: Adi, CpiVar.HEADER: CpiVar}
"""By header."""
