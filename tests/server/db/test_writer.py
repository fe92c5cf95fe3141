"""One writer: no unit of work hurts another, and nothing is answered before it is durable."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from server.db.changes import next_changes
from server.db.columns import metadata
from server.db.engine import Reader, reading_engine, writing_engine
from server.db.lock import WriterLock
from server.db.migrate import migrate
from server.db.tables import merchants
from server.db.writer import Writer
from server.errors import AlreadyRunning, BadSettings, Busy, StorageFailed


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "x.sqlite"
    engine = writing_engine(path)
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture
def writer(database: Path) -> Iterator[Writer]:
    made = Writer(writing_engine(database), limit=4)
    made.start()
    yield made
    made.close()


def add(connection: Connection, name: str) -> str:
    connection.execute(insert(merchants).values(site="s1", id=name, name=name, created_at="now"))
    return name


def names(path: Path) -> list[str]:
    """Read by SQLite alone: what is durable, not what some connection believes."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        found = [row[0] for row in connection.execute("SELECT id FROM merchants ORDER BY id")]
    connection.close()
    return found


async def held(writer: Writer) -> tuple[threading.Event, asyncio.Future[bool]]:
    """Keep the writer's thread busy until the event is set, so that what follows is one group."""
    gate, busy = threading.Event(), threading.Event()

    def work(_: Connection) -> bool:
        busy.set()
        return gate.wait(5)

    opening = asyncio.ensure_future(writer.submit(work))
    await asyncio.to_thread(busy.wait, 5)
    return gate, opening


async def test_an_answer_means_that_it_is_durable(writer: Writer, database: Path) -> None:
    assert await writer.submit(lambda c: add(c, "m1")) == "m1"
    assert names(database) == ["m1"]


async def test_a_unit_of_work_that_fails_leaves_the_others_alone(writer: Writer, database: Path) -> None:
    def half(connection: Connection) -> None:
        add(connection, "half")
        raise ValueError("no")

    gate, opening = await held(writer)
    group = [
        asyncio.ensure_future(each)
        for each in (
            writer.submit(lambda c: add(c, "m1")),
            writer.submit(half),
            writer.submit(lambda c: add(c, "m2")),
        )
    ]
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(opening, *group, return_exceptions=True)
    assert results[1] == "m1"
    assert isinstance(results[2], ValueError)
    assert results[3] == "m2"
    assert names(database) == ["m1", "m2"]


async def test_neighbours_that_ask_for_the_same_are_done_in_one_call(writer: Writer, database: Path) -> None:
    calls: list[list[str]] = []

    def add_all(connection: Connection, items: Sequence[str]) -> list[str]:
        calls.append(list(items))
        return [add(connection, name) for name in items]

    gate, opening = await held(writer)
    group = [asyncio.ensure_future(each) for each in (writer.join(add_all, "m1"), writer.join(add_all, "m2"))]
    group.append(asyncio.ensure_future(writer.submit(lambda c: add(c, "m3"))))
    group.append(asyncio.ensure_future(writer.join(add_all, "m4")))
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(opening, *group) == [True, "m1", "m2", "m3", "m4"]
    assert calls == [["m1", "m2"], ["m4"]]
    assert names(database) == ["m1", "m2", "m3", "m4"]


async def test_nobody_fails_by_an_item_of_another(writer: Writer, database: Path) -> None:
    def add_all(connection: Connection, items: Sequence[str]) -> list[str]:
        return [add(connection, name) for name in items]

    await writer.submit(lambda c: add(c, "m2"))
    gate, opening = await held(writer)
    group = [asyncio.ensure_future(writer.join(add_all, name)) for name in ("m1", "m2", "m3")]
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(opening, *group, return_exceptions=True)
    assert isinstance(results[2], IntegrityError)
    assert (results[1], results[3]) == ("m1", "m3")
    assert names(database) == ["m1", "m2", "m3"]


