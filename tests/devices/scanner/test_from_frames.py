"""Codes that a camera sees, drawn by the library that reads them."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from devices.camera.folder.emulator import FolderCameraEmulator
from devices.config import parse_devices
from devices.driver import Surroundings
from devices.scanner import from_frames
from devices.scanner.from_frames import CodeReader, codes_in
from devices.supervisor import Supervisor
from inspection.readings import Scan

GS1 = "(01)09501101530003(10)ABC123(21)SER-9"
GS1_SENT = b"010950110153000310ABC123\x1d21SER-9"
OTHER_CODE = "4006381333931"


def drawn(*texts: str, kind: str = "QRCode", gs1: bool = False, scale: int = 4) -> bytes:
    """A white picture with these codes, one below the other, as JPEG."""
    images = []
    for text in texts:
        barcode = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind), gs1=gs1)
        image = np.array(barcode.to_image(scale=scale), np.uint8)
        images.append(np.pad(image, 40, constant_values=255))
    width = max((image.shape[1] for image in images), default=64)
    padded = [np.pad(each, ((0, 0), (0, width - each.shape[1])), constant_values=255) for each in images]
    whole = np.vstack(padded) if padded else np.full((64, 64), 255, np.uint8)
    return cv2.imencode(".jpg", whole)[1].tobytes()


@pytest.fixture
def faults() -> Counter[str]:
    return Counter()


@pytest.fixture
def reader(faults: Counter[str]) -> CodeReader:
    def count(code: str, sentence: str) -> None:
        faults[code] += 1

    return CodeReader("cam1", clock=lambda: datetime.now(UTC), count=count)


@pytest.mark.parametrize(
    ("text", "kind", "gs1", "content", "symbology"),
    [
        (GS1, "DataMatrix", True, GS1_SENT, "]d2"),
        (GS1, "QRCode", True, GS1_SENT, "]Q3"),
        (GS1, "Code128", True, GS1_SENT, "]C1"),
        (OTHER_CODE, "EAN13", False, OTHER_CODE.encode(), "]E0"),
        ("RMA-1", "QRCode", False, b"RMA-1", "]Q1"),
        ("RMA-1", "Code128", False, b"RMA-1", "]C0"),
    ],
)
async def test_a_code_comes_with_its_separators_and_its_symbology(
    reader: CodeReader, text: str, kind: str, gs1: bool, content: bytes, symbology: str
) -> None:
    (scan,) = await reader.read(drawn(text, kind=kind, gs1=gs1))
    assert (scan.content, scan.symbology, scan.scanner) == (content, symbology, "cam1")
    assert scan.scanned_at.tzinfo is UTC


async def test_a_code_that_stays_in_view_counts_once(reader: CodeReader) -> None:
    picture = drawn("RMA-1")
    assert [scan.text for scan in await reader.read(picture)] == ["RMA-1"]
    assert await reader.read(picture) == []
    assert [scan.text for scan in await reader.read(drawn("RMA-1", "RMA-2"))] == ["RMA-2"]


async def test_a_code_that_comes_back_later_is_another_one(
    reader: CodeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await reader.read(drawn("RMA-1"))
    reader._guard._same_item_s = 0.0
    assert await reader.read(drawn("RMA-1"))


async def test_several_codes_in_one_picture_all_come(reader: CodeReader) -> None:
    assert {scan.text for scan in await reader.read(drawn("RMA-1", "RMA-2", "RMA-3"))} == {
        "RMA-1",
        "RMA-2",
        "RMA-3",
    }


async def test_two_codes_in_one_are_refused(reader: CodeReader, faults: Counter[str]) -> None:
    assert await reader.read(drawn(OTHER_CODE + OTHER_CODE)) == []
    assert faults == {"stuck_together": 1}


@pytest.mark.parametrize("text", ["CMD:ACCEPT", "BADGE:ANNA", "BIN:A-STOCK"])
async def test_a_card_that_hangs_before_the_camera_is_never_obeyed(
    reader: CodeReader, faults: Counter[str], text: str
) -> None:
    assert await reader.read(drawn(text, "RMA-1")) != []
    assert faults == {"command_in_picture": 1}


@pytest.mark.parametrize(
    "content", [b"", b"no picture", drawn("RMA-1")[:200], drawn()], ids=["empty", "text", "cut", "no code"]
)
async def test_a_picture_without_codes_gives_none(reader: CodeReader, content: bytes) -> None:
    assert await reader.read(content) == []


@given(st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_any_bytes_give_codes_or_none(content: bytes) -> None:
    assert codes_in(content) == codes_in(b"\xff\xd8\xff" + content) == []


def test_so_many_codes_are_read_from_one_picture_and_no_more() -> None:
    assert len(codes_in(drawn(*(f"RMA-{number}" for number in range(20)), scale=2))) == from_frames.MOST_CODES


def test_a_large_picture_is_read_smaller() -> None:
    picture = drawn("RMA-1", scale=100)
    assert codes_in(picture) == [b"]Q1RMA-1"]
    assert from_frames._reduced(picture) == cv2.IMREAD_REDUCED_GRAYSCALE_2


async def scans_within(bench: Supervisor, seconds: float) -> list[Scan]:
    found: list[Scan] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for scan in bench.scans():
                found.append(scan)
    return found


@pytest.mark.parametrize(("codes", "texts"), [(True, ["RMA-1", "RMA-2"]), (False, [])])
async def test_a_camera_reports_the_codes_it_sees_where_its_settings_say_so(
    codes: bool, texts: list[str], tmp_path: Path
) -> None:
    emulator = FolderCameraEmulator(tmp_path / "top")
    table: dict[str, Any] = {
        "driver": "folder",
        "name": "cam1",
        "view": "top",
        "folder": str(emulator.folder),
    }
    surroundings = Surroundings(clock=lambda: datetime.now(UTC))
    bench = Supervisor(
        parse_devices([table | {"codes": codes}]), surroundings=surroundings, registry=CollectorRegistry()
    )
    show: Callable[[bytes], Path] = emulator.show_bytes
    async with bench:
        show(drawn("RMA-1"))
        found = await scans_within(bench, 0.7)
        show(drawn("RMA-1", "RMA-2"))
        found += await scans_within(bench, 0.7)
    assert [scan.text for scan in found] == texts
