"""Free text -> a return reason, or `uncertain`."""

import logging
from dataclasses import fields
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.claims.codes import MEANINGS, Claim
from inspection.claims.grams import CLAIMS, Logits, shipped
from inspection.claims.rules import find
from inspection.claims.understanding import WHOLE_PPM, Understood, understand, weigh
from inspection.findings import DefectKind
from inspection.returns import ReturnReason

R, C = ReturnReason, Claim


@pytest.mark.parametrize(
    ("text", "reason", "claim"),
    [
        ("收到的时候屏幕裂了", R.DAMAGED_IN_TRANSIT, C.CRACKED),
        ("螢幕裂開了，請退款", R.DAMAGED_IN_TRANSIT, C.CRACKED),
        ("ｔｈｅ　ｓｃｒｅｅｎ　ｉｓ　ｃｒａｃｋｅｄ", R.DAMAGED_IN_TRANSIT, C.CRACKED),
        ("screen 裂了 pls refund", R.DAMAGED_IN_TRANSIT, C.CRACKED),
        ("the scren is craked", R.DAMAGED_IN_TRANSIT, C.CRACKED),
        ("it doesn't work 😡😡😡", R.DEFECTIVE, C.DOES_NOT_WORK),
        ("没有破损，就是不喜欢", R.CHANGED_MIND, C.CHANGED_MIND),
        ("Not damaged at all, I changed my mind", R.CHANGED_MIND, C.CHANGED_MIND),
        ("太小了穿不上", R.WRONG_SIZE, C.TOO_SMALL),
        ("发错颜色了", R.NOT_AS_DESCRIBED, C.WRONG_ITEM),
        ("生日都过完了才到", R.OTHER, C.LATE),
        ("不小心摔坏了，是我自己的问题", R.OTHER, C.OWN_DAMAGE),
        ("I dropped it myself and it broke", R.OTHER, C.OWN_DAMAGE),
        ("I didn't drop it, the screen was cracked already", R.DAMAGED_IN_TRANSIT, C.CRACKED),
        ("电池鼓包了", R.DEFECTIVE, C.SWOLLEN_BATTERY),
    ],
)
def test_a_text_is_understood(text: str, reason: ReturnReason, claim: Claim) -> None:
    answer = understand(text)
    assert (answer.reason, answer.claim) == (reason, claim)
    assert not answer.uncertain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "。。。",
        "😀",
        "asdf jkl",
        "東京都港区",
        "Bonjour",
        "如果屏幕裂了可以退吗",
        "thanks",
        "怎么退货",
    ],
)
def test_a_text_that_gives_no_reason_leaves_the_shops_own(text: str) -> None:
    answer = understand(text)
    assert answer.uncertain
    assert answer.reason is None
    assert answer.claim in (None, Claim.NO_REASON)
    assert answer.kinds == frozenset()


def test_how_sure_a_reading_is_has_a_word() -> None:
    assert understand("屏幕裂了").band == "sure"
    assert understand("asdf").band == "uncertain"
    likely = Understood(reason=R.OTHER, claim=C.LATE, share_ppm=899_999, likeliest=R.OTHER)
    assert likely.band == "likely"


def test_every_claim_of_a_text_is_kept_with_its_defects() -> None:
    answer = understand("屏幕裂了，而且少了充电器")
    assert answer.claims == (C.CRACKED, C.MISSING_PART)
    assert answer.kinds >= {DefectKind.CRACK, DefectKind.MISSING_PART}
    assert understand("not cracked, but scratched").denied == (C.CRACKED,)


@given(st.text(max_size=2_000))
def test_any_text_is_answered_the_same_twice(text: str) -> None:
    answer = understand(text)
    assert answer == understand(text)
    assert 0 <= answer.share_ppm <= WHOLE_PPM
    if answer.claim is not None and answer.reason is not None:
        assert MEANINGS[answer.claim].reason == answer.reason == answer.likeliest


@given(st.lists(st.sampled_from("没有裂了不 not crack no, 如果if too small 漏水\u0301😀"), max_size=400))
def test_any_mixture_of_known_words_is_answered(words: list[str]) -> None:
    assert isinstance(understand("".join(words)), Understood)


@pytest.mark.parametrize(
    "text",
    [
        "裂",
        "没有裂",
        "not crack ",
        "does not ",
        "如果",
        "no ",
        "a, ",
        "ﷺ",
        "e\u0301",
        "\U0001f4a9",
        "\ud800",
        "\x00",
    ],
)
def test_a_very_long_text_is_answered_in_bounded_time(text: str) -> None:
    understand("warm")
    began = perf_counter()
    understand(text * 10_000)
    assert perf_counter() - began < 0.5


def test_nothing_of_the_text_is_in_the_answer_or_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = understand("Zyxwv Qponm: 屏幕裂了，电话 13800001111")
    assert caplog.records == []
    assert not any(part in repr(answer) for part in ("Zyxwv", "屏幕", "1380"))
    kinds = {type(getattr(answer, field.name)) for field in fields(answer)}
    assert kinds <= {ReturnReason, Claim, int, tuple, type(None)}


class Sure:
    """A reader that always says the same."""

    certain_from = 0.9

    def logits(self, plain: str) -> Logits:
        said = np.zeros(len(CLAIMS), dtype=np.float32)
        said[CLAIMS.index(Claim.LATE)] = 50
        return said


def test_another_reader_takes_the_place_of_the_letter_groups() -> None:
    assert understand("qwertz", other=Sure()).claim == Claim.LATE
    assert understand("it is cracked", other=Sure()).claim == Claim.CRACKED


def test_a_phrase_weighs_for_its_claim_and_a_denied_one_against() -> None:
    said = weigh(find(" 没有裂纹 , 有划痕 "), shipped().tuning)
    assert said[CLAIMS.index(C.SCRATCHED)] > 0 > said[CLAIMS.index(C.CRACKED)]


def test_every_claim_has_its_meaning() -> None:
    assert set(MEANINGS) == set(Claim)
    assert {meaning.reason for meaning in MEANINGS.values()} == set(ReturnReason)
