"""The decision log: every page is listed, numbered without a gap, and has its three headings."""

import re
from pathlib import Path

HEADINGS = ["Context", "Decision", "Consequences"]


def pages(checkout: Path) -> list[Path]:
    return sorted((checkout / "docs/decisions").glob("[0-9]*.md"))


def test_the_pages_are_numbered_from_one_without_a_gap(checkout: Path) -> None:
    numbers = [int(page.name[:4]) for page in pages(checkout)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_index_lists_every_page_once(checkout: Path) -> None:
    index = (checkout / "docs/decisions/README.md").read_text()
    assert re.findall(r"^\| \[\d{4}\]\((.+?)\)", index, re.MULTILINE) == [
        page.name for page in pages(checkout)
    ]


def test_every_page_has_its_number_and_the_three_headings(checkout: Path) -> None:
    for page in pages(checkout):
        text = page.read_text()
        assert text.startswith(f"# {page.name[:4]} "), page.name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS, page.name
