"""A grade follows from the rubric, or the unit stays ungraded and says why."""

import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.catalogue import Product
from inspection.detector import Case, Detection, Judgement, OtherProduct, VersionedFile, ViewScore
from inspection.errors import RubricMissing
from inspection.evidence import ImageFault, ImageQuality
from inspection.findings import DefectKind, Finding, Severity, Zone
from inspection.grades import Condition, Grade, GradeShares
from inspection.grading import CLEARLY_EQUAL_P_PPM, MAX_REASONS, ViewSays, grade, says, weight_off
from inspection.reasons import ReasonCode

ANY_FINDING = st.builds(
    Finding,
    kind=st.sampled_from(list(DefectKind)),
    zone=st.sampled_from(list(Zone)),
    severity=st.sampled_from(list(Severity)),
    confidence_ppm=st.integers(0, 1_000_000),
    view=st.sampled_from(["top", "side"]),
    area_ppm=st.integers(0, 1_000_000),
    source=st.just("segmenter"),
)
ANY_VIEW = st.builds(
    ViewScore,
    view=st.sampled_from(["top", "side"]),
    score=st.floats(0, 10),
    limit=st.floats(0.1, 10),
    p_value_ppm=st.integers(0, 1_000_000),
)


@dataclass(frozen=True)
class Judging:
    """Says the same of every case."""

    answer: Judgement | None
    versions: tuple[VersionedFile, ...] = ()

    def judge(self, case: Case) -> Judgement | None:
        return self.answer


ONE_PRODUCT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_a_unit_like_its_references_is_as_new_and_says_nothing_was_found(
    shoe: Product, clean: Detection
) -> None:
    graded = grade(shoe, clean)
    assert (graded.grade, graded.condition) == (Grade.NEW, Condition.A_PLUS)
    assert [reason.code for reason in graded.reasons] == [ReasonCode.NOTHING_FOUND, ReasonCode.UNCALIBRATED]


def test_the_worst_counted_finding_sets_the_condition_and_its_row_is_named(
    shoe: Product, clean: Detection, stain: Finding
) -> None:
    hole = replace(stain, kind=DefectKind.HOLE, confidence_ppm=700_000)
    graded = grade(shoe, replace(clean, findings=(stain, hole)))
    assert (graded.grade, graded.condition) == (Grade.DAMAGED, Condition.D)
    assert [r.rule for r in graded.reasons[:2]] == ["apparel:hole.any.major", "apparel:stain.any.major"]


def test_an_unlikely_finding_moves_the_shares_but_not_the_grade(
    shoe: Product, clean: Detection, stain: Finding
) -> None:
    graded = grade(shoe, replace(clean, findings=(replace(stain, confidence_ppm=300_000),)))
    assert graded.grade == Grade.NEW
    assert graded.shares is not None
    assert graded.shares.new == 700_000


def test_a_view_beyond_its_limit_counts_although_nothing_was_named(
    shoe: Product, clean: Detection, view: ViewScore
) -> None:
    graded = grade(shoe, replace(clean, views=(view, replace(view, view="side", score=3.0))))
    assert graded.grade == Grade.DAMAGED
    assert [(f.kind, f.view, f.severity) for f in graded.findings] == [
        (DefectKind.DEVIATION, "side", Severity.CRITICAL)
    ]


def test_a_timid_finding_does_not_explain_a_view_beyond_its_limit(
    shoe: Product, clean: Detection, view: ViewScore, stain: Finding
) -> None:
    timid = replace(stain, confidence_ppm=300_000)
    graded = grade(shoe, replace(clean, views=(replace(view, score=2.0),), findings=(timid,)))
    assert graded.grade == Grade.USED
    assert [f.kind for f in graded.findings] == [DefectKind.STAIN, DefectKind.DEVIATION]


@ONE_PRODUCT
@given(st.lists(ANY_FINDING, max_size=5), st.floats(1.26, 100))
def test_a_clearly_different_view_is_as_new_only_where_a_sure_finding_explains_it(
    shoe: Product, clean: Detection, view: ViewScore, findings: list[Finding], score: float
) -> None:
    looked = replace(clean, views=(replace(view, score=score),), findings=tuple(findings))
    sure = any(f.confidence_ppm >= 500_000 and f.view == "top" for f in findings)
    assert sure or grade(shoe, looked).grade != Grade.NEW


def test_without_references_nothing_is_graded(shoe: Product, clean: Detection, stain: Finding) -> None:
    graded = grade(shoe, replace(clean, bank=None, findings=(stain,)))
    assert (graded.grade, graded.condition, graded.shares) == (Grade.UNGRADED, None, None)
    assert graded.ungraded_reason == ReasonCode.NO_REFERENCE
    assert graded.findings == (stain,)


