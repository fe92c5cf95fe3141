"""What a witness remembers: the logs that it knows, their newest checkpoints, and what contradicted them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from inspection.custody.note import Algorithm, VerifierKey, read_vkey
from inspection.custody.witnessing import Seen
from kit.errors import BadWitness

MOST_LOGS = 1024
MOST_KEYS = 8
"""Of one log: the one that signs, and those before and after it."""
MOST_CONFLICTS = 100
"""Kept of one log and reason: junk proofs must not crowd out a fork, and a disk has an end."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS logs (origin TEXT NOT NULL, vkey TEXT NOT NULL, PRIMARY KEY (origin, vkey));
CREATE TABLE IF NOT EXISTS newest (
    origin TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note BLOB NOT NULL,              -- with our cosignature
    at_s INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS conflicts (
    origin TEXT NOT NULL,
    note BLOB NOT NULL,              -- signed by the log, and no continuation of `newest` was shown
    reason TEXT NOT NULL,
    at_s INTEGER NOT NULL,
    PRIMARY KEY (origin, note)
);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The newest checkpoint that was cosigned of a log."""

    seen: Seen
    note: bytes
    """As it was signed, with our cosignature."""
    at_s: int
    """Time in the cosignature, seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStanding:
    """One line of `regrade witness status`."""

    origin: str
    size: int
    """Entries behind the newest cosigned checkpoint; 0 before the first."""
    at_s: int
    forks: int
    """Checkpoints with another root for a size that was cosigned: the log showed two histories."""
    unproven: int
    """Checkpoints that the log signed and nobody proved to continue the cosigned one."""


class WitnessBook:
    """SQLite in WAL mode with full syncs: a commit that returned is on the disk."""

    def __init__(self, path: Path) -> None:
        try:
            # a server runs in a thread beside the one that opened it; requests still come one at a time
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
                self._db.execute(f"PRAGMA {pragma}")
            self._db.executescript(SCHEMA)
        except sqlite3.Error as error:
            raise BadWitness(f"{path} cannot be used: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """Everything inside is seen and written as one; another process of this folder waits."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk may have ended it already
                self._db.execute("ROLLBACK")
            raise

    def add_log(self, vkey: VerifierKey) -> bool:
        """Know a log by one of its keys; False where it is known. Raises BadWitness at the limits."""
        if vkey.algorithm is not Algorithm.ED25519:
            raise BadWitness(f"the key of {vkey.name} is no log's key: it has type 0x{vkey.algorithm:02x}")
        known = self._db.execute("SELECT vkey FROM logs WHERE origin = ?", (vkey.name,)).fetchall()
        if (vkey.to_text(),) in known:
            return False
        origins = self._db.execute("SELECT count(DISTINCT origin) FROM logs").fetchone()[0]
        if len(known) >= MOST_KEYS or (not known and origins >= MOST_LOGS):
            raise BadWitness(f"a witness knows at most {MOST_LOGS} logs with {MOST_KEYS} keys each")
        self._db.execute("INSERT INTO logs VALUES (?, ?)", (vkey.name, vkey.to_text()))
        return True

    def keys(self, origin: str) -> tuple[VerifierKey, ...]:
        """The keys that may sign for a log; empty for one that is not known."""
        rows = self._db.execute("SELECT vkey FROM logs WHERE origin = ? ORDER BY rowid", (origin,))
        return tuple(read_vkey(row[0]) for row in rows)

    def newest(self, origin: str) -> Kept | None:
        """The newest checkpoint that was cosigned; None before the first."""
        query = "SELECT size, root, note, at_s FROM newest WHERE origin = ?"
        row = self._db.execute(query, (origin,)).fetchone()
        return row and Kept(seen=Seen(size=row[0], root=row[1]), note=row[2], at_s=row[3])

    def keep(self, origin: str, kept: Kept) -> None:
        """Remember the newest checkpoint of a log."""
        row = (origin, kept.seen.size, kept.seen.root, kept.note, kept.at_s)
        self._db.execute("INSERT OR REPLACE INTO newest VALUES (?, ?, ?, ?, ?)", row)

    def keep_conflict(self, origin: str, reason: str, note: bytes, at_s: int) -> None:
        """Keep what the log signed and should not have; the first ones, for they show where it began.

        `note` bears the log's own signatures and no others: whoever passes it on could add lines at will.
        What was a bad proof first is a fork from when it shows to be one.
        """
        query = "SELECT count(*) FROM conflicts WHERE origin = ? AND reason = ?"
        held = self._db.execute(query, (origin, reason)).fetchone()[0]
        if held < MOST_CONFLICTS:
            self._db.execute(
                """INSERT INTO conflicts VALUES (?, ?, ?, ?) ON CONFLICT (origin, note)
                   DO UPDATE SET reason = excluded.reason, at_s = excluded.at_s WHERE excluded.reason = 'fork'
                   AND conflicts.reason <> 'fork'""",
                (origin, note, reason, at_s),
            )

    def conflicts(self, origin: str) -> list[tuple[str, bytes]]:
        """Reason and note of each contradiction that was kept."""
        query = "SELECT reason, note FROM conflicts WHERE origin = ? ORDER BY rowid"
        return list(self._db.execute(query, (origin,)))

    def standing(self) -> list[LogStanding]:
        """How far every log has come."""
        rows = self._db.execute(
            """SELECT known.origin, coalesce(size, 0), coalesce(at_s, 0),
                      (SELECT count(*) FROM conflicts WHERE origin = known.origin AND reason = 'fork'),
                      (SELECT count(*) FROM conflicts WHERE origin = known.origin AND reason <> 'fork')
                 FROM (SELECT DISTINCT origin FROM logs) AS known
                 LEFT JOIN newest ON newest.origin = known.origin
                ORDER BY known.origin"""
        )
        return [
            LogStanding(origin=row[0], size=row[1], at_s=row[2], forks=row[3], unproven=row[4])
            for row in rows
        ]
