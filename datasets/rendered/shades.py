"""The colours of products: the kept ones from a table, those that are only made on demand drawn by number.

Drawn colours are no mixture of the table's, so that nothing of a held-out product is learnt elsewhere.
"""

import colorsys
from dataclasses import dataclass
from random import Random
from zlib import crc32

Colour = tuple[int, int, int]
"""sRGB, 0..255."""
Span = tuple[float, float]
"""Least and most, 0..1."""
LIGHT = 128
"""Luma from which a ground is light and wants dark ink."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a product is made of, by its number."""

    kept: tuple[Colour, ...]
    hue: Span
    saturation: Span
    value: Span

    def __getitem__(self, number: int) -> Colour:
        """Return the colour of product `number`."""
        if number < len(self.kept):
            return self.kept[number]
        return drawn(_dice(number, self.kept), self.hue, self.saturation, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inks:
    """What is printed on a ground, by the product's number: dark on light, light on dark."""

    kept: tuple[Colour, ...]
    on: Grounds

    def __getitem__(self, number: int) -> Colour:
        """Return the ink of product `number`."""
        if number < len(self.kept):
            return self.kept[number]
        dice = _dice(number, self.kept)
        if luma(self.on[number]) >= LIGHT:
            return drawn(dice, (0.0, 1.0), (0.3, 0.9), (0.12, 0.5))
        return drawn(dice, (0.0, 1.0), (0.02, 0.4), (0.9, 1.0))


def drawn(dice: Random, hue: Span, saturation: Span, value: Span) -> Colour:
    """Return a colour from a box of hues, saturations and values; a hue beyond 1 goes round."""
    red, green, blue = colorsys.hsv_to_rgb(
        dice.uniform(*hue) % 1.0, dice.uniform(*saturation), dice.uniform(*value)
    )
    return round(red * 255), round(green * 255), round(blue * 255)


def luma(colour: Colour) -> float:
    """Return how light a colour looks, 0..255 (ITU-R BT.601)."""
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _dice(number: int, kept: tuple[Colour, ...]) -> Random:
    """Return the chance of one table and number, the same on every machine."""
    return Random(crc32(repr((number, kept)).encode()))  # noqa: S311
