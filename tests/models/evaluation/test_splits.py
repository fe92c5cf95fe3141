"""What counts as a picture, and that references never meet their own kind in the test."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadQuestion, FolderMissing, NoBadPictures, NoGoodPictures, TooFewGood
from models.evaluation.folders import Item, ObjectSet, Selection, group_of, objects_in
from models.evaluation.splits import draw, draws, thinned


def make(folder: Path, *names: str) -> Path:
    """A folder with empty files: names decide, nothing is opened."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_masks_and_other_files_are_never_pictures(tmp_path: Path) -> None:
    make(tmp_path / "tile", "good/1.jpg", "good/notes.txt", "crack/2.jpg", "crack/2_mask.png", "crack/3.PNG")
    (tile,) = objects_in(tmp_path / "tile")
    assert [item.name for item in tile.items] == ["good/1.jpg", "crack/2.jpg", "crack/3.PNG"]
    assert [item.mask and item.mask.name for item in tile.items] == [None, "2_mask.png", None]


def test_a_folder_of_objects_and_one_object_are_both_understood(tmp_path: Path) -> None:
    make(tmp_path, "mug/good/1.jpg", "mug/chip/1.jpg", "can/good/1.jpg", "can/dent/1.jpg", "notes/x.txt")
    assert [goods.name for goods in objects_in(tmp_path)] == ["can", "mug"]
    assert [goods.name for goods in objects_in(tmp_path / "mug")] == ["mug"]


def test_the_good_folder_and_the_names_can_be_chosen(tmp_path: Path) -> None:
    make(tmp_path / "can", "no_defect/d1_a.jpg", "no_defect/d2_a.jpg", "minor/d1_b.jpg", "major/d2_b.jpg")
    (can,) = objects_in(tmp_path / "can", Selection(good="no_defect", match="d1*"))
    assert [item.name for item in can.items] == ["no_defect/d1_a.jpg", "minor/d1_b.jpg"]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FolderMissing, match="nowhere"):
        objects_in(tmp_path / "nowhere")
    make(tmp_path / "a", "fine/1.jpg", "bad/1.jpg")
    with pytest.raises(NoGoodPictures, match="'good'"):
        objects_in(tmp_path / "a")
    make(tmp_path / "b", "good/1.jpg", "bad/1_mask.png")
    with pytest.raises(NoBadPictures, match="b: no picture beside 'good'"):
        objects_in(tmp_path / "b")
    make(tmp_path / "c", "good/1.jpg", "bad/1.jpg")
    (few,) = objects_in(tmp_path / "c")
    with pytest.raises(TooFewGood, match="1 good pictures: 8 references"):
        draw(few, shots=8, seed=0)


@pytest.mark.parametrize(("shots", "seeds"), [(2, 5), (8, 0)])
def test_a_question_without_sense_is_refused(shots: int, seeds: int) -> None:
    with pytest.raises(BadQuestion):
        draws(goods_of(20, 5), shots=shots, seeds=seeds)
    with pytest.raises(BadQuestion, match="regular expression"):
        Selection(group_by="kos(")


def test_the_group_is_the_first_bracket_or_the_whole_match() -> None:
    assert group_of("crack/kos17_Part3.jpg", r"kos\d+") == "kos17"
    assert group_of("crack/kos17_Part3.jpg", r"kos(\d+)") == "17"
    assert group_of("kos17/other.jpg", r"kos\d+") == "kos17/other.jpg", "the folder is no part of the name"


def goods_of(good: int, bad: int, groups: int | None = None) -> ObjectSet:
    def one(number: int, *, fine: bool) -> Item:
        name = f"{'good' if fine else 'bad'}/{number:03d}.jpg"
        group = name if groups is None else str(number % groups)
        return Item(path=Path(name), name=name, kind=name[:4].rstrip("/"), good=fine, group=group)

    return ObjectSet(
        name="thing",
        good=tuple(one(n, fine=True) for n in range(good)),
        bad=tuple(one(n, fine=False) for n in range(bad)),
    )


def test_the_references_are_the_draw_that_the_page_states() -> None:
    split = draw(goods_of(30, 5), shots=8, seed=3)
    expected = random.Random(3).sample([f"good/{n:03d}.jpg" for n in range(30)], 8)
    assert [item.name for item in split.references] == expected
    assert len(split.good) == 22
    assert len(split.bad) == 5


@given(st.integers(9, 40), st.integers(1, 20), st.integers(1, 15), st.integers(0, 50))
def test_no_group_stands_on_both_sides(good: int, bad: int, groups: int, seed: int) -> None:
    try:
        split = draw(goods_of(good, bad, groups), shots=8, seed=seed)
    except (TooFewGood, NoBadPictures):
        return  # too few groups are left, and it says so
    assert not {item.group for item in split.references} & {item.group for item in split.tested}
    assert all(item.good for item in split.references)


def test_a_large_set_is_thinned_the_same_way_each_time() -> None:
    thin = thinned(goods_of(50, 40), per_kind=10, most_good=20)
    assert (len(thin.good), len(thin.bad)) == (20, 10)
    assert thin == thinned(goods_of(50, 40), per_kind=10, most_good=20)
    assert thinned(goods_of(5, 4), per_kind=10) == goods_of(5, 4)
