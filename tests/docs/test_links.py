"""Every link of every page leads somewhere, and Python examples come out as written."""

import doctest
import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")
LATER = ("docs/images", "docs/soak")
"""Filled by runs; only once they exist must they hold what is linked."""
Page = Callable[[str], str]


def anchor(heading: str) -> str:
    """The address of a heading, as the usual renderers make it."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors(text: str) -> set[str]:
    """The addresses within a page; a comment in a code block is no heading."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    return {anchor(heading) for heading in re.findall(r"^#+ (.+)$", prose, re.M)}


def is_waited_for(path: Path) -> bool:
    """True for what lies in a folder that is not filled yet."""
    return any(path.is_relative_to(ROOT / name) and not (ROOT / name).exists() for name in LATER)


def broken(name: str, text: str) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    for target in LINK.findall(prose):
        if re.match(r"[a-z]+:", target):
            continue
        where, _, part = target.partition("#")
        path = (ROOT / name).parent.joinpath(where).resolve() if where else ROOT / name
        if is_waited_for(path):
            continue
        ends = path.is_relative_to(ROOT) and path.exists()
        if ends and part:
            ends = part in anchors(path.read_text(encoding="utf-8"))
        if not ends:
            found.append(target)
    return found


def test_every_link_leads_somewhere(page: Page, pages: tuple[str, ...]) -> None:
    assert len(pages) >= 15
    assert {name: links for name in pages if (links := broken(name, page(name)))} == {}


def test_a_broken_link_and_a_broken_anchor_are_noticed() -> None:
    text = "[a](nowhere.md) [b](README.md#no-such-part) [c](README.md) [d](https://example.org)"
    assert broken("README.md", text) == ["nowhere.md", "README.md#no-such-part"]


@pytest.mark.parametrize("name", ["docs/refunds.md", "docs/adapters.md", "docs/claims.md"])
def test_the_python_examples_of_a_page_come_out_as_written(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(ROOT / name), module_relative=False, encoding="utf-8")
    assert result.attempted >= 8
    assert result.failed == 0


def test_no_page_shows_python_that_nobody_runs(page: Page, pages: tuple[str, ...]) -> None:
    """A page with a Python block is one of those that are run, here or beside the drawn pages."""
    shown = {name for name in pages if re.search(r"^```(python|pycon)$", page(name), re.M)}
    run = ("adapters", "carriers", "claims", "drivers", "refunds", "rules")
    assert shown <= {f"docs/{name}.md" for name in run}
