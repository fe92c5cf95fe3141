"""What an inspector scans or types is a command, a badge, a bin, or an item's code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import NotUnderstood
from inspection.grades import Disposition
from inspection.journey import State
from inspection.operator import (
    BINS,
    EXCEPTION_FOR,
    GRADE_FOR,
    KEYS,
    REASON_FOR,
    REASON_KEYS,
    Badge,
    Bin,
    Command,
    CommandCode,
    command_for,
    parse,
)
from inspection.verdict import OverrideReason


@pytest.mark.parametrize("code", list(CommandCode), ids=str)
def test_every_command_barcode_is_understood(code: CommandCode) -> None:
    assert parse(f"CMD:{code}") == Command(code=code)
    assert parse(f" cmd:{code.lower()}\r\n") == Command(code=code)


def test_a_badge_keeps_its_case_and_stays_out_of_logs() -> None:
    badge = parse("BADGE:aB3-x_9")
    assert badge == Badge(code="aB3-x_9")
    assert "aB3" not in repr(badge)


@pytest.mark.parametrize("letter", "ABCD")
def test_every_bin_is_understood(letter: str) -> None:
    assert parse(f"BIN:{letter}") == Bin(letter=letter)


@pytest.mark.parametrize("text", ["CMD:DANCE", "CMD:", "BIN:Z", "BADGE:", "BADGE:a b", "BADGE:" + "x" * 65])
def test_a_code_of_ours_that_makes_no_sense_is_no_item(text: str) -> None:
    with pytest.raises(NotUnderstood, match="command sheet"):
        parse(text)


@pytest.mark.parametrize("text", ["", "04012345678901", "]d20104012345678901", "xCMD:ACCEPT", "CMD ACCEPT"])
def test_anything_else_is_an_items_code(text: str) -> None:
    assert parse(text) is None


@given(st.text(max_size=200))
def test_any_text_is_understood_or_refused_by_name(text: str) -> None:
    try:
        parse(text)
    except NotUnderstood as refusal:
        assert text.strip()[:3].upper() in {"CMD", "BAD", "BIN"}
        assert "no such" in str(refusal)


def test_every_command_but_the_reasons_has_a_key_and_no_key_two_commands() -> None:
    assert {*KEYS.values(), *REASON_KEYS.values()} == set(CommandCode)
    assert len(set(KEYS.values())) == len(KEYS)


def test_a_digit_means_a_grade_until_a_reason_is_asked_for() -> None:
    assert command_for("1", State.PROPOSED) == Command(code=CommandCode.NEW)
    assert command_for("1", State.OVERRIDDEN) == Command(code=CommandCode.REASON1)
    assert command_for("Q", State.PROPOSED) == Command(code=CommandCode.ESCALATE)
    assert command_for("F12", State.PROPOSED) is None


def test_the_tiles_grades_and_exceptions_have_their_commands() -> None:
    assert list(REASON_FOR.values()) == list(OverrideReason)
    assert len(GRADE_FOR) == 3
    assert len(EXCEPTION_FOR) == 4


def test_every_disposition_has_a_bin_that_differs_in_letter_colour_and_shape() -> None:
    assert set(BINS) == set(Disposition)
    for part in ("letter", "color", "shape"):
        assert len({getattr(mark, part) for mark in BINS.values()}) == 4
