"""Finding what is plugged in, against emulated devices and a real broker."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devices.probing import Found, ask_ports, broker, cameras
from devices.rfid.uhfreader.emulator import UhfReaderEmulator
from devices.scanner.emulator import ScannerEmulator
from edge.broker import Broker, BrokerConfig
from edge.broker_files import BrokerUser
from link.ports import free_ports

ROOT = Path(__file__).parents[2]
MAIN = "import typer; from devices.commands import register; app = typer.Typer(); register(app); app()"


async def asked(*ports: Path) -> list[Found]:
    return [found async for found in ask_ports((str(port), "USB serial") for port in ports)]


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[UhfReaderEmulator]:
    async with UhfReaderEmulator(tmp_path / "reader") as emulator:
        yield emulator


async def test_a_reader_is_found_by_its_answer(reader: UhfReaderEmulator) -> None:
    [found] = await asked(Path(reader.port))
    assert (found.what, found.driver) == ("port", "uhfreader")
    assert "57600 baud" in found.says


async def test_a_silent_port_and_one_that_is_not_there_are_told_apart(tmp_path: Path) -> None:
    async with ScannerEmulator(tmp_path / "scanner"):
        silent, missing = await asked(tmp_path / "scanner", tmp_path / "nothing")
    assert silent.driver is None and "no answer" in silent.says
    assert missing.driver is None and "is the cable plugged in" in missing.says


async def test_a_broker_is_found_and_says_whether_it_lets_everybody_in(tmp_path: Path) -> None:
    users = (BrokerUser(name="gate", publish=("devices/gate",)),)
    async with Broker(BrokerConfig(kind="nats", folder=tmp_path / "broker", port=0, users=users)) as ours:
        account = ours.account("gate")
        found = await broker(account.host, account.port)
    assert found is not None and "wants a user" in found.says


async def test_no_broker_is_none() -> None:
    assert await broker("127.0.0.1", free_ports(1)[0]) is None


def test_cameras_are_named_as_the_system_names_them(tmp_path: Path) -> None:
    for number in (0, 1):
        (tmp_path / f"video{number}").mkdir()
        (tmp_path / f"video{number}" / "name").write_text(f"Logi {number}\n")
    assert [(each.where, each.says) for each in cameras(tmp_path)] == [
        ("/dev/video0", "Logi 0"),
        ("/dev/video1", "Logi 1"),
    ]


async def test_the_command_shows_what_it_found(reader: UhfReaderEmulator) -> None:
    said = await run("probe", "--port", str(reader.port), "--broker", "127.0.0.1:1")
    assert "uhfreader" in said and str(reader.port) in said.replace("\n", "")


async def test_the_readings_of_a_device_are_watched_as_lines_of_json(reader: UhfReaderEmulator) -> None:
    reader.place(bytes.fromhex("3074257bf7194e4000001a85"))
    device = f"uhfreader:port={reader.port},poll_ms=20"
    told = json.loads(await first_line("watch", device, "--json"))
    await run("watch", device, "--seconds", "0.1")  # ends by itself
    assert (told["device"], told["means"]) == ("uhfreader-1", "/01/80614141123458/21/6789")


async def test_the_devices_of_a_station_are_watched_without_those_of_its_broker(
    reader: UhfReaderEmulator, tmp_path: Path
) -> None:
    reader.place(bytes.fromhex("3074257bf7194e4000001a85"))
    settings = tmp_path / "station.toml"
    settings.write_text(
        f'[[devices]]\ndriver = "uhfreader"\nname = "gate"\nport = "{reader.port}"\n'
        '[[devices]]\ndriver = "impinj"\nname = "r700"\ntopic = "a/b"\n'
    )
    said = await first_line("watch", "--from", str(settings))
    assert "gate  epc=3074257bf7194e4000001a85" in said


@pytest.mark.parametrize("asked", [[], ["uhfreader"], ["laser:port=x"], ["scanner:speed=1"]])
async def test_a_device_that_is_none_is_refused_in_words(asked: list[str]) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        await run("watch", *asked)
    assert refused.value.returncode == 2


async def started(*words: str) -> asyncio.subprocess.Process:
    """The command in a process of its own, while the emulators answer in this one."""
    command = [sys.executable, "-c", MAIN, "devices", *words]
    pipe = asyncio.subprocess.PIPE
    wide = {**os.environ, "COLUMNS": "250", "PYTHONUNBUFFERED": "1"}
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe, env=wide)


async def run(*words: str) -> str:
    """What it says until it ends."""
    process = await started(*words)
    out, _ = await process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words)
    return out.decode()


async def first_line(*words: str) -> str:
    """What it says first, however long that takes; then it is ended."""
    process = await started(*words)
    assert process.stdout is not None
    line = await process.stdout.readline()
    process.kill()
    await process.communicate()
    return line.decode()
