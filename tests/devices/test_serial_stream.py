import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devices.errors import LinkLost, WrongSetUp
from devices.transport import serial
from devices.transport.pty_end import PtyEnd
from devices.transport.serial import SerialStream


@pytest.fixture
def heard() -> bytearray:
    return bytearray()


@pytest.fixture
async def line(tmp_path: Path, heard: bytearray) -> AsyncIterator[PtyEnd]:
    async with PtyEnd(tmp_path / "port", heard.extend) as end:
        yield end


@pytest.fixture
def stream(line: PtyEnd) -> SerialStream:
    return SerialStream(str(line.link), baud=57600)


async def test_every_byte_value_passes_both_ways(
    line: PtyEnd, stream: SerialStream, heard: bytearray
) -> None:
    every = bytes(range(256))
    async with stream:
        line.write(every)
        got = b""
        while len(got) < 256:
            got += await stream.read()
        assert got == every
        await stream.write(every)
        line.write(b"echo")  # the loop turns until this comes back, and the line was heard before
        await stream.read()
    assert heard == every


async def test_a_late_reader_makes_the_port_wait_and_loses_nothing(
    line: PtyEnd, stream: SerialStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial, "BUFFER_LIMIT", 1000)
    async with stream:
        for _ in range(3):
            assert line.write(b"x" * 1000)
            await asyncio.sleep(0.01)
        got = 0
        while got < 3000:
            got += len(await stream.read())
        assert got == 3000


async def test_a_long_write_waits_for_the_port(tmp_path: Path) -> None:
    master, slave = os.openpty()
    os.set_blocking(master, False)
    content, heard = b"y" * 100_000, bytearray()
    try:
        async with SerialStream(os.ttyname(slave), baud=115200) as stream:
            writing = asyncio.create_task(stream.write(content))
            while len(heard) < len(content):
                await asyncio.sleep(0)
                try:
                    heard += os.read(master, 4096)
                except BlockingIOError:
                    continue
            await writing
    finally:
        os.close(master)
        os.close(slave)
    assert heard == content


async def test_a_port_that_takes_nothing_any_more_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial, "WRITE_S", 0.05)
    master, slave = os.openpty()
    try:
        async with SerialStream(os.ttyname(slave), baud=115200) as stuck:
            with pytest.raises(LinkLost) as lost:
                await stuck.write(b"z" * 1_000_000)
            assert lost.value.reason == "port_stuck"
    finally:
        os.close(master)
        os.close(slave)


async def test_a_hang_up_ends_reading_and_writing(line: PtyEnd, stream: SerialStream) -> None:
    async with stream:
        line.unplug()
        with pytest.raises(LinkLost, match="unplugged"):
            await stream.read()
        with pytest.raises(LinkLost, match="unplugged"):
            await stream.write(b"x")
    with pytest.raises(LinkLost):
        await stream.write(b"x")


async def test_what_is_no_port_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("nowhere", "file"):
        with pytest.raises((LinkLost, WrongSetUp), match=name):
            await SerialStream(str(tmp_path / name), baud=9600).__aenter__()
