"""Witnesses across programs: aics-witness cosigns our log, and its client feeds our witness."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.ledger import PEERS
from benchmarks.our_log import OurLog, PeerSaysNo, ask, base64s
from benchmarks.site import REGRADE
from inspection.custody.checkpoint import verify_cosignature
from inspection.custody.note import read_note, read_signatures, read_vkey
from inspection.custody.witnessing import AddCheckpoint, read_conflict

SIZES = (1, 300, 1_000)
NAME = "witness.example/w1"
STARTING_S = 15.0


def cosigned_by_theirs(ours: OurLog) -> dict[str, Any]:
    """Our requests to aics-witness: what it must cosign, and what it must refuse."""
    folder = ours.folder / "their-witness"
    with their_witness(folder, ours) as (url, vkey), httpx.Client(base_url=url, timeout=10) as http:
        held, cosigned = 0, 0
        for size in SIZES:
            answer = http.post("/add-checkpoint", content=request(ours, held, size))
            _expect(answer, 200)
            text = read_note(ours.note(size)).text
            verify_cosignature(read_vkey(vkey), text, read_signatures(answer.content)[0])
            held, cosigned = size, cosigned + 1
        stale = http.post("/add-checkpoint", content=request(ours, 1, ours.size))
        _expect(stale, 409)
        if read_conflict(stale.content) != held:
            raise PeerSaysNo(f"it names {stale.text!r} as the size that it holds, not {held}")
        forged = ours.note(ours.size, bytes(32))
        content = AddCheckpoint(old_size=held, proof=(), checkpoint=forged).to_bytes()
        refused = http.post("/add-checkpoint", content=content)
        _expect(refused, 422)
    return {"cosigned": cosigned, "stale": stale.status_code, "forged": refused.status_code}


def request(ours: OurLog, old: int, new: int) -> bytes:
    """What our log asks a witness."""
    proof = ours.consistency(old, new)
    return AddCheckpoint(old_size=old, proof=proof, checkpoint=ours.note(new)).to_bytes()


@contextmanager
def their_witness(folder: Path, ours: OurLog) -> Iterator[tuple[str, str]]:
    """aics-witness as a process: its address and its verifier key."""
    folder.mkdir()
    command, config = [str(PEERS), "-m", "aics_witness"], ["--config", str(folder / "witness.json")]
    address = f"127.0.0.1:{free_port()}"
    made = subprocess.run(
        [*command, "init", *config, "--name", NAME], check=True, capture_output=True, text=True
    )
    told = ours.told
    subprocess.run(
        [*command, "add-log", *config, "--origin", told["origin"], "--vkey", told["vkey"]],
        check=True,
        capture_output=True,
    )
    serve = [*command, "serve", *config, "--listen", address]
    with subprocess.Popen(serve, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(address)
            yield f"http://{address}", next(word for word in made.stdout.split() if word.startswith(NAME))
        finally:
            process.terminate()


def cosigned_by_ours(ours: OurLog) -> dict[str, Any]:
    """aics-witness's client against `regrade witness run`."""
    at = ["--dir", str(ours.folder / "our-witness")]
    made = [*REGRADE, "witness", "init", *at, "--name", NAME]
    vkey = subprocess.run(made, check=True, capture_output=True, text=True).stdout.strip()
    known = [*REGRADE, "witness", "add-log", *at, ours.told["vkey"]]
    subprocess.run(known, check=True, capture_output=True)
    run = [*REGRADE, "witness", "run", *at, "--port", "0"]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().split()[-1] if process.stdout else ""
            return ask("feed", ours.folder, {"url": url, "witness": vkey, **_fed(ours)})
        finally:
            process.terminate()


def _fed(ours: OurLog) -> dict[str, Any]:
    pairs = [(old, new) for old in (0, *SIZES) for new in SIZES if old <= new]
    return {
        "notes": [ours.note(size).decode() for size in SIZES],
        "forged": ours.note(SIZES[-1], bytes(32)).decode(),
        "proofs": [
            {"old": old, "new": new, "proof": base64s(ours.consistency(old, new))} for old, new in pairs
        ],
    }


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(address: str) -> None:
    until = time.monotonic() + STARTING_S
    host, _, port = address.partition(":")
    while time.monotonic() < until:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise PeerSaysNo("the witness did not start")


def _expect(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise PeerSaysNo(f"{status} was due, it answered {answer.status_code}: {answer.text.strip()}")
