"""What every Scanner does, whatever its suffix."""

import asyncio
from contextlib import aclosing
from datetime import UTC
from typing import Any

import pytest

from devices.errors import LinkLost
from inspection.readings import Scan


async def next_scan(scans: Any) -> Scan:
    async with asyncio.timeout(10):
        scan: Scan = await anext(scans)
        return scan


async def test_a_code_comes_as_printed(scanner_rig: Any) -> None:
    async with scanner_rig.scanner as scanner, aclosing(scanner.scans()) as scans:
        scanner_rig.emulator.scan("0109501101530003\x1d21SER-9", symbology="]d2")
        scan = await next_scan(scans)
    assert (scan.content, scan.symbology, scan.scanner) == (b"0109501101530003\x1d21SER-9", "]d2", "hand")
    assert scan.scanned_at.tzinfo is UTC


async def test_different_codes_follow_each_other(scanner_rig: Any) -> None:
    async with scanner_rig.scanner as scanner, aclosing(scanner.scans()) as scans:
        for text in ("RMA-1", "CMD:ACCEPT", "退货"):
            scanner_rig.emulator.scan(text)
            assert (await next_scan(scans)).text == text


async def test_two_codes_at_once_are_refused_and_the_next_one_is_taken(scanner_rig: Any) -> None:
    async with scanner_rig.scanner as scanner, aclosing(scanner.scans()) as scans:
        scanner_rig.emulator.scan("CMD:ACCEPTCMD:REJECT")
        pending = asyncio.create_task(next_scan(scans))
        while not scanner_rig.faults:  # noqa: ASYNC110  # the count is all that shows it
            await asyncio.sleep(0.01)
        scanner_rig.emulator.scan("RMA-2")
        assert (await pending).text == "RMA-2"
    assert scanner_rig.faults == {"stuck_together": 1}


async def test_a_pulled_cable_is_reported_and_the_same_scanner_can_be_opened_again(scanner_rig: Any) -> None:
    async with scanner_rig.scanner as scanner, aclosing(scanner.scans()) as scans:
        scanner_rig.emulator.scan("RMA-1")
        await next_scan(scans)
        scanner_rig.emulator.unplug()
        with pytest.raises(LinkLost) as lost:
            await next_scan(scans)
    assert lost.value.reason == "unplugged"
    with pytest.raises(LinkLost) as missing:
        await scanner_rig.scanner.__aenter__()
    assert missing.value.reason == "port_missing"
    scanner_rig.emulator.replug()
    async with scanner_rig.scanner as scanner, aclosing(scanner.scans()) as scans:
        scanner_rig.emulator.scan("RMA-1")
        assert (await next_scan(scans)).text == "RMA-1"


async def test_a_second_program_at_the_port_is_named(scanner_rig: Any, tmp_path: Any) -> None:
    from devices.transport.serial import SerialStream

    async with scanner_rig.scanner:
        with pytest.raises(LinkLost) as busy:
            await SerialStream(str(tmp_path / "scanner"), baud=9600).__aenter__()
    assert busy.value.reason == "port_busy"
