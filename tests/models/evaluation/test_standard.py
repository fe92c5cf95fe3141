"""The standard run on small folders, part by part, with the real backbone."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from models.errors import BadQuestion
from models.evaluation.book import Book, read_book
from models.evaluation.peers import read_peers
from models.evaluation.runs import read_looks
from models.evaluation.standard import FROZEN, JOBS, by_length, chosen, frozen_sets, run_jobs
from models.evaluation.standard_run import BOOK, Plan, add_peers, plan, run_standard
from models.evaluation.workshop import Setup

TODAY = date(2026, 1, 31)
PARTS = ("bottle", "rendered", "grocery_package", "grades_filled_bottle", "grades_rendered", "magnetic_tile")


@pytest.fixture(scope="module")
def setup(public_sets: Path, renders: Path) -> Setup:
    return Setup(
        today=TODAY, data=public_sets, rendered=renders, more=renders.parent / "more", shots=5, seeds=1
    )


def silent(what: str, done: int, total: int) -> None:
    """No bar."""


@pytest.fixture(scope="module")
def out(setup: Setup, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a run wrote; never written to by a test."""
    folder = tmp_path_factory.mktemp("out")
    run_standard(setup, Plan(out=folder, jobs=PARTS, reason=None), silent, lambda line: None)
    return folder


@pytest.fixture(scope="module")
def book(out: Path) -> Book:
    return read_book(out / BOOK)


def test_every_part_leaves_its_figures(book: Book) -> None:
    assert list(book.sets) == ["bottle", "rendered", "rendered/mug-6"]
    ways = ["rendered", "rendered, comparison only", "rendered, evidence hidden"]
    assert list(book.grades) == ["filled_bottle", *ways]
    methods = ["regrade", "regrade quick", "regrade with segmenter", "segmenter alone"]
    assert [row.method for row in book.sets["bottle"].rows] == methods
    assert book.alarms["grocery_package"].pictures == 4
    assert set(book.done) == {*PARTS} - {"magnetic_tile"}
    assert (book.sets["bottle"].good, book.sets["bottle"].bad) == (9, 3)
    assert book.sets["bottle"].rows[0].auroc is not None


def test_a_set_that_is_not_here_is_told_and_stops_nothing(book: Book, out: Path) -> None:
    assert "there is no folder" in book.skipped["magnetic_tile"]
    assert "* not run: magnetic_tile (there is no folder" in (out / "evaluation.md").read_text()


def test_the_mean_of_the_rendered_objects_is_that_of_their_rows(book: Book) -> None:
    assert book.sets["rendered"].rows == book.sets["rendered/mug-6"].rows
    assert book.sets["rendered"].rows[0].aupro is not None, (
        "their masks are read by number, not by brightness"
    )


def test_every_graded_item_stands_in_the_confusion(book: Book) -> None:
    for result in book.grades.values():
        assert sum(sum(answers.values()) for answers in result.confusion.values()) == result.items
    assert book.grades["filled_bottle"].items == 7
    assert book.grades["rendered"].confusion["damaged"]["new"] == 0


def test_the_page_and_its_charts_are_written(out: Path) -> None:
    page = (out / "evaluation.md").read_text()
    linked = {line.split("(images/")[1][:-1] for line in page.splitlines() if "(images/" in line}
    assert linked == {path.name for path in (out / "images").iterdir()}
    assert len(linked) == 3


def test_a_part_that_is_run_again_replaces_its_own_figures_only(setup: Setup, book: Book) -> None:
    ((name, part),) = run_jobs(setup, ["bottle"], silent)
    again = book.with_part(name, part, date(2026, 2, 1))
    assert again.done["bottle"] == date(2026, 2, 1)
    assert again.done["rendered"] == TODAY
    assert again.grades == book.grades
    assert again.sets["bottle"].rows[0].auroc == book.sets["bottle"].rows[0].auroc


def test_two_processes_give_the_same_figures(setup: Setup, book: Book) -> None:
    found = dict(run_jobs(setup, ["bottle", "grocery_package"], silent, processes=2))
    assert found["bottle"].sets["bottle"].rows[0].auroc == book.sets["bottle"].rows[0].auroc
    assert found["grocery_package"].alarms == book.alarms
    assert by_length(["severity", "bottle", "rendered"]) == ["rendered", "bottle", "severity"]


def test_only_what_is_missing_is_run_when_asked(out: Path) -> None:
    names = plan(out, ["bottle", "magnetic_tile"], missing=True, reason=None).jobs
    assert names == ("magnetic_tile",)


