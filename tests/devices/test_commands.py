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
from devices.registry import DRIVERS, Surroundings

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
