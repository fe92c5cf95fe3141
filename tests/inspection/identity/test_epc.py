import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadIdentifier, NotAnItem, NotUnderstood
from inspection.identity.epc import PREFIX_DIGITS, Sgtin96, decode_sgtin96, read_epc, sgtin96_for

VECTORS = Path(__file__).parents[4] / "shared" / "vectors" / "devices.json"
NEWER = ("SGTIN+", "SGTIN++", "DSGTIN+", "SSCC+", "SGLN+", "GRAI+")


def vectors() -> list[Any]:
    if not VECTORS.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="shared vectors are not on this machine"))]
    found = [v for v in json.loads(VECTORS.read_text()) if v["protocol"] == "epc_tds"]
    return [pytest.param(v, id=v["kind"]) for v in found]


def epc_of(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["hex"] + "0" * (len(vector["hex"]) % 2))


@pytest.mark.parametrize("vector", vectors())
def test_every_known_epc_says_what_the_standard_prints_or_is_refused(vector: dict[str, Any]) -> None:
    if not vector["valid"] or vector["kind"] in NEWER:
        with pytest.raises(NotUnderstood, match=vector["hex"].lower()[:8]):
            read_epc(epc_of(vector))
        return
    code = read_epc(epc_of(vector))
    assert code.digital_link == vector["expect"]["digital_link"]
    if vector["expect"].get("epc_uri"):
        assert code.uri == vector["expect"]["epc_uri"]


@pytest.mark.parametrize(
    ("epc", "error", "words"),
    [
        ("e28011606000020a6681f23f", NotAnItem, "chip number"),
        ("000000000000000000000000", NotAnItem, "blank"),
        ("fe0000000000000000000000", NotAnItem, "reserved"),
        ("", NotAnItem, "empty"),
        ("3016", BadIdentifier, "cut short"),
        ("301645 96f40c0e5cbe991a830000", BadIdentifier, "too long"),
        ("313630323030303120202020", BadIdentifier, "no SSCC"),  # ASCII "16020001", a real R700 capture
        ("301fffffffffffffffffffff", BadIdentifier, "partition"),
    ],
)
def test_a_tag_that_is_no_item_is_refused_with_its_hex(
    epc: str, error: type[NotUnderstood], words: str
) -> None:
    with pytest.raises(error, match=words):
        read_epc(bytes.fromhex(epc))


def test_an_sscc_is_a_parcel_and_never_an_item() -> None:
    code = read_epc(bytes.fromhex("3174257bf4499602d2000000"))
    assert code.sscc == "106141412345678908"
    assert code.gtin is None


def test_gs1s_own_example_encodes_to_its_bytes() -> None:
    tag = sgtin96_for("80614141123458", 6789, prefix_digits=7, filter=3)
    assert tag.encode().hex() == "3074257bf7194e4000001a85"
    assert tag.digital_link == "/01/80614141123458/21/6789"


@st.composite
def tags(draw: st.DrawFn) -> Sgtin96:
    digits = draw(st.sampled_from(PREFIX_DIGITS))
    number = f"{draw(st.integers(0, 10**13 - 1)):013d}"
    return Sgtin96(
        filter=draw(st.integers(0, 7)),
        company_prefix=number[:digits],
        item_reference=number[digits:],
        serial=draw(st.integers(0, 2**38 - 1)),
    )


@given(tags())
def test_what_is_written_into_a_tag_is_read_from_it(tag: Sgtin96) -> None:
    assert decode_sgtin96(tag.encode()) == tag
    code = read_epc(tag.encode())
    assert (code.gtin, code.serial, code.uri) == (tag.gtin, str(tag.serial), tag.uri)


@given(tags())
def test_a_gtin_with_its_prefix_length_and_filter_gives_the_tag_back(tag: Sgtin96) -> None:
    again = sgtin96_for(tag.gtin, tag.serial, prefix_digits=len(tag.company_prefix), filter=tag.filter)
    assert again == tag


@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused_by_name(epc: bytes) -> None:
    try:
        assert read_epc(epc).epc == epc
    except NotUnderstood as error:
        assert str(error)


@pytest.mark.parametrize(
    "fields",
    [
        {"company_prefix": "12345"},
        {"serial": 2**38},
        {"serial": -1},
        {"filter": 8},
        {"item_reference": "12345x"},
    ],
)
def test_a_tag_that_cannot_be_written_is_refused(fields: dict[str, Any]) -> None:
    good: dict[str, Any] = {"filter": 1, "company_prefix": "0614141", "item_reference": "812345", "serial": 1}
    with pytest.raises(BadIdentifier):
        Sgtin96(**(good | fields))


def test_a_gtin_with_a_wrong_check_digit_makes_no_tag() -> None:
    with pytest.raises(BadIdentifier, match="check digit"):
        sgtin96_for("80614141123457", 1)
