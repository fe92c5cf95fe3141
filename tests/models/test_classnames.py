"""What the name of a class says."""

import pytest

from inspection.findings import DefectKind
from models.classnames import NAMED_KINDS, Meaning, meaning_of


@pytest.mark.parametrize("kind", NAMED_KINDS)
def test_every_defect_that_has_a_name_can_be_a_class(kind: DefectKind) -> None:
    assert meaning_of(kind.value) == Meaning(kind=kind)


@pytest.mark.parametrize(
    ("name", "part", "expected", "view"),
    [
        ("missing:cap", "cap", 0, None),
        ("part:cap", "cap", 1, None),
        ("part:cap@top", "cap", 1, "top"),
        ("part:screw*4", "screw", 4, None),
        ("part:m3-screw@front_left*12", "m3-screw", 12, "front_left"),
    ],
)
def test_a_part_may_be_missing_or_expected(name: str, part: str, expected: int, view: str | None) -> None:
    meaning = meaning_of(name)
    assert meaning.kind is DefectKind.MISSING_PART
    assert (meaning.part, meaning.expected, meaning.view) == (part, expected, view)


@pytest.mark.parametrize(
    "name",
    ["", "person", "Scratch", "deviation", "part:", "part:cap*0", "part:cap*100", "part:cap@",
     "missing:cap@top", "part:cap*2@top", "x" * 500],
)  # fmt: skip
def test_a_name_that_says_nothing_is_refused_shortly(name: str) -> None:
    with pytest.raises(ValueError, match="is neither a defect") as caught:
        meaning_of(name)
    assert len(str(caught.value)) < 400
