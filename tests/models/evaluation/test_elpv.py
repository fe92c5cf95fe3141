"""Solar cells from a labels file as the package writes it."""

from pathlib import Path

import pytest

from models.errors import BadQuestion, FolderMissing
from models.evaluation.elpv import load_elpv

LINES = """\
images/cell0001.png  1.0                 mono
images/cell0002.png  0.0                 mono
images/cell0003.png  0.3333333333333333  mono
images/cell0004.png  0.6666666666666666  poly
images/cell0005.png  0.0                 poly
"""


def test_the_two_kinds_of_cells_are_two_objects_without_the_doubtful(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(LINES)
    mono, poly = load_elpv(tmp_path)
    assert (mono.name, poly.name) == ("elpv_mono", "elpv_poly")
    assert [item.name for item in mono.items] == ["images/cell0002.png", "images/cell0001.png"]
    assert [(item.kind, item.good) for item in poly.items] == [("poly-0.00", True), ("poly-0.67", False)]


def test_a_large_set_is_thinned(tmp_path: Path) -> None:
    lines = [f"images/cell{n:04d}.png {(0.0, 0.6666666666666666, 1.0)[n % 3]} mono" for n in range(900)]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    (mono,) = load_elpv(tmp_path)
    assert (len(mono.good), len(mono.bad)) == (100, 80)


def test_what_is_no_labels_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FolderMissing, match="install elpv-dataset"):
        load_elpv(tmp_path)
    (tmp_path / "labels.csv").write_text("cell probability\n")
    with pytest.raises(BadQuestion, match="no line of that set"):
        load_elpv(tmp_path)
