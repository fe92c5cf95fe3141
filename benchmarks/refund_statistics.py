"""The numbers of 30 days with 100,000 refunds: over one database, nothing else running.

`python -m benchmarks.refund_statistics [REFUNDS]` writes so many refunds of four merchants with their
records, instructions, deliveries, outcomes and leaves, about as long as they are in life and in the order in
which they come about. It counts them by each of what they may be counted by. It takes a minute and 2 GB.
"""

import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import Connection, Table

from inspection.grades import Grade
from inspection.messages.base import time_text
from server.db.engine import reading_engine, writing_engine
from server.db.ledger_tables import heads, leaves
from server.db.migrate import migrate
from server.db.refund_tables import deliveries, instructions, outcomes, refunds
from server.db.rows import insert_rows
from server.db.tables import records
from server.refunds.lookup_schemas import By
from server.refunds.statistics import Span, read

SITE, REFUNDS, MERCHANTS, DAYS, ROUNDS = "s1", 100_000, 4, 30, 5
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
VERDICT_B, INSTRUCTION_B, OUTCOME_B = 3_000, 1_200, 600
"""Bytes that are kept of each, about as many as in life."""
FILL = 2_000
"""Refunds of one transaction."""
LIMIT_MS = 1_000.0
KINDS, GRADES = ("approve", "partial", "deny_proposed"), (Grade.NEW, Grade.USED, Grade.DAMAGED)
REASONS = ("changed_mind", "defective", "wrong_size", "other")
WRITTEN = (leaves, records, instructions, deliveries, outcomes, refunds)
"""Those first that others refer to."""


def main() -> dict[str, Any]:
    """Milliseconds by what is counted by, beside the limit."""
    return measure(REFUNDS)


def measure(many: int) -> dict[str, Any]:
    """As `main`, with so many refunds."""
    with tempfile.TemporaryDirectory(prefix="regrade-statistics-") as name:
        database = Path(name) / "centre.sqlite"
        fill(database, many)
        megabytes = database.stat().st_size / 1e6
        engine = reading_engine(database)
        with engine.connect() as connection:
            found = {by: timed(connection, by) for by in By}
        engine.dispose()
    return {
        "figure": "numbers of refunds over 30 days",
        "refunds": many,
        "database_mb": round(megabytes),
        "ms": {by.value: round(wall) for by, (wall, _) in found.items()},
        "cpu_ms": {by.value: round(own) for by, (_, own) in found.items()},
        "limit_ms": LIMIT_MS,
        "within_limit": max(wall for wall, _ in found.values()) <= LIMIT_MS,
    }


def timed(connection: Connection, by: By) -> tuple[float, float]:
    """Milliseconds on the wall and of this process alone, the median of some rounds."""
    days = [(BEGIN + timedelta(days=day)).date().isoformat() for day in (0, DAYS)]
    span = Span(told_from=days[0], told_to=days[1], merchant=None, now=BEGIN + timedelta(days=DAYS))
    times = list[tuple[float, float]]()
    for _ in range(ROUNDS):
        began = time.perf_counter(), time.process_time()
        read(connection, SITE, span, by)
        times.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    wall, own = (median(each) * 1000 for each in zip(*times, strict=True))
    return wall, own


def fill(database: Path, many: int) -> None:
    """Write what so many returns leave behind, spread over the days."""
    engine, made, step = writing_engine(database), Made(), timedelta(days=DAYS) / many
    migrate(engine)
    for start in range(0, many, FILL):
        for number in range(start, min(start + FILL, many)):
            made.judge(number, BEGIN + step * number, step * made.chance.random())
        with engine.begin() as connection:
            for table in WRITTEN:
                insert_rows(connection, table, made.rows.pop(table, []))
    with engine.begin() as connection:
        insert_rows(connection, heads, [{"site": SITE, "size": made.size, "head": ""}])
    engine.dispose()


@dataclass(slots=True)
class Made:
    """Rows that are to be written, and how long the ledger is with them."""

    chance: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - a draw anyone can repeat
    size: int = 0
    rows: dict[Table, list[dict[str, Any]]] = field(default_factory=dict)

    def judge(self, number: int, at: datetime, settled_in: timedelta) -> None:
        """A unit is inspected and its refund told; nine in ten are settled."""
        unit, record = f"R{number}/1/1", self.chance.randbytes(16).hex()
        settled = self.chance.randrange(10) > 0
        said: dict[str, Any] = {
            "merchant": f"m{number % MERCHANTS}", "unit": unit, "instruction": f"{unit}#1", "number": 1,
            "record": record, "inspection": 1, "kind": self.chance.choice(KINDS), "currency": "EUR",
            "grade": self.chance.choice(GRADES).value, "target_total_minor": 1_000 + number % 9_000,
            "verdict_seq": self._leaf("verdict", record, VERDICT_B, at),
            "leaf_seq": self._leaf("refund_instruction", f"{unit}#1", INSTRUCTION_B, at),
        }  # fmt: skip
        self._record(said, at)
        self._instruction(said, at)
        self._refund(said, at, settled_in if settled else None)
        if settled:
            seq = self._leaf("refund_outcome", f"{unit}#1", OUTCOME_B, at + settled_in)
            total = said["target_total_minor"]
            self._add(outcomes, said, id=f"re_{unit}", sha256="a" * 64, status="settled", matches=1,
                      refunded_total_minor=total, leaf_seq=seq)  # fmt: skip

    def _record(self, said: dict[str, Any], at: datetime) -> None:
        self._add(records, said | {"kind": "graded", "leaf_seq": said["verdict_seq"]}, id=said["record"],
                  sha256="a" * 64, sku="MUG-1", station="st1", disposition="resale", channel="shelf",
                  announced=self.chance.randbytes(400), personal=self.chance.randbytes(300), subject="c-1",
                  recorded_at=time_text(at))  # fmt: skip

    def _instruction(self, said: dict[str, Any], at: datetime) -> None:
        self._add(instructions, said, id=said["instruction"], body=self.chance.randbytes(INSTRUCTION_B))
        self._add(deliveries, said, needs_size=said["leaf_seq"] + 1, state="delivered", answer="HTTP 200",
                  attempts=1 + self.chance.randrange(10) // 9, due_at=0.0, delivered_at=time_text(at),
                  ordering=said["record"], event=self.chance.randbytes(VERDICT_B))  # fmt: skip

    def _refund(self, said: dict[str, Any], at: datetime, settled_in: timedelta | None) -> None:
        self._add(refunds, said, payment=said["record"], state="confirmed" if settled_in else "sent",
                  paid_minor=said["target_total_minor"] if settled_in else 0, due_at=0.0, attempts=0,
                  told_at=time_text(at), changed_at=time_text(at), return_reason=self.chance.choice(REASONS),
                  settled_s=settled_in.total_seconds() if settled_in else None)  # fmt: skip

    def _leaf(self, type: str, name: str, length: int, at: datetime) -> int:
        self._add(leaves, {}, seq=self.size, id=f"{type}:{name}", type=type, recorded_at=time_text(at),
                  leaf=self.chance.randbytes(length), hash=self.chance.randbytes(32))  # fmt: skip
        self.size += 1
        return self.size - 1

    def _add(self, table: Table, said: dict[str, Any], **more: Any) -> None:
        row = {"site": SITE, **{name: value for name, value in said.items() if name in table.c}, **more}
        self.rows.setdefault(table, []).append(row)


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else REFUNDS))
