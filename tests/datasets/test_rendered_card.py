"""The card of the rendered set says what the tables and the index say."""

import re
from collections import Counter

import pytest

from datasets.rendered.index import HOME, Row
from datasets.rendered.plan import FAMILIES, benches
from inspection.findings import DefectKind
from inspection.severity import BOUNDS

GRADES = ("new", "used", "damaged")
SPLITS = ("train", "validation", "held_out")


@pytest.fixture(scope="module")
def lines() -> list[list[str]]:
    """Cells of every table row of the card."""
    card = (HOME / "CARD.md").read_text()
    return [
        [cell.strip().strip("`") for cell in line.strip("|\n").split("|")]
        for line in card.splitlines()
        if line.startswith("|")
    ]


NOT_DRAWN = ", not drawn"
UNDRAWN = {DefectKind.CREASE, DefectKind.DEFORMATION}


def in_card(kind: DefectKind) -> str:
    return kind.value.replace("_", " ") + (NOT_DRAWN if kind in UNDRAWN else "")


def test_the_severity_table_of_the_card_is_the_codes(lines: list[list[str]]) -> None:
    said = {cells[0]: cells[1:] for cells in lines if len(cells) == 3 and cells[1].endswith("%")}
    expected = {
        in_card(kind): [f"{bound / 10_000:g} %" for bound in bounds] for kind, bounds in BOUNDS.items()
    }
    assert said == expected


def test_the_counts_of_the_card_are_the_indexs(lines: list[list[str]], rows: list[Row]) -> None:
    found = Counter((row["family"], row["split"], row["grade"]) for row in rows)
    said = {cells[0]: cells[1:] for cells in lines if len(cells) == 4 and "/" in cells[1]}
    for family in FAMILIES:
        expected = ["/".join(str(found[family, split, grade]) for grade in GRADES) for split in SPLITS]
        assert [cell.replace(" ", "") for cell in said[family]] == expected


def test_the_kinds_of_the_card_are_counted_right(lines: list[list[str]], rows: list[Row]) -> None:
    found = Counter((defect["kind"], defect["severity"]) for row in rows for defect in row["defects"])
    said = {
        (cells[0], severity): int(cell)
        for cells in lines
        if len(cells) == 4 and re.fullmatch(r"\d+", cells[1])
        for severity, cell in zip(("minor", "major", "critical"), cells[1:], strict=True)
    }
    assert {key: count for key, count in said.items() if count} == dict(found)


def test_the_card_counts_pictures_and_benches(rows: list[Row]) -> None:
    card = (HOME / "CARD.md").read_text()
    assert f"{len(rows):,} pictures" in card
    assert f"{len(benches())} pictures of empty benches" in card
