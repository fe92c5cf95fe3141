"""A sum and an XOR let some double faults pass: what becomes of them on the way to the bench."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from devices.presence.bench import Presence, PresenceState, assess
from devices.rfid.a0.codec import encode as encode_a0
from devices.rfid.a0.codec import write_tag as write_a0
from devices.rfid.a0.fields import A0_WIRE
from devices.rfid.a0.frames import Command, Frame, SeenTag
from devices.rfid.m100.fields import M100_WIRE
from devices.rfid.rdm6300.codec import encode as encode_rdm6300
from devices.rfid.rdm6300.fields import RDM6300_WIRE
from devices.rfid.rdm6300.frames import Card
from devices.wire import Way, WireProtocol, decode
from inspection.identity.epc import sgtin96_for
from inspection.readings import TagRead
from tests.devices.conftest import recorded

ITEM = sgtin96_for("80614141123458", 1).encode()
FOB = bytes.fromhex("13005d1da5")
NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
M100_TAG = next(bytes.fromhex(v["bytes"]) for v in recorded("m100") if v["kind"] == "notify_tag_0x22")


def a0_frame(epc: bytes) -> bytes:
    tag = SeenTag(epc=epc, pc=0x3000, freq_ant=16, rssi_raw=103)
    return encode_a0(Frame(address=1, command=Command.REAL_TIME_INVENTORY, body=write_a0(tag)))


WEAK = [
    pytest.param(A0_WIRE, a0_frame(ITEM), ITEM, id="a0"),
    pytest.param(RDM6300_WIRE, encode_rdm6300(Card(FOB)), FOB, id="rdm6300"),
]


def double_faults(content: bytes) -> Iterator[bytes]:
    """Every pair of flipped bits."""
    for pair in itertools.combinations(range(len(content) * 8), 2):
        flipped = bytearray(content)
        for bit in pair:
            flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


def tags(wire: WireProtocol, content: bytes) -> list[bytes]:
    """The numbers of the tags in these bytes."""
    way = Way(dialect=wire.dialects[0] if wire.dialects else None)
    shown = (each.get("epc", each.get("id")) for each in decode(wire, content, way))
    return [bytes.fromhex(tag) for tag in shown if tag is not None]


def test_no_double_fault_of_an_m100_passes_as_another_tag() -> None:
    """The sum lets some pass; the CRC that the tag sent with its EPC does not."""
    passed = [
        fields
        for flipped in double_faults(M100_TAG)
        for fields in decode(M100_WIRE, flipped, Way(dialect="m100"))
        if "epc" in fields
    ]
    assert len(passed) > 500
    assert {fields["epc"] for fields in passed if fields["tag_crc_right"]} == {"30751feb705c5904e3d50d70"}


@pytest.mark.parametrize(("wire", "content", "tag"), WEAK)
def test_a_phantom_that_passes_a_weak_check_does_not_count(
    wire: WireProtocol, content: bytes, tag: bytes
) -> None:
    phantoms = {other for flipped in double_faults(content) for other in tags(wire, flipped)} - {tag}
    assert len(phantoms) > 50, "or the check is not as weak as this test says"
    for phantom in sorted(phantoms)[::20]:
        presence = bench(tag, phantom, tag, tag)
        assert (presence.state, presence.epc) == (PresenceState.ONE, tag)
        assert [each.epc for each in (*presence.items, *presence.strangers)] == [tag]
        assert bench(phantom).state is PresenceState.NONE


def test_the_same_phantom_twice_would_count_which_is_why_the_rate_is_measured() -> None:
    other = sgtin96_for("80614141123458", 3).encode()
    assert bench(ITEM, other, ITEM, other).state is PresenceState.SEVERAL


def bench(*epcs: bytes) -> Presence:
    """What lies there after these reads; the worklist expects the item and the fob."""
    reads = [
        TagRead(
            epc=epc, reader="gate", antenna=1, rssi_dbm=None, seen_at=NOW + timedelta(milliseconds=60 * at)
        )
        for at, epc in enumerate(epcs)
    ]
    return assess(reads, now=reads[-1].seen_at, expected=(ITEM, FOB))
