"""RDM6300 bytes to cards and back; touches no port.

Frame: `02`, ten hex digits of the number, two of the XOR of its five bytes, `03`. The digits are capitals:
what a module is not known to send is taken for noise.
"""

from functools import reduce
from operator import xor

from devices.framing import BadFrame, Framer, Front
from devices.rfid.rdm6300.frames import ID_SIZE, Card

START, END = 0x02, 0x03
SIZE = 14
DIGITS = frozenset(b"0123456789ABCDEF")


def encode(card: Card) -> bytes:
    """Return the bytes of a card's frame."""
    if len(card.id) != ID_SIZE:
        raise BadFrame(f"a number of {len(card.id)} bytes: an EM4100 has five")
    digits = (card.id + bytes((reduce(xor, card.id),))).hex().upper()
    return bytes((START,)) + digits.encode() + bytes((END,))


def decoder() -> Framer[Card]:
    """A fresh decoder; holds back less than one frame (14 bytes)."""
    return Framer(_look)


def _look(buffer: bytearray) -> Front[Card]:
    if buffer[0] != START or not DIGITS.issuperset(buffer[1 : SIZE - 1]):
        return Front(0)
    if len(buffer) < SIZE:
        return Front(SIZE)
    if buffer[SIZE - 1] != END:
        return Front(0)
    number = bytes.fromhex(buffer[1 : SIZE - 1].decode("ascii"))
    if reduce(xor, number):
        return Front(SIZE, fault="checksum")
    return Front(SIZE, Card(number[:ID_SIZE]))
