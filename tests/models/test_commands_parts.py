"""`regrade references part` and `regrade read`, as a person calls them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from typer.testing import CliRunner

import regrade
from models.partlist import read_parts
from models.store import ReferenceStore

DRAWN = Path(__file__).parents[2] / "datasets" / "drawn"


def called(*words: object) -> tuple[int, str]:
    done = CliRunner(env={"COLUMNS": "160"}).invoke(regrade.front_door(), [str(word) for word in words])
    return done.exit_code, done.output


def test_a_part_is_marked_moved_and_dropped(tmp_path: Path) -> None:
    code, said = called("references", "part", "MUG", "handle", "--box", "56,28,24,42", "--store", tmp_path)
    assert code == 0
    assert "Parts of MUG top: handle." in said
    assert "Too few good photos yet" in said
    assert [row.width_ppm for row in read_parts(ReferenceStore(tmp_path), "MUG", "top")] == [240_000]
    code, said = called("references", "part", "MUG", "handle", "--drop", "--store", tmp_path)
    assert (code, "Parts of MUG top: none." in said) == (0, True)


@pytest.mark.parametrize("box", ["56,28,24", "a,b,c,d", "90,0,20,10", "0,0,0,10", "-1,0,5,5", "nan,0,5,5"])
def test_a_box_outside_the_view_is_refused(tmp_path: Path, box: str) -> None:
    code, _ = called("references", "part", "MUG", "handle", f"--box={box}", "--store", tmp_path)
    assert code == 2


def test_neither_a_box_nor_a_drop_is_refused(tmp_path: Path) -> None:
    assert called("references", "part", "MUG", "handle", "--store", tmp_path)[0] == 2


def test_the_codes_of_a_picture_are_read(tmp_path: Path) -> None:
    code = zxingcpp.create_barcode("4006381333931", zxingcpp.BarcodeFormat.EAN13)
    drawn = np.asarray(zxingcpp.write_barcode_to_image(code, scale=3), dtype=np.uint8)
    path = tmp_path / "label.png"
    path.write_bytes(cv2.imencode(".png", drawn)[1].tobytes())
    assert called("read", path) == (0, "]E0 4006381333931  GTIN 04006381333931\n")
    exit_code, said = called("read", path, "--json")
    assert exit_code == 0
    assert '"gtin": "04006381333931"' in said


def test_a_picture_without_print_says_so() -> None:
    assert called("read", DRAWN / "mug" / "good" / "001.jpg")[1].startswith("Nothing printed")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    code, said = called("read", tmp_path / "none.jpg")
    assert code == 2
    assert "No such file" in said
