"""What every protocol of a line keeps, asked of all of them with their recorded vectors."""

import itertools
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from devices.framing import BadBytes
from devices.protocols import PROTOCOLS
from devices.wire import Check, Way, WireProtocol, decode, way_of
from tests.devices.conftest import recorded

CASES = [
    pytest.param(wire, vector, id=f"{name}-{vector['kind']}")
    for name, wire in PROTOCOLS.items()
    for vector in recorded(name)
]
BAD = [
    pytest.param(wire, vector, id=f"{name}-{vector['kind']}")
    for name, wire in PROTOCOLS.items()
    for vector in recorded(name, valid=False)
]
BOTH_WAYS = [
    pytest.param(wire, way, id=f"{name}-{'host' if way.from_host else 'device'}")
    for name, wire in PROTOCOLS.items()
    for way in (Way(), Way(from_host=True))
]
SPOKEN = [
    pytest.param(name, from_host, id=f"{name}-{'host' if from_host else 'device'}")
    for name, wire in PROTOCOLS.items()
    for from_host in sorted({way_of(wire, vector["kind"], None).from_host for vector in recorded(name)})
]
"""The directions that something was recorded of: some devices are only listened to."""
SURE = [
    pytest.param(wire, vector, id=f"{name}-{vector['kind']}")
    for name, wire in PROTOCOLS.items()
    for vector in recorded(name)
    if wire.check in (Check.CRC, Check.SUM)
]


def way(wire: WireProtocol, vector: dict[str, Any]) -> Way:
    return way_of(wire, vector["kind"], None)


def read(wire: WireProtocol, way: Way, *pieces: bytes) -> list[Any]:
    """The frames of these pieces, without what is none."""
    decoder = wire.decoder(way)
    found = [each for piece in pieces for each in decoder.feed(piece)]
    return [each for each in [*found, *decoder.idle()] if not isinstance(each, BadBytes)]


def stream(wire: WireProtocol, from_host: bool) -> tuple[Way, list[bytes], list[Any]]:
    """Recorded frames of one direction, and what they are."""
    chosen = [v for v in recorded(wire.name) if way(wire, v).from_host is from_host]
    contents = [bytes.fromhex(vector["bytes"]) for vector in chosen]
    going = Way(from_host=from_host)
    return going, contents, [frame for content in contents for frame in read(wire, going, content)]


@pytest.mark.parametrize(("wire", "vector"), CASES)
def test_every_recorded_frame_means_what_its_source_says(wire: WireProtocol, vector: dict[str, Any]) -> None:
    [fields] = decode(wire, bytes.fromhex(vector["bytes"]), way(wire, vector))
    assert {name: fields.get(name, "missing") for name in vector["expect"]} == vector["expect"]


@pytest.mark.parametrize(("wire", "vector"), BAD)
def test_every_recorded_fault_is_one_error(wire: WireProtocol, vector: dict[str, Any]) -> None:
    [fields] = decode(wire, bytes.fromhex(vector["bytes"]), way(wire, vector))
    assert set(fields) == {"error"}
    assert fields["error"] == vector["expect"].get("error", fields["error"])


@pytest.mark.parametrize(("wire", "vector"), CASES)
def test_every_recorded_frame_is_encoded_as_it_was(wire: WireProtocol, vector: dict[str, Any]) -> None:
    content = bytes.fromhex(vector["bytes"])
    [frame] = read(wire, way(wire, vector), content)
    assert wire.encode(frame) == content


@pytest.mark.parametrize(("name", "from_host"), SPOKEN)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_pieces_give_the_same_frames(name: str, from_host: bool, data: st.DataObject) -> None:
    going, contents, frames = stream(PROTOCOLS[name], from_host)
    whole = b"".join(contents)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=40)))
    pieces = [whole[start:end] for start, end in itertools.pairwise([0, *cuts, len(whole)])]
    assert read(PROTOCOLS[name], going, *pieces) == frames


@pytest.mark.parametrize(("name", "from_host"), SPOKEN)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_junk_between_frames_gives_the_same_frames(
    name: str, from_host: bool, data: st.DataObject
) -> None:
    """Junk that by chance is, or begins, a frame of its own is another matter: then that frame is read."""
    wire = PROTOCOLS[name]
    going, contents, frames = stream(wire, from_host)
    junk = [data.draw(st.binary(max_size=24)) for _ in contents]
    assume(not any(read(wire, going, part) for part in junk))
    decoder = wire.decoder(going)
    found: list[Any] = []
    for noise, content in zip(junk, contents, strict=True):
        found += [*decoder.feed(noise), *decoder.idle(), *decoder.feed(content), *decoder.idle()]
    assert [each for each in found if not isinstance(each, BadBytes)] == frames


@pytest.mark.parametrize(("wire", "vector"), SURE)
def test_a_flipped_bit_gives_no_wrong_frame(wire: WireProtocol, vector: dict[str, Any]) -> None:
    content = bytes.fromhex(vector["bytes"])
    for bit in range(len(content) * 8):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        assert read(wire, way(wire, vector), bytes(flipped)) == [], f"bit {bit}"


@pytest.mark.parametrize(("wire", "going"), BOTH_WAYS)
@given(chunks=st.lists(st.binary(max_size=700), max_size=12))
@settings(max_examples=40, deadline=None)
def test_memory_is_bounded_under_any_bytes(wire: WireProtocol, going: Way, chunks: list[bytes]) -> None:
    decoder = wire.decoder(going)
    for chunk in chunks:
        decoder.feed(chunk)
        assert decoder.held <= wire.longest
    decoder.idle()
    assert decoder.held == 0


@pytest.mark.parametrize(("wire", "going"), BOTH_WAYS)
@given(content=st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_decode_to_something_and_raise_nothing(
    wire: WireProtocol, going: Way, content: bytes
) -> None:
    for fields in decode(wire, content, going):
        assert fields
