"""Everything that reads a device's bytes, by the name of its folder in `tests/devices/corpus`."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from devices.camera.mqtt_image.payload import Assembler, NoPicture, unpack
from devices.camera.picture import JPEG, PNG, media_type_of
from devices.errors import DeviceFault
from devices.protocols import PROTOCOLS
from devices.rfid.impinj import payload as impinj
from devices.rfid.json_events import MOST_EVENTS, Fault, objects
from devices.rfid.json_map import mapping as json_map
from devices.rfid.json_map.mapping import JsonMap
from devices.rfid.zebra import payload as zebra
from devices.rfid.zebra.health import Wanted, condition, dropped
from devices.rfid.zebra.orders import read_answers, read_command
from devices.scanner.codec import Decoder
from inspection.errors import NotUnderstood
from inspection.identity.epc import OWN, read_epc, trade_item
from inspection.identity.faults import Fault as CodeFault
from inspection.identity.gs1 import read_code, read_elements
from inspection.identity.plus import HEADERS as PLUS
from inspection.identity.plus import decode_plus
from tests.devices.conftest import FOLDER
from tests.devices.fuzz.asking import WireAsking

JSON_MAPS = (
    JsonMap(tags="tag_reads", epc="epc", antenna="antennaPort", time="firstSeenTimestamp", time_unit="us"),
    JsonMap(tags="items", epc="data.hex", antenna="antenna.port", rssi="rssi", time="at", time_unit="s"),
    JsonMap(epc="U", antenna="S", coding="ascii-hex", only_field="E", only_values=("R", "C")),
    JsonMap(tags="tags", epc=".", coding="base64url", number="Sequence"),
)

MOST_PICTURE = 512
"""Bytes: small, so that the limit is met."""
PICTURES = (
    bytes.fromhex("ffd8ffe000044a46ffc0000b080010001001011100ffda0008010100003f00a5ffd9"),
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\0\0\0\0abcd\0\0\0\x01IDATxefghIEND\xaeB`\x82",
    b"data:image/jpeg;base64,/9j/wAALCAAQABABAREA/9oACAEBAAA/AKX/2Q==",
    b'{"data": ["/9j/wAALCAAQABABAREA/9oACAEBAAA/AKX/2Q=="]}',
    b"start 6\nabc\nabc\nend\nstart\nabc\nend",
)

CORPUS = Path(__file__).parents[1] / "corpus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing that is fuzzed."""

    ask: Callable[[bytes], object]
    """Raises where it is wrong."""
    seeds: tuple[bytes, ...] = ()
    """Beside what is kept in the target's folder."""


def ask_epc(content: bytes) -> None:
    """An EPC is an item or refused in words, and a tag in the field is one of the two."""
    trade_item(content)
    try:
        read_epc(content)
    except NotUnderstood as error:
        assert str(error)
        assert error.fault in set(CodeFault)
    _encode_again(content)


def _encode_again(content: bytes) -> None:
    """What a decoder of ours reads, written down again, is the same."""
    if content and content[0] in OWN:
        kind = OWN[content[0]]
        with suppress(NotUnderstood):
            read = kind.read(_first_bits(content, kind.BITS))
            assert kind.read(_first_bits(read.encode(), kind.BITS)) == read
    if content and content[0] in PLUS:
        with suppress(NotUnderstood):
            plus = decode_plus(int.from_bytes(content, "big"), len(content) * 8)
            encoded = plus.encode()
            assert decode_plus(int.from_bytes(encoded, "big"), len(encoded) * 8) == plus


