"""What the console says of codes: journey states, verdicts and faults, in both languages."""

import pytest

from inspection.grades import Disposition
from inspection.journey import HoldReason, State
from inspection.messages.uplink import RefusalReason
from inspection.operator import BINS
from inspection.verdict import VerdictKind
from inspection.words.catalog import LANGUAGES, words
from server.console.faults import fault, first_sentence, top_faults
from server.console.marks import bin_svg

EN = words("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_and_verdict_has_a_word_for_supervisors(language: str) -> None:
    said = words(language)
    for state in State:
        assert said.word(f"console.at_{state.value}")
    for kind in VerdictKind:
        assert said.word(f"console.by_{kind.value}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_of_a_station_is_said_in_words(language: str) -> None:
    said = words(language)
    codes = [reason.value for reason in HoldReason] + [f"refused_{reason.value}" for reason in RefusalReason]
    codes += ["uplink_unreachable", "centre_refused", "evidence_lost", "bad_answer", "input_dropped"]
    for code in codes:
        assert fault(said, code) != code
        assert fault(said, code)[-1] not in ".。!！"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("no_match", "No return fits this item"),
        ("refused_unknown_unit", "The centre does not know this return"),
        ("uplink_overloaded", "The centre is busy"),
        ("wrong_bin", "WRONG BIN"),
        ("never_heard_of", "never_heard_of"),
    ],
)
def test_a_fault_is_told_without_the_advice_for_the_bench(code: str, said: str) -> None:
    assert fault(EN, code) == said


def test_the_most_frequent_faults_lead_and_the_same_words_are_counted_together() -> None:
    faults = {"no_match": 2, "uplink_overloaded": 3, "centre_overloaded": 4, "wrong_bin": 1, "blurred": 1}
    assert top_faults(faults, EN) == (
        ("The centre is busy", 7),
        ("No return fits this item", 2),
        ("Blurred", 1),
    )


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("One. Two.", "One"),
        ("只有一句。", "只有一句"),
        ("危险！不要打开。", "危险"),
        ("No end", "No end"),
        ("", ""),
    ],
)
def test_the_first_sentence_ends_at_its_mark(said: str, first: str) -> None:
    assert first_sentence(said) == first


@pytest.mark.parametrize("disposition", Disposition)
def test_a_bin_is_drawn_with_its_letter_shape_and_colour(disposition: Disposition) -> None:
    mark = BINS[disposition]
    drawn = bin_svg(mark)
    outline = {"circle": "<circle", "square": "<rect", "triangle": "L97 92", "diamond": "L50 98"}[mark.shape]
    assert f"bin-{mark.color}" in drawn
    assert f">{mark.letter}</text>" in drawn
    assert outline in drawn
