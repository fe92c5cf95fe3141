"""Opens a recovering ledger once it is whole and nothing more has come back for a while."""

import asyncio
from functools import partial

from inspection.errors import DomainError
from server.centre import Centre
from server.errors import CentreError
from server.ledger.refill_router import take_back
from server.ledger.standing import LogState, standing_of

LOOK_S = 1.0


async def opening(centre: Centre) -> None:
    """Look for ever; a ledger that is open costs one short read each time."""
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            await open_if_whole(centre)
        except (CentreError, DomainError, OSError) as error:
            centre.logger.warning("ledger.not_opened", reason=str(error))


async def open_if_whole(centre: Centre) -> None:
    """Look once."""
    standing = await centre.reader.run(lambda c: standing_of(c, centre.site))
    if standing.state == LogState.RECOVERING:
        taken = await centre.writer.submit(partial(take_back, centre=centre, offered=()))
        if taken.state == LogState.OPEN:
            centre.deliveries_due.set()
