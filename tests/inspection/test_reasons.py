"""Reasons are plain, ordered and short enough for a record."""

import re
from dataclasses import replace

from inspection.findings import DefectKind, Finding
from inspection.reasons import MAX_REASONS, ReasonCode, Rule, because, codes


def test_equal_reasons_are_equal_in_any_order_and_hold_plain_text() -> None:
    one = because(Rule.GRADE_SHARES, ReasonCode.IMAGE_FAULT, view="top", fault=DefectKind.DENT)
    other = because(Rule.GRADE_SHARES, ReasonCode.IMAGE_FAULT, fault="dent", view="top")
    assert one == other
    assert [type(value) for _, value in one.params] == [str, str]


def test_every_rule_and_code_fits_a_record() -> None:
    for code in (*Rule, *ReasonCode):
        assert re.fullmatch(r"[a-z0-9_.:-]{1,44}", code)


def test_a_record_keeps_the_row_of_a_finding_once_and_no_more_than_it_may(stain: Finding) -> None:
    row = because("apparel:stain.any.major", ReasonCode.FINDING, view=stain.view)
    many = [row, replace(row, params=()), *(because(Rule.GRADE_SHARES, code) for code in ReasonCode)]
    kept = codes(many)
    assert kept[0] == "apparel:stain.any.major"
    assert len(kept) == len(set(kept)) == MAX_REASONS
