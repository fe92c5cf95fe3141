"""Bits from left to right, as the air carries them: the most significant one comes first."""

from inspection.errors import BadIdentifier
from inspection.identity.faults import Fault


class BitReader:
    """Takes bits off the front of an EPC."""

    __slots__ = ("_value", "left")

    def __init__(self, value: int, bits: int) -> None:
        self._value = value
        self.left = bits
        """Bits that are not taken yet."""

    def take(self, bits: int) -> int:
        """The next bits as a number; raises BadIdentifier where fewer are left."""
        left = self.left - bits
        if left < 0:
            raise BadIdentifier(f"the EPC is cut short: {-left} bits are missing", fault=Fault.CUT_SHORT)
        self.left = left
        return self._value >> left & (1 << bits) - 1

    def rest(self) -> int:
        """All that is left, as a number, without taking it."""
        return self._value & (1 << self.left) - 1


class BitWriter:
    """Puts bits behind each other."""

    __slots__ = ("bits", "value")

    def __init__(self) -> None:
        self.value = 0
        self.bits = 0
        """Bits so far."""

    def put(self, value: int, bits: int) -> None:
        """Append a number that fits into so many bits."""
        if not 0 <= value < 1 << bits:
            raise BadIdentifier(f"{value} does not fit into {bits} bits", fault=Fault.BAD_NUMBER)
        self.value = self.value << bits | value
        self.bits += bits

    def in_words(self) -> bytes:
        """All bits, filled with zeros up to whole 16-bit words, as a tag's memory has them."""
        words = -(-self.bits // 16)
        return (self.value << words * 16 - self.bits).to_bytes(words * 2, "big")
