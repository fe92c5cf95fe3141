from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadIdentifier, NotAnItem, NotUnderstood
from inspection.identity.borrowed import BORROWED
from inspection.identity.codes import ItemCode
from inspection.identity.epc import OWN, Stranger, read_epc, trade_item
from inspection.identity.faults import Fault
from inspection.identity.parts import PARTS
from inspection.identity.plus import HEADERS
from tests.inspection.identity.test_tds_examples import EXAMPLES, Example, epc_of

KNOWN = frozenset({*OWN, *BORROWED, *HEADERS, *PARTS})
ALL_BYTES = st.binary(max_size=70)
LIKELY = st.tuples(st.sampled_from(sorted(KNOWN)), ALL_BYTES).map(lambda pair: bytes([pair[0]]) + pair[1])


@pytest.mark.parametrize(
    ("epc", "fault", "words"),
    [
        ("e28011606000020a6681f23f", Fault.RESERVED_HEADER, "chip number"),
        ("000000000000000000000000", Fault.UNPROGRAMMED, "blank"),
        ("fe0000000000000000000000", Fault.RESERVED_HEADER, "reserved"),
        ("0812345678901234", Fault.RESERVED_HEADER, "64-bit scheme that GS1 withdrew"),
        ("", Fault.UNPROGRAMMED, "empty"),
        ("52454731303030323030303030303031", Fault.RESERVED_HEADER, "= 'REG1000200000001'"),
    ],
)
def test_a_tag_without_a_number_of_gs1_is_no_item(epc: str, fault: Fault, words: str) -> None:
    with pytest.raises(NotAnItem, match=words) as caught:
        read_epc(bytes.fromhex(epc))
    assert caught.value.fault == fault
    assert epc in str(caught.value)


@pytest.mark.parametrize(
    ("epc", "fault", "words"),
    [
        ("3016", Fault.CUT_SHORT, "16 of 96 bits"),
        ("30164596f40c0e5cbe991a830000", Fault.TOO_LONG, "112 bits, not 96"),
        ("313630323030303120202020", Fault.TRAILING_BITS, "no SSCC.*= '16020001'"),  # a real R700 capture
        ("301fffffffffffffffffffff", Fault.BAD_PARTITION, "partition 7"),
        ("3003fffffffffc0000000000", Fault.BAD_NUMBER, "more than 12 digits"),
        ("341bffffc000000000000001", Fault.BAD_NUMBER, "more than 6 digits"),
        ("3400000000000000000000000000", Fault.TOO_LONG, "112 bits"),
        ("3666c4409047e159b2c2bf100000000000000000000000000001", Fault.TRAILING_BITS, "not zero"),
        ("3666c4409047e159800000000000000000000000000000000400", Fault.BAD_TEXT, "sign that may not"),
        ("2d76451fd4499602d2000001", Fault.DAMAGED, "does not encode to it again"),
        ("3d76451fd75411def6b4cc00000003039001", Fault.TRAILING_BITS, "not zero"),
        ("f90095201234567891236", Fault.CHECK_DIGIT, "check digit of 095201234567891236"),
        ("f9009520123456789123a", Fault.BAD_NUMBER, "not made of digits"),
        ("f900952012345678912350000001", Fault.TRAILING_BITS, "not zero"),
        ("f90095201234567891235000000000000", Fault.TOO_LONG, "bits follow it"),
        ("f73795211411234538", Fault.CUT_SHORT, "bits are missing"),
        ("f7379521141123453c5566cb0afc4", Fault.BAD_ENCODING, "encoding 6 is reserved"),
        ("f737952114112345398566cb0afc4", Fault.BAD_TEXT, "a length is 24"),
        ("f737952114112345380", Fault.BAD_TEXT, "a length is 0"),
        ("f13195211411234548566cb0afc4", Fault.BAD_NUMBER, "does not begin with 0"),
        ("fb3f2cde795211411234538566cb0afc4", Fault.BAD_DATE, "indicator 15 is reserved"),
        ("fb342cdf795211411234538566cb0afc4", Fault.BAD_DATE, "'220631' is no date"),
        ("fa3952f", Fault.BAD_NUMBER, "no number of this length"),
        ("fa3952114132b", Fault.BAD_NUMBER, "value 11"),
    ],
)
def test_a_damaged_number_is_refused_by_name(epc: str, fault: Fault, words: str) -> None:
    whole, bits = epc_of(epc)
    with pytest.raises(BadIdentifier, match=words) as caught:
        read_epc(whole, bits=bits)
    assert caught.value.fault == fault


def test_an_sscc_is_a_parcel_and_never_an_item() -> None:
    for digits in ("3174257bf4499602d2000000", "f90106141412345678908"):
        epc, bits = epc_of(digits)
        code = read_epc(epc, bits=bits)
        assert code.sscc is not None
        assert code.gtin is None
        assert isinstance(trade_item(epc), Stranger)