async def test_a_broken_constraint_is_the_callers_own(writer: Writer, database: Path) -> None:
    await writer.submit(lambda c: add(c, "m1"))
    with pytest.raises(IntegrityError):
        await writer.submit(lambda c: add(c, "m1"))
    await writer.submit(lambda c: add(c, "m2"))
    assert names(database) == ["m1", "m2"]


async def test_a_question_that_makes_no_sense_is_its_callers_own(writer: Writer, database: Path) -> None:
    gate, opening = await held(writer)
    wrong = asyncio.ensure_future(writer.submit(lambda c: c.exec_driver_sql("SELECT * FROM nowhere")))
    right = asyncio.ensure_future(writer.submit(lambda c: add(c, "m1")))
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(opening, wrong, right, return_exceptions=True)
    assert isinstance(results[1], OperationalError)
    assert results[2] == "m1"
    assert names(database) == ["m1"]


async def test_a_disk_that_fails_a_question_fails_all_that_were_asked_with_it(
    writer: Writer, database: Path
) -> None:
    def failing(_: Connection) -> str:
        fault = sqlite3.OperationalError("disk I/O error")
        fault.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
        raise OperationalError("SELECT 1", None, fault)

    gate, opening = await held(writer)
    group = [asyncio.ensure_future(writer.submit(lambda c: add(c, "m1")))]
    group.append(asyncio.ensure_future(writer.submit(failing)))
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(opening, *group, return_exceptions=True)
    assert [type(each) for each in results[1:]] == [StorageFailed, StorageFailed]
    assert names(database) == []


async def test_a_full_queue_says_so_at_once(writer: Writer) -> None:
    gate, first = await held(writer)
    queued = [asyncio.ensure_future(writer.submit(lambda _: None)) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await writer.submit(lambda _: None)
    gate.set()
    await asyncio.gather(first, *queued)


async def test_a_caller_that_goes_away_disturbs_nobody(writer: Writer, database: Path) -> None:
    gate, first = await held(writer)
    gone = asyncio.ensure_future(writer.submit(lambda c: add(c, "m1")))
    await asyncio.sleep(0)
    gone.cancel()
    gate.set()
    await first
    await writer.submit(lambda c: add(c, "m2"))
    assert names(database) == ["m1", "m2"]


async def test_what_waits_is_written_before_the_end(database: Path) -> None:
    writer = Writer(writing_engine(database))
    writer.start()
    group = [asyncio.ensure_future(writer.submit(lambda c, n=n: add(c, f"m{n}"))) for n in range(50)]  # type: ignore[misc] # mypy cannot infer a lambda with a default
    await asyncio.sleep(0)
    await asyncio.to_thread(writer.close)
    assert len(await asyncio.gather(*group)) == 50
    assert len(names(database)) == 50
    with pytest.raises(Busy):
        await writer.submit(lambda _: None)


async def test_a_reader_cannot_write(writer: Writer, database: Path) -> None:
    await writer.submit(lambda c: add(c, "m1"))
    reader = Reader(reading_engine(database))
    assert await reader.run(lambda c: c.execute(select(merchants.c.id)).scalars().all()) == ["m1"]
    with pytest.raises(OperationalError):
        await reader.run(lambda c: add(c, "m2"))
    reader.close()


def test_a_second_writer_is_refused(database: Path) -> None:
    with WriterLock(database), pytest.raises(AlreadyRunning), WriterLock(database):
        pass
    with WriterLock(database):
        pass


def test_the_migrations_make_the_tables(database: Path) -> None:
    engine = writing_engine(database)
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_database_of_a_newer_program_is_refused(database: Path) -> None:
    engine = writing_engine(database)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'v9999'")
    with pytest.raises(BadSettings, match="another version"):
        migrate(engine)
    engine.dispose()


async def test_changes_are_never_given_out_twice(writer: Writer) -> None:
    taken = [await writer.submit(lambda c: next_changes(c, "s1", 3)) for _ in range(3)]
    assert [list(numbers) for numbers in taken] == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
