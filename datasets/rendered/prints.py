"""Print on goods: invented words, marks, lines of small text, bar codes, tables."""

from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from datasets.rendered.skin import SIDE, Canvas, Floats, Patch

Colour = tuple[int, int, int]
"""sRGB, 0..255."""
SYLLABLES = (
    "mo",
    "ra",
    "ti",
    "ve",
    "lu",
    "na",
    "ko",
    "se",
    "pi",
    "da",
    "fo",
    "ri",
    "be",
    "zu",
    "al",
    "or",
    "en",
    "ix",
    "um",
    "ya",
)
WORDS = (
    "fresh",
    "net",
    "pure",
    "500",
    "soft",
    "best",
    "use",
    "care",
    "mix",
    "eco",
    "home",
    "plus",
    "store",
    "keep",
    "dry",
    "made",
)


def linear(colour: Colour | Floats) -> Floats:
    """Return sRGB 0..255 as linear 0..1."""
    return (np.asarray(colour, np.float32) / 255) ** np.float32(2.2)


def tone(colour: Colour, share: float = 1.0) -> tuple[float, float, float]:
    """Return an sRGB colour as linear numbers, made darker by `share`."""
    red, green, blue = (float(channel) for channel in share * linear(colour))
    return red, green, blue


def darker(colour: Colour, share: float) -> Colour:
    """Return an sRGB colour with its channels at `share`."""
    red, green, blue = (round(channel * share) for channel in colour)
    return red, green, blue


def brand(dice: Random) -> str:
    """Return an invented name."""
    return "".join(dice.choice(SYLLABLES) for _ in range(dice.choice((2, 3)))).upper()


class Sheet:
    """A drawing for one patch, upright as a person sees it; lengths are shares of its height."""

    def __init__(self, patch: Patch, ground: Colour, stretch: float = 1.0) -> None:
        rows, columns = patch.cells()
        self.cells = (rows, columns)
        self.height = rows.stop - rows.start
        self.width = round(self.height * stretch)
        """Drawn at the patch's true proportions, squeezed when it is laid down."""
        self.image = Image.new("RGB", (self.width, self.height), ground)
        self.draw = ImageDraw.Draw(self.image)

    def at(self, x: float, y: float) -> tuple[int, int]:
        """Return the pixel of a place in shares of width and height, from the lower left."""
        return round(x * self.width), round((1 - y) * self.height)

    def text(self, x: float, y: float, words: str, size: float, colour: Colour) -> None:
        """Write a line centred on a place."""
        font = ImageFont.load_default(max(6, round(size * self.height)))
        self.draw.text(self.at(x, y), words, fill=colour, font=font, anchor="mm")

    def box(self, x: float, y: float, width: float, height: float, colour: Colour, outline: int = 0) -> None:
        """Draw a box from its lower left corner; `outline` pixels wide, or filled."""
        left, bottom = self.at(x, y)
        right, top = self.at(x + width, y + height)
        if outline:
            self.draw.rectangle((left, top, right, bottom), outline=colour, width=outline)
        else:
            self.draw.rectangle((left, top, right, bottom), fill=colour)

    def mark(self, x: float, y: float, size: float, kind: int, colour: Colour, second: Colour) -> None:
        """Draw a brand mark: ring, triangle, leaf, sun or bars."""
        cx, cy = self.at(x, y)
        r = size * self.height
        if kind == 0:
            self.draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=colour)
            self.draw.ellipse((cx - r / 2, cy - r / 2, cx + r / 2, cy + r / 2), fill=second)
        elif kind == 1:
            self.draw.polygon([(cx, cy - r), (cx + r, cy + r), (cx - r, cy + r)], fill=colour)
            self.draw.line((cx - r, cy, cx + r, cy), fill=second, width=max(2, round(r / 6)))
        elif kind == 2:
            self.draw.chord((cx - r, cy - r, cx + r, cy + r), 20, 240, fill=colour)
            self.draw.chord((cx - r, cy - r, cx + r, cy + r), 210, 50, fill=second)
        else:
            for step in range(5):
                left = cx - r + step * 0.42 * r
                self.draw.rectangle(
                    (left, cy - r * (0.4 + 0.15 * step), left + 0.25 * r, cy + r),
                    fill=colour if step % 2 else second,
                )

    def small_print(self, x: float, y: float, lines: int, size: float, colour: Colour, dice: Random) -> None:
        """Write lines of small text, centred."""
        for line in range(lines):
            words = " ".join(dice.choice(WORDS) for _ in range(4))
            self.text(x, y - line * size * 1.25, words, size, colour)

    def bar_code(self, x: float, y: float, width: float, height: float, dice: Random) -> None:
        """Draw something like a bar code on white."""
        self.box(x, y, width, height, (245, 245, 245))
        left, place = x + 0.06 * width, 0.0
        while place < 0.86:
            bar = dice.choice((0.015, 0.03, 0.045))
            self.box(left + place * width, y + 0.15 * height, bar * width, 0.7 * height, (20, 20, 20))
            place += bar + dice.choice((0.02, 0.035))

    def lay(self, canvas: Canvas, shift: tuple[float, float] = (0.0, 0.0)) -> None:
        """Put the drawing on the canvas, moved by shares of its width and height (misprint)."""
        rows, columns = self.cells
        size = (columns.stop - columns.start, self.height)
        moved = self.image.transform(
            self.image.size,
            Image.Transform.AFFINE,
            (1, 0, shift[0] * self.width, 0, 1, shift[1] * self.height),
            resample=Image.Resampling.BILINEAR,
            fillcolor=self.image.getpixel((2, 2)),
        )
        pixels = np.asarray(moved.resize(size, Image.Resampling.LANCZOS), np.float32)
        canvas.paint[rows, columns] = linear(pixels[::-1])


def fibres(canvas: Canvas, seed: int, strength: float, blur: int = 3) -> None:
    """Give the paint fine, streaky grain, as board and cloth have; changes by +-`strength`."""
    noise: Floats = np.random.default_rng(seed).normal(size=(SIDE, SIDE)).astype(np.float32)
    for axis, width in ((0, 2), (1, blur)):
        for _ in range(width):
            noise = (noise + np.roll(noise, 1, axis)) / 2
    noise /= max(float(noise.std()), 1e-6)
    canvas.paint *= (1 + strength * noise)[..., None]
