"""Many callers, one order: every entry gets a place, and no two the same."""

import asyncio
from pathlib import Path

import pytest

from inspection.custody.leaf import MAX_LEAF_BYTES, EntryType
from inspection.errors import BadMessage
from server.db.engine import writing_engine
from server.db.migrate import migrate
from server.db.writer import Writer
from server.ledger.log import Entry, Log
from server.ledger.sequencer import Sequencer, WriterSequencer

NOW = "2026-01-31T08:00:00.000000Z"


def entry(name: str, size: int = 0) -> Entry:
    body = b'{"note":"' + b"x" * size + b'"}'
    return Entry(type=EntryType.LOGISTICS, id=f"logistics:{name}", body=body)


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    engine = writing_engine(tmp_path / "x.sqlite")
    migrate(engine)
    return Writer(engine)


@pytest.fixture
def sequencer(writer: Writer) -> Sequencer:
    return WriterSequencer(writer, Log("s1", "centre.example/site/s1"), lambda: NOW)


async def test_everyone_who_waits_gets_a_place_of_their_own(writer: Writer, sequencer: Sequencer) -> None:
    waiting = [asyncio.ensure_future(sequencer.append(entry(str(number)))) for number in range(100)]
    await asyncio.sleep(0)
    writer.start()
    places = await asyncio.gather(*waiting)
    assert [place.seq for place in places] == list(range(100))
    assert await sequencer.append(entry("7")) == places[7]
    writer.close()


async def test_an_entry_that_is_too_long_fails_alone(writer: Writer, sequencer: Sequencer) -> None:
    sizes = (10, MAX_LEAF_BYTES, 20)
    waiting = [
        asyncio.ensure_future(sequencer.append(entry(str(number), size))) for number, size in enumerate(sizes)
    ]
    await asyncio.sleep(0)
    writer.start()
    first, long, last = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(long, BadMessage)
    assert [getattr(each, "seq", None) for each in (first, last)] == [0, 1]
    writer.close()
