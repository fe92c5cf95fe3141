"""Phrases, and what negates them."""

from collections import Counter

import pytest

from inspection.claims.codes import Claim
from inspection.claims.phrases_en import EN
from inspection.claims.phrases_zh import ZH
from inspection.claims.plain import plain
from inspection.claims.rules import PHRASES, find

C = Claim


@pytest.mark.parametrize(
    ("text", "claimed", "denied"),
    [
        ("屏幕裂了", [C.CRACKED], []),
        ("没有裂纹，但是有划痕", [C.SCRATCHED], [C.CRACKED]),
        ("没有任何破损", [], [C.BROKEN]),
        ("不是太小，是太大", [C.TOO_LARGE], [C.TOO_SMALL]),
        ("没想到一打开就裂了", [C.CRACKED], []),
        ("没用几天就开线", [C.TORN], []),
        ("不仅裂了，还漏水", [C.CRACKED, C.LEAKING], []),
        ("not cracked but scratched", [C.SCRATCHED], [C.CRACKED]),
        ("There are no holes or tears", [], [C.TORN]),
        ("it isn't broken", [], [C.BROKEN]),
        ("not only scratched, the glass is cracked", [C.SCRATCHED, C.CRACKED], []),
        ("not too small or too big", [], [C.TOO_SMALL, C.TOO_LARGE]),
        ("no scratches. It does not work", [C.DOES_NOT_WORK], [C.SCRATCHED]),
        ("not cracked? It is cracked!", [C.CRACKED], []),
        ("the wrong size", [C.DOES_NOT_FIT], []),
        ("you sent the wrong size", [C.WRONG_ITEM], []),
        ("the latest dress", [], []),
        ("an accident, wisecracks", [], []),
    ],
)
def test_what_a_text_claims_and_rules_out(text: str, claimed: list[Claim], denied: list[Claim]) -> None:
    hits = find(plain(text))
    assert (list(hits.claimed), list(hits.denied)) == (claimed, denied)


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("如果屏幕裂了可以退吗", C.CRACKED),
        ("会不会漏水", C.LEAKING),
        ("if it arrives damaged, can I return it", C.BROKEN),
        ("Does the case scratch easily?", C.SCRATCHED),
    ],
)
def test_a_question_claims_nothing(text: str, claim: Claim) -> None:
    hits = find(plain(text))
    assert (hits.claimed, hits.denied, hits.asked) == ((), (), (claim,))


def test_every_claim_has_its_line_in_both_tables() -> None:
    assert set(ZH) == set(EN) == set(Claim)


def test_no_phrase_stands_for_two_claims() -> None:
    chinese = Counter(phrase for line in ZH.values() for phrase in line.split())
    english = Counter(phrase.strip() for line in EN.values() for phrase in line.split(",") if phrase)
    assert [phrase for phrase, count in (chinese + english).items() if count > 1] == []


def test_every_phrase_is_found_as_it_is_written() -> None:
    """A phrase in letters that a plain text never has would be dead."""
    dead = [phrase for phrase in PHRASES if phrase.strip() not in plain(phrase.strip())]
    assert dead == []
