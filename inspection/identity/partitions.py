"""Where a company prefix ends: the partition of a classic EPC.

Source: GS1 EPC Tag Data Standard 2.3, sections 14.3.3 to 14.3.5 and 14.4.3 to 14.4.5, and the partition
tables of each scheme.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from inspection.errors import BadIdentifier
from inspection.identity.check_digit import is_digits
from inspection.identity.faults import Fault
from inspection.identity.text import in_seven_bit, seven_bit

PREFIX_DIGITS = (12, 11, 10, 9, 8, 7, 6)
"""Digits of the company prefix, by partition value 0..6."""
PREFIX_BITS = (40, 37, 34, 30, 27, 24, 20)
"""Bits of the company prefix, by partition value."""


@dataclass(frozen=True, slots=True)
class Partition(ABC):
    """Company prefix and reference in a fixed number of bits, cut at one of seven places."""

    bits: int
    """Of both together, without the partition value itself."""

    def split(self, both: int) -> tuple[str, str]:
        """Company prefix and reference out of partition value and both; `need` judges the reference."""
        partition = both >> self.bits
        if partition >= len(PREFIX_BITS):
            raise BadIdentifier(f"partition {partition} does not exist", fault=Fault.BAD_PARTITION)
        bits = self.bits - PREFIX_BITS[partition]
        prefix = both >> bits & (1 << PREFIX_BITS[partition]) - 1
        length = PREFIX_DIGITS[partition]
        front = f"{prefix:0{length}d}"
        if len(front) > length:
            words = f"the company prefix {front} has more than {length} digits"
            raise BadIdentifier(words, fault=Fault.BAD_NUMBER)
        return front, self._read(both & (1 << bits) - 1, bits, length)

    def join(self, prefix: str, reference: str) -> int:
        """What `split` takes apart again; of two that `need` lets pass."""
        partition = PREFIX_DIGITS.index(len(prefix))
        bits = self.bits - PREFIX_BITS[partition]
        return (partition << PREFIX_BITS[partition] | int(prefix)) << bits | self._write(reference, bits)

    def need(self, prefix: str, reference: str) -> None:
        """Raise BadIdentifier where the two cannot stand in a tag."""
        if not 6 <= len(prefix) <= 12 or not is_digits(prefix):
            raise BadIdentifier(f"{prefix!r} is no company prefix", fault=Fault.BAD_NUMBER)

    @abstractmethod
    def _read(self, value: int, bits: int, prefix_digits: int) -> str:
        """The reference as text."""

    def _write(self, reference: str, bits: int) -> int:
        return int(reference or "0")


@dataclass(frozen=True, slots=True)
class Padded(Partition):
    """The reference is filled up with zeros, so that both always have as many digits."""

    digits: int

    def need(self, prefix: str, reference: str) -> None:
        """Raise BadIdentifier where the two cannot stand in a tag."""
        if not 6 <= len(prefix) <= 12 or not is_digits(prefix + reference):
            raise BadIdentifier(f"{prefix!r} is no company prefix", fault=Fault.BAD_NUMBER)
        if len(prefix) + len(reference) != self.digits:
            words = f"{prefix!r} and {reference!r} have not {self.digits} digits together"
            raise BadIdentifier(words, fault=Fault.BAD_NUMBER)

    def _read(self, value: int, bits: int, prefix_digits: int) -> str:
        left = self.digits - prefix_digits
        return f"{value:0{left}d}" if left or value else ""


@dataclass(frozen=True, slots=True)
class Unpadded(Partition):
    """The reference is a number without leading zeros."""

    def need(self, prefix: str, reference: str) -> None:
        """Raise BadIdentifier where the two cannot stand in a tag."""
        Partition.need(self, prefix, reference)
        bits = self.bits - PREFIX_BITS[PREFIX_DIGITS.index(len(prefix))]
        number = int(reference) if is_digits(reference) else -1
        if reference != str(number) or number >> bits:
            raise BadIdentifier(f"{reference!r} does not fit into {bits} bits", fault=Fault.BAD_NUMBER)

    def _read(self, value: int, bits: int, prefix_digits: int) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Lettered(Partition):
    """The reference is a text."""

    most: int
    """Characters of both together."""

    def need(self, prefix: str, reference: str) -> None:
        """Raise BadIdentifier where the two cannot stand in a tag."""
        Partition.need(self, prefix, reference)
        if len(prefix) + len(reference) > self.most:
            raise BadIdentifier(f"{prefix + reference!r} is too long", fault=Fault.BAD_TEXT)
        self._write(reference, self.bits - PREFIX_BITS[PREFIX_DIGITS.index(len(prefix))])

    def _read(self, value: int, bits: int, prefix_digits: int) -> str:
        return seven_bit(value, bits)

    def _write(self, reference: str, bits: int) -> int:
        return in_seven_bit(reference, bits)


TRADE_ITEM = Padded(44, 13)
LOGISTIC_UNIT = Padded(58, 17)
RETURNABLE_ASSET = Padded(44, 12)
PLACE_OR_DOCUMENT = Padded(41, 12)
SINGLE_ASSET = Unpadded(82)
LONG_ASSET = Lettered(188, 30)
