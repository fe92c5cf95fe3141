"""A claim beside the findings: every answer, and that it is about no money."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.claims.codes import Claim, ClaimCheck
from inspection.claims.comparing import Inspected, compare
from inspection.claims.understanding import Understood, understand
from inspection.findings import DefectKind, Finding, Severity, Zone
from inspection.grades import Grade, ReturnException
from inspection.reasons import MAX_REASONS, ReasonCode
from inspection.record import FindingRow
from inspection.words.catalog import words

K, X, G = DefectKind, ReturnException, Grade


def found(kind: DefectKind, zone: Zone = Zone.FRONT, confidence_ppm: int = 900_000) -> Finding:
    return Finding(
        kind=kind,
        zone=zone,
        severity=Severity.MAJOR,
        confidence_ppm=confidence_ppm,
        view="top",
        area_ppm=1_000,
        source="inspector",
    )


def inspected(*kinds: DefectKind, grade: Grade = G.DAMAGED, **rest: bool | ReturnException) -> Inspected:
    return Inspected(grade=grade, findings=tuple(map(found, kinds)), **rest)  # type: ignore[arg-type]


NEW = inspected(grade=G.NEW)


@pytest.mark.parametrize(
    ("text", "seen", "check", "code"),
    [
        ("屏幕裂了", inspected(K.CRACK), "agrees", "claim_seen"),
        ("屏幕裂了", NEW, "not_found", "claim_not_seen"),
        ("屏幕裂了", inspected(K.STAIN, grade=G.USED), "found_other", "claim_other_seen"),
        ("屏幕裂了", inspected(K.DEVIATION, grade=G.USED), "cannot_tell", "claim_unnamed"),
        ("屏幕裂了", inspected(grade=G.DAMAGED), "cannot_tell", "claim_unnamed"),
        ("屏幕裂了", inspected(grade=G.NEW, all_views=False), "cannot_tell", "claim_view_missing"),
        ("屏幕裂了", inspected(grade=G.UNGRADED), "cannot_tell", "ungraded"),
        ("the screen is cracked", inspected(K.BROKEN_GLASS), "agrees", "claim_seen"),
        ("asdf", inspected(K.CRACK), "cannot_tell", "claim_uncertain"),
        ("怎么退货", inspected(K.CRACK), "cannot_tell", "claim_uncertain"),
        ("不喜欢", NEW, "agrees", "claim_intact"),
        ("不喜欢", inspected(K.CRACK), "found_unclaimed", "claim_damage_new"),
        ("不喜欢", inspected(grade=G.DAMAGED), "found_unclaimed", "claim_damage_new"),
        ("不喜欢", inspected(K.OPENED_SEAL, K.CREASE, grade=G.USED), "agrees", "claim_intact"),
        ("不喜欢", inspected(K.DEVIATION, grade=G.USED), "cannot_tell", "claim_unnamed"),
        ("不喜欢", inspected(grade=G.NEW, all_views=False), "cannot_tell", "claim_view_missing"),
        ("太小了穿不上", NEW, "cannot_tell", "claim_not_visible"),
        ("太小了穿不上", inspected(K.STAIN, grade=G.USED), "found_unclaimed", "claim_damage_new"),
        ("it does not work", NEW, "cannot_tell", "claim_not_visible"),
        ("发错货了", inspected(grade=G.UNGRADED, exception=X.WRONG_ITEM), "agrees", "claim_exception"),
        ("发错货了", NEW, "not_found", "claim_not_seen"),
        ("不小心摔坏了", inspected(K.DENT), "agrees", "claim_seen"),
        ("少了充电器", inspected(K.MISSING_PART, grade=G.USED), "agrees", "claim_seen"),
        ("少了充电器", inspected(grade=G.UNGRADED, exception=X.MISSING_PART), "agrees", "claim_exception"),
        ("不喜欢", inspected(grade=G.UNGRADED, exception=X.EMPTY_BOX), "found_other", "exception"),
        ("不喜欢", inspected(grade=G.UNGRADED, exception=X.DUPLICATE), "cannot_tell", "ungraded"),
    ],
)
def test_a_claim_beside_the_findings(text: str, seen: Inspected, check: str, code: str) -> None:
    answer = compare(understand(text), seen)
    assert (answer.check, answer.reasons[0].code) == (check, code)
    assert answer.needs_look == (check in ("not_found", "found_other", "found_unclaimed"))


def test_damage_to_the_carton_is_not_damage_to_the_item() -> None:
    carton = Inspected(grade=G.NEW, findings=(found(K.DENT, Zone.PACKAGING),))
    assert compare(understand("不喜欢"), carton).check == ClaimCheck.AGREES
    assert compare(understand("杯子凹陷了一块"), carton).check == ClaimCheck.NOT_FOUND
    assert compare(understand("外包装破损"), carton).check == ClaimCheck.AGREES


def test_a_finding_that_is_less_likely_than_not_does_not_count() -> None:
    doubtful = Inspected(grade=G.NEW, findings=(found(K.CRACK, confidence_ppm=499_999),))
    assert compare(understand("屏幕裂了"), doubtful).check == ClaimCheck.NOT_FOUND


def test_one_of_two_claims_is_enough() -> None:
    two = understand("屏幕裂了，而且少了充电器")
    assert compare(two, inspected(K.MISSING_PART)).check == ClaimCheck.AGREES
    assert len(compare(two, NEW).reasons) == 2


def test_the_findings_of_a_record_are_read_as_well() -> None:
    row = FindingRow(K.CRACK, Zone.FRONT, Severity.MAJOR, 900_000, 10, 0, 0, None)
    assert compare(understand("屏幕裂了"), Inspected(grade=G.DAMAGED, findings=(row,))).check == "agrees"


@given(
    st.sampled_from(["屏幕裂了，漏水", "came too late", "asdf", "外包装破损", "不合适", "假货"]).map(
        understand
    ),
    st.builds(
        Inspected,
        grade=st.sampled_from(Grade),
        findings=st.lists(
            st.builds(found, st.sampled_from(K), st.sampled_from(Zone), st.integers(0, 1_000_000)),
            max_size=20,
        ),
        exception=st.none() | st.sampled_from(X),
        all_views=st.booleans(),
    ),
)
def test_every_answer_has_reasons_that_can_be_told(understood: Understood, seen: Inspected) -> None:
    answer = compare(understood, seen)
    assert 1 <= len(answer.reasons) <= MAX_REASONS
    for language in ("en", "zh_CN"):
        said = [words(language).why(reason) for reason in answer.reasons]
        assert not any("…" in text for text in said)
    if understood.uncertain:
        assert answer.check == ClaimCheck.CANNOT_TELL


def test_a_flag_is_told_in_both_languages() -> None:
    (reason,) = compare(understand("屏幕裂了"), NEW).reasons
    assert reason.code == ReasonCode.CLAIM_NOT_SEEN
    assert words("en").why(reason) == "Customer: cracked. Not found in the pictures. Look for it."
    assert words("zh_CN").why(reason) == "客户称：有裂纹。照片中未发现，请仔细查看。"
    assert words("en").name(ClaimCheck.NOT_FOUND) == "Claimed, not found"
    assert words("zh_CN").name(Claim.LATE) == "送达太晚"


def test_what_is_owed_never_asks_for_a_claim() -> None:
    """The comparison is a flag for a person: the rules about money do not know of it."""
    folder = Path(__file__).parents[3] / "inspection"
    for path in (*folder.glob("refund*.py"), folder / "verdict.py", folder / "disposition.py"):
        names = {n.module for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)}
        assert not [name for name in names if name and name.startswith("inspection.claims.comparing")], path
