"""Money: exact both ways, by the exponents of ISO 4217."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadAmount, UnknownCurrency
from inspection.money import EXPONENTS, LARGEST_MINOR, exponent_of, minor_of, text_of

currencies = st.sampled_from(sorted(EXPONENTS))


@given(st.integers(0, LARGEST_MINOR), currencies)
def test_an_amount_that_was_written_is_read_again(amount: int, currency: str) -> None:
    assert minor_of(text_of(amount, currency), currency) == amount


@given(st.text(alphabet="0123456789.+-eE_ ,٣", max_size=20), currencies)
def test_whatever_is_read_means_what_it_says(text: str, currency: str) -> None:
    try:
        amount = minor_of(text, currency)
    except BadAmount:
        return
    whole, _, decimals = text.partition(".")
    written = text_of(amount, currency)
    assert int(written.partition(".")[0]) == int(whole)
    assert written.partition(".")[2].rstrip("0") == decimals.rstrip("0")


@pytest.mark.parametrize(
    ("text", "currency", "fault"),
    [
        ("12.345", "EUR", "decimals"),
        ("1.5", "JPY", "decimals"),
        ("-1", "EUR", "form"),
        ("+1", "EUR", "form"),
        ("1e2", "EUR", "form"),
        ("1,5", "EUR", "form"),
        ("", "EUR", "form"),
        (".5", "EUR", "form"),
        ("5.", "EUR", "form"),
        ("\u0663", "EUR", "form"),
        ("90071992547409.92", "EUR", "size"),
        ("1" * 40, "EUR", "form"),
    ],
)
def test_an_amount_that_cannot_be_is_named(text: str, currency: str, fault: str) -> None:
    with pytest.raises(BadAmount) as caught:
        minor_of(text, currency)
    assert caught.value.fault == fault


@pytest.mark.parametrize("code", ["", "eur", "EURO", "XXX", "XAU", "BGN", "DEM"])
def test_a_code_without_minor_units_is_no_currency(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        exponent_of(code)


@pytest.mark.parametrize("amount", [-1, LARGEST_MINOR + 1])
def test_an_amount_outside_the_range_is_not_written(amount: int) -> None:
    with pytest.raises(BadAmount):
        text_of(amount, "EUR")


def test_the_table_names_each_currency_once() -> None:
    assert len(EXPONENTS) == 165
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)
    assert {code: EXPONENTS[code] for code in ("JPY", "CNY", "KWD", "UYW")} == {
        "JPY": 0, "CNY": 2, "KWD": 3, "UYW": 4,
    }  # fmt: skip
