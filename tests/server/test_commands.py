"""The centre as a program: set up, run, killed, stopped, its ledger exported and verified."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.signing import Domain, public_bytes, sign
from inspection.messages.station import Enrolment, EnrolmentRequest
from kit.verify import verify_log

PROGRAM = (sys.executable, "-m", "regrade")
READY = "centre ready "
PATIENCE_S = 120.0
"""A busy machine is no failure."""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *words], capture_output=True, text=True, timeout=PATIENCE_S)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running centre and its address; killed at the end if it still runs."""
    command = [*PROGRAM, "server", "run", "--dir", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            assert line.startswith(READY), line
            yield process, line.removeprefix(READY).strip()
        finally:
            process.kill()


def enrol(url: str, console_key: str, station: str) -> Enrolment:
    console = {"authorization": f"Bearer {console_key}"}
    asked = {"station": station, "site": "s1"}
    answer = httpx.post(f"{url}/v1/stations/codes", json=asked, headers=console, timeout=PATIENCE_S)
    code, key = answer.json()["code"], Ed25519PrivateKey.generate()
    request = EnrolmentRequest(
        code=code, public_key=public_bytes(key), signature=sign(key, Domain.ENROLMENT, code.encode())
    )
    answer = httpx.post(f"{url}/v1/stations/enrol", content=request.to_json(), timeout=PATIENCE_S)
    return Enrolment.read(answer.content)


@pytest.fixture
def centre_folder(tmp_path: Path) -> tuple[Path, str]:
    done = run("server", "init", "--dir", str(tmp_path / "c"), "--host-name", "centre.test", "--site", "s1")
    assert done.returncode == 0, done.stderr
    return tmp_path / "c", done.stdout.strip()


@pytest.mark.flow
def test_what_was_answered_survives_a_kill_and_the_export_verifies(
    centre_folder: tuple[Path, str], tmp_path: Path
) -> None:
    folder, key = centre_folder
    with serving(folder) as (process, url):
        enrolments = [enrol(url, key, f"st{number}") for number in range(3)]
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)
    with serving(folder) as (process, url):
        assert httpx.get(f"{url}/v1/log", timeout=PATIENCE_S).json()["size"] == 5, (
            "the two policies in force, and three keys"
        )
        assert run("ledger", "export", str(tmp_path / "live.jsonl"), "--dir", str(folder)).returncode == 0
        assert run("server", "run", "--dir", str(folder), "--port", "0").returncode == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert "5 leaves" in run("ledger", "status", "--dir", str(folder)).stdout
    done = run("ledger", "export", str(tmp_path / "still.jsonl"), "--dir", str(folder))
    assert done.returncode == 0, done.stderr
    content = (tmp_path / "still.jsonl").read_bytes()
    assert content == (tmp_path / "live.jsonl").read_bytes()
    report = verify_log(io.BytesIO(content), key=enrolments[0].log_public_key)
    assert (report.verified, report.size, report.problems) == (True, 5, ())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("server", "run", "--dir", "nowhere"), "regrade server init"),
        (("ledger", "status", "--dir", "nowhere"), "regrade server init"),
        (("ledger", "export", "out.jsonl", "--dir", "nowhere"), "regrade server init"),
        (("console", "--dir", "nowhere"), "regrade server init"),
    ],
)
def test_a_folder_without_a_centre_is_said_in_one_line(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [*PROGRAM, *words], capture_output=True, text=True, cwd=tmp_path, timeout=PATIENCE_S, env=os.environ
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
