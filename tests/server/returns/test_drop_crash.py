"""A centre that dies while it reads a dropped file goes on behind the last row that counts."""

import asyncio
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, func, select, update

from inspection.messages.catalogue import ProductMessage
from server.catalogue import repository as catalogue
from server.centre import open_centre
from server.db.return_tables import dropped_files
from server.db.tables import units
from server.keys import make_keys
from server.returns.dropping.reading import BATCH
from server.returns.dropping.watcher import Watcher
from server.settings import ServerSettings
from tests.server.conftest import product_object
from tests.server.returns.drop_crash import DIED
from tests.server.returns.test_dropping import HEAD, row

ROWS = 4 * BATCH
BAD = {7, 3 * BATCH + 1}


def settings_of(folder: Path) -> ServerSettings:
    return ServerSettings(
        host_name="centre.test", site="s1", returns_drop_dir=folder / "drop", drop_settle_s=0
    )


def withdraw(connection: Connection) -> None:
    """What a shop does between the crash and the start: a row that counts already must not undo it."""
    connection.execute(update(units).where(units.c.id == "R1/1/1").values(state="cancelled"))


@pytest.mark.parametrize(("deadly", "when"), [(1, "inside"), (2, "before"), (3, "inside"), (0, "ended")])
async def test_a_crash_doubles_nothing_and_loses_nothing(tmp_path: Path, deadly: int, when: str) -> None:
    keys, settings, inbox = make_keys(tmp_path), settings_of(tmp_path), tmp_path / "drop" / "m1"
    inbox.mkdir(parents=True)
    product = ProductMessage.model_validate(product_object())
    async with open_centre(tmp_path, settings, keys, registry=CollectorRegistry()) as centre:
        await centre.writer.submit(lambda c: catalogue.add_merchant(c, "s1", "m1", "Blue", centre.now()))
        await centre.writer.submit(lambda c: catalogue.put_products(c, "s1", (product,)))
    lines = (row(n, sku="JUG-1") if n in BAD else row(n) for n in range(1, ROWS + 1))
    (inbox / "a.csv").write_text(HEAD + "".join(lines))
    died = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.server.returns.drop_crash", str(tmp_path), str(deadly), when
    )
    assert await died.wait() == DIED
    async with open_centre(tmp_path, settings, keys, registry=CollectorRegistry()) as centre:
        counted = select(func.count()).select_from(units)
        before = await centre.reader.run(lambda c: c.execute(counted).scalar_one())
        if before:
            await centre.writer.submit(withdraw)
        await Watcher(centre, tmp_path / "drop").turn()
        files = select(dropped_files.c.state, dropped_files.c.accepted, dropped_files.c.rejected)
        done = await centre.reader.run(lambda c: [tuple(r) for r in c.execute(files)])
        state = select(units.c.state).where(units.c.id == "R1/1/1")
        assert done == [("done", ROWS - len(BAD), len(BAD))]
        assert await centre.reader.run(lambda c: c.execute(counted).scalar_one()) == ROWS - len(BAD)
        assert await centre.reader.run(lambda c: c.execute(state).scalar()) == (
            "cancelled" if before else "expected"
        )
    (told,) = (path.read_text("utf-8-sig") for path in (inbox / "done").iterdir() if "faults" in path.name)
    assert [int(line.split(",")[0]) - 1 for line in told.splitlines()[1:]] == sorted(BAD)
