"""A log of ours that others' programs look at, and how they are asked."""

import json
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from benchmarks import ledger_library
from benchmarks.ledger import PEERS, ROOT
from benchmarks.site import REGRADE, init_centre
from inspection.custody.checkpoint import Checkpoint, issue_checkpoint
from inspection.custody.note import note_key
from server.db.engine import reading_engine
from server.keys import read_keys
from server.ledger.tree import tree_view

PATIENCE_S = 120.0


class PeerSaysNo(Exception):
    """Another's program found something wrong with us, or failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OurLog:
    """A centre's folder with entries in its log."""

    folder: Path
    size: int
    key: Ed25519PrivateKey

    @property
    def told(self) -> dict[str, Any]:
        """What a verifier must know beforehand: the log's key and name."""
        origin = ledger_library.ORIGIN
        return {"vkey": note_key(origin, self.key).to_text(), "origin": origin}

    @property
    def exported(self) -> Path:
        """The log as a tlog-tiles folder."""
        return self.folder / "export"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One state of the database."""
        engine = reading_engine(self.folder / "centre" / "centre.sqlite")
        with engine.begin() as connection:
            yield connection
        engine.dispose()

    def root(self, size: int) -> bytes:
        """Of the first entries."""
        with self.reading() as connection:
            return tree_view(connection, ledger_library.SITE, size).root()

    def note(self, size: int, root: bytes | None = None) -> bytes:
        """A signed checkpoint; with another root it is a forgery by the holder of the key."""
        checkpoint = Checkpoint(origin=ledger_library.ORIGIN, size=size, root=root or self.root(size))
        return issue_checkpoint(self.key, checkpoint)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the log only grew."""
        with self.reading() as connection:
            return tree_view(connection, ledger_library.SITE, new).consistency(old) if old else ()


def make_log(folder: Path, entries: int) -> OurLog:
    """A new centre with so many entries, exported as a folder."""
    init_centre(folder)
    engine = ledger_library.new_database(folder / "centre" / "centre.sqlite")
    ledger_library.fill(engine, range(entries))
    with engine.begin() as connection:
        size = ledger_library.LOG.head(connection).size
    engine.dispose()
    ours = OurLog(folder=folder, size=size, key=read_keys(folder / "centre").log)
    at = ["--dir", str(folder / "centre")]
    subprocess.run([*REGRADE, "ledger", "export", str(ours.exported), *at], check=True, capture_output=True)
    return ours


def ask(step: str, folder: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Let the peer do one step; raises PeerSaysNo with its last words."""
    path = folder / f"{step}.json"
    path.write_text(json.dumps(asked))
    command = [str(PEERS), "-m", "benchmarks.peers.tlog_peer", step, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if done.returncode:
        raise PeerSaysNo((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def base64s(hashes: Iterable[bytes]) -> list[str]:
    """Hashes for JSON."""
    return [b64encode(each).decode() for each in hashes]
