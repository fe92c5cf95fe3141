"""`regrade devices decode` for what is no protocol of a line: tags and labels."""

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from devices.commands import register
from devices.decoding import CODES, decode_hex
from inspection.identity.faults import Fault
from tests.devices.conftest import recorded

GOOD = [pytest.param(name, v, id=f"{name}-{v['kind']}") for name in CODES for v in recorded(name)]
BAD = [pytest.param(name, v, id=f"{name}-{v['kind']}") for name in CODES for v in recorded(name, valid=False)]
CODE_OF = {
    "cut short": "cut_short",
    "unprogrammed tag": "unprogrammed",
    "reserved header": "reserved_header",
    "reserved header E2 (TID-like)": "reserved_header",
    "should be EF": "wrong_header",
}
"""The words of the recordings, and ours."""
GTIN = "09501101530003"


def written(vector: dict[str, Any]) -> str:
    return str(vector.get("hex") or vector["bytes"])


def decoded(name: str, text: str) -> dict[str, Any]:
    [fields] = decode_hex(name, text.encode().hex())
    return fields


@pytest.mark.parametrize(("name", "vector"), GOOD)
def test_every_recorded_code_means_what_its_source_says(name: str, vector: dict[str, Any]) -> None:
    [fields] = decode_hex(name, written(vector))
    assert {key: fields.get(key, "missing") for key in vector["expect"]} == vector["expect"]


@pytest.mark.parametrize(("name", "vector"), BAD)
def test_every_recorded_fault_is_one_error(name: str, vector: dict[str, Any]) -> None:
    assert decode_hex(name, written(vector)) == [{"error": CODE_OF[vector["expect"]["error"]]}]


def test_the_pure_identity_is_given_where_the_uri_is_not() -> None:
    [fields] = decode_hex("epc_tds", "33 76 45 1f d4 0c 0e 40 00 00 16 2e")
    assert fields["epc_uri"] is None
    assert fields["pure_identity"] == "urn:epc:id:grai:9521141.12345.5678"
    assert (fields["scheme"], fields["filter"], fields["company_prefix"]) == ("GRAI-96", 3, "9521141")


def test_half_a_byte_is_not_made_up() -> None:
    """SGLN+ ends in the middle of a byte, and its last digit is needed."""
    whole = "F2395211411234548566CB0AFC4"
    assert decode_hex("epc_tds", whole)[0]["digital_link"] == "/414/9521141123454/254/32a%2Fb"
    assert decode_hex("epc_tds", whole[:-1]) == [{"error": "cut_short"}]
    assert decode_hex("epc_tds", whole + "0")[0]["digital_link"] == "/414/9521141123454/254/32a%2Fb"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"]C101{GTIN}17260131\x1d10AB", {"01": GTIN, "17": "260131", "10": "AB"}),
        (f"01{GTIN}3103001234", {"01": GTIN, "3103": "001234"}),
        ("]C18003095211411234545678", {"8003": "095211411234545678"}),
        ("]E04006381333931", {"01": "04006381333931"}),
        ("095201234567891235", {"00": "095201234567891235"}),
        (f"https://id.gs1.org/01/{GTIN}/21/32a%2Fb?17=260131", {"01": GTIN, "21": "32a/b", "17": "260131"}),
        (f"]C101{GTIN[:-1]}4", {"error": "check_digit"}),
        ("]C1414952114112345710AB", {"error": "check_digit"}),
        ("]C18018952114112345678907", {"error": "check_digit"}),
        ("]C100095201234567891236", {"error": "check_digit"}),
        ("]E04006381333932", {"error": "check_digit"}),
        ("]C117991301", {"error": "bad_code"}),
        ("https://shop.example/returns/42", {"error": "bad_code"}),
        ("RMA-1", {"error": "bad_code"}),
        (f"]C101{GTIN}]C101{GTIN}", {"error": "bad_code"}),
        ("", {"error": "bad_code"}),
        ("]C1\x02", {"error": "bad_text"}),
        ("9" * 5000, {"error": "too_long"}),
    ],
)
def test_a_printed_code_gives_its_identifiers_or_one_error(text: str, expected: dict[str, str]) -> None:
    assert decoded("gs1_element_string", text) == expected


def test_bytes_that_are_no_text_are_one_error() -> None:
    assert decode_hex("gs1_element_string", "5d4331ff80") == [{"error": "bad_text"}]


def test_what_is_no_hex_or_too_much_is_a_wrong_question() -> None:
    with pytest.raises(ValueError, match="no hex"):
        decode_hex("epc_tds", "30 16 xy")
    with pytest.raises(ValueError, match="65536 are taken"):
        decode_hex("epc_tds", "30" * 65_537)
    with pytest.raises(ValueError, match="epc_tds"):
        decode_hex("epc", "30")


def test_the_command_prints_one_json_list() -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    asked = ["devices", "decode", "epc_tds", "FB342CDE795211411234538566CB0AFC4", "--json"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0
    [fields] = json.loads(done.output)
    assert fields["digital_link"] == "/01/79521141123453/21/32a%2Fb?17=220630"


def test_every_error_that_a_code_can_have_is_one_word() -> None:
    assert all(fault.isidentifier() for fault in Fault)