def test_a_location_without_an_extension_has_none_in_its_link() -> None:
    code = read_epc(bytes.fromhex("3276451fd460720000000000"))
    assert code.uri == "urn:epc:id:sgln:9521141.12345.0"
    assert code.digital_link == "/414/9521141123454"


def test_the_newer_schemes_name_items_too() -> None:
    item = trade_item(bytes.fromhex("f73795211411234538566cb0afc4"))
    assert isinstance(item, ItemCode)
    assert (item.gtin, item.serial) == ("79521141123453", "32a/b")
    assert item.uri is None
    assert item.company_prefix is None


def test_data_behind_an_epc_is_read_as_far_as_its_form_is_known() -> None:
    epc = 0xF7B795211411234538566CB0AFC4 >> 1  # 111 bits, the toggle bit set
    lot = 0x10 << 16 | 0b001_00010 << 8 | 0xAB  # (10), upper-case hex, 2 letters
    whole = epc << 24 | lot
    code = read_epc((whole << 9).to_bytes(18, "big"))
    assert (code.data, code.lot, code.unread) == ((("10", "AB"),), "AB", "")
    newer = 0x7999 << 27 | 12345
    code = read_epc(((whole << 43 | newer) << 14).to_bytes(24, "big"))
    assert (code.data, code.unread[:4]) == ((("10", "AB"),), "7999")
    assert code.gtin == "79521141123453"


def test_a_gap_in_a_text_is_not_skipped() -> None:
    """epcpy reads `A`, nothing, `B` as `AB`: two tags would be the same place."""
    head = int("3976451fd46072cd9615f8800000000000000000000000000000", 16) >> 13 >> 140 << 140
    for letters, fits in (((ord("A"), ord("B"), 0), True), ((ord("A"), 0, ord("B")), False)):
        text = sum(letter << 7 * place for letter, place in zip(letters, (19, 18, 17), strict=True))
        epc = ((head | text) << 13).to_bytes(26, "big")
        if fits:
            assert read_epc(epc).digital_link == "/414/9521141123454/254/AB"
        else:
            with pytest.raises(BadIdentifier, match="a sign that may not be there"):
                read_epc(epc)


@given(ALL_BYTES | LIKELY)
def test_any_bytes_are_read_or_refused_by_name(epc: bytes) -> None:
    try:
        code = read_epc(epc)
    except NotUnderstood as error:
        assert error.fault in set(Fault)
        assert epc[:62].hex() in str(error)
    else:
        assert code.epc == epc
        assert code.uri or code.digital_link
        assert epc[0] not in (0x00, 0xE2)


@pytest.mark.parametrize("example", [pytest.param(each, id=each.scheme) for each in EXAMPLES])
def test_a_flipped_bit_never_says_the_same(example: Example) -> None:
    """Only the bit that announces data behind the number may: nothing follows, whatever it says."""
    epc, bits = epc_of(example.hex)
    whole = read_epc(epc, bits=bits)
    for bit in set(range(bits)) - ({8} if example.scheme.endswith("+") else set()):
        flipped = bytearray(epc)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        try:
            code = read_epc(bytes(flipped), bits=bits)
        except NotUnderstood:
            continue
        assert replace(code, raw=whole.raw, epc=whole.epc) != whole, f"bit {bit}"


@given(st.sampled_from(sorted({*OWN, *PARTS})), st.binary(min_size=30, max_size=30))
def test_what_is_read_of_a_classic_scheme_is_written_again(header: int, noise: bytes) -> None:
    """So no two of them say the same."""
    bits = OWN[header].BITS if header in OWN else 31 * 8
    value = header << bits - 8 | int.from_bytes(noise, "big") & (1 << bits - 8) - 1
    if header in PARTS:
        value = value >> 130 << 130
    with suppress(BadIdentifier):
        tag = OWN[header].read(value) if header in OWN else PARTS[header].read(value, bits)
        again = tag.encode()
        assert int.from_bytes(again, "big") << 512 - len(again) * 8 == value << 512 - bits


@pytest.mark.parametrize("header", sorted(set(range(256)) - KNOWN))
def test_no_unknown_header_ever_becomes_an_item(header: int) -> None:
    for example in EXAMPLES:
        epc = bytes([header]) + epc_of(example.hex)[0][1:]
        with pytest.raises(NotAnItem):
            read_epc(epc)
        assert isinstance(trade_item(epc), Stranger)


def test_a_flipped_header_gives_no_item_of_the_same_number() -> None:
    """One that is read under another header is another thing, and says so."""
    for example in EXAMPLES:
        epc, bits = epc_of(example.hex)
        for bit in range(8):
            flipped = bytes([epc[0] ^ 1 << bit]) + epc[1:]
            try:
                code = read_epc(flipped, bits=bits)
            except NotUnderstood:
                continue
            assert code.scheme != example.scheme


@pytest.mark.parametrize("field", ["scheme", "digital_link"])
def test_an_item_can_be_told_from_a_plain_code(field: str) -> None:
    code: Any = read_epc(bytes.fromhex("fa3952114132e83c2bf100"))
    assert getattr(code, field)
    assert not code.is_plain
