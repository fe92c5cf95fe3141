"""The page made of a small stored book is the stored page; run this file to write it anew."""

import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from models.evaluation.book import Book, read_book
from models.evaluation.charts import charts
from models.evaluation.page import older_models, page, write_page
from models.evaluation.runs import Look, read_looks, write_looks
from models.evaluation.shortfalls import shortfalls

GOLDEN = Path(__file__).parent / "golden"
LOOKS = [
    Look(
        at=datetime(2026, 1, 31, 8, 0, tzinfo=UTC),
        set="food_can",
        reason="first figures",
        models={"efficientnet-lite0": "09e63ddb50b7d5c7"},
        recipe="Recipe(side=320)",
    )
]


@pytest.fixture
def book() -> Book:
    return read_book(GOLDEN / "book.json")


def test_the_page_is_the_stored_one(book: Book) -> None:
    assert page(book, LOOKS, 8) == (GOLDEN / "page.txt").read_text(encoding="utf-8")


def test_what_falls_short_is_said(book: Book) -> None:
    said = "\n".join(shortfalls(book))
    for sentence in (
        "bottle: the aim of 0.998 lies inside the interval; it is reached, not proven.",
        "bottle: AUROC 0.999 is below that of plain features (1.000).",
        "bottle: anomalib PatchCore on Lite0 reaches 0.9990, more than 0.9985.",
        "food_can: AUROC 0.810 is below the aim of 0.900.",
        "food_can: the shortcut file size alone reaches 0.770, which is not clearly below 0.810.",
        "food_can: 10.0% of the good test pictures lie beyond the shipped limit.",
        "grade on rendered: only 60% of the damaged ones are called damaged.",
        "rendered, evidence hidden: kappa is 0.30 [0.05, 0.50], not chance (0)",
        "grocery_package: 8.0% of the intact packages are called different",
        "On 6 of 6 sets nothing may be decided alone",
    ):
        assert sentence in said
    assert "new against the rest is" not in said, "a half lies inside that interval"


def test_only_rendered_grades_have_an_aim_and_a_kappa_below_chance_is_told(book: Book) -> None:
    result = book.grades["rendered"]
    assert result.kappa is not None
    span = result.kappa.model_copy(update={"value": -0.06, "low": -0.1, "high": -0.02})
    worse = result.model_copy(update={"kappa": span})
    told = shortfalls(book.model_copy(update={"grades": {"food_can": worse, "sealed": worse}}))
    assert "grade on food_can: kappa -0.06 is no substantial agreement." in told
    assert "grade on sealed: kappa -0.060 is below the aim of 0.80." in told
    assert not any("food_can: kappa" in line and "aim" in line for line in told)


def test_an_empty_book_makes_a_page_too() -> None:
    shown = page(Book(), [], 8)
    assert "Measured: nothing yet." in shown
    assert "None yet." in shown
    assert charts(Book()) == {}


def test_the_charts_are_drawings_with_their_numbers(book: Book, tmp_path: Path) -> None:
    write_page(tmp_path, book, LOOKS, 8)
    drawn = sorted((tmp_path / "images").iterdir())
    assert [path.name for path in drawn] == [
        "evaluation-auroc.svg",
        "evaluation-found.svg",
        "evaluation-grades.svg",
    ]
    for path in drawn:
        root = ElementTree.fromstring(path.read_text())  # noqa: S314 - our own file
        assert root.tag.endswith("svg")
        assert root.attrib["viewBox"].startswith("0 0 780 ")
    assert re.search(r">bottle: broken_small<", (tmp_path / "images/evaluation-found.svg").read_text())
    assert "kappa 0.78" in (tmp_path / "images/evaluation-grades.svg").read_text()


def test_looks_are_only_ever_added(tmp_path: Path) -> None:
    path = tmp_path / "docs" / "looks.jsonl"
    assert read_looks(path) == []
    for reason in ("one", "two"):
        write_looks(path, ["elpv"], at=LOOKS[0].at, reason=reason, models={}, recipe="r")
    assert [look.reason for look in read_looks(path)] == ["one", "two"]


if __name__ == "__main__":
    text = page(read_book(GOLDEN / "book.json"), LOOKS, 8)
    (GOLDEN / "page.txt").write_text(text, encoding="utf-8")


def test_parts_run_with_another_model_are_told() -> None:
    book = Book(
        models={"segmenter": "b" * 64},
        made_with={"bottle": {"segmenter": "a" * 64}, "rendered": {"segmenter": "b" * 64}},
    )
    assert list(older_models(book)) == ["* with segmenter aaaaaaaaaaaaaaaa, not the one that ships: bottle"]
