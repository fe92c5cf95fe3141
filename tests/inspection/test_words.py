"""Both languages say everything, the same values stand in both, and nothing on a screen fails."""

from collections.abc import Iterator
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import DomainError, RubricMissing
from inspection.findings import DefectKind, Severity, Zone
from inspection.grades import Grade
from inspection.operator import BINS
from inspection.reasons import ReasonCode, Rule, because
from inspection.rubrics import RUBRICS
from inspection.words.catalog import EN, LANGUAGES, NAMESPACES, ZH_CN, placeholders, words
from inspection.words.money import money, percent

EVERY_MEMBER = [member for codes in NAMESPACES for member in codes]
DEVICE_CODES = (
    "device_error",
    "link_lost",
    "device_fault",
    "wrong_set_up",
    "starting",
    "ready",
    "degraded",
    "lost",
)


def errors(root: type[DomainError]) -> Iterator[type[DomainError]]:
    yield root
    for kind in root.__subclasses__():
        yield from errors(kind)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("member", EVERY_MEMBER, ids=lambda m: f"{type(m).__name__}.{m.name}")
def test_every_code_of_the_domain_has_a_word(language: str, member: StrEnum) -> None:
    assert words(language).word(f"{NAMESPACES[type(member)]}.{member.value}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_device_state_and_bin_has_a_word(language: str) -> None:
    said = words(language)
    for kind in errors(DomainError):
        assert said.word(f"error.{kind.code}")
    for code in DEVICE_CODES:
        assert said.word(f"device.{code}")
    for mark in BINS.values():
        assert said.word(f"color.{mark.color}")
        assert said.word(f"shape.{mark.shape}")


def test_a_word_of_a_code_has_its_code() -> None:
    """Rules are left out: the tables of rubrics have names beside theirs."""
    spaces = set(NAMESPACES.values()) - {NAMESPACES[Rule]}
    known = {f"{NAMESPACES[type(member)]}.{member.value}" for member in EVERY_MEMBER}
    assert {key for key in LANGUAGES["en"] if key.partition(".")[0] in spaces} <= known


def test_both_languages_have_the_same_keys_and_values() -> None:
    assert LANGUAGES["en"].keys() == LANGUAGES["zh_CN"].keys()
    for key, text in LANGUAGES["en"].items():
        assert placeholders(text) == placeholders(LANGUAGES["zh_CN"][key]), key


@pytest.mark.parametrize("subjects", [EN, ZH_CN], ids=["en", "zh_CN"])
def test_no_key_stands_in_two_files(subjects: tuple[object, ...]) -> None:
    keys = [key for subject in subjects for key in getattr(subject, "WORDS")]  # noqa: B009 - a module
    assert len(keys) == len(set(keys))


def test_chinese_is_chinese_and_english_is_not() -> None:
    def has_han(text: str) -> bool:
        return any("\u4e00" <= letter <= "\u9fff" for letter in text)

    assert not [key for key, text in LANGUAGES["en"].items() if has_han(text)]
    assert [key for key, text in LANGUAGES["zh_CN"].items() if not has_han(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_hold_says_what_to_do(language: str) -> None:
    for key, text in LANGUAGES[language].items():
        if key.startswith(("hold.", "fault.", "refusal.")):
            assert text[-1] in ".。", key
            assert len(text) <= 100, key


def test_a_missing_key_is_an_error_in_a_test_and_the_code_itself_on_a_screen() -> None:
    with pytest.raises(KeyError):
        words("en").word("ui.surely_not_there")
    assert words("en").say("ui.surely_not_there") == "surely_not_there"
    assert words("en").say("bare") == "bare"


@given(st.sampled_from(["en", "zh_CN", "tlh"]), st.text(max_size=60), st.dictionaries(st.text(), st.text()))
def test_nothing_that_is_asked_for_fails(language: str, key: str, values: dict[str, str]) -> None:
    said = words(language)
    for text in (said.say(key), said.why(key), said.rule(key), *(said.say(k) for k in said.texts)):
        assert isinstance(text, str)


def test_a_language_that_we_do_not_have_is_english() -> None:
    assert words("tlh").language == "en"


def test_a_reason_is_a_sentence_with_its_values_in_words() -> None:
    reason = because(
        Rule.VALUE_BEST, ReasonCode.BEST_VALUE, channel="restock", amount_minor=6453, currency="EUR"
    )
    assert words("en").why(reason) == "Back on the shelf as new brings most: 64.53 EUR."
    assert words("zh_CN").why(reason) == "按新品重新上架收益最高：64.53 EUR。"


def test_shares_are_shown_in_per_cent() -> None:
    reason = because(Rule.AUTONOMY_BUDGET, ReasonCode.SHARE_TOO_LOW, share_ppm=930_000, needed_ppm=990_000)
    assert words("en").why(reason) == "93 % sure; 99 % needed to go alone."


def test_a_code_that_a_record_kept_is_told_without_its_values() -> None:
    assert words("en").why("escalated") == "A supervisor decides."
    assert words("en").why("price_missing") == "The catalogue has no price for grade …."


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rubric_row_has_a_name(language: str) -> None:
    said = words(language)
    for rubric in RUBRICS.values():
        for kind in DefectKind:
            row = rubric.judge(kind, Zone.FRONT, Severity.MAJOR)
            assert rubric.category in said.rule(row.rule)
            assert said.name(Severity.MAJOR) in said.rule(row.rule)


def test_an_error_says_what_to_do() -> None:
    assert words("en").error(RubricMissing("x")).endswith("Set the item aside.")
    assert words("en").error(ValueError("x")) == "That did not work. Call the supervisor."


def test_a_name_of_an_enum_without_words_is_its_code() -> None:
    class Strange(StrEnum):
        THING = "thing"

    assert words("en").name(Strange.THING) == "thing"
    assert words("zh_CN").name(Grade.NEW) == "全新"


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (6453, "EUR", "64.53 EUR"),
        (-5, "EUR", "-0.05 EUR"),
        (500, "JPY", "500 JPY"),
        (1234, "KWD", "1.234 KWD"),
    ],
)
def test_money_is_shown_with_the_digits_of_its_currency(amount: int, currency: str, shown: str) -> None:
    assert money(amount, currency) == shown


def test_per_cent_has_no_idle_zeros() -> None:
    assert [percent(p) for p in (1_000_000, 9_970, 5_000, 0)] == ["100 %", "1 %", "0.5 %", "0 %"]