def test_a_frozen_set_asks_for_a_reason(tmp_path: Path) -> None:
    with pytest.raises(BadQuestion, match=r"commutator, phone_screen, food_can, elpv, sealed: frozen"):
        plan(tmp_path, [], missing=False, reason=" ")
    assert plan(tmp_path, ["commutator"], missing=False, reason="the release").jobs == ("commutator",)
    assert FROZEN == ("commutator", "phone_screen", "food_can", "elpv", "sealed")
    assert frozen_sets(["grades_food_can", "severity", "bottle"]) == ["food_can"]


def test_a_look_at_a_frozen_set_is_written_down_before_it_is_opened(setup: Setup, tmp_path: Path) -> None:
    what = plan(tmp_path, ["commutator"], missing=False, reason="the release")
    run_standard(setup, what, silent, lambda line: None)
    (look,) = read_looks(tmp_path / "evaluation-runs.jsonl")
    assert (look.set, look.reason) == ("commutator", "the release")
    assert "| commutator | the release |" in (tmp_path / "evaluation.md").read_text()


def test_sealed_returns_are_graded_in_every_way_and_told_where_they_are_not_rendered(
    setup: Setup, renders: Path, tmp_path: Path
) -> None:
    told = dict(run_jobs(setup, ["grades_sealed"], silent))
    assert "render the returns first" in told["grades_sealed"].skipped["grades_sealed"]
    more = shutil.copytree(renders, tmp_path / "more")
    lines = (more / "index.jsonl").read_text().replace("held_out", "sealed")
    (more / "index.jsonl").write_text(lines)
    book = dict(run_jobs(replace(setup, more=more), ["grades_sealed"], silent))["grades_sealed"]
    assert list(book.grades) == ["sealed", "sealed, comparison only", "sealed, evidence hidden"]
    assert {result.items for result in book.grades.values()} == {7}


def test_an_unknown_part_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadQuestion, match=r"'bottel' is no part .* bottle, filled_bottle"):
        chosen(["bottel"])
    assert chosen([]) == list(JOBS)


def test_solar_cells_that_are_not_installed_are_skipped(setup: Setup) -> None:
    ((name, part),) = run_jobs(setup, ["elpv"], silent)
    assert part.skipped == {name: "the package elpv-dataset is not installed"}


def test_figures_of_peers_stand_on_the_page(out: Path, tmp_path: Path) -> None:
    row = '{"peer":"P","version":"1","backbone":"B","set":"bottle","seed":%d,"auroc":%s,"cpu_ms":9}'
    rows = ",".join((row % (0, "0.5"), row % (1, "0.75")))
    (tmp_path / BOOK).write_bytes((out / BOOK).read_bytes())
    peers = tmp_path / "peers.json"
    peers.write_text(f'{{"measured":"2026-01-30","machine":"m","threads":1,"rows":[{rows}]}}')
    add_peers(tmp_path, peers)
    assert "| P 1, B | 0.625 (0.500 to 0.750) |" in (tmp_path / "evaluation.md").read_text()
    peers.write_text('{"measured":"2026-01-30","machine":"m","threads":1,"rows":[{"peer":"P"}]}')
    with pytest.raises(BadQuestion, match=r"rows\.0\.version"):
        add_peers(tmp_path, peers)


def test_a_peer_that_kept_its_scores_has_our_interval(tmp_path: Path) -> None:
    scores = ",".join(
        [f'"bottle/good/{n}.jpg":{n}' for n in range(9)]
        + [f'"bottle/broken/{n}.jpg":{n + 4}' for n in range(9)]
    )
    head = '"peer":"P","version":"1","backbone":"B","set":"bottle","seed":0,"auroc":0.8,"cpu_ms":9'
    path = tmp_path / "peers.json"
    path.write_text(
        f'{{"measured":"2026-01-30","machine":"m","threads":1,"rows":[{{{head},"scores":{{{scores}}}}}]}}'
    )
    (row,) = read_peers(path)
    assert row.span is not None
    # 81 pairs: five ties of a half, ten in the wrong order
    assert row.span.value == pytest.approx((81 - 10 - 2.5) / 81, abs=1e-4)
    assert row.span.low < row.span.value < row.span.high


def test_figures_of_another_shape_are_refused(tmp_path: Path) -> None:
    (tmp_path / BOOK).write_text('{"sets": 3}')
    with pytest.raises(BadQuestion, match="holds no figures of this version"):
        read_book(tmp_path / BOOK)
