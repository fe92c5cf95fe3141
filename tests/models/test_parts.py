"""Completeness: a part that is not at its place is found there, and nowhere else."""

import cv2
import numpy as np
import pytest

from inspection.findings import DefectKind, Region, Severity
from models.backbone import Backbone
from models.images import Pixels
from models.parts import Part, PartBank, cut_out, fit_parts, missing_parts

SIDE = 256
PLACES = ((64, 64), (192, 64), (64, 192), (192, 192))


def region_around(x: int, y: int, side: int = 96) -> Region:
    whole = 1_000_000
    return Region(
        left_ppm=(x - side // 2) * whole // SIDE,
        top_ppm=(y - side // 2) * whole // SIDE,
        width_ppm=side * whole // SIDE,
        height_ppm=side * whole // SIDE,
    )


PARTS = [Part(name=f"screw {number}", region=region_around(x, y)) for number, (x, y) in enumerate(PLACES, 1)]


def board(seed: int, missing: tuple[int, ...] = ()) -> Pixels:
    """A grained board with four screws, each turned as chance will have it."""
    rng = np.random.default_rng(seed)
    board = np.full((SIDE, SIDE, 3), (176, 132, 88), np.uint8)
    board[::7] -= 14
    for number, (x, y) in enumerate(PLACES, 1):
        at = (int(x + rng.integers(-6, 7)), int(y + rng.integers(-6, 7)))
        if number in missing:
            cv2.circle(board, at, 7, (20, 14, 10), -1, cv2.LINE_AA)
            continue
        cv2.circle(board, at, 20, (196, 198, 202), -1, cv2.LINE_AA)
        turn = float(rng.uniform(0, np.pi))
        reach = np.array([np.cos(turn), np.sin(turn)]) * 14
        ends = [(round(at[0] + sign * reach[0]), round(at[1] + sign * reach[1])) for sign in (-1, 1)]
        cv2.line(board, ends[0], ends[1], (50, 50, 56), 5, cv2.LINE_AA)
    return np.clip(board + rng.normal(0, 3, board.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def banks(backbone: Backbone) -> list[PartBank]:
    return fit_parts(backbone, PARTS, [board(seed) for seed in range(6)])


def test_a_complete_board_has_no_missing_part(backbone: Backbone, banks: list[PartBank]) -> None:
    assert [missing_parts(backbone, banks, "top", board(seed)) for seed in range(50, 54)] == [[]] * 4


@pytest.mark.parametrize("gone", [(1,), (4,), (2, 3)])
def test_each_missing_screw_is_found_at_its_place(
    backbone: Backbone, banks: list[PartBank], gone: tuple[int, ...]
) -> None:
    found = missing_parts(backbone, banks, "top", board(99, missing=gone))
    assert [finding.region for finding in found] == [PARTS[number - 1].region for number in gone]
    for finding in found:
        assert (finding.kind, finding.severity) == (DefectKind.MISSING_PART, Severity.MAJOR)
        assert finding.confidence_ppm >= 990_000


def test_the_same_picture_gives_the_same_findings(backbone: Backbone, banks: list[PartBank]) -> None:
    picture = board(7, missing=(2,))
    assert missing_parts(backbone, banks, "top", picture) == missing_parts(backbone, banks, "top", picture)


def test_a_product_without_parts_asks_nothing_of_the_model(backbone: Backbone) -> None:
    assert fit_parts(backbone, [], [board(1), board(2), board(3)]) == []
    assert missing_parts(backbone, [], "top", board(1)) == []


def test_two_photos_show_no_part(backbone: Backbone) -> None:
    with pytest.raises(ValueError, match="2 photos show no part"):
        fit_parts(backbone, PARTS, [board(1), board(2)])


@pytest.mark.parametrize(
    "region",
    [
        Region(left_ppm=999_999, top_ppm=999_999, width_ppm=1, height_ppm=1),
        Region(left_ppm=0, top_ppm=0, width_ppm=2_000_000, height_ppm=2_000_000),
        Region(left_ppm=0, top_ppm=500_000, width_ppm=0, height_ppm=0),
    ],
)
def test_a_box_at_the_rim_or_beyond_is_still_a_picture(region: Region) -> None:
    assert cut_out(board(1), region).shape == (128, 128, 3)
