"""`regrade evaluate splits`: the draws for other programs."""

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

import regrade
from models.evaluation.sets import SETS
from models.evaluation.splits_file import splits_object

DATA = Path(__file__).parents[4] / "shared" / "data"


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(regrade.front_door(), ["evaluate", "splits", *args])
    return result.exit_code, result.stdout, result.stderr


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    code, _, said = run("--data", str(tmp_path / "nowhere"))
    assert (code, "(folder_missing)" in said) == (1, True)


@pytest.fixture(scope="module")
def data() -> Path:
    """The real sets; only names are read, no picture is opened."""
    if not DATA.is_dir():
        pytest.skip("the picture sets are not beside this checkout")
    return DATA


def test_every_set_has_five_draws_anyone_can_repeat(data: Path) -> None:
    code, said, _ = run("--data", str(data), "--json")
    assert code == 0
    found = json.loads(said)
    assert (found["shots"], found["seeds"], list(found["sets"])) == (8, 5, list(SETS))
    can = found["sets"]["food_can"]["splits"][3]
    names = sorted(path.name for path in (data / "food_can" / "no_defect").glob("20221108*.jpg"))
    drawn = random.Random(3).sample(names, 8)
    assert can["references"] == [f"food_can/no_defect/{name}" for name in drawn]
    assert (len(can["good"]), len(can["bad"])) == (72, 50)


def test_a_commutator_never_stands_on_both_sides(data: Path) -> None:
    for split in splits_object(data, None)["sets"]["commutator"]["splits"]:
        units = {
            side: {path.split("/")[-1][:5] for path in split[side]} for side in ("references", "good", "bad")
        }
        assert not units["references"] & (units["good"] | units["bad"])
        assert not any("_mask" in path for path in split["bad"])


def test_the_counts_are_told(data: Path) -> None:
    assert "phone_screen (frozen): 12 good and 100 bad, " in run("--data", str(data))[1]
