"""The form in which a text is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.claims.plain import MAX_CHARS, plain


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ""),
        ("  。。！ \n", ""),
        ("😀💔", ""),
        ("ＳＣＲＥＥＮ　Cracked", " screen cracked "),
        ("螢幕裂開了，請退款！", " 荧幕裂开了 , 请退款 "),
        ("裂 了", " 裂了 "),
        ("It doesn’t work. It won't", " it does not work , it will not "),
        ("doesnt, cant, it's", " does not , can not , its "),
        ("sooooo small", " soo small "),
        ("裂\u200b了", " 裂了 "),
        ("蓝牙 connect 不上", " 蓝牙 connect 不上 "),
    ],
)
def test_a_text_is_brought_into_one_form(written: str, read: str) -> None:
    assert plain(written) == read


@given(st.text(max_size=3_000))
def test_any_text_is_read_within_bounds(text: str) -> None:
    read = plain(text)
    assert len(read) <= MAX_CHARS + 2
    assert read == "" or (read[0] == read[-1] == " " and read.strip())


def test_a_letter_that_unfolds_into_many_does_not_make_the_text_longer() -> None:
    assert len(plain("ﷺ" * 10_000)) <= MAX_CHARS + 2
