"""The shop's books: what was instructed, what was paid, what has to be told to the centre."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from inspection.messages.refund import InstructionEvent, OutcomeStatus, RefundInstruction, RefundOutcome
from inspection.refund import RefundKind
from kit.receiver import SqliteInstructions, Standing

PAYS = frozenset({RefundKind.APPROVE, RefundKind.PARTIAL})
SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
    instruction TEXT PRIMARY KEY,      -- an instruction pays once, whatever arrives
    unit TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    paid_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS refunds (
    instruction TEXT PRIMARY KEY,
    unit TEXT NOT NULL,
    orders TEXT NOT NULL,
    kind TEXT NOT NULL,
    grade TEXT NOT NULL,
    disposition TEXT NOT NULL,
    target_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    images TEXT NOT NULL,
    ledger_index INTEGER NOT NULL,
    taken_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS outbox (
    id TEXT PRIMARY KEY,
    instruction TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    answer TEXT                        -- NULL until the centre has answered
);
"""
REPLACED = "replaced"
"""A newer instruction of the unit says what is owed; what was paid on this one counts."""
SHOWN = 200
"""Refunds on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An outcome that the centre has not answered yet."""

    id: str
    body: bytes


class Books:
    """SQLite, one writer, every change in one transaction."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(SCHEMA)
        self._instructions = SqliteInstructions(connection=self._db)
        self._instructions.create()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def take(self, event: InstructionEvent, now: datetime) -> Standing:
        """Take an instruction, pay what is missing, and note the outcome: all or nothing.

        Raises kit.errors.Conflict.
        """
        with self._transaction():
            standing = self._instructions.offer(event.instruction)
            if standing is Standing.NEW:
                self._carry_out(event, now)
            return standing

    def _carry_out(self, event: InstructionEvent, now: datetime) -> None:
        instruction = event.instruction
        paid = self._paid(instruction.unit, instruction.currency)
        owed = instruction.target_total_minor - paid
        # a total in one currency says nothing about what was paid in another: a person's business
        pays = instruction.kind in PAYS and not self._paid_otherwise(instruction.unit, instruction.currency)
        if pays and owed > 0:
            row = (instruction.id, instruction.unit, owed, instruction.currency, now.isoformat())
            self._db.execute("INSERT INTO payments VALUES (?, ?, ?, ?, ?)", row)
            paid += owed
        # less than was paid already is a claim on the customer: a person's business, never automatic
        settled = pays and owed >= 0
        outcome = _outcome(instruction, OutcomeStatus.SETTLED if settled else OutcomeStatus.HELD, paid, now)
        if instruction.replaces is not None:
            query = "UPDATE refunds SET status = ? WHERE instruction = ? AND unit = ?"
            self._db.execute(query, (REPLACED, instruction.replaces, instruction.unit))
        self._note(event, outcome)

    def _note(self, event: InstructionEvent, outcome: RefundOutcome) -> None:
        said = event.instruction
        row = (
            said.id,
            said.unit,
            said.order,
            said.kind.value,
            said.grade.value,
            said.disposition.value,
            said.target_total_minor,
            said.currency,
            outcome.status.value,
            " ".join(said.images),
            event.verdict.index,
            outcome.happened_at.isoformat(),
        )
        self._db.execute(f"INSERT INTO refunds VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
        waiting = (outcome.id, said.id, outcome.to_json())
        self._db.execute("INSERT INTO outbox (id, instruction, body) VALUES (?, ?, ?)", waiting)

    def waiting(self, limit: int = 20) -> list[Waiting]:
        """Outcomes that have to be told, the least tried first."""
        rows = self._db.execute(
            "SELECT id, body FROM outbox WHERE answer IS NULL ORDER BY attempts, rowid LIMIT ?", (limit,)
        )
        return [Waiting(id=row["id"], body=row["body"]) for row in rows]

    def tried(self, id: str) -> None:
        """One more attempt, without an answer."""
        self._db.execute("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?", (id,))

    def answered(self, id: str, answer: str) -> None:
        """The centre's answer: `recorded`, `mismatch`, or the code of its refusal."""
        self._db.execute("UPDATE outbox SET answer = ?, attempts = attempts + 1 WHERE id = ?", (answer, id))

    def refunds(self, limit: int = SHOWN) -> list[dict[str, Any]]:
        """The newest refunds, with what was paid for the unit in their currency and what the centre answered.

        `why` names the hold of a refund whose unit was paid in another currency.
        """
        rows = self._db.execute(
            """SELECT refunds.*, outbox.answer,
                      (SELECT coalesce(sum(amount_minor), 0) FROM payments
                        WHERE payments.unit = refunds.unit
                          AND payments.currency = refunds.currency) AS paid_minor,
                      (SELECT max('other_currency') FROM payments
                        WHERE payments.unit = refunds.unit AND refunds.status = 'held'
                          AND payments.currency <> refunds.currency) AS why,
                      (SELECT count(*) FROM payments WHERE payments.unit = refunds.unit) AS payments
                 FROM refunds JOIN outbox ON outbox.instruction = refunds.instruction
                ORDER BY refunds.rowid DESC LIMIT ?""",
            (limit,),
        )
        return [dict(row) for row in rows]

    def totals(self) -> dict[str, int]:
        """Refunds by status, and outcomes still to be told."""
        rows = self._db.execute("SELECT status, count(*) AS n FROM refunds GROUP BY status")
        open_ones = self._db.execute("SELECT count(*) FROM outbox WHERE answer IS NULL").fetchone()[0]
        return {row["status"]: row["n"] for row in rows} | {"untold": open_ones}

    def _paid(self, unit: str, currency: str) -> int:
        query = "SELECT coalesce(sum(amount_minor), 0) FROM payments WHERE unit = ? AND currency = ?"
        total: int = self._db.execute(query, (unit, currency)).fetchone()[0]
        return total

    def _paid_otherwise(self, unit: str, currency: str) -> bool:
        query = "SELECT 1 FROM payments WHERE unit = ? AND currency <> ?"
        return self._db.execute(query, (unit, currency)).fetchone() is not None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _outcome(
    instruction: RefundInstruction, status: OutcomeStatus, paid_minor: int, now: datetime
) -> RefundOutcome:
    name = hashlib.sha256(instruction.id.encode()).hexdigest()[:24]
    return RefundOutcome(
        v=1,
        id=f"RF-{name}",
        merchant=instruction.merchant,
        instruction=instruction.id,
        unit=instruction.unit,
        status=status,
        refunded_total_minor=paid_minor,
        currency=instruction.currency,
        happened_at=now,
    )
