"""What an RDM6300 says; it listens to nothing.

Source: layout and one card of a public decoder; see the vector named in the tests.
Nothing here was tried on a physical module by us.
"""

from dataclasses import dataclass

ID_SIZE = 5


@dataclass(frozen=True, slots=True)
class Card:
    """The number of an EM4100 card or fob that lies before the coil; said again while it lies there."""

    id: bytes
    """Five bytes, written by the chip's maker: the first one is a version or customer number."""
