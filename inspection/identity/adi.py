"""ADI-var: aerospace and defence parts. epcpy reads these wrongly, so they are read here.

Source: GS1 EPC Tag Data Standard 2.3, sections 6.3.18, 14.3.7, 14.3.8, 14.6.13 and table G-1.
"""

import re
from dataclasses import dataclass

from inspection.errors import BadIdentifier
from inspection.identity.bits import BitReader, BitWriter
from inspection.identity.codes import ItemCode
from inspection.identity.faults import Fault
from inspection.identity.text import LETTERS_39, in_uri

HEADER = 0x3B
SIX_BITS = {ord(letter) & 0x3F: letter for letter in (*LETTERS_39, " ")}
"""Letters in 6 bits: the lower half of their ASCII code."""
CODE = re.compile(r"[0-9A-HJ-NP-Z]{5,6}")
"""A CAGE code of 5 letters, or a DoDAAC of 6; neither has an I or O."""
PART = re.compile(r"[0-9A-Z/-]{0,32}")
SERIAL = re.compile(r"(?:[0-9A-Z/-]|#[0-9A-Z/-])[0-9A-Z/-]{0,28}")
"""Up to 30 letters with a leading `#`, which says that the part number is not of the serial's maker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adi:
    """A part of an aircraft."""

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

    @property
    def uri(self) -> str:
        """EPC pure identity URI."""
        return f"urn:epc:id:adi:{self.maker}.{in_uri(self.part)}.{in_uri(self.serial)}"

    def encode(self) -> bytes:
        """The bytes of the EPC bank, up to whole 16-bit words."""
        writer = BitWriter()
        writer.put(HEADER, 8)
        writer.put(self.filter, 6)
        for letter in self.maker.rjust(6) + self.part + "@" + self.serial + "@":
            writer.put(ord(letter) & 0x3F, 6)
        return writer.in_words()

    def item(self, epc: bytes) -> ItemCode:
        """What the tag says."""
        return ItemCode(raw=epc.hex(), epc=epc, uri=self.uri, scheme="ADI-var", filter=self.filter)


def decode_adi(value: int, bits: int) -> Adi:
    """Read an ADI-var, given as a number of so many bits; raises BadIdentifier."""
    reader = BitReader(value, bits)
    reader.take(8)
    filter = reader.take(6)
    maker = "".join(_letter(reader.take(6)) for _ in range(6))
    found = Adi(
        filter=filter,
        maker=maker.removeprefix(" "),
        part=_until_zero(reader),
        serial=_until_zero(reader),
    )
    if reader.rest():
        raise BadIdentifier("the bits behind the EPC are not zero", fault=Fault.TRAILING_BITS)
    if reader.left >= 16:
        raise BadIdentifier(f"the EPC is too long: {reader.left} bits follow it", fault=Fault.TOO_LONG)
    return found


def _until_zero(reader: BitReader) -> str:
    text = ""
    while value := reader.take(6):
        text += _letter(value)
    return text


def _letter(value: int) -> str:
    if value not in SIX_BITS:
        raise BadIdentifier(f"six bits with the value {value} are no letter", fault=Fault.BAD_TEXT)
    return SIX_BITS[value]
