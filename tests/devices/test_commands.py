import json
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
from devices.driver import Surroundings
from devices.registry import DRIVERS

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


@contextmanager
def played(name: str, port: Path) -> Iterator[IO[str]]:
    """Run the command in a process of its own; yields its keyboard."""
    command = [sys.executable, "-c", PLAY, "devices", "emulate", name, "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=PIPE, stdout=PIPE, stderr=DEVNULL) as process:
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
    ("name", "order"), [("scanner", "RMA-1"), ("uhfreader", f"nonsense\nplace {'30' * 12}")]
)
async def test_an_emulated_device_answers_its_driver(name: str, order: str, tmp_path: Path) -> None:
    port = tmp_path / "port"
    with played(name, port) as keyboard:
        [config] = parse_devices([{"driver": name, "name": "x", "port": str(port)}])
        around = Surroundings(clock=lambda: datetime.now(UTC))
        device: Any = DRIVERS[name].build(config, around, lambda code, sentence: None)
        async with device:
            print(order, file=keyboard, flush=True)
            async with aclosing(device.scans() if name == "scanner" else device.reads()) as readings:
                assert await anext(readings)
    assert not port.exists()


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
