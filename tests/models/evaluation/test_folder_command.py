"""`regrade evaluate folder`, through the front door, with the real backbone."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import regrade
from models.evaluation.runs import read_looks

KEYS = [
    "auroc", "auroc_ci", "recall_at_1fa", "recall_at_5fa", "aupro", "ece", "coverage_at_budget",
    "error_at_budget", "p50_ms", "p95_ms", "cpu_ms", "shortcut_auroc",
]  # fmt: skip


def run(*args: str | Path) -> Result:
    command = ["evaluate", "folder", *(str(arg) for arg in args)]
    return CliRunner(env={"COLUMNS": "200"}).invoke(regrade.front_door(), command)


@pytest.fixture(scope="module")
def answer(discs: Path) -> dict[str, Any]:
    result = run(discs, "--seeds", "2", "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_answer_has_exactly_the_promised_keys(answer: dict[str, Any]) -> None:
    assert list(answer) == ["objects", "mean"]
    assert list(answer["objects"]) == ["masked", "plain"]
    for row in (*answer["objects"].values(), answer["mean"]):
        assert list(row) == KEYS
        assert list(row["shortcut_auroc"]) == ["file_size", "mean_colour"]


def test_dark_patches_are_told_apart_and_found_in_their_place(answer: dict[str, Any]) -> None:
    masked, plain = answer["objects"]["masked"], answer["objects"]["plain"]
    assert masked["auroc"] == plain["auroc"] == 1.0
    assert masked["auroc_ci"] == [1.0, 1.0]
    assert masked["recall_at_1fa"] == masked["recall_at_5fa"] == 1.0
    assert masked["aupro"] > 0.6
    assert plain["aupro"] is None


def test_so_few_items_prove_nothing_about_deciding_alone(answer: dict[str, Any]) -> None:
    assert answer["mean"]["coverage_at_budget"] == 0.0
    assert answer["mean"]["error_at_budget"] is None


def test_the_mean_is_over_the_objects_that_have_the_figure(answer: dict[str, Any]) -> None:
    rows = answer["objects"].values()
    assert answer["mean"]["auroc"] == pytest.approx(sum(row["auroc"] for row in rows) / 2)
    assert answer["mean"]["aupro"] == answer["objects"]["masked"]["aupro"]
    assert 0 < answer["mean"]["p50_ms"] <= answer["mean"]["p95_ms"]
    assert answer["mean"]["cpu_ms"] > 0


def test_the_same_command_gives_the_same_figures(discs: Path, answer: dict[str, Any]) -> None:
    again = json.loads(run(discs / "plain", "--seeds", "2", "--json").stdout)["objects"]["plain"]
    before = answer["objects"]["plain"]
    assert {k: v for k, v in again.items() if not k.endswith("_ms")} == {
        k: v for k, v in before.items() if not k.endswith("_ms")
    }


def test_groups_a_table_and_unreadable_pictures(discs: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(discs / "plain", tmp_path / "plain")
    (folder / "good" / "item99_001.jpg").write_bytes(b"no picture")
    (folder / "patch" / "item99_002.jpg").write_bytes(b"")
    result = run(folder, "--seeds", "1", "--group-by", r"item\d+", "--shots", "5")
    assert result.exit_code == 0, result.output
    assert "plain" in result.stdout
    assert "AUROC" in result.stdout
    assert "2 pictures cannot be read and are left out" in result.stderr
    assert "plain/good/item99_001.jpg: the picture is neither JPEG nor PNG" in result.stderr
    assert "plain/patch/item99_002.jpg: the picture is empty" in result.stderr


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--good", "fine"), "(no_good_pictures)"),
        (("--match", "x*"), "(no_good_pictures)"),
        (("--shots", "11"), "(too_few_good)"),
        (("--shots", "1"), "(bad_question)"),
        (("--group-by", "("), "(bad_question)"),
    ],
)
def test_a_folder_that_allows_no_figures_is_refused_with_a_sentence(
    discs: Path, args: tuple[str, ...], code: str
) -> None:
    result = run(discs / "plain", *args)
    assert (result.exit_code, code in result.stderr) == (1, True), result.output


def test_a_missing_folder_and_one_without_bad_pictures_are_named(discs: Path, tmp_path: Path) -> None:
    assert "(folder_missing)" in run(tmp_path / "nowhere").stderr
    shutil.copytree(discs / "plain" / "good", tmp_path / "alone" / "good")
    assert "(no_bad_pictures)" in run(tmp_path / "alone").stderr


def test_pictures_that_cannot_be_read_can_leave_too_few(discs: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(discs / "plain", tmp_path / "plain")
    for path in sorted((folder / "good").iterdir())[:4]:
        path.write_bytes(b"broken")
    result = run(folder, "--seeds", "1")
    assert (result.exit_code, "(4 pictures cannot be read)" in result.stderr) == (1, True)


def test_a_folder_with_the_name_of_a_frozen_set_leaves_a_line_where_the_list_is(
    discs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(discs / "plain", tmp_path / "phone_screen")
    monkeypatch.chdir(tmp_path)
    assert "written down" not in run(folder, "--shots", "99").stderr, "there is no list here"
    looks = tmp_path / "docs" / "evaluation-runs.jsonl"
    looks.parent.mkdir()
    looks.touch()
    assert "phone_screen is a frozen set: this look is written down" in run(folder, "--shots", "99").stderr
    assert [(look.set, look.reason) for look in read_looks(looks)] == [("phone_screen", "none given")]
