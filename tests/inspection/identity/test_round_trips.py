"""What is written into a tag is read from it, for every scheme that this program can write."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.errors import BadIdentifier
from inspection.identity.assets import Giai96
from inspection.identity.bits import BitWriter
from inspection.identity.classic import ClassicEpc
from inspection.identity.data import FORMS, put_data
from inspection.identity.epc import OWN, read_epc
from inspection.identity.faults import Fault
from inspection.identity.items import Sgtin96, Sgtin198, sgtin96_for
from inspection.identity.parts import Adi, CpiVar
from inspection.identity.plus import PlusEpc, decode_plus
from tests.inspection.identity.drawn import ADIS, CLASSIC, CPIS, company, known, plus


@given(CLASSIC)
def test_a_classic_tag_is_read_as_it_was_written(tag: ClassicEpc) -> None:
    epc = tag.encode()
    assert OWN[epc[0]].read(int.from_bytes(epc, "big") >> len(epc) * 8 - tag.BITS) == tag
    code = read_epc(epc)
    assert (code.scheme, code.uri, code.digital_link) == (tag.SCHEME, tag.uri, tag.digital_link)
    assert (code.filter, code.company_prefix) == (tag.filter, tag.company_prefix)


@given(plus())
def test_a_plus_tag_is_read_as_it_was_written(tag: PlusEpc) -> None:
    epc = tag.encode()
    assert decode_plus(int.from_bytes(epc, "big"), len(epc) * 8) == tag
    if len(epc) <= 62:
        code = read_epc(epc)
        assert (code.scheme, code.host, code.data) == (tag.scheme, tag.host, tag.data)


@given(ADIS | CPIS)
def test_a_part_is_read_as_it_was_written(tag: Adi | CpiVar) -> None:
    epc = tag.encode()
    assert type(tag).read(int.from_bytes(epc, "big"), len(epc) * 8) == tag
    code = read_epc(epc)
    assert (code.scheme, code.uri, code.filter) == (tag.SCHEME, tag.uri, tag.filter)


@given(company(13), st.integers(0, 2**38 - 1))
def test_a_gtin_with_its_prefix_length_and_filter_gives_the_tag_back(head: Any, serial: int) -> None:
    tag = Sgtin96(**head, serial=serial)
    again = sgtin96_for(tag.gtin, serial, prefix_digits=len(tag.company_prefix), filter=tag.filter)
    assert again == tag


@given(company(13), st.integers(0, 2**38 - 1))
def test_a_serial_is_the_same_in_96_and_in_198_bits(head: Any, serial: int) -> None:
    short, long = Sgtin96(**head, serial=serial), Sgtin198(**head, serial=str(serial))
    assert (short.uri, short.digital_link) == (long.uri, long.digital_link)


def test_gs1s_own_example_encodes_to_its_bytes() -> None:
    tag = sgtin96_for("80614141123458", 6789, prefix_digits=7, filter=3)
    assert tag.encode().hex() == "3074257bf7194e4000001a85"
    assert tag.digital_link == "/01/80614141123458/21/6789"


@pytest.mark.parametrize(
    "fields",
    [
        {"company_prefix": "12345"},
        {"company_prefix": "06141Z1"},
        {"serial": 2**38},
        {"serial": -1},
        {"filter": 8},
        {"reference": "12345x"},
        {"reference": "8123456"},
    ],
)
def test_a_tag_that_cannot_be_written_is_refused(fields: dict[str, Any]) -> None:
    good: dict[str, Any] = {"filter": 1, "company_prefix": "0614141", "reference": "812345", "serial": 1}
    with pytest.raises(BadIdentifier):
        Sgtin96(**(good | fields))


@pytest.mark.parametrize("reference", ["", "01", "x", str(2**58)])
def test_an_asset_has_no_leading_zeros_and_fits(reference: str) -> None:
    with pytest.raises(BadIdentifier):
        Giai96(filter=0, company_prefix="0614141", reference=reference)


def test_a_gtin_with_a_wrong_check_digit_makes_no_tag() -> None:
    with pytest.raises(BadIdentifier, match="check digit"):
        sgtin96_for("80614141123457", 1)


GOOD = PlusEpc(scheme="SGTIN+", filter=3, values=("79521141123453", "32a/b"))


@pytest.mark.parametrize(
    ("tag", "fault"),
    [
        (replace(GOOD, values=("79521141123454", "1")), Fault.CHECK_DIGIT),
        (replace(GOOD, values=("79521141123453", "")), Fault.BAD_TEXT),
        (replace(GOOD, values=("79521141123453", "x" * 21)), Fault.BAD_TEXT),
        (replace(GOOD, values=("79521141123453", "a b")), Fault.BAD_TEXT),
        (replace(GOOD, filter=8), Fault.BAD_NUMBER),
        (replace(GOOD, host="id.example.com"), Fault.DAMAGED),
        (replace(GOOD, scheme="SGTIN++"), Fault.DAMAGED),
        (replace(GOOD, scheme="SGTIN++", host="-bad-"), Fault.BAD_HOSTNAME),
        (replace(GOOD, scheme="SGTIN++", host="a" * 64), Fault.BAD_HOSTNAME),
        (replace(GOOD, scheme="DSGTIN+", date=("17", "230229")), Fault.BAD_DATE),
        (replace(GOOD, data=(("7999", "2601011200"),)), Fault.BAD_NUMBER),
    ],
)
def test_a_plus_tag_that_cannot_be_written_is_refused(tag: PlusEpc, fault: Fault) -> None:
    with pytest.raises(BadIdentifier) as caught:
        tag.encode()
    assert caught.value.fault == fault


@pytest.mark.parametrize(
    "identifier", sorted({form: identifier for identifier, form in FORMS.items()}.values())
)
@given(data=st.data())
@settings(max_examples=10)
def test_every_form_of_data_is_read_as_it_was_written(identifier: str, data: st.DataObject) -> None:
    value = data.draw(known(identifier, FORMS[identifier]).filter(lambda drawn: bool(drawn.strip("0"))))
    tag = replace(GOOD, data=((identifier, value),))
    epc = tag.encode()
    assert decode_plus(int.from_bytes(epc, "big"), len(epc) * 8) == tag


@pytest.mark.parametrize(
    ("identifier", "value", "bits"),
    [
        ("7003", "2402291159", 27),
        ("7007", "240229", 17),
        ("7007", "240229240301", 33),
        ("8008", "24022911", 23),
        ("8008", "240229115959", 35),
        ("7011", "240200", 18),
        ("4307", "NL", 12),
        ("4321", "1", 1),
        ("4331", "002500-", 21),
        ("7258", "1/3", 8),
        ("3103", "001250", 20),
        ("402", "95211411234567892", 57),
        ("8005", "000199", 20),
    ],
)
def test_data_takes_the_bits_of_the_standards_table(identifier: str, value: str, bits: int) -> None:
    writer = BitWriter()
    put_data(writer, ((identifier, value),))
    assert writer.bits == len(identifier) * 4 + bits


@pytest.mark.parametrize(
    ("identifier", "value"),
    [
        ("7003", "2402292401"),
        ("7003", "2402291260"),
        ("7007", "240229240230"),
        ("7007", "2402292"),
        ("7011", "24022911"),
        ("8008", "240229"),
        ("17", "240001"),
        ("4307", "nl"),
        ("4321", "2"),
        ("4331", "002500+"),
        ("7258", "0/3"),
        ("01", "79521141123454"),
    ],
)
def test_data_that_cannot_be_is_not_written(identifier: str, value: str) -> None:
    with pytest.raises(BadIdentifier):
        put_data(BitWriter(), ((identifier, value),))


def test_a_less_efficient_encoding_is_read_too() -> None:
    """The standard allows any encoding that has the letters: `12` as 7-bit ASCII."""
    head = 0xF7379521141123453 << 8 | 0b100_00010
    tag = decode_plus(((head << 7 | ord("1")) << 7 | ord("2")) << 6, 68 + 8 + 14 + 6)
    assert tag.values[1] == "12"
    assert len(tag.encode()) < 13
