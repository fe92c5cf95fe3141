import numpy as np
import pytest

from inspection.findings import DefectKind
from models.segmenter import CLASSES, KINDS
from models.segments import MAX_SEGMENTS, chances_of, comparison_channels, defect_map, item_cells, segments_of
from models.session import Tensor


def answer(*, rows: int = 20, columns: int = 24) -> Tensor:
    """Chances of a picture that is all item."""
    chances = np.full((len(CLASSES), rows, columns), 0.001, np.float32)
    chances[1] = 1 - 0.001 * (len(CLASSES) - 1)
    return chances


def with_defect(chances: Tensor, kind: DefectKind, rows: slice, columns: slice, chance: float) -> Tensor:
    changed = chances.copy()
    changed[:, rows, columns] = (1 - chance) / (len(CLASSES) - 1)
    changed[CLASSES.index(kind), rows, columns] = chance
    return changed


def test_a_sound_item_has_no_segments() -> None:
    assert segments_of(answer(), KINDS) == []


def test_a_defect_is_one_segment_with_its_box_and_area() -> None:
    chances = with_defect(answer(), DefectKind.STAIN, slice(5, 9), slice(10, 16), 0.9)
    (segment,) = segments_of(chances, KINDS)
    assert (segment.left, segment.top, segment.width, segment.height) == (10, 5, 6, 4)
    assert segment.kind == DefectKind.STAIN
    assert segment.cells == pytest.approx(24 * 0.985, rel=0.02)


def test_pieces_of_a_crack_are_one_segment() -> None:
    chances = with_defect(answer(), DefectKind.CRACK, slice(5, 6), slice(2, 8), 0.9)
    chances = with_defect(chances, DefectKind.CRACK, slice(7, 8), slice(10, 15), 0.9)
    assert len(segments_of(chances, KINDS)) == 1


def test_far_defects_are_two_segments_the_loudest_first() -> None:
    chances = with_defect(answer(), DefectKind.HOLE, slice(1, 4), slice(1, 4), 0.6)
    chances = with_defect(chances, DefectKind.TEAR, slice(14, 18), slice(18, 22), 0.95)
    assert [segment.kind for segment in segments_of(chances, KINDS)] == [DefectKind.TEAR, DefectKind.HOLE]


def test_a_picture_full_of_specks_gives_a_bounded_number_of_segments() -> None:
    chances = answer(rows=120, columns=120)
    for at in range(0, 120, 8):
        chances = with_defect(chances, DefectKind.STAIN, slice(at, at + 1), slice(0, 120, 8), 0.9)
    assert len(segments_of(chances, KINDS)) == MAX_SEGMENTS


def test_without_references_nothing_is_told_and_a_normal_distance_is_no_news() -> None:
    assert not comparison_channels(None, 6, 8).any()
    told = comparison_channels(np.ones((3, 4), np.float32), 6, 8)
    assert not told[0].any()
    assert (told[1] == 1).all()


def test_a_boundless_heat_is_told_within_bounds() -> None:
    told = comparison_channels(np.array([[0.0, 1e30]], np.float32), 1, 2)
    assert told[0].tolist() == [[pytest.approx(-2 / 3), 1.0]]


def test_chances_add_up_to_one_whatever_the_logits() -> None:
    logits = np.array([1000.0, -1000.0, 3.0], np.float32).reshape(3, 1, 1)
    assert chances_of(logits).sum() == pytest.approx(1)


def test_the_anomaly_map_is_what_is_neither_bench_nor_item() -> None:
    chances = with_defect(answer(), DefectKind.DENT, slice(0, 2), slice(0, 2), 0.8)
    assert defect_map(chances).max() == pytest.approx(1 - 2 * 0.2 / 13, abs=1e-5)


def test_an_item_is_never_of_no_size() -> None:
    empty = np.zeros((len(CLASSES), 4, 4), np.float32)
    empty[0] = 1
    assert item_cells(empty) == 1.0
