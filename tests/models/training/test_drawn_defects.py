"""Drawn defects and the labels made of them: everything of the training that needs no torch."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.random import default_rng

from inspection.findings import DefectKind
from models.errors import BadTrainingSet
from models.framing import Size
from models.images import Pixels
from models.segmenter import CLASSES
from models.training.segmenter.classes import DEFECT, GROUPS, SOUND, mask_group
from models.training.segmenter.drawing import PAINTERS, draw_defect, middle
from models.training.segmenter.labels import label_of_mask, label_of_package, with_defect
from models.training.segmenter.light import moved, relit, some_crop
from models.training.segmenter.pictures import package_split, packages, rendered

SIZE = Size(height=96, width=128)
ITEM = middle(SIZE.height, SIZE.width)


def ground() -> Pixels:
    return default_rng(5).integers(90, 160, (SIZE.height, SIZE.width, 3)).astype(np.uint8)


@pytest.mark.parametrize("kind", PAINTERS)
def test_a_drawn_defect_changes_the_item_where_its_cover_says(kind: DefectKind) -> None:
    seen = 0
    for seed in range(4):
        drawn = draw_defect(default_rng(seed), ground(), ITEM, kind)
        assert drawn.cover.min() >= 0
        assert drawn.cover.max() <= 1
        assert not drawn.cover[~ITEM].any()
        changed = np.abs(drawn.pixels.astype(int) - ground().astype(int)).max(axis=2) > 8
        assert not changed[~ITEM].any()
        seen += bool((changed & (drawn.cover > 0.3)).any())
    assert seen >= 3


@pytest.mark.parametrize("kind", PAINTERS)
def test_the_same_chance_draws_the_same_defect(kind: DefectKind) -> None:
    one, other = (draw_defect(default_rng(3), ground(), ITEM, kind) for _ in range(2))
    assert (one.pixels == other.pixels).all()


def test_every_class_has_one_label_and_the_two_unions_stand_last() -> None:
    assert list(GROUPS) == [*map(str, CLASSES), SOUND, DEFECT]


def test_every_rendered_mask_value_has_its_class() -> None:
    assert [mask_group(value) for value in (0, 1, 11, 22)] == ["bench", "item", "scratch", "opened_seal"]


def test_a_label_shares_each_cell_out() -> None:
    mask = np.zeros((SIZE.height, SIZE.width), np.uint8)
    mask[20:60, 30:90] = 1
    mask[30:35, 40:47] = 15
    label = label_of_mask(mask, SIZE)
    assert label.shape == (len(GROUPS), SIZE.height // 4, SIZE.width // 4)
    assert np.abs(label.sum(axis=0, dtype=int) - 255).max() <= 2
    assert label[list(GROUPS).index("stain")].sum() == pytest.approx(255 * 35 / 16, rel=0.03)


def test_a_defect_takes_its_share_from_what_was_sound() -> None:
    cover = np.zeros((SIZE.height, SIZE.width), np.float32)
    cover[40:44, 40:44] = 1
    label = with_defect(label_of_package(SIZE), DefectKind.DEVIATION, cover, SIZE)
    assert label[list(GROUPS).index(DEFECT), 10, 10] == 255
    assert label[list(GROUPS).index(SOUND), 10, 10] == 0


def test_light_and_place_change_a_picture_and_not_its_size() -> None:
    draw = default_rng(1)
    for changed in (relit(draw, ground()), moved(draw, ground())):
        assert changed.shape == ground().shape
        assert changed.dtype == np.uint8
        assert (changed != ground()).any()


def test_a_crop_lies_inside_the_picture() -> None:
    draw = default_rng(2)
    for _ in range(50):
        part = some_crop(draw, 96, 128).cut(ground())
        assert part.shape[0] <= 96
        assert part.shape[1] <= 128
        assert min(part.shape[:2]) >= 59


def test_products_are_split_by_name_and_never_by_picture(tmp_path: Path) -> None:
    for product in range(9):
        folder = tmp_path / f"p{product}"
        folder.mkdir()
        for number in range(2):
            cv2.imwrite(str(folder / f"{number}.jpg"), ground())
    splits = {row.product: row.split for row in packages(tmp_path)}
    assert [name for name, split in splits.items() if split == "held_out"] == ["p0", "p4", "p8"]
    assert [name for name, split in splits.items() if split == "validation"] == ["p2"]
    assert package_split(10) == "validation"


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadTrainingSet, match="holds no folders"):
        packages(tmp_path / "nowhere")


def test_rendered_rows_without_their_picture_are_left_out(tmp_path: Path) -> None:
    row = {
        "picture": "a.jpg",
        "mask": "a.png",
        "object": "mug-0",
        "category": "tableware",
        "split": "train",
        "number": 3,
        "grade": "new",
        "sha256": "0" * 64,
        "defects": [],
    }
    (tmp_path / "index.jsonl").write_text(json.dumps(row) + "\n")
    assert rendered(tmp_path) == []
    for name in ("a.jpg", "a.png"):
        cv2.imwrite(str(tmp_path / name), ground())
    assert [found.number for found in rendered(tmp_path)] == [3]


def test_an_index_line_that_is_no_row_is_named(tmp_path: Path) -> None:
    (tmp_path / "index.jsonl").write_text('{"picture": 1}\n')
    with pytest.raises(BadTrainingSet, match="no row of rendered pictures"):
        rendered(tmp_path)
