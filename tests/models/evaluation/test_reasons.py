"""How well return reasons are read, and the page of it."""

from collections import Counter
from pathlib import Path

import pytest

from inspection.claims.codes import Claim
from inspection.returns import ReturnReason
from models.errors import BadQuestion
from models.evaluation.reasons import (
    Read,
    by_claim,
    calibration_error,
    confusion,
    figures,
    intent_answers,
    read_all,
    read_intents,
)
from models.evaluation.reasons_page import intent_lines, sentence_lines
from models.evaluation.sentences import ALONE, FILES, SPLITS, Sentence, read_sentences

FOLDER = Path(__file__).resolve().parents[3] / "datasets" / "claims"
INTENTS = Path(__file__).resolve().parents[4] / "shared" / "data" / "text"


@pytest.fixture(scope="module")
def sentences() -> tuple[Sentence, ...]:
    return read_sentences(FOLDER)


@pytest.fixture(scope="module")
def reads(sentences: tuple[Sentence, ...]) -> list[Read]:
    return read_all(sentences)


def of(reads: list[Read], *splits: str) -> list[Read]:
    return [one for one in reads if one.sentence.split in splits]


def test_a_family_lies_in_one_split_and_no_test_sentence_was_learnt(sentences: tuple[Sentence, ...]) -> None:
    splits: dict[str, set[str]] = {}
    texts: dict[str, set[str]] = {}
    for one in sentences:
        splits.setdefault(one.family, set()).add(one.split)
        texts.setdefault(one.split, set()).add(one.text)
    assert all(len(found) == 1 for found in splits.values())
    seen = texts["train"] | texts["calibration"] | texts["blind"]
    assert not seen & (texts["test"] | texts["hard"] | texts["fresh"])


def test_every_claim_is_learnt_tuned_and_tested_in_both_languages(sentences: tuple[Sentence, ...]) -> None:
    there = {(one.claim, one.language, one.split) for one in sentences}
    assert there >= {(claim, tongue, split) for claim in Claim for tongue in ("zh", "en") for split in SPLITS}
    assert {one.split for one in sentences} == {*SPLITS, *ALONE}


def test_what_was_never_learnt_is_read_well_enough(reads: list[Read]) -> None:
    """The page's figures, with some room below them."""
    for split, right, uncertain in (("test", 0.95, 0.25), ("hard", 0.95, 0.3), ("fresh", 0.93, 0.3)):
        found = figures(of(reads, split))
        assert found.right >= right, split
        assert found.uncertain <= uncertain, split
        assert found.calibration_error <= 0.12, split


def test_questions_to_a_shop_are_no_reasons() -> None:
    if not INTENTS.is_dir():
        pytest.skip("needs ../shared/data/text")
    whole = sum(intent_answers(read_intents(INTENTS)).values(), Counter[str]())
    assert whole.total() == 8_100
    assert whole["uncertain"] + whole["no_reason"] >= 0.99 * whole.total()


def test_the_counts_add_up(reads: list[Read]) -> None:
    group = of(reads, "fresh")
    assert sum(row.total() for row in confusion(group).values()) == len(group)
    assert sum(row[0] for row in by_claim(group).values()) == len(group)
    assert all(count >= reason >= exact for count, reason, exact in by_claim(group).values())
    assert calibration_error([]) == 0


def test_the_page_shows_every_group_and_reason(reads: list[Read]) -> None:
    page = "\n".join(sentence_lines(reads))
    for title in ("test, zh", "test, en", "hard", "fresh"):
        assert f"| {title} |" in page
    for code in (*ReturnReason, *Claim):
        assert f"| {code} |" in page
    rows = intent_lines({"get_refund": Counter({"no_reason": 2, "uncertain": 1, "defective": 1})})
    assert "read as a reason 25.00% (1)." in "\n".join(rows)


def test_no_sentences_give_no_figures() -> None:
    with pytest.raises(BadQuestion):
        figures([])


def test_a_folder_that_is_no_set_is_refused(tmp_path: Path) -> None:
    for question in (read_sentences, read_intents):
        with pytest.raises(BadQuestion, match="is not the set"):
            question(tmp_path)


@pytest.mark.parametrize(
    "line", ["before any family", "# cracked zh train", "# nonsense zh train 1", "# cracked fr train 1"]
)
def test_a_line_that_makes_no_sense_is_named(line: str, tmp_path: Path) -> None:
    for name in (*FILES, *(f"{alone}.txt" for alone in ALONE)):
        (tmp_path / name).write_text("")
    (tmp_path / FILES[0]).write_text(f"{line}\n")
    with pytest.raises(BadQuestion):
        read_sentences(tmp_path)
    (tmp_path / FILES[0]).write_text("# cracked zh train 1\n裂了\n")
    (tmp_path / "hard.txt").write_text("cracked and no tab\n")
    with pytest.raises(BadQuestion, match="no tab"):
        read_sentences(tmp_path)


def test_intents_without_their_columns_are_refused(tmp_path: Path) -> None:
    for part in ("training", "validation", "testing"):
        (tmp_path / f"customer_intents_{part}.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadQuestion, match="KeyError"):
        read_intents(tmp_path)
