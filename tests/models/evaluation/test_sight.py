"""Swapped tags and missing screws: counted on small folders that are drawn here."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp

from models.backbone import load_backbone
from models.errors import FolderMissing, NoGoodPictures
from models.evaluation.memory import RememberingBackbone
from models.evaluation.sight import SCREW_BOXES, run_codes, run_grocery_swaps, run_screws
from models.evaluation.workshop import Setup, Workshop

Picture = np.ndarray


def package(colour: tuple[int, int, int], seed: int) -> Picture:
    draw = np.random.default_rng(seed)
    picture = np.full((96, 96, 3), 150, np.uint8)
    left, top = (int(draw.integers(18, 26)) for _ in range(2))
    cv2.rectangle(picture, (left, top), (left + 44, top + 50), colour, -1)
    cv2.circle(picture, (left + 22, top + 20), 9, (250, 250, 250), -1)
    return np.clip(picture + draw.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


def board(screws: str, seed: int) -> Picture:
    draw = np.random.default_rng(seed)
    picture = np.full((260, 200, 3), (90, 140, 190), np.uint8)
    for there, (left, top, width, height) in zip(screws, SCREW_BOXES, strict=True):
        middle = ((left + width // 2) * 200 // 1_000_000, (top + height // 2) * 260 // 1_000_000)
        at = (middle[0] + int(draw.integers(-4, 5)), middle[1] + int(draw.integers(-4, 5)))
        if there == "1":
            cv2.circle(picture, at, 14, (210, 208, 205), -1)
            cv2.circle(picture, at, 5, (60, 60, 60), -1)
        else:
            cv2.circle(picture, at, 4, (15, 20, 25), -1)
    return np.clip(picture + draw.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


def save(path: Path, picture: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    setup = Setup(
        today=date(2026, 1, 31),
        data=tmp_path,
        rendered=tmp_path / "rendered",
        more=tmp_path / "more",
        shots=4,
        seeds=2,
    )
    return Workshop(
        setup=setup,
        backbone=RememberingBackbone(load_backbone(threads=1)),
        heads=(),
        progress=lambda what, done, total: None,
    )


def test_swapped_tags_are_noticed_and_right_ones_left_alone(shop: Workshop) -> None:
    colours = {"red": (40, 40, 200), "green": (60, 170, 60), "blue": (200, 90, 40)}
    for name, colour in colours.items():
        for seed in range(8):
            save(shop.setup.data / "grocery_package" / name / f"{seed}.jpg", package(colour, seed))
    (caught,) = run_grocery_swaps(shop).caught.values()
    assert (caught.of, caught.right, caught.seeds) == (24, 24, 2)
    assert caught.caught >= 22
    assert caught.alarms <= 1
    assert 0 <= caught.least <= caught.caught / caught.of


def test_missing_screws_are_counted_board_by_board(shop: Workshop) -> None:
    for seed in range(6):
        save(shop.setup.data / "screw_board" / f"{seed}_1111.jpg", board("1111", seed))
    for seed, screws in enumerate(("0111", "1010"), start=10):
        save(shop.setup.data / "screw_board" / f"{seed}_{screws}.jpg", board(screws, seed))
    save(shop.setup.data / "screw_board" / "99.jpg", board("0000", 99))  # no label in its name
    (caught,) = run_screws(shop).caught.values()
    assert (caught.of, caught.right) == (2 * 3, 2 * 13)
    assert caught.caught == 6
    assert caught.alarms <= 1


def test_codes_are_counted_by_what_they_say(shop: Workshop) -> None:
    folder = shop.setup.data / "barcodes"
    kinds = {"4006381333931": zxingcpp.BarcodeFormat.EAN13, "RMA-0001": zxingcpp.BarcodeFormat.QRCode}
    for number, (text, kind) in enumerate(kinds.items()):
        code = zxingcpp.create_barcode(text, kind)
        drawn = np.asarray(zxingcpp.write_barcode_to_image(code, scale=4), dtype=np.uint8)
        save(folder / "set" / f"{number}.jpg", np.dstack([drawn] * 3))
        (folder / "set" / f"{number}.txt").write_text(f"{text}\n")
    save(folder / "set" / "9.jpg", package((40, 40, 200), 1))
    (folder / "set" / "9.txt").write_text("a code that is not there")
    save(folder / "none" / "1.jpg", package((40, 40, 200), 2))
    (caught,) = run_codes(shop).caught.values()
    assert (caught.caught, caught.of, caught.alarms, caught.right) == (2, 3, 0, 1)


def test_too_few_whole_boards_are_named(shop: Workshop) -> None:
    save(shop.setup.data / "screw_board" / "1_1111.jpg", board("1111", 1))
    with pytest.raises(NoGoodPictures, match="1 boards with all screws, 5 are needed"):
        run_screws(shop)


@pytest.mark.parametrize("run", [run_grocery_swaps, run_screws, run_codes])
def test_a_set_that_is_not_here_is_named(shop: Workshop, run: Callable[[Workshop], object]) -> None:
    with pytest.raises(FolderMissing):
        run(shop)
