"""Letters of 6 bits, the lower half of their ASCII code, up to one of zeros.

Source: GS1 EPC Tag Data Standard 2.3, sections 14.3.8 and 14.4.8 and table G-1.
"""

from inspection.errors import BadIdentifier
from inspection.identity.bits import BitReader, BitWriter
from inspection.identity.faults import Fault
from inspection.identity.text import LETTERS_39

LETTERS = {ord(letter) & 0x3F: letter for letter in (*LETTERS_39, " ")}


def take_letter(reader: BitReader) -> str:
    """Read one letter, or the blank in front of a short code."""
    value = reader.take(6)
    if value not in LETTERS:
        raise BadIdentifier(f"six bits with the value {value} are no letter", fault=Fault.BAD_TEXT)
    return LETTERS[value]


def take_until_zero(reader: BitReader) -> str:
    """Read letters up to the zeros that end them."""
    text = ""
    while value := reader.take(6):
        if value not in LETTERS:
            raise BadIdentifier(f"six bits with the value {value} are no letter", fault=Fault.BAD_TEXT)
        text += LETTERS[value]
    return text


def put_letters(writer: BitWriter, text: str) -> None:
    """Write letters, without the zeros."""
    for letter in text:
        writer.put(ord(letter) & 0x3F, 6)


def need_end(reader: BitReader) -> None:
    """Only zeros may follow, up to the next 16-bit word."""
    if reader.rest():
        raise BadIdentifier("the bits behind the EPC are not zero", fault=Fault.TRAILING_BITS)
    if reader.left >= 16:
        raise BadIdentifier(f"the EPC is too long: {reader.left} bits follow it", fault=Fault.TOO_LONG)
