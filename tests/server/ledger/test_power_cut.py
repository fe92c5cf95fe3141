"""The power goes while the centre writes: what it had answered for is there afterwards, and the log is whole.

The real writer and the real log run on a disk that forgets, in many lives: each ends with the power, each
begins with what the disk kept. `make soak` does it some thousand times more.
"""

import asyncio
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, select
from sqlalchemy.exc import DBAPIError

from inspection.custody.leaf import EntryType, leaf_hash_hex, read_leaf
from inspection.custody.merkle import leaf_hash, root_of
from inspection.custody.tiles import HASHES
from inspection.errors import DomainError
from server.db.engine import for_writing
from server.db.ledger_tables import leaves
from server.db.migrate import migrate
from server.db.writer import Writer
from server.errors import CentreError
from server.ledger.checkpoints import page_of, sign_news
from server.ledger.log import Entry, Log, Place
from server.ledger.sequencer import WriterSequencer
from server.ledger.tree import tree_view
from tests.server.ledger import apsw_driver
from tests.server.ledger.faulty_disk import Disk, DiskVfs

SEEDS = 100
SOAK_SEEDS = int(os.environ.get("REGRADE_SOAK_SEEDS", "5000"))
LIVES = 3
CLIENTS = 4
MOST_WRITES = 150
"""About as many writes and syncs as a life has when the power stays."""
NOW = "2026-01-31T08:00:00.000000Z"
PATH = "/centre.sqlite"
LOG = Log("s1", "centre.example/site/s1")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEPT = Path(__file__).resolve().parents[3] / "docs" / "soak"
VFS_NAMES = (f"faulty-{number}" for number in itertools.count())


@dataclass(slots=True)
class Told:
    """What the centre has answered, over all lives."""

    places: dict[str, Place] = field(default_factory=dict)
    checkpoints: dict[int, bytes] = field(default_factory=dict)
    """Root by size: what was shown to anybody."""
    cuts: int = 0


@contextmanager
def opened(disk: Disk, *, autocheckpoint: int = 1000, synchronous: str = "FULL") -> Iterator[Engine]:
    """The centre's way of writing, over apsw, on this disk."""
    vfs = DiskVfs(next(VFS_NAMES), disk)
    engine = create_engine(
        "sqlite://",
        module=apsw_driver,
        creator=lambda: apsw_driver.connect(PATH, vfs.name),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
    )

    @event.listens_for(engine, "connect")
    def alone(connection: apsw_driver.Connection, _: object) -> None:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")  # this disk has no shared memory for a WAL index
        connection.execute(f"PRAGMA wal_autocheckpoint={autocheckpoint}")

    for_writing(engine)

    @event.listens_for(engine, "connect")
    def synced(connection: apsw_driver.Connection, _: object) -> None:
        if synchronous != "FULL":
            connection.execute(f"PRAGMA synchronous={synchronous}")

    try:
        yield engine
    finally:
        engine.dispose()
        vfs.unregister()


@pytest.fixture(scope="module")
def fresh() -> Disk:
    """A disk with a centre on it, whose log is soon as long as a tile is wide."""
    disk, dice = Disk(), Random(0)
    before = tuple(entry(f"logistics:before-{number}", dice) for number in range(HASHES - 10))
    with opened(disk) as engine:
        migrate(engine)
        with engine.begin() as connection:
            LOG.append_all(connection, before, NOW)
    return disk.copy()


async def client(writer: Writer, told: Told, dice: Random, name: str) -> None:
    """Append until the power goes, now and then something that is there already."""
    for number in range(8):
        ids = [f"logistics:{name}-{number}-{part}" for part in range(dice.choice((1, 1, 2, 5)))]
        ids += dice.sample(sorted(told.places), min(len(told.places), dice.choice((0, 0, 1))))
        entries = tuple(entry(each, dice) for each in ids)
        try:
            places = await append(writer, entries, jointly=dice.random() < 0.5)
        except CentreError:
            return
        for each, place in zip(ids, places, strict=True):
            assert told.places.setdefault(each, place) == place


async def signer(writer: Writer, told: Told, dice: Random) -> None:
    """Sign what is new until the power goes; a checkpoint is shown once it is durable."""
    for _ in range(dice.randint(1, 6)):
        await asyncio.sleep(dice.choice((0, 0.001, 0.002)))
        try:
            kept = await writer.submit(lambda c: sign_news(c, LOG, (KEY,), NOW))
        except CentreError:
            return
        assert told.checkpoints.setdefault(kept.size, kept.root) == kept.root


async def append(writer: Writer, entries: tuple[Entry, ...], *, jointly: bool) -> tuple[Place, ...]:
    """In one unit of work of their own, or each with whoever else waits."""
    if not jointly:
        return await writer.submit(lambda c: LOG.append_all(c, entries, NOW))
    sequencer = WriterSequencer(writer, LOG, lambda: NOW)
    return tuple([await sequencer.append(each) for each in entries])


def entry(name: str, dice: Random) -> Entry:
    body = b'{"note":"' + b"x" * dice.choice((10, 200, 3000)) + b'"}'
    return Entry(type=EntryType.LOGISTICS, id=name, body=body)


async def live(disk: Disk, told: Told, dice: Random, life: int, synchronous: str) -> None:
    """One life: from the power's coming to its going."""
    disk.power = dice.randint(1, MOST_WRITES)
    with opened(disk, autocheckpoint=dice.choice((4, 16, 1000)), synchronous=synchronous) as engine:
        writer = Writer(engine)
        writer.start()
        names = [f"{life}-{number}" for number in range(CLIENTS)]
        clients = (client(writer, told, dice, name) for name in names)
        await asyncio.gather(signer(writer, told, dice), *clients)
        writer.close()
    told.cuts += disk.off


