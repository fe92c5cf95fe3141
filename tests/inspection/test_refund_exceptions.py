"""Every exceptional case has an owner, a way out, and words in both languages."""

import pytest

from inspection.grades import ReturnException
from inspection.refund_exceptions import CASES, OF_VERDICTS, CaseKind, CaseState, Owner, WayOut, may
from inspection.words.catalog import words


@pytest.mark.parametrize("kind", list(CaseKind), ids=str)
def test_every_case_has_an_owner_and_a_way_out(kind: CaseKind) -> None:
    assert CASES[kind].owner in Owner
    assert CASES[kind].ways_out


def test_every_exception_of_a_verdict_is_a_case() -> None:
    assert set(OF_VERDICTS) == set(ReturnException)


def test_no_case_is_left_by_anothers_way() -> None:
    assert may(CaseKind.NEEDS_APPROVER, WayOut.APPROVE)
    assert not may(CaseKind.UNKNOWN_OUTCOME, WayOut.SEND_AGAIN)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("code", [*CaseKind, *Owner, *WayOut, *CaseState], ids=str)
def test_people_read_words_and_no_codes(language: str, code: CaseKind) -> None:
    said = words(language).name(code)
    assert said
    assert "_" not in said