def test_a_bank_that_knows_none_of_the_views_grades_nothing(shoe: Product, clean: Detection) -> None:
    assert grade(shoe, replace(clean, views=())).ungraded_reason == ReasonCode.NOTHING_COMPARED


def test_a_faulty_frame_is_named_and_leaves_the_unit_ungraded(shoe: Product, clean: Detection) -> None:
    blurred = ImageQuality(sharpness=1.0, brightness=90.0, faults=(ImageFault.BLURRED,))
    graded = grade(shoe, replace(clean, quality={"top": blurred}))
    assert graded.ungraded_reason == ReasonCode.IMAGE_FAULT
    assert graded.reasons[0].params == (("fault", "blurred"), ("view", "top"))


@pytest.mark.parametrize(
    "broken",
    [{"score": math.nan}, {"score": math.inf}, {"limit": 0.0}, {"limit": math.nan}, {"p_value_ppm": -1}],
)
def test_a_score_that_is_no_number_is_never_graded(
    shoe: Product, clean: Detection, view: ViewScore, broken: dict[str, float]
) -> None:
    bad = ViewScore(**{**{name: getattr(view, name) for name in ViewScore.__slots__}, **broken})
    assert grade(shoe, replace(clean, views=(view, bad))).ungraded_reason == ReasonCode.SCORE_UNUSABLE


def test_a_view_between_equal_and_different_leaves_the_unit_to_a_person(
    shoe: Product, clean: Detection, view: ViewScore
) -> None:
    unclear = replace(view, view="side", score=1.1)
    assert grade(shoe, replace(clean, views=(view, unclear))).ungraded_reason == ReasonCode.VIEW_UNCLEAR


def test_a_defect_that_one_view_shows_clearly_is_no_disagreement(
    shoe: Product, clean: Detection, view: ViewScore
) -> None:
    views = (replace(view, score=0.0), replace(view, view="side", score=1.1), replace(view, score=4.0))
    assert grade(shoe, replace(clean, views=views)).grade == Grade.DAMAGED


def test_a_sure_named_finding_settles_an_unclear_view(
    shoe: Product, clean: Detection, view: ViewScore, stain: Finding
) -> None:
    looked = replace(clean, views=(replace(view, score=1.1),), findings=(stain,))
    assert grade(shoe, looked).grade == Grade.USED


def test_a_view_beyond_its_limit_is_clear_once_what_differs_is_named(
    shoe: Product, clean: Detection, view: ViewScore, stain: Finding
) -> None:
    named, beyond = replace(stain, confidence_ppm=600_000), replace(view, score=1.1)
    assert grade(shoe, replace(clean, views=(beyond,), findings=(named,))).grade == Grade.USED
    within = replace(view, p_value_ppm=9_000)
    for views in ((within,), (beyond, replace(beyond, view="side"))):
        graded = grade(shoe, replace(clean, views=views, findings=(named,)))
        assert graded.ungraded_reason == ReasonCode.VIEW_UNCLEAR


def test_a_distance_too_rare_among_good_units_is_unclear_within_the_limit(view: ViewScore) -> None:
    assert says(view) == ViewSays.EQUAL
    assert says(replace(view, p_value_ppm=CLEARLY_EQUAL_P_PPM)) == ViewSays.UNCLEAR
    assert says(replace(view, p_value_ppm=CLEARLY_EQUAL_P_PPM + 1)) == ViewSays.EQUAL
    assert says(replace(view, score=1.3, p_value_ppm=9_000)) == ViewSays.DIFFERENT


def test_a_grade_that_is_not_the_likeliest_says_so(shoe: Product, clean: Detection, stain: Finding) -> None:
    hidden = replace(stain, kind=DefectKind.HOLE, confidence_ppm=490_000)
    graded = grade(shoe, replace(clean, findings=(replace(stain, confidence_ppm=500_000), hidden)))
    assert graded.grade == Grade.USED
    assert ReasonCode.SHARES_UNSURE in [reason.code for reason in graded.reasons]


def test_a_category_without_a_rubric_stops_the_grading(shoe: Product, clean: Detection) -> None:
    with pytest.raises(RubricMissing):
        grade(replace(shoe, category="boats"), clean)


@ONE_PRODUCT
@given(st.lists(ANY_FINDING, max_size=40), st.lists(ANY_VIEW, max_size=3))
def test_every_grading_explains_itself_in_few_words(
    shoe: Product, clean: Detection, findings: list[Finding], views: list[ViewScore]
) -> None:
    graded = grade(shoe, replace(clean, findings=tuple(findings), views=tuple(views)))
    assert 1 <= len(graded.reasons) <= MAX_REASONS + 2
    assert (graded.grade == Grade.UNGRADED) == (graded.shares is None) == (graded.condition is None)
    assert (graded.ungraded_reason is None) == (graded.shares is not None)


