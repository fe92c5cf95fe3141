"""Ask carriers what became of parcels, and see to what no carrier tells: until cancelled, one look a second.

Nobody tells that a parcel was signed for which lies on the bench, nor that a part of one did not come.

A parcel that is asked about is leased in its row, so a crash loses nothing; a carrier that does not answer is
left alone for longer each time, with full jitter.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from secrets import SystemRandom
from typing import Any

from sqlalchemy import Row

from inspection.messages.base import read_time
from server.carriers import booking, repository, watching
from server.carriers.carrier import Carrier
from server.carriers.hooks import record
from server.carriers.http import HttpCarrier, calling
from server.carriers.repository import CarrierRow
from server.carriers.rows import Told
from server.centre import Centre
from server.errors import (
    CarrierAway,
    EventAhead,
    NoCarrier,
    TooManyEvents,
    TryLater,
    UnknownParcel,
)
from server.refunds.missing import MissingUnits

LOOK_S = 1.0
PARALLEL = 4
MOST_PAGES = 5
LEASE_S = 10.0
LONGEST_WAIT_S = 6 * 3600.0
LONGEST_HOLD_S = 60.0
"""While a carrier does not answer, its other parcels wait up to this long too."""
FOLLOWED = timedelta(days=60)
"""A parcel of which nothing came in this time is asked about no more."""
DOUBT_S = 60.0
"""A pick-up is looked up by itself only after this: a request that was slow may still arrive."""

Uniform = Callable[[float, float], float]
Connect = Callable[[CarrierRow], Carrier]


class Poller:
    """Looks again and again; several parcels at a time."""

    def __init__(self, centre: Centre, connect: Connect, uniform: Uniform) -> None:
        self._centre = centre
        self._connect = connect
        self._uniform = uniform
        self._missing = MissingUnits(centre)

    async def run(self) -> None:
        """No fault of one look ends it."""
        while True:
            try:
                await self.look()
            except TryLater:
                pass  # the next look comes soon enough
            except Exception as error:  # parcels must be followed, whatever happened once
                self._centre.logger.error("carriers", exc_info=error)
            await asyncio.sleep(LOOK_S)

    async def look(self) -> int:
        """See to all that is due; returns how many parcels were asked about."""
        await watching.watch(self._centre)
        await self._missing.look()
        await self._resolve()
        centre, now = self._centre, self._centre.clock().timestamp()
        due = await centre.reader.run(lambda c: repository.first_due(c, centre.site))
        if due is None or due > now:
            return 0
        lease_s = MOST_PAGES * centre.settings.carrier_timeout_s + LEASE_S
        rows = await centre.writer.submit(
            lambda c: repository.claim_due(c, centre.site, now, lease_s, PARALLEL)
        )
        await asyncio.gather(*(self._ask(row) for row in rows))
        return len(rows)

    async def _carrier(self, merchant: str) -> Carrier:
        centre = self._centre
        row = await centre.reader.run(
            lambda c: repository.find_carrier(c, centre.site, merchant, centre.sealer)
        )
        return self._connect(row)

    async def _resolve(self) -> None:
        """Find out about pick-ups that nobody is at work on any more."""
        centre, before = self._centre, self._centre.clock().timestamp() - DOUBT_S
        for row in await centre.reader.run(lambda c: repository.doubtful(c, centre.site, before, PARALLEL)):
            try:
                await booking.resolve(centre, await self._carrier(row.merchant), row)
            except (CarrierAway, NoCarrier):
                await self._leave_alone(row)

    async def _leave_alone(self, row: Row[Any]) -> None:
        centre = self._centre
        until = centre.clock().timestamp() + self._uniform(0.0, centre.settings.carrier_poll_s)
        await centre.writer.submit(
            lambda c: repository.lease_booking(c, centre.site, row.merchant, row.key, until)
        )

    async def _ask(self, row: Row[Any]) -> None:
        """Ask about one parcel; what goes wrong is written into its row."""
        centre, metrics = self._centre, self._centre.metrics
        try:
            cursor = await self._read(await self._carrier(row.merchant), row)
        except (CarrierAway, NoCarrier):
            metrics.carrier_polls.labels("away").inc()
            await self._failed(row)
        except (TooManyEvents, UnknownParcel) as error:
            metrics.carrier_polls.labels(error.code).inc()
            await centre.writer.submit(lambda c: repository.asked(c, centre.site, row, row.cursor, None))
        else:
            metrics.carrier_polls.labels("asked").inc()
            due_at = self._due_at(row)
            await centre.writer.submit(lambda c: repository.asked(c, centre.site, row, cursor, due_at))

    async def _read(self, carrier: Carrier, row: Row[Any]) -> str:
        """Take what is new; returns how far it was read. An event from the future is read again later."""
        cursor: str = row.cursor
        for _ in range(MOST_PAGES):
            page = await carrier.track(row.parcel, cursor)
            for event in page.events:
                if event.parcel != row.parcel:
                    raise CarrierAway("the carrier tells of another parcel than it was asked about")
                try:
                    await record(self._centre, Told(merchant=row.merchant, event=event))
                except EventAhead:
                    return cursor
            cursor = page.cursor
            if not page.more:
                break
        return cursor

    def _due_at(self, row: Row[Any]) -> float | None:
        now, poll_s = self._centre.clock(), self._centre.settings.carrier_poll_s
        if now - read_time(row.known_at) > FOLLOWED:
            return None
        return now.timestamp() + self._uniform(0.5 * poll_s, 1.5 * poll_s)

    async def _failed(self, row: Row[Any]) -> None:
        centre, now = self._centre, self._centre.clock().timestamp()
        bound = min(LONGEST_WAIT_S, centre.settings.carrier_poll_s * 2.0 ** min(row.failures, 16))
        wait_s = max(LOOK_S, self._uniform(0.0, bound))
        others_at = now + min(wait_s, LONGEST_HOLD_S)
        await centre.writer.submit(lambda c: repository.failed(c, centre.site, row, now + wait_s, others_at))


@asynccontextmanager
async def polling(centre: Centre) -> AsyncIterator[None]:
    """Ask carriers in the background."""
    async with calling(centre) as caller:

        def connect(row: CarrierRow) -> Carrier:
            return HttpCarrier(caller, row.url, row.credential)

        poller = Poller(centre, connect, SystemRandom().uniform)
        task = asyncio.create_task(poller.run(), name="carriers")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
