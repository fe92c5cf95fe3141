"""The committed pictures are what their manifest says, and what the drawing code draws."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from demo.drawing import conditions, draw, draw_bench
from demo.wares import WARES
from models.images import decode

DRAWN = Path(__file__).parents[2] / "datasets" / "drawn"
LISTED: dict[str, str] = json.loads((DRAWN / "manifest.json").read_text())["sha256"]


def test_every_picture_is_listed_with_its_hash() -> None:
    found = {path.relative_to(DRAWN).as_posix(): path for path in DRAWN.rglob("*.jpg")}
    assert set(found) == set(LISTED)
    for name, path in found.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == LISTED[name], name


def test_the_set_is_small_enough_to_be_committed() -> None:
    assert sum(path.stat().st_size for path in DRAWN.rglob("*.*")) < 3_000_000


def test_every_condition_of_every_product_is_there() -> None:
    for ware in WARES:
        assert {path.name for path in (DRAWN / ware).iterdir()} == set(conditions(ware))


@pytest.mark.parametrize(
    ("ware", "condition"), [("mug", "good"), ("carton", "used_tape"), ("bottle", "damaged_crack")]
)
def test_the_same_seed_draws_the_same_picture(ware: str, condition: str) -> None:
    content = draw(ware, condition, 2)
    assert content == draw(ware, condition, 2)
    assert content != draw(ware, condition, 3)
    kept = decode((DRAWN / ware / condition / "002.jpg").read_bytes()).astype(int)
    assert np.abs(decode(content).astype(int) - kept).mean() < 1.0


def test_a_larger_picture_can_be_drawn_as_a_camera_would_send_it() -> None:
    assert decode(draw("mug", "good", 1, size=(1440, 1080))).shape == (1080, 1440, 3)
    assert decode(draw_bench()).shape == (360, 480, 3)


def test_what_is_not_known_cannot_be_drawn() -> None:
    with pytest.raises(KeyError):
        draw("spoon", "good", 1)
    with pytest.raises(KeyError):
        draw("mug", "stolen", 1)
