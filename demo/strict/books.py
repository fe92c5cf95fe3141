"""The strict books: payments, refunds, what is still to be told. One SQLite file that outlives every kill."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.receiver import SqliteInstructions

SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY,
    captured INTEGER NOT NULL CHECK (captured >= 0),
    currency TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS refunds (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    payment TEXT NOT NULL,
    unit TEXT NOT NULL,
    key TEXT NOT NULL,                 -- the centre's, or of whoever asked by hand
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    status TEXT NOT NULL,              -- pending, succeeded, failed
    was TEXT NOT NULL,                 -- the status before it failed
    created REAL NOT NULL,
    next TEXT,                         -- the status that it will have
    next_at REAL
);
CREATE INDEX IF NOT EXISTS refunds_payment ON refunds (payment);
CREATE INDEX IF NOT EXISTS refunds_unit ON refunds (unit);
CREATE INDEX IF NOT EXISTS refunds_next ON refunds (next_at) WHERE next IS NOT NULL;
CREATE TABLE IF NOT EXISTS answers (   -- of the idempotency keys
    key TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS told (      -- webhooks and outcomes, until the centre has taken them
    id TEXT PRIMARY KEY,
    body BLOB NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    answer TEXT
);
CREATE INDEX IF NOT EXISTS told_due ON told (due_at) WHERE answer IS NULL;
"""
LIVE = ("pending", "succeeded")
"""Refunds that count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One movement of money."""

    number: int
    payment: str
    unit: str
    key: str
    amount: int
    currency: str
    status: str
    was: str
    created: float
    next: str | None
    next_at: float | None

    @property
    def id(self) -> str:
        """As others call it."""
        return f"re_{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Something that the centre has not taken yet."""

    id: str
    body: bytes
    attempts: int


class Books:
    """SQLite, one writer; whatever belongs together is one transaction."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self.db.execute(f"PRAGMA {pragma}")
        self.db.executescript(SCHEMA)
        self.instructions = SqliteInstructions(connection=self.db)
        self.instructions.create()

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """All or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def add_payments(self, rows: list[tuple[str, int, str]]) -> None:
        """Payments that were captured; known ones stay as they are."""
        with self.together():
            self.db.executemany("INSERT OR IGNORE INTO payments VALUES (?, ?, ?)", rows)

    def payment(self, id: str) -> tuple[int, str] | None:
        """What was captured, and its currency."""
        row = self.db.execute("SELECT captured, currency FROM payments WHERE id = ?", (id,)).fetchone()
        return (row["captured"], row["currency"]) if row else None

    def refunded(self, payment: str) -> int:
        """All refunds of a payment that count."""
        query = "SELECT coalesce(sum(amount), 0) FROM refunds WHERE payment = ? AND status IN (?, ?)"
        total: int = self.db.execute(query, (payment, *LIVE)).fetchone()[0]
        return total

    def paid(self, unit: str) -> int:
        """All that counts for a unit."""
        query = "SELECT coalesce(sum(amount), 0) FROM refunds WHERE unit = ? AND status IN (?, ?)"
        total: int = self.db.execute(query, (unit, *LIVE)).fetchone()[0]
        return total

    def add_refund(
        self,
        *,
        payment: str,
        unit: str,
        key: str,
        amount: int,
        currency: str,
        status: str,
        created: float,
        later: tuple[str, float] | None,
    ) -> Refund:
        """Move money; `later` is the status that it will have, and when."""
        next, next_at = later or (None, None)
        row = (payment, unit, key, amount, currency, status, status, created, next, next_at)
        names = "payment, unit, key, amount, currency, status, was, created, next, next_at"
        cursor = self.db.execute(
            f"INSERT INTO refunds ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            row,
        )
        return self.refund(cursor.lastrowid or 0)

    def refund(self, number: int) -> Refund:
        """One refund by its number."""
        row = self.db.execute("SELECT * FROM refunds WHERE number = ?", (number,)).fetchone()
        return Refund(**dict(row))

    def refunds_of(self, payment: str, before: int, limit: int) -> list[Refund]:
        """A payment's refunds, newest first, behind the one with that number."""
        rows = self.db.execute(
            "SELECT * FROM refunds WHERE payment = ? AND number < ? ORDER BY number DESC LIMIT ?",
            (payment, before, limit),
        )
        return [Refund(**dict(row)) for row in rows]

    def due_changes(self, now: float) -> list[Refund]:
        """Refunds whose next status has come."""
        rows = self.db.execute(
            "SELECT * FROM refunds WHERE next IS NOT NULL AND next_at <= ? ORDER BY next_at LIMIT 200", (now,)
        )
        return [Refund(**dict(row)) for row in rows]

    def change(self, refund: Refund, later: tuple[str, float] | None) -> Refund:
        """Give a refund its next status."""
        next, next_at = later or (None, None)
        self.db.execute(
            "UPDATE refunds SET was = status, status = ?, next = ?, next_at = ? WHERE number = ?",
            (refund.next, next, next_at, refund.number),
        )
        return self.refund(refund.number)

    def answer_to(self, key: str, since: float) -> sqlite3.Row | None:
        """What was answered to an idempotency key, unless that is forgotten."""
        self.db.execute("DELETE FROM answers WHERE key = ? AND at < ?", (key, since))
        row: sqlite3.Row | None = self.db.execute("SELECT * FROM answers WHERE key = ?", (key,)).fetchone()
        return row

    def keep_answer(self, key: str, request: str, status: int, body: bytes, at: float) -> None:
        """Remember the first answer to an idempotency key."""
        self.db.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?)", (key, request, status, body, at))

    def tell(self, id: str, body: bytes, due_at: float) -> None:
        """Have something told; once for one id."""
        self.db.execute("INSERT OR IGNORE INTO told (id, body, due_at) VALUES (?, ?, ?)", (id, body, due_at))

    def due_tells(self, now: float, limit: int = 50) -> list[Tell]:
        """What is to be told now."""
        rows = self.db.execute(
            "SELECT id, body, attempts FROM told WHERE answer IS NULL AND due_at <= ? "
            "ORDER BY due_at LIMIT ?",
            (now, limit),
        )
        return [Tell(id=row["id"], body=row["body"], attempts=row["attempts"]) for row in rows]

    def told(self, id: str, answer: str | None, due_at: float) -> None:
        """The centre's answer, or when to try again."""
        self.db.execute(
            "UPDATE told SET answer = ?, due_at = ?, attempts = attempts + 1 WHERE id = ?",
            (answer, due_at, id),
        )

    def state(self) -> dict[str, Any]:
        """Everything, for whoever compares."""
        rows = self.db.execute("SELECT * FROM refunds ORDER BY number")
        return {"refunds": [dict(row) for row in rows], **self.totals()}

    def totals(self) -> dict[str, Any]:
        """How much is still to be done and told."""
        untold = self.db.execute("SELECT count(*) FROM told WHERE answer IS NULL").fetchone()[0]
        answers = self.db.execute("SELECT answer, count(*) AS n FROM told GROUP BY answer")
        waiting = self.db.execute("SELECT count(*) FROM refunds WHERE next IS NOT NULL").fetchone()[0]
        return {
            "untold": untold,
            "unfinished": waiting,
            "told": {row["answer"] or "not yet": row["n"] for row in answers},
        }
