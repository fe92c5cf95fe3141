"""Good photos at one desk, the centre, and a station: three programs as a person starts them."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PHOTOS = ROOT / "datasets" / "drawn" / "bottle" / "good"
PROGRAM = (sys.executable, "-m", "regrade")


def regrade(*words: object, **environ: str) -> str:
    """Run one command to its end; what it printed."""
    done = subprocess.run(
        [*PROGRAM, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
        env={**os.environ, **environ},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def running(*words: object) -> Iterator[str]:
    """A program that runs until the block ends; its address, from the one line that it says."""
    command = [*PROGRAM, *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            assert "ready" in line, line
            yield line.split()[-1]
        finally:
            process.terminate()
            process.wait(120)


def posted(url: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the centre answers to the operator."""
    answer = httpx.post(url, json=body, headers={"authorization": f"Bearer {key}"}, timeout=60)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def until(true: Callable[[], object], within_s: float = 60.0) -> None:
    """Wait for something that another program does."""
    ends = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.1)


def sha256(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


@pytest.mark.flow
def test_a_pushed_bank_is_compared_with_at_a_station_and_goes_when_it_is_withdrawn(tmp_path: Path) -> None:
    if not PHOTOS.is_dir():
        pytest.skip("datasets/drawn is not there")
    centre, station, made = tmp_path / "centre", tmp_path / "station", tmp_path / "made"
    console = regrade("server", "init", "--dir", centre, "--host-name", "centre.test", "--site", "s1").strip()
    photos = sorted(PHOTOS.glob("*.jpg"))[:5]
    regrade("references", "add", "MUG-1", *photos, "--store", made, "--merchant", "north")
    with running("server", "run", "--dir", centre, "--port", "0") as url:
        posted(f"{url}/v1/merchants", console, {"id": "north", "name": "North"})
        wanted = {"scope": "references", "merchant": "north", "label": "desk"}
        key = posted(f"{url}/v1/keys", console, wanted)["api_key"]
        code = posted(f"{url}/v1/stations/codes", console, {"station": "st1", "site": "s1"})["code"]
        regrade("station", "enrol", code, "--centre", url, "--dir", station)
        with (station / "station.toml").open("a") as settings:
            settings.write("\n[timings]\nreferences_s = 0.2\n")
        where = ("--centre", url, "--merchant", "north")
        regrade("references", "push", "MUG-1", "--store", made, *where, REGRADE_REFERENCES_KEY=key)
        bank = Path("north") / "MUG-1" / "top" / "bank.rgbank"
        with running("station", "run", "--dir", station, "--no-page", "--port", "0") as page:
            until(lambda: sha256(station / "references" / bank) == sha256(made / bank))
            withdrawal = ("references", "withdraw", "MUG-1", "--view", "top", *where)
            regrade(*withdrawal, REGRADE_REFERENCES_KEY=key)
            until(lambda: not (station / "references" / bank).exists())
            faults = httpx.get(f"{page}/state.json", timeout=60).json()["faults"]
    assert not [code for code in faults if "references" in code or code in ("wrong_file", "bank_refused")]
