"""The generated parts of the pages are fresh, and the worked examples come out as written."""

import doctest
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def drawer() -> dict[str, Any]:
    """The names of docs/draw.py; it is a script beside the pages, not a package."""
    return runpy.run_path(str(DOCS / "draw.py"))


def test_the_generated_parts_of_the_pages_are_fresh(drawer: dict[str, Any]) -> None:
    fresh: Callable[[str], str] = drawer["fresh"]
    for name in drawer["PAGES"]:
        page = (DOCS / name).read_text(encoding="utf-8")
        assert page == fresh(page), f"docs/{name} is stale; run: python docs/draw.py"


def test_every_drawing_stands_on_a_page(drawer: dict[str, Any]) -> None:
    pages = "".join((DOCS / name).read_text(encoding="utf-8") for name in drawer["PAGES"])
    for part in drawer["drawings"]():
        assert f"<!-- drawn: {part} -->" in pages


def test_a_stale_picture_is_drawn_anew(drawer: dict[str, Any]) -> None:
    stale = "before\n<!-- drawn: bins -->\nstale words\n<!-- end: bins -->\nafter"
    assert "stale words" not in drawer["fresh"](stale)
    assert drawer["fresh"](stale).endswith("after")


def test_the_worked_examples_of_the_rules_come_out_as_written() -> None:
    result = doctest.testfile(str(DOCS / "rules.md"), module_relative=False)
    assert result.attempted >= 10
    assert result.failed == 0
