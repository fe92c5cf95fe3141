"""The ledger as a library: durable appends, proofs, and what both cost in a long log."""

import asyncio
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

from sqlalchemy import Engine

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType
from inspection.custody.merkle import leaf_hash, verify_consistency, verify_inclusion
from server.db.engine import reading_engine, writing_engine
from server.db.migrate import migrate
from server.db.writer import Writer
from server.ledger.log import Entry, Log
from server.ledger.sequencer import WriterSequencer
from server.ledger.tree import tree_view

SITE, ORIGIN = "s1", "bench.example/site/s1"
LOG = Log(SITE, ORIGIN)
NOW = "2026-01-31T08:00:00.000000Z"
FLIGHTS = {1: 1_000, 8: 8_000, 64: 40_000, 512: 60_000}
"""Appends in flight, and how many are timed."""
QUEUE = 2_000
FILL = 1_000
"""Leaves in one transaction while a long log is made."""
PROOFS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How fast appends were answered, each only once it was durable."""

    per_s: float
    p95_ms: float

    def row(self) -> dict[str, float]:
        """Rounded for a table."""
        return {"per_s": round(self.per_s), "p95_ms": round(self.p95_ms, 1)}


def entry(number: int) -> Entry:
    """A parcel that was signed off: a legal entry of some 300 bytes as a leaf."""
    parcel = f"P-{number:010}"
    body = canonical({"merchant": "north", "parcel": parcel, "event": "signed_off", "at": NOW})
    return Entry(type=EntryType.LOGISTICS, id=f"parcel:north:{parcel}:signed-off", body=body)


def new_database(path: Path) -> Engine:
    """An empty centre's database, as the centre opens it."""
    engine = writing_engine(path)
    migrate(engine)
    return engine


def appends(folder: Path, in_flight: int) -> Rate:
    """Append through the writer with so many callers waiting at any time."""
    writer = Writer(new_database(folder / f"flight-{in_flight}.sqlite"), limit=QUEUE)
    return asyncio.run(timed_appends(writer, in_flight, range(FLIGHTS[in_flight])))


async def timed_appends(writer: Writer, in_flight: int, numbers: range) -> Rate:
    """Append these through a writer that is not started yet, and close it."""
    writer.start()
    sequencer, waits, left = WriterSequencer(writer, LOG, lambda: NOW), list[float](), iter(numbers)

    async def caller() -> None:
        for number in left:
            began = time.perf_counter()
            await sequencer.append(entry(number))
            waits.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(in_flight)))
    seconds = time.perf_counter() - began
    writer.close()
    return Rate(per_s=len(numbers) / seconds, p95_ms=percentile(waits, 95) * 1000)


def raw_inserts(folder: Path, per_commit: int, rows: int) -> float:
    """Rows a second that SQLite alone takes into the same table: what no ledger on this disk can beat."""
    path = folder / f"raw-{per_commit}.sqlite"
    new_database(path).dispose()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    leaf, digest = b"x" * 480, b"h" * 32
    add = "INSERT INTO leaves (site, seq, id, type, leaf, hash, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    began = time.perf_counter()
    for start in range(0, rows, per_commit):
        connection.execute("BEGIN IMMEDIATE")
        numbers = range(start, start + per_commit)
        connection.executemany(
            add, [(SITE, n, f"parcel:{n}", "logistics", leaf, digest, NOW) for n in numbers]
        )
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return rows / seconds


def fill(engine: Engine, numbers: range) -> float:
    """Append these, a thousand in a transaction; returns the CPU microseconds of one append."""
    began = time.process_time()
    for start in range(numbers.start, numbers.stop, FILL):
        entries = tuple(entry(number) for number in range(start, min(start + FILL, numbers.stop)))
        with engine.begin() as connection:
            LOG.append_all(connection, entries, NOW)
    return (time.process_time() - began) / len(numbers) * 1e6


def proofs(database: Path, dice: Random) -> dict[str, float]:
    """Inclusion and consistency proofs of a long log, each on a view that has read nothing yet; milliseconds.

    Both are verified, outside of the time that is taken.
    """
    engine = reading_engine(database)
    taken: dict[str, list[float]] = {"inclusion": [], "consistency": [], "both": []}
    for included, consistent in _proof_times(engine, dice):
        taken["inclusion"].append(included)
        taken["consistency"].append(consistent)
        taken["both"].append(included + consistent)
    engine.dispose()
    return {
        f"{name}_{point}_ms": round(value * 1000, 2)
        for name, times in taken.items()
        for point, value in (("median", median(times)), ("p99", percentile(times, 99)))
    }


def _proof_times(engine: Engine, dice: Random) -> Iterator[tuple[float, float]]:
    with engine.begin() as connection:
        size = LOG.head(connection).size
        root = tree_view(connection, SITE, size).root()
    for _ in range(PROOFS):
        index, old = dice.randrange(size), dice.randrange(1, size)
        with engine.begin() as connection:
            began = time.perf_counter()
            inclusion = tree_view(connection, SITE, size).inclusion(index)
            between = time.perf_counter()
            consistency = tree_view(connection, SITE, size).consistency(old)
            ended = time.perf_counter()
            leaf, old_root = LOG.at(connection, index), tree_view(connection, SITE, old).root()
        verify_inclusion(leaf_hash(leaf or b""), index, size, inclusion, root)
        verify_consistency(old, size, consistency, old_root, root)
        yield between - began, ended - between


def percentile(values: Iterable[float], point: int) -> float:
    """The value that `point` percent of them do not exceed."""
    return quantiles(values, n=100)[point - 1]


def growth(engine: Engine, sizes: tuple[int, ...]) -> dict[str, Any]:
    """Fill a log to these sizes; the CPU time of an append just before each."""
    costs, at = dict[str, float](), 0
    for size in sizes:
        sample = min(10_000, size // 2)
        fill(engine, range(at, size - sample))
        costs[str(size)] = round(fill(engine, range(size - sample, size)), 1)
        at = size
    return costs