def test_calibrated_shares_replace_the_fixed_map_and_no_longer_say_uncalibrated(
    shoe: Product, clean: Detection
) -> None:
    calibrated = GradeShares(new=960_000, used=30_000, damaged=10_000)
    graded = grade(shoe, replace(clean, judge=Judging(Judgement(shares=calibrated))))
    assert (graded.grade, graded.shares) == (Grade.NEW, calibrated)
    assert [reason.code for reason in graded.reasons] == [ReasonCode.NOTHING_FOUND]


def test_a_judge_with_too_little_to_say_leaves_the_shares_uncalibrated(
    shoe: Product, clean: Detection
) -> None:
    assert grade(shoe, replace(clean, judge=Judging(None))) == grade(shoe, clean)


def test_a_judge_without_a_number_leaves_the_unit_ungraded(shoe: Product, clean: Detection) -> None:
    graded = grade(shoe, replace(clean, judge=Judging(Judgement(shares=None))))
    assert (graded.grade, graded.ungraded_reason) == (Grade.UNGRADED, ReasonCode.JUDGE_UNUSABLE)


def test_a_head_that_speaks_against_the_rubric_says_so_and_sets_no_grade(
    shoe: Product, clean: Detection, stain: Finding
) -> None:
    newer = GradeShares(new=900_000, used=80_000, damaged=20_000)
    looked = replace(clean, findings=(stain,), judge=Judging(Judgement(shares=newer, head=newer)))
    graded = grade(shoe, looked)
    assert graded.grade == Grade.USED
    assert graded.reasons[-1].code == ReasonCode.HEAD_DISAGREES
    assert dict(graded.reasons[-1].params) == {"grade": "used", "share_ppm": 80_000}


def test_a_view_with_too_few_references_is_not_passed_over(shoe: Product, clean: Detection) -> None:
    graded = grade(shoe, replace(clean, missing_shots=(("bottom", 2),)))
    assert (graded.grade, graded.ungraded_reason) == (Grade.UNGRADED, ReasonCode.FEW_REFERENCES)


def test_too_few_references_are_told_by_view(shoe: Product, clean: Detection) -> None:
    graded = grade(shoe, replace(clean, bank=None, views=(), missing_shots=(("top", 3),)))
    assert graded.ungraded_reason == ReasonCode.FEW_REFERENCES
    assert dict(graded.reasons[0].params) == {"view": "top", "count": 3}


def test_a_view_with_references_that_was_not_photographed_keeps_the_unit_ungraded(
    shoe: Product, clean: Detection
) -> None:
    graded = grade(shoe, replace(clean, missing_views=("sole",)))
    assert (graded.grade, graded.ungraded_reason) == (Grade.UNGRADED, ReasonCode.VIEW_MISSING)
    assert dict(graded.reasons[0].params) == {"view": "sole"}


def test_a_weight_counts_in_the_catalogues_tolerances(shoe: Product) -> None:
    weighed = replace(shoe, weight_g=500, weight_tolerance_g=20)
    assert weight_off(weighed, 450) == pytest.approx(-2.5)
    assert weight_off(weighed, None) is None
    assert weight_off(shoe, 450) is None


def test_a_picture_of_another_product_is_not_graded_by_this_ones_references(
    shoe: Product, clean: Detection
) -> None:
    seen = replace(clean, lookalikes=(OtherProduct(view="top", found="BOOT-7"),))
    graded = grade(shoe, seen)
    assert (graded.grade, graded.ungraded_reason) == (Grade.UNGRADED, ReasonCode.OTHER_PRODUCT)
    assert dict(graded.reasons[0].params) == {"view": "top", "found": "BOOT-7"}


def test_another_products_code_is_an_alert_unless_the_right_one_is_there_too(
    shoe: Product, clean: Detection
) -> None:
    other = OtherProduct(view="top", found="04006381333931")
    right = OtherProduct(view="side", found=shoe.gtin)
    assert grade(shoe, replace(clean, printed=(other,))).ungraded_reason == ReasonCode.OTHER_PRODUCT
    assert grade(shoe, replace(clean, printed=(other, right))).grade == grade(shoe, clean).grade


def test_a_product_whose_code_nobody_knows_is_not_held_by_a_code(shoe: Product, clean: Detection) -> None:
    printed = (OtherProduct(view="top", found="04006381333931"),)
    unknown = replace(shoe, gtin="0" * 14)
    assert grade(unknown, replace(clean, printed=printed)).grade == grade(shoe, clean).grade