def faults(connection: Connection, told: Told) -> list[str]:
    """What is wrong with the log; empty when all is well."""
    head = LOG.check(connection)
    chosen = select(leaves.c.seq, leaves.c.id, leaves.c.leaf).where(leaves.c.site == LOG.site)
    rows = connection.execute(chosen.order_by(leaves.c.seq)).all()
    hashes = ["0" * 64, *(leaf_hash_hex(row.leaf) for row in rows)]
    read = [read_leaf(row.leaf) for row in rows]
    kept = {row.id: Place(seq=row.seq, leaf=row.leaf) for row in rows}
    wrong = [f"{name} was answered for and is lost" for name in told.places if name not in kept]
    wrong += [
        f"{name} stands elsewhere" for name, place in told.places.items() if kept.get(name, place) != place
    ]
    wrong += [f"gap at {seq}" for seq, row in enumerate(rows) if row.seq != seq]
    follows = zip(read, hashes, strict=False)
    wrong += [f"leaf {leaf.seq} does not follow" for leaf, before in follows if leaf.prev != before]
    if head.size != len(rows):
        wrong.append(f"{len(rows)} leaves, but the head says {head.size}")
    wrong += tree_faults(connection, told, [leaf_hash(row.leaf) for row in rows])
    found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    return wrong + [str(line) for line in found if line != "ok"]


def tree_faults(connection: Connection, told: Told, hashes: list[bytes]) -> Iterator[str]:
    """Whether the tiles are those of the leaves, and every checkpoint, shown or only kept, is of this log."""
    if tree_view(connection, LOG.site, len(hashes)).root() != root_of(hashes):
        yield "the tree is not that of the leaves"
    kept = {each.size: each.root for each in page_of(connection, LOG.site, -1, 1000)}
    for size, root in told.checkpoints.items():
        if kept.get(size) != root:
            yield f"the checkpoint of size {size} was shown and is lost"
    for size, root in kept.items():
        if size > len(hashes) or root_of(hashes[:size]) != root:
            yield f"the log does not continue the checkpoint of size {size}"


def found_wrong(disk: Disk, told: Told) -> list[str]:
    """What is wrong on a disk whose power is back."""
    try:
        with opened(disk) as engine, engine.begin() as connection:
            return faults(connection, told)
    except (DBAPIError, CentreError, DomainError) as error:
        return [f"{type(error).__name__}: {error}"]


async def lives(fresh: Disk, seed: int, synchronous: str = "FULL") -> tuple[Told, list[str]]:
    """Some lives of one centre, and what was found wrong after any of them."""
    disk, told, dice = fresh.copy(), Told(), Random(seed)
    for life in range(LIVES):
        await live(disk, told, dice, life, synchronous)
        disk = disk.after(dice)
        wrong = found_wrong(disk, told)
        if wrong:
            return told, [f"seed {seed}, life {life}: {line}" for line in wrong]
    return told, []


async def test_what_was_answered_for_outlives_every_power_cut(fresh: Disk) -> None:
    results = [await lives(fresh, seed) for seed in range(SEEDS)]
    assert [line for _, wrong in results for line in wrong] == []
    assert sum(told.cuts for told, _ in results) > SEEDS
    assert sum(len(told.places) for told, _ in results) > 10 * SEEDS
    assert sum(len(told.checkpoints) for told, _ in results) > SEEDS
    assert sum(max(told.checkpoints, default=0) > HASHES for told, _ in results) > SEEDS / 2


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
async def test_a_centre_that_does_not_sync_is_found_out(fresh: Disk, synchronous: str) -> None:
    results = [await lives(fresh, seed, synchronous) for seed in range(20)]
    assert any("answered for and is lost" in line for _, wrong in results for line in wrong)


@pytest.mark.soak
async def test_it_outlives_thousands_of_power_cuts(fresh: Disk) -> None:
    started, results = datetime.now(UTC), list[tuple[Told, list[str]]]()
    for seed in range(SEEDS, SEEDS + SOAK_SEEDS):
        results.append(await lives(fresh, seed))
        if seed % 100 == 0 or seed == SEEDS + SOAK_SEEDS - 1:
            write_down(started, results)
    assert [line for _, wrong in results for line in wrong] == []


def write_down(started: datetime, results: list[tuple[Told, list[str]]]) -> None:
    """Keep the result so far."""
    wrong = [f"- {line}" for _, lines in results for line in lines]
    told = [each for each, _ in results]
    cuts = sum(each.cuts for each in told)
    rows = [
        f"# Ledger under power cuts, {started:%Y-%m-%d %H:%M} UTC",
        "",
        f"The real writer and log on a simulated disk (SQLite {apsw_driver.sqlite_version}) that loses, "
        f"tears, garbles and reorders what was not synced: {len(results)} seeds, {cuts} power cuts, "
        f"{sum(len(each.places) for each in told)} entries and "
        f"{sum(len(each.checkpoints) for each in told)} checkpoints that were answered for.",
        f"Entries lost, indexes given twice, gaps, trees or checkpoints that do not fit: {len(wrong)}.",
        "",
        *wrong,
    ]
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"power-{started:%Y-%m-%d-%H%M}.md").write_text("\n".join(rows).rstrip() + "\n")
