import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.framing import BadBytes, BadFrame
from devices.rfid.rdm6300.codec import SIZE, decoder, encode
from devices.rfid.rdm6300.frames import Card
from inspection.identity.epc import Stranger, trade_item

CARD = b"\x0213005D1DA5F6\x03"
NUMBER = st.binary(min_size=5, max_size=5)


def decode(content: bytes) -> list[Card | BadBytes]:
    feeding = decoder()
    return feeding.feed(content) + feeding.idle()


@given(NUMBER)
def test_what_is_encoded_is_decoded(number: bytes) -> None:
    assert decode(encode(Card(number)) * 2) == [Card(number)] * 2


@given(NUMBER, st.integers(0, SIZE * 8 - 1))
def test_one_flipped_bit_is_never_another_card(number: bytes, bit: int) -> None:
    content = bytearray(encode(Card(number)))
    content[bit // 8] ^= 1 << bit % 8
    assert [each for each in decode(bytes(content)) if isinstance(each, Card)] == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x0213005D1DA5F7\x03", "checksum"),
        (b"\x0213005d1da5f6\x03", "noise"),
        (b"\x0213005D1DA5F6\x04", "noise"),
        (b"\x0213005D1DA5", "cut_short"),
        (b"\x0213 05D1DA5F6\x03", "noise"),
    ],
)
def test_what_is_no_card_is_named(content: bytes, reason: str) -> None:
    [fault] = decode(content)
    assert isinstance(fault, BadBytes)
    assert (fault.reason, fault.size) == (reason, len(content))


def test_a_card_that_begins_inside_a_broken_one_is_read() -> None:
    fault, card = decode(CARD[:9] + CARD)
    assert isinstance(fault, BadBytes)
    assert card == Card(bytes.fromhex("13005d1da5"))


def test_a_number_of_another_length_is_refused() -> None:
    with pytest.raises(BadFrame):
        encode(Card(bytes(12)))


@given(NUMBER)
def test_no_number_of_a_card_is_ever_a_trade_item(number: bytes) -> None:
    assert isinstance(trade_item(number), Stranger)


def test_no_header_makes_five_bytes_a_trade_item() -> None:
    for header in range(256):
        for rest in (bytes(4), b"\xff" * 4, b"\x14\x25\x7b\xf7"):
            assert isinstance(trade_item(bytes((header,)) + rest), Stranger), f"{header:02x}"
