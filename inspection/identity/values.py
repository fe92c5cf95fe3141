"""How the value of an application identifier is put into bits: one class for each form of table F.

Source: GS1 EPC Tag Data Standard 2.3, sections 14.5.2 to 14.5.15; dates and times are in
`moments.py`. Each form takes what it puts.
"""

import re
from dataclasses import dataclass
from typing import Protocol

from inspection.errors import BadIdentifier
from inspection.identity.bits import BitReader, BitWriter
from inspection.identity.check_digit import is_digits
from inspection.identity.faults import Fault
from inspection.identity.text import (
    BASE_64,
    LETTERS_82,
    SEVEN_BIT,
    put_number,
    put_text,
    shortest_encoding,
    take_number,
    take_text,
)

DELIMITER, TERMINATOR = 0b1110, 0b1111
SHORTEST_PREFIX = 4
"""Digits of a company prefix, which every delimited number begins with."""


class Form(Protocol):
    """One way of writing a value into bits."""

    def take(self, reader: BitReader) -> str:
        """Read one value; raises BadIdentifier."""
        ...

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value; raises BadIdentifier where it cannot be written."""
        ...


@dataclass(frozen=True, slots=True)
class FixedDigits:
    """Four bits for each digit, so that a prefix can be selected over the air."""

    count: int

    def take(self, reader: BitReader) -> str:
        """Read one value."""
        text = f"{reader.take(self.count * 4):0{self.count}x}"
        if not text.isdigit():
            raise BadIdentifier(f"{text} is not made of digits", fault=Fault.BAD_NUMBER)
        return text

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value."""
        _need_digits(value, self.count)
        writer.put(int(value, 16), self.count * 4)


@dataclass(frozen=True, slots=True)
class BinaryDigits:
    """Digits of fixed length as one binary number."""

    count: int

    def take(self, reader: BitReader) -> str:
        """Read one value."""
        return take_number(reader, self.count)

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value."""
        _need_digits(value, self.count)
        put_number(writer, value)


@dataclass(frozen=True, slots=True)
class Digits:
    """A length and as many digits as one binary number."""

    most: int
    least: int = 1

    def take(self, reader: BitReader) -> str:
        """Read one value."""
        return take_number(reader, _length(reader, self.least, self.most))

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value."""
        if not self.least <= len(value) <= self.most:
            raise _bad_number(value)
        _need_digits(value, len(value))
        writer.put(len(value), self.most.bit_length())
        put_number(writer, value)


@dataclass(frozen=True, slots=True)
class Text:
    """An encoding, a length and as many letters."""

    most: int
    least: int = 1
    letters: frozenset[str] = LETTERS_82

    def take(self, reader: BitReader) -> str:
        """Read one value, in whatever encoding it is."""
        encoding = reader.take(3)
        text = take_text(reader, encoding, _length(reader, self.least, self.most))
        self._need_letters(text)
        return text

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value in the encoding that takes the fewest bits."""
        if not self.least <= len(value) <= self.most:
            raise BadIdentifier(f"{value!r} has not {self.least}..{self.most} letters", fault=Fault.BAD_TEXT)
        self._need_letters(value)
        encoding = shortest_encoding(value) if value else SEVEN_BIT
        writer.put(encoding, 3)
        writer.put(len(value), self.most.bit_length())
        put_text(writer, encoding, value)

    def _need_letters(self, text: str) -> None:
        if not self.letters.issuperset(text):
            wrong = "".join(sorted(set(text) - self.letters))
            raise BadIdentifier(f"the text holds {wrong!r}, which it may not", fault=Fault.BAD_TEXT)


@dataclass(frozen=True, slots=True)
class Delimited:
    """Digits of four bits each, then, behind a delimiter, letters."""

    most: int
    letters: frozenset[str] = LETTERS_82

    def take(self, reader: BitReader) -> str:
        """Read one value."""
        digits = ""
        while (nibble := reader.take(4)) < 10:
            digits += str(nibble)
        if nibble not in (DELIMITER, TERMINATOR):
            raise BadIdentifier(f"a digit has the value {nibble}", fault=Fault.BAD_NUMBER)
        text = Text(self.most, letters=self.letters).take(reader) if nibble == DELIMITER else ""
        self._need(digits, text)
        return digits + text

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value."""
        text = value.lstrip("0123456789")
        digits = value[: len(value) - len(text)]
        self._need(digits, text)
        for digit in digits:
            writer.put(int(digit), 4)
        writer.put(DELIMITER if text else TERMINATOR, 4)
        if text:
            Text(self.most, letters=self.letters).put(writer, text)

    def _need(self, digits: str, text: str) -> None:
        if len(digits) < SHORTEST_PREFIX or len(digits) + len(text) > self.most:
            raise _bad_number(digits + text)


@dataclass(frozen=True, slots=True)
class Flag:
    """0 or 1 in one bit."""

    def take(self, reader: BitReader) -> str:
        """Read one value."""
        return str(reader.take(1))

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value."""
        if value not in ("0", "1"):
            raise _bad_number(value)
        writer.put(int(value), 1)


@dataclass(frozen=True, slots=True)
class Minus:
    """A minus sign behind a temperature, or none."""

    def take(self, reader: BitReader) -> str:
        """Read one value."""
        return "-" if reader.take(1) else ""

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value."""
        if value not in ("", "-"):
            raise _bad_number(value)
        writer.put(len(value), 1)


@dataclass(frozen=True, slots=True)
class Country:
    """Two capital letters, in the 6 bits that file-safe base 64 has for them."""

    def take(self, reader: BitReader) -> str:
        """Read one value."""
        letters = BASE_64[reader.take(6)] + BASE_64[reader.take(6)]
        self._need(letters)
        return letters

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value."""
        self._need(value)
        for letter in value:
            writer.put(BASE_64.index(letter), 6)

    @staticmethod
    def _need(letters: str) -> None:
        if len(letters) != 2 or not set(BASE_64[:26]).issuperset(letters):
            raise BadIdentifier(f"{letters[:10]!r} is no country", fault=Fault.BAD_TEXT)


@dataclass(frozen=True, slots=True)
class OneOfSome:
    """`1/3`, the first of triplets, as two digits."""

    def take(self, reader: BitReader) -> str:
        """Read one value."""
        value = f"{reader.take(4)}/{reader.take(4)}"
        self._need(value)
        return value

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value."""
        self._need(value)
        writer.put(int(value[0]), 4)
        writer.put(int(value[2]), 4)

    @staticmethod
    def _need(value: str) -> None:
        if not re.fullmatch("[1-9]/[1-9]", value, re.ASCII):
            raise _bad_number(value)


@dataclass(frozen=True, slots=True)
class Joined:
    """Two forms behind each other that make one value."""

    front: FixedDigits | BinaryDigits
    back: Form

    def take(self, reader: BitReader) -> str:
        """Read one value."""
        return self.front.take(reader) + self.back.take(reader)

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value."""
        self.front.put(writer, value[: self.front.count])
        self.back.put(writer, value[self.front.count :])


def _length(reader: BitReader, least: int, most: int) -> int:
    count = reader.take(most.bit_length())
    if not least <= count <= most:
        raise BadIdentifier(f"a length is {count}, not {least}..{most}", fault=Fault.BAD_TEXT)
    return count


def _need_digits(value: str, count: int) -> None:
    if len(value) != count or (value and not is_digits(value)):
        raise _bad_number(value)


def _bad_number(value: str) -> BadIdentifier:
    return BadIdentifier(f"{value[:40]!r} is no number of this length", fault=Fault.BAD_NUMBER)
