"""Assets, places and documents: GRAI, GIAI, SGLN and GDTI in 96 bits and in their long forms, and GDTI-113.

Source: GS1 EPC Tag Data Standard 2.3, sections 7.5 to 7.7, 7.10 and 14.6.3 to 14.6.8; GDTI-113, which is
deprecated since 1.9: 1.6.
"""

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar

from inspection.errors import BadIdentifier
from inspection.identity.classic import ClassicEpc, Lettered, Numbered, Serialised
from inspection.identity.faults import Fault
from inspection.identity.partitions import (
    LONG_ASSET,
    PLACE_OR_DOCUMENT,
    RETURNABLE_ASSET,
    SINGLE_ASSET,
)
from inspection.identity.text import in_link, in_uri

UNEXTENDED = "0"
"""Extension of a place that has none (section 7.5)."""


class _OneValue(Serialised, ABC):
    """Key and serial make one value of one application identifier."""

    __slots__ = ()
    KEY: ClassVar[str]
    LINK: ClassVar[str]
    """Path up to the company prefix."""

    @property
    def uri(self) -> str:
        """EPC pure identity URI."""
        return f"urn:epc:id:{self.KEY}:{self.company_prefix}.{self.reference}.{in_uri(self.serial_text)}"

    @property
    def digital_link(self) -> str:
        """Path of the GS1 Digital Link, to be put behind a domain."""
        return self.LINK + self._with_check_digit() + in_link(self.serial_text)


class _Returnable(_OneValue, ABC):
    __slots__ = ()
    PARTITION, KEY, LINK = RETURNABLE_ASSET, "grai", "/8003/0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grai96(_Returnable, Numbered):
    """A returnable asset, such as a crate."""

    SCHEME, HEADER, BITS, TAIL = "GRAI-96", 0x33, 96, 38


@dataclass(frozen=True, slots=True, kw_only=True)
class Grai170(_Returnable, Lettered):
    """A returnable asset whose serial has letters or leading zeros."""

    SCHEME, HEADER, BITS, TAIL = "GRAI-170", 0x37, 170, 112


class _Document(_OneValue, ABC):
    __slots__ = ()
    PARTITION, KEY, LINK = PLACE_OR_DOCUMENT, "gdti", "/253/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gdti96(_Document, Numbered):
    """A document."""

    SCHEME, HEADER, BITS, TAIL = "GDTI-96", 0x2C, 96, 41


@dataclass(frozen=True, slots=True, kw_only=True)
class Gdti174(_Document, Lettered):
    """A document whose serial has letters or leading zeros."""

    SCHEME, HEADER, BITS, TAIL = "GDTI-174", 0x3E, 174, 119


@dataclass(frozen=True, slots=True, kw_only=True)
class Gdti113(_Document):
    """A document with 1..17 digits; a 1 in front of them keeps their leading zeros."""

    SCHEME, HEADER, BITS, TAIL = "GDTI-113", 0x3A, 113, 58
    serial: str

    @classmethod
    def _read_tail(cls, tail: int) -> dict[str, Any]:
        marked = str(tail)
        if not marked.startswith("1"):
            raise BadIdentifier("the document's serial does not begin as it must", fault=Fault.BAD_NUMBER)
        return {"serial": marked[1:]}

    def _tail(self) -> int:
        digits = self.serial.isascii() and self.serial.isdigit()
        marked = int(f"1{self.serial}") if digits else 0
        if not digits or marked >> self.TAIL:
            raise BadIdentifier(f"{self.serial!r} is no serial of a document", fault=Fault.BAD_NUMBER)
        return marked

    @property
    def serial_text(self) -> str:
        """The serial as a barcode has it."""
        return self.serial


class _Place(Serialised, ABC):
    __slots__ = ()
    PARTITION = PLACE_OR_DOCUMENT

    @property
    def uri(self) -> str:
        """EPC pure identity URI."""
        return f"urn:epc:id:sgln:{self.company_prefix}.{self.reference}.{in_uri(self.serial_text)}"

    @property
    def digital_link(self) -> str:
        """Path of the GS1 Digital Link, to be put behind a domain."""
        path, extension = f"/414/{self._with_check_digit()}", self.serial_text
        return path if extension == UNEXTENDED else f"{path}/254/{in_link(extension)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sgln96(_Place, Numbered):
    """A place."""

    SCHEME, HEADER, BITS, TAIL = "SGLN-96", 0x32, 96, 41


@dataclass(frozen=True, slots=True, kw_only=True)
class Sgln195(_Place, Lettered):
    """A place whose extension has letters or leading zeros."""

    SCHEME, HEADER, BITS, TAIL = "SGLN-195", 0x39, 195, 140


class _Asset(ClassicEpc, ABC):
    """A single asset: all behind the company prefix is its reference."""

    __slots__ = ()
    TAIL = 0

    @classmethod
    def _read_tail(cls, tail: int) -> dict[str, Any]:
        return {}

    def _tail(self) -> int:
        return 0

    @property
    def uri(self) -> str:
        """EPC pure identity URI."""
        return f"urn:epc:id:giai:{self.company_prefix}.{in_uri(self.reference)}"

    @property
    def digital_link(self) -> str:
        """Path of the GS1 Digital Link, to be put behind a domain."""
        return f"/8004/{self.company_prefix}{in_link(self.reference)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Giai96(_Asset):
    """A single asset whose reference is a number, without leading zeros."""

    SCHEME, HEADER, BITS, PARTITION = "GIAI-96", 0x34, 96, SINGLE_ASSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Giai202(_Asset):
    """A single asset whose reference has letters or leading zeros."""

    SCHEME, HEADER, BITS, PARTITION = "GIAI-202", 0x38, 202, LONG_ASSET
