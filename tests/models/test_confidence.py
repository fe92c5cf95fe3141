"""Calibrated shares add up, keep the others' proportion, and belong to one category and grade."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inspection.detector import VersionedFile
from inspection.grades import Grade, GradeShares
from models.confidence import CalibrationFile, ShareCalibration, ShareMap, between, rescaled

KNOTS = ((500_000, 400_000), (900_000, 700_000), (990_000, 950_000))
STEPS = ShareMap(
    category="mug",
    proposed=Grade.NEW,
    items=600,
    method="isotonic",
    knots=KNOTS,
    ece_before=0.2,
    ece_after=0.02,
)
GRADES = (Grade.NEW, Grade.USED, Grade.DAMAGED)


def calibration(*maps: ShareMap) -> ShareCalibration:
    file = CalibrationFile(format=1, head=None, maps=maps, fitted_days=(), fitted_items=())
    return ShareCalibration(file=file, version=VersionedFile(name="share-calibration", sha256="b" * 64))


@pytest.mark.parametrize(
    ("share", "right"), [(0, 400_000), (500_000, 400_000), (700_000, 550_000), (999_000, 950_000)]
)
def test_between_knots_lies_a_line_and_beyond_them_nothing_changes(share: int, right: int) -> None:
    assert between(KNOTS, share) == right
    assert STEPS.right_ppm(share) == right


def test_a_map_belongs_to_its_category_and_grade() -> None:
    shares = GradeShares(new=900_000, used=80_000, damaged=20_000)
    assert calibration(STEPS).apply("mug", Grade.NEW, shares) == GradeShares(
        new=700_000, used=240_000, damaged=60_000
    )
    assert calibration(STEPS).apply("boat", Grade.NEW, shares) is None
    assert calibration(STEPS).apply("mug", Grade.USED, shares) is None


@given(
    st.integers(0, 1_000_000), st.integers(0, 1_000_000), st.integers(0, 1_000_000), st.sampled_from(GRADES)
)
def test_rescaled_shares_always_add_up(one: int, part: int, right: int, grade: Grade) -> None:
    rest = 1_000_000 - one
    used = rest * part // 1_000_000
    found = rescaled(GradeShares(new=one, used=used, damaged=rest - used), grade, right)
    assert found.of(grade) == right


def test_a_line_on_the_logit_maps_even_odds_to_its_intercept() -> None:
    line = STEPS.model_copy(update={"method": "platt", "knots": (), "slope": 2.0, "intercept": 0.0})
    assert line.right_ppm(500_000) == 500_000
    assert line.right_ppm(900_000) == pytest.approx(1_000_000 * 81 / 82, abs=1)


@pytest.mark.parametrize(
    "broken",
    [
        {"knots": ((1, 5), (2, 4))},
        {"knots": ((2, 4), (2, 5))},
        {"knots": ()},
        {"slope": -0.1},
        {"proposed": "ungraded"},
        {"method": "platt"},
    ],
)
def test_a_map_that_falls_or_fits_nothing_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ShareMap.model_validate(STEPS.model_dump() | broken)
