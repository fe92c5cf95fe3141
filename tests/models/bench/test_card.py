"""The light card: printed true, read back, and refused with the reason when it cannot be."""

import re
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from models.bench.card import CARDS, GREYS, SizeName
from models.bench.printing import PAGE_MM, POINTS_PER_MM, as_pdf, as_png, printed, sheet
from models.bench.reading import has_card, read_card
from models.errors import (
    BadCard,
    BadName,
    CardAskew,
    CardBlurred,
    CardCovered,
    CardLight,
    CardMissing,
    CardTooSmall,
    SeveralCards,
    WrongCard,
)
from models.images import Pixels, decode

Lay = Callable[..., Pixels]


@pytest.mark.parametrize(
    ("name", "scale"), [("small", 0.4), ("medium", 0.8), ("large", 0.9), ("medium", 1.05)]
)
@pytest.mark.parametrize("turned", [0.0, 10.0, 95.0, 180.0])
def test_the_scale_is_read_within_one_percent(
    bench: Pixels, lay: Lay, name: SizeName, scale: float, turned: float
) -> None:
    if name == "large":
        turned = turned if turned in (0.0, 180.0) else 5.0  # it would not fit the picture
    reading = read_card(lay(bench, name, mm_per_pixel=scale, turned=turned))
    assert reading.card == name
    assert reading.mm_per_pixel == pytest.approx(scale, rel=0.01)
    assert reading.tilt < 1.03
    assert len(reading.greys) == len(GREYS)
    assert reading.greys[0] == pytest.approx((225, 225, 225), abs=2)


def test_a_ruler_corrects_a_printer_that_shrank_the_card(bench: Pixels, lay: Lay) -> None:
    assert read_card(lay(bench), width_mm=144.0).mm_per_pixel == pytest.approx(0.8 * 144 / 150, rel=0.01)


def two(bench: Pixels, lay: Lay) -> Pixels:
    large = cv2.resize(bench, (960, 720))
    return lay(lay(large, at=(240, 180)), at=(720, 540))


REFUSED: dict[str, tuple[type[BadCard], Callable[[Pixels, Lay], Pixels]]] = {
    "an empty bench": (CardMissing, lambda bench, lay: bench),
    "a card half out of view": (CardCovered, lambda bench, lay: lay(bench, at=(420, 180))),
    "two of one size": (SeveralCards, two),
    "two sizes": (
        SeveralCards,
        lambda bench, lay: lay(two(bench, lay), "small", mm_per_pixel=0.4, at=(240, 560)),
    ),
    "a card far away": (CardTooSmall, lambda bench, lay: lay(bench, mm_per_pixel=1.3)),
    "a card out of focus": (CardBlurred, lambda bench, lay: soft(lay(bench), 2.0)),
    "a card seen from the side": (CardAskew, lambda bench, lay: lay(bench, askew=6e-4)),
    "a card in the dark": (CardLight, lambda bench, lay: lay(bench, white=70.0)),
    "a card that is blown out": (
        CardLight,
        lambda bench, lay: np.clip(lay(bench) * 1.3, 0, 255).astype(np.uint8),
    ),
    "a card with a reflection": (CardLight, lambda bench, lay: shining(lay(bench))),
}


def soft(pixels: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), dtype=np.uint8)


def shining(pixels: Pixels) -> Pixels:
    glow = np.zeros(pixels.shape[:2], np.float32)
    cv2.circle(glow, (250, 200), 14, 160.0, -1)
    return np.asarray(np.clip(pixels + cv2.GaussianBlur(glow, (0, 0), 4)[:, :, None], 0, 255), dtype=np.uint8)


@pytest.mark.parametrize("what", REFUSED)
def test_a_card_that_cannot_be_used_is_refused_with_the_reason(bench: Pixels, lay: Lay, what: str) -> None:
    error, made = REFUSED[what]
    with pytest.raises(error) as caught:
        read_card(made(bench, lay))
    assert ":" in str(caught.value), "the sentence says what to do"


def test_another_size_than_said_is_refused(bench: Pixels, lay: Lay) -> None:
    with pytest.raises(WrongCard, match="150 mm wide by its markers, not 75 mm"):
        read_card(lay(bench), width_mm=75.0)


@pytest.mark.parametrize("name", CARDS)
def test_the_picture_of_the_sheet_is_the_card(name: SizeName) -> None:
    page = decode(as_png(CARDS[name]))
    with pytest.raises(CardLight, match="blown out"):
        read_card(page)  # paper white as the printer is told, not as a camera sees it
    assert has_card(page)
    assert read_card(np.asarray(page * 0.9, dtype=np.uint8)).mm_per_pixel == pytest.approx(1 / 12, rel=0.002)


@pytest.mark.parametrize("name", CARDS)
def test_everything_printed_lies_on_the_page(name: SizeName) -> None:
    for patch in sheet(CARDS[name]):
        assert patch.left >= 0 and patch.left + patch.width <= PAGE_MM[0]
        assert patch.top >= 0 and patch.top + patch.height <= PAGE_MM[1]


def test_the_pdf_finds_its_objects_and_has_the_markers_in_their_size() -> None:
    content = as_pdf(CARDS["medium"])
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", content)]
    for number, place in enumerate(places, start=1):
        assert content[place:].startswith(b"%d 0 obj" % number)
    start = int(content.rpartition(b"startxref\n")[2].split()[0])
    assert content[start:].startswith(b"xref")
    side = b"%.3f" % (30.0 * POINTS_PER_MM)
    assert content.count(b" " + side + b" " + side + b" re f") == 4


def test_an_unknown_ending_is_refused() -> None:
    with pytest.raises(BadName, match=r"\.pdf or \.png"):
        printed(CARDS["small"], ".svg")
