import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadIdentifier
from inspection.identity.check_digit import check_digit
from inspection.identity.codes import ItemCode
from inspection.identity.faults import Fault
from inspection.identity.gs1 import are_stuck_together, read_code, read_elements

VECTORS = Path(__file__).parents[4] / "shared" / "vectors" / "devices.json"
GTIN = "09501101530003"


def vectors() -> list[Any]:
    if not VECTORS.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="shared vectors are not on this machine"))]
    found = [v for v in json.loads(VECTORS.read_text()) if v["protocol"] == "gs1_element_string"]
    return [pytest.param(v, id=v["kind"]) for v in found]


@pytest.mark.parametrize("vector", vectors())
def test_every_known_element_string_gives_its_keys(vector: dict[str, Any]) -> None:
    code = read_code(bytes.fromhex(vector["bytes"]).decode())
    expect = vector["expect"]
    assert (code.gtin, code.lot, code.serial, code.sscc) == tuple(
        expect.get(key) for key in ("01", "10", "21", "00")
    )


@pytest.mark.parametrize(
    ("text", "symbology", "expected"),
    [
        ("4006381333931", "]E0", {"gtin": "04006381333931"}),
        ("4006381333931", None, {"gtin": "04006381333931"}),
        ("96385074", "]E4", {"gtin": "00000096385074"}),
        ("01" + GTIN + "21SER-9", "]J1", {"gtin": GTIN, "serial": "SER-9"}),
        ("01" + GTIN + "21SER-9", None, {"gtin": GTIN, "serial": "SER-9"}),
        ("00095201234567891235", None, {"sscc": "095201234567891235"}),
        ("https://id.gs1.org/01/" + GTIN + "/21/32a%2Fb", "]Q1", {"gtin": GTIN, "serial": "32a/b"}),
        ("https://shop.example/returns/42", "]Q1", {}),
        ("RMA-2024-0001", "]C0", {}),
        ("10000001", None, {}),
        ("123456789012", "]C0", {"gtin": "00123456789012"}),
        ("123456789013", "]C0", {}),
    ],
)
def test_a_code_says_what_it_carries(text: str, symbology: str | None, expected: dict[str, Any]) -> None:
    code = read_code(text, symbology)
    assert code == ItemCode(raw=text, **expected)
    assert code.is_plain == (not expected)


@pytest.mark.parametrize(
    ("text", "symbology", "words"),
    [
        ("01" + GTIN[:-1] + "0", "]C1", "check digit of 09501101530000 is 0 and should be 3"),
        ("4006381333932", "]E0", "is 2 and should be 1"),
        ("4006381333932", None, "is 2 and should be 1"),
        ("https://id.gs1.org/01/09501101530000", None, "should be 3"),
        ("00095201234567891236", "]C1", "should be 5"),
        ("40063813339314006381333931", "]E0", "two codes"),
        ("40063813339319501101530003", None, "two codes"),
        ("RMA-0001RMA-0001", "]C0", "two codes"),
        ("01" + GTIN + "]C101" + GTIN, "]C1", "two codes"),
        ("https://a.example/1https://a.example/2", "]Q1", "two codes"),
        ("01" + GTIN + "17999999", "]C1", "cannot be read"),
        ("01" + GTIN + "21SERIAL-1234" + "17991231" + "10LOT-7-LONGER", "]C1", "cannot be read"),
        ("ABC", "]E0", "no EAN"),
        ("", None, "empty"),
        (" ", None, "empty"),
        ("A\x02B", None, "cannot be printed"),
        ("A" * 5000, None, "too long"),
    ],
)
def test_a_damaged_code_is_refused_by_name(text: str, symbology: str | None, words: str) -> None:
    with pytest.raises(BadIdentifier, match=words):
        read_code(text, symbology)


@pytest.mark.parametrize("front", ["+C1", "$d2", "^C1", "¨d2", "ÜC1"])
def test_a_code_whose_identifier_a_wrong_keyboard_layout_has_changed_names_no_item(front: str) -> None:
    assert read_code(front + "01" + GTIN + "21SER-9", None).is_plain


@pytest.mark.parametrize("typed", ['\'àà-"_&"""ç"&', "&à&çç'"])
def test_digits_of_a_wrong_keyboard_layout_name_no_item(typed: str) -> None:
    assert read_code(typed, None).is_plain


@given(st.integers(0, 10**13 - 1).map(lambda n: f"{n:013d}"), st.integers(0, 9))
def test_only_the_right_check_digit_of_an_ean_passes(digits: str, last: int) -> None:
    text = digits[1:] + str(last)
    if str(last) == check_digit(digits[1:]):
        assert read_code(text, "]E0").gtin == "0" + text
    else:
        with pytest.raises(BadIdentifier, match="check digit"):
            read_code(text, "]E0")


FRONTS = [
    "",
    "https://",
    "http://id.gs1.org/01/",
    "HTTPS://x/00/095201234567891235?",
    "01",
    "01" + GTIN + "21",
]
SIGNS = st.text(max_size=60) | st.text("0123456789/?&=%.[\x1d]C1dQ3-:ab", max_size=60)


@given(st.sampled_from(FRONTS), SIGNS, st.sampled_from([None, "]C1", "]d2", "]J1", "]E0", "]Q1", "]C0"]))
def test_any_text_is_read_or_refused_by_name(front: str, text: str, symbology: str | None) -> None:
    for read in (
        lambda: read_code(front + text, symbology),
        lambda: read_elements((symbology or "") + front + text),
    ):
        try:
            read()
        except BadIdentifier as error:
            assert error.fault in set(Fault)


def test_an_address_that_is_none_is_a_plain_code() -> None:
    assert read_code("https://[").is_plain


@pytest.mark.parametrize(
    "text",
    [
        "CMD:ACCEPT",
        "https://a.example/?to=https://b.example/",
        "BADGE:0042",
        "111111111111",
        "RMA]X",
        "4006381333931",
    ],
)
def test_one_code_is_not_taken_for_two(text: str) -> None:
    assert not are_stuck_together(text)
