"""Opens a recovering ledger once it is whole and nothing more has come back for a while."""

import asyncio
from functools import partial

from server.centre import Centre
from server.ledger.standing import LogState, standing_of
from server.ledger.taking import take_back

LOOK_S = 1.0


async def opening(centre: Centre) -> None:
    """Look until cancelled, no fault ends it; a ledger that is open costs one short read each time."""
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            await open_if_whole(centre)
        except Exception as error:  # a ledger that is whole must open the next time
            centre.logger.error("ledger.not_opened", reason=str(error), exc_info=error)


async def open_if_whole(centre: Centre) -> None:
    """Look once."""
    standing = await centre.reader.run(lambda c: standing_of(c, centre.site))
    if standing.state == LogState.RECOVERING:
        taken = await centre.writer.submit(partial(take_back, centre=centre, offered=()))
        if taken.state == LogState.OPEN:
            centre.deliveries_due.set()
