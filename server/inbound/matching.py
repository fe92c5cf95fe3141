"""Try what waits again, once the parcel, unit or instruction that it is about was announced."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from server.centre import Centre
from server.errors import TryLater
from server.inbound import repository, service
from server.inbound.sources import SOURCES

LOOK_S = 1.0
MOST_TOGETHER = 50


async def match(centre: Centre) -> int:
    """Try once all that may fit now; returns how many were tried."""
    rows = await centre.reader.run(lambda c: repository.matched(c, centre.site, MOST_TOGETHER))
    for row in rows:
        await service.try_again(centre, SOURCES[row.source], service.reopened(centre, row))
    waiting = await centre.reader.run(lambda c: repository.count_waiting(c, centre.site))
    centre.metrics.hooks_waiting.set(waiting)
    return len(rows)


async def run(centre: Centre) -> None:
    """Look again and again, until cancelled; no fault of one look ends it."""
    while True:
        try:
            await match(centre)
        except TryLater:
            pass  # the next look comes soon enough
        except Exception as error:  # what waits must be tried, whatever happened to one of them
            centre.logger.error("matching", exc_info=error)
        await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def matching(centre: Centre) -> AsyncIterator[None]:
    """Match in the background."""
    task = asyncio.create_task(run(centre), name="matching")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
