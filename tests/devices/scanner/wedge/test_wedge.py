"""A scanner that plays a keyboard, from its keys to its codes."""

from collections import Counter
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.config import parse_devices
from devices.driver import Surroundings
from devices.errors import DeviceFault, LinkLost, WrongSetUp
from devices.registry import DRIVERS
from devices.scanner.wedge.codec import EVENT, Keyboard, encode
from devices.scanner.wedge.driver import TypedStream
from devices.scanner.wedge.emulator import WedgeEmulator, _presses
from devices.scanner.wedge.frames import KeyEvent
from devices.transport.input_device import InputStream
from inspection.errors import BadIdentifier
from inspection.identity.gs1 import read_code

TYPABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.just("\x1d"), max_size=60)


def handles() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def keys(text: str) -> bytes:
    return b"".join(encode(event) for event in _presses(text))


def scanner(path: Path, faults: Counter[str], **more: Any) -> Any:
    (config,) = parse_devices([{"driver": "wedge", "name": "hand", "device": str(path), **more}])

    def count(code: str, sentence: str) -> None:
        faults[code] += 1

    return DRIVERS["wedge"].build(config, Surroundings(clock=lambda: datetime.now(UTC)), count)


@given(TYPABLE)
def test_what_is_typed_is_what_was_scanned(text: str) -> None:
    assert Keyboard().feed(keys(text)) == text.encode()


@given(TYPABLE, st.integers(1, 50))
def test_any_pieces_of_the_events_give_the_same_text(text: str, size: int) -> None:
    content, keyboard = keys(text), Keyboard()
    typed = b"".join(keyboard.feed(content[at : at + size]) for at in range(0, len(content), size))
    assert typed == text.encode()


def test_signs_beyond_the_keyboard_come_by_their_numbers() -> None:
    assert Keyboard().feed(keys("Größe")).decode() == "Größe"


def test_a_key_that_is_held_is_typed_once_and_other_events_are_nothing() -> None:
    held = encode(KeyEvent(code=30, value=1)) + encode(KeyEvent(code=30, value=2)) * 20
    relative = EVENT.pack(0, 0, 2, 30, 1)
    assert Keyboard().feed(held + relative + encode(KeyEvent(code=200, value=1))) == b"a"


def test_a_code_of_which_the_kernel_dropped_keys_is_none() -> None:
    dropped, report = EVENT.pack(0, 0, 0, 3, 0), EVENT.pack(0, 0, 0, 0, 0)
    shift = encode(KeyEvent(code=42, value=1))
    typed = Keyboard().feed(keys("0109501101") + shift + dropped + keys("53") + report + keys("0003"))
    assert typed == b"0109501101\xff0003"
    with pytest.raises(BadIdentifier):
        read_code(typed.decode("utf-8", errors="replace"), "]d2")


@given(st.binary(max_size=400))
def test_any_bytes_are_taken_and_less_than_one_event_is_kept(content: bytes) -> None:
    keyboard = Keyboard()
    keyboard.feed(content)
    assert len(keyboard._buffer) < EVENT.size


async def test_codes_come_with_their_symbology_and_group_separator(tmp_path: Path) -> None:
    faults = Counter[str]()
    hand = scanner(tmp_path / "kbd", faults, grab=False)
    async with WedgeEmulator(tmp_path / "kbd") as emulator, hand, aclosing(hand.scans()) as scans:
        emulator.scan("0109501101530003\x1d21SER-9", symbology="]d2")
        scan = await anext(scans)
    assert (scan.content, scan.symbology, scan.scanner) == (b"0109501101530003\x1d21SER-9", "]d2", "hand")


async def test_a_pulled_cable_is_a_lost_link_and_the_scanner_opens_again(tmp_path: Path) -> None:
    async with WedgeEmulator(tmp_path / "kbd") as emulator:
        hand = scanner(tmp_path / "kbd", Counter(), grab=False)
        async with hand, aclosing(hand.scans()) as scans:
            emulator.scan("RMA-1")
            await anext(scans)
            emulator.unplug()
            with pytest.raises(LinkLost):
                await anext(scans)
        emulator.replug()
        async with hand, aclosing(hand.scans()) as scans:
            emulator.scan("RMA-2")
            assert (await anext(scans)).text == "RMA-2"


async def test_a_file_that_is_no_keyboard_is_a_wrong_set_up(tmp_path: Path) -> None:
    async with WedgeEmulator(tmp_path / "kbd"):
        with pytest.raises(WrongSetUp, match="no input device") as refused:
            await scanner(tmp_path / "kbd", Counter()).__aenter__()
        assert refused.value.reason == "not_a_keyboard"
    with pytest.raises(LinkLost, match="plugged in"):
        await scanner(tmp_path / "kbd", Counter()).__aenter__()


async def test_a_keyboard_listens_to_nobody() -> None:
    with pytest.raises(DeviceFault):
        await TypedStream(InputStream("/dev/null", grab=False)).write(b"x")


async def test_two_hundred_unplugs_leave_nothing_open(tmp_path: Path) -> None:
    hand = scanner(tmp_path / "kbd", Counter(), grab=False)

    async def cycle() -> None:
        async with WedgeEmulator(tmp_path / "kbd") as emulator, hand, aclosing(hand.scans()) as scans:
            emulator.unplug()
            with pytest.raises(LinkLost):
                await anext(scans)

    await cycle()
    before = handles()
    for _ in range(200):
        await cycle()
    assert handles() == before
