"""The driver that docs/drivers.md builds, written into a folder and run as it stands."""

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

import devices.rfid
from devices import registry
from devices.config import parse_devices
from devices.driver import Surroundings
from devices.framing import BadBytes
from devices.supervisor import Supervisor
from devices.wire import Way, WireProtocol, decode

PAGE = "docs/drivers.md"
FILES = ("frames.py", "codec.py", "fields.py", "driver.py", "emulator.py")
ITEM = bytes.fromhex("3074257bf7194e4000001a85")


@pytest.fixture(scope="module")
def acme(blocks: Callable[[str], list[Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page's folder, importable beside the other readers."""
    home = tmp_path_factory.mktemp("rfid")
    (home / "acme").mkdir()
    (home / "acme/__init__.py").write_text('"""Acme A1."""\n')
    written = {block.mark.removeprefix("file: "): block.text for block in blocks(PAGE) if block.mark}
    assert tuple(written) == FILES
    for name, text in written.items():
        (home / "acme" / name).write_text(text)
    devices.rfid.__path__.append(str(home))
    try:
        yield importlib.import_module("devices.rfid.acme.driver")
    finally:
        devices.rfid.__path__.remove(str(home))
        for name in [name for name in sys.modules if name.startswith("devices.rfid.acme")]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def wire(acme: Any) -> WireProtocol:
    found: WireProtocol = acme.ACME_WIRE
    return found


def test_its_bytes_mean_what_the_page_says(wire: WireProtocol) -> None:
    assert decode(wire, bytes.fromhex("3f 23 00 dd 23 02 aa bb 76 23 02 aa bb 77"), Way()) == [
        {"question": True},
        {"epc": ""},
        {"epc": "aabb"},
        {"error": "checksum"},
    ]


@given(cuts=st.lists(st.integers(0, 40)))
def test_any_pieces_give_the_same_frames(wire: WireProtocol, cuts: list[int]) -> None:
    tags = [{"epc": ITEM.hex()}, {"epc": ""}, {"epc": "e2"}]
    frames = importlib.import_module("devices.rfid.acme.frames")
    content = b"".join(wire.encode(frames.Tag(bytes.fromhex(tag["epc"]))) for tag in tags)
    decoder = wire.decoder(Way())
    edges = sorted({0, *cuts, len(content)})
    found = [each for start, end in itertools.pairwise(edges) for each in decoder.feed(content[start:end])]
    found += decoder.feed(content[edges[-1] :])
    assert [wire.fields(each, Way()) for each in found if not isinstance(each, BadBytes)] == tags


async def test_a_tag_goes_from_its_field_to_the_bench(
    acme: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(registry.DRIVERS, "acme", acme.ACME)  # the one line
    emulator = importlib.import_module("devices.rfid.acme.emulator").AcmeEmulator(tmp_path / "a1")
    bench = Supervisor(
        parse_devices([{"driver": "acme", "name": "gate", "port": str(tmp_path / "a1")}]),
        surroundings=Surroundings(clock=lambda: datetime.now(UTC)),
        registry=CollectorRegistry(),
    )
    async with emulator, bench:
        while bench.snapshot()[0].state != "ready":
            await bench.wait_for_change()
        emulator.place(ITEM)
        read = await anext(bench.tag_reads())
        assert (read.epc, read.reader) == (ITEM, "gate")
        emulator.unplug()
        while bench.snapshot()[0].state != "lost":
            await bench.wait_for_change()