def _first_bits(content: bytes, bits: int) -> int:
    size = -(-bits // 8)
    return int.from_bytes(content[:size].ljust(size, b"\0"), "big") >> size * 8 - bits


def ask_gs1(content: bytes) -> None:
    """A printed code is an item or refused in words, and so are its identifiers."""
    text = content.decode("utf-8", errors="replace")
    for read in (read_code, read_elements):
        try:
            read(text)
        except NotUnderstood as error:
            assert error.fault in set(CodeFault)


def ask_impinj(content: bytes) -> None:
    """A message is a bounded number of events; what is wrong with it is one of them."""
    assert len(impinj.read_events(content)) <= MOST_EVENTS + 1


def ask_zebra(content: bytes) -> None:
    """So it is here, and whatever is taken for a heartbeat says how the reader is."""
    assert len(zebra.read_events(content)) <= MOST_EVENTS + 1
    assert len(read_answers(content)) <= MOST_EVENTS + 1
    read_command(content)
    for found in objects(content):
        if not isinstance(found, Fault):
            assert dropped(found) >= 0
            condition(found, Wanted(antennas=(1, 4), reading=True))


def ask_json(content: bytes) -> None:
    """By whatever paths, a message is a bounded number of tags; what is wrong with it is one of them."""
    for where in JSON_MAPS:
        assert len(json_map.read_events(content, where)) <= MOST_EVENTS + 1


def ask_scanner(content: bytes) -> None:
    """A scanner's line gives the same codes in any pieces, and holds nothing back after a pause."""
    whole, pieces = Decoder(), Decoder()
    cut = len(content) // 2
    found = [*pieces.feed(content[:cut], 1.0), *pieces.feed(content[cut:], 1.0), *pieces.idle(2.0)]
    assert [*whole.feed(content, 1.0), *whole.idle(2.0)] == found
    assert not pieces.is_waiting


def ask_picture(content: bytes) -> None:
    """A camera's message is a bounded picture or refused in words, whole or in parts."""
    for path in ((), ("data", "0")):
        try:
            found = unpack(content, path, MOST_PICTURE)
            assert media_type_of(found, view="top", largest_bytes=MOST_PICTURE) in (JPEG, PNG)
            assert 0 < len(found) <= MOST_PICTURE
        except (NoPicture, DeviceFault) as refusal:
            assert str(refusal) and refusal.reason
    parts = Assembler(start=b"start", end=b"end", largest_bytes=MOST_PICTURE, longest_gap_s=1.0)
    for number, part in enumerate(content.split(b"\n")):
        with suppress(NoPicture):
            parts.feed(part, float(number % 3))
        assert parts.held <= MOST_PICTURE


def written(name: str) -> tuple[bytes, ...]:
    """The bytes of all recorded vectors of one name."""
    found = json.loads((FOLDER / f"{name}.json").read_text())
    return tuple(bytes.fromhex(vector["bytes"]) for vector in found if vector["bytes"])


def messages(*makers: str) -> tuple[bytes, ...]:
    """The payloads of the recorded messages of these makers' readers."""
    paths = (path for maker in makers for path in sorted(FOLDER.glob(f"mqtt/{maker}_*.json")))
    found = (json.loads(path.read_text())["payload"] for path in paths)
    return tuple(each.encode() if isinstance(each, str) else json.dumps(each).encode() for each in found)


def _wires() -> Iterable[tuple[str, Target]]:
    for name, wire in PROTOCOLS.items():
        asking = WireAsking(wire)
        yield name, Target(ask=asking, seeds=tuple(asking.seeds()))


TARGETS: Mapping[str, Target] = {
    **dict(_wires()),
    "epc": Target(ask=ask_epc, seeds=written("epc_tds")),
    "gs1": Target(ask=ask_gs1, seeds=written("gs1_element_string")),
    "impinj": Target(ask=ask_impinj, seeds=messages("impinj")),
    "zebra": Target(ask=ask_zebra, seeds=messages("zebra")),
    "json": Target(ask=ask_json, seeds=messages("smartreader", "starfish", "springcard", "newland", "keonn")),
    "picture": Target(ask=ask_picture, seeds=PICTURES),
    "scanner": Target(ask=ask_scanner, seeds=(b"]d20104012345123456\r\n", b"]E04006381333931\r")),
}
