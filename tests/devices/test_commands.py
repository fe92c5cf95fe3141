import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import IO, Any

import pytest
import typer
from typer.testing import CliRunner

from devices.commands import register
from devices.config import parse_devices
from devices.driver import Kind, Surroundings
from devices.registry import DRIVERS
from edge.broker import Broker, BrokerConfig
from edge.broker_files import BrokerUser

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30
"""For the program to end after Ctrl-C."""
PLAY = "import typer; from devices.commands import register; app = typer.Typer(); register(app); app()"


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.callback()(lambda: None)
    register(made)
    return made


def test_every_driver_is_listed_with_its_settings(app: typer.Typer) -> None:
    said = CliRunner().invoke(app, ["devices", "list"], env={"COLUMNS": "200"}).output
    assert all(name in said for name in DRIVERS)
    assert "port*" in said


def test_what_cannot_be_emulated_is_refused(app: typer.Typer, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["devices", "emulate", "laser", "--port", str(tmp_path / "x")])
    assert done.exit_code == 2


@pytest.mark.parametrize(("name", "has"), [("m100", "m100, r200"), ("scanner", "none")])
def test_a_dialect_that_a_device_does_not_have_is_refused(
    app: typer.Typer, tmp_path: Path, name: str, has: str
) -> None:
    asked = ["devices", "emulate", name, "--port", str(tmp_path / "x"), "--dialect", "latin"]
    done = CliRunner().invoke(app, asked, env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert f"it has: {has}" in done.output


@contextmanager
def played(name: str, port: Path | str, *options: str, **more: str) -> Iterator[IO[str]]:
    """Run the command in a process of its own; yields its keyboard."""
    command = [sys.executable, "-c", PLAY, "devices", "emulate", name, "--port", str(port), *options]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={**os.environ, **more}
    ) as process:
        try:
            assert process.stdin and process.stdout
            assert str(port) in process.stdout.readline()
            yield process.stdin
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:  # a shell ignores Ctrl-C for what it started with `&`
                process.kill()
                raise


@pytest.mark.parametrize(
    ("name", "order", "dialect"),
    [
        ("scanner", "RMA-1", None),
        ("uhfreader", f"nonsense\nplace {'30' * 12}", None),
        ("m100", f"place {'30' * 12}", "r200"),
    ],
)
async def test_an_emulated_device_answers_its_driver(
    name: str, order: str, dialect: str | None, tmp_path: Path
) -> None:
    port = tmp_path / "port"
    options, settings = (("--dialect", dialect), {"dialect": dialect}) if dialect else ((), {})
    with played(name, port, *options) as keyboard:
        [config] = parse_devices([{"driver": name, "name": "x", "port": str(port), **settings}])
        around = Surroundings(clock=lambda: datetime.now(UTC))
        device: Any = DRIVERS[name].build(config, around, lambda code, sentence: None)
        async with device:
            print(order, file=keyboard, flush=True)
            async with aclosing(device.scans() if name == "scanner" else device.reads()) as readings:
                assert await anext(readings)
    assert not port.exists()


AT_A_BROKER = [name for name, driver in DRIVERS.items() if driver.topics and driver.kind is Kind.READER]


@pytest.mark.parametrize("name", AT_A_BROKER)
async def test_an_emulated_device_at_a_broker_is_read_by_its_driver(name: str, tmp_path: Path) -> None:
    users = (BrokerUser(name="gate", publish=("a/b",)), BrokerUser(name="station", subscribe=("a/b",)))
    async with Broker(BrokerConfig(folder=tmp_path, port=0, users=users)) as broker:
        port = f"mqtt://gate@127.0.0.1:{broker.port}/a/b"
        password = broker.account("gate").password
        assert password
        with played(name, port, REGRADE_DEVICE_PASSWORD=password.get_secret_value()) as keyboard:
            [config] = parse_devices([{"driver": name, "name": "x", "topic": "a/b"}])
            around = Surroundings(clock=lambda: datetime.now(UTC), mqtt=broker.account("station"))
            device: Any = DRIVERS[name].build(config, around, lambda code, sentence: None)
            async with device:
                print(f"place {'30' * 12}", file=keyboard, flush=True)
                async with aclosing(device.reads()) as readings:
                    assert (await anext(readings)).epc == b"0" * 12


@pytest.mark.parametrize(
    ("port", "words"),
    [
        ("mqtt://gate:secret@127.0.0.1/a", "command line"),
        ("mqtt://127.0.0.1", "is not like"),
        ("tcp://127.0.0.1:5", "is not like"),
        ("mqtt://127.0.0.1/a b", "no topic"),
    ],
)
def test_an_address_of_a_broker_that_cannot_be_used_is_refused(
    app: typer.Typer, port: str, words: str
) -> None:
    done = CliRunner().invoke(app, ["devices", "emulate", "impinj", "--port", port], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert words in done.output


def test_bytes_are_decoded_to_json_for_programs_and_to_lines_for_people(app: typer.Typer) -> None:
    ask = ["devices", "decode", "uhfreader", "05 00 01 fb f2 3d 05"]
    told = CliRunner().invoke(app, [*ask, "--json"])
    assert json.loads(told.output) == [
        {"adr": 0, "cmd": 1, "status": 251, "data": "", "tags": []},
        {"error": "cut_short"},
    ]
    assert CliRunner().invoke(app, ask).output.startswith("1. adr=0  cmd=1")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (["laser", "00"], "laser"),
        (["uhfreader", "xx"], "no hex"),
        (["uhfreader", "00", "--dialect", "5"], "no dialect"),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused(
    app: typer.Typer, question: list[str], words: str
) -> None:
    done = CliRunner().invoke(app, ["devices", "decode", *question], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert words in done.output
