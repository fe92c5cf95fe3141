"""Lets instructions go as soon as a checkpoint that covers them may be seen, where no quorum is asked for.

With a quorum it is the witnesses' answers that let them go: `server.ledger.witnessing`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from server.centre import Centre
from server.refunds import gate

LOOK_S = 5.0
"""Looks this often whatever it was told: what a full queue kept from being let go must not wait for news."""


class Release:
    """Follows the checkpoints of a centre."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._signed = asyncio.Event()
        centre.checkpoints.on_new.append(lambda _: self._signed.set())

    async def run(self) -> None:
        """Let go until cancelled; no fault of one time ends it."""
        while True:
            self._signed.clear()
            try:
                await self.now()
            except Exception as error:  # the next checkpoint lets these go as well
                self._centre.logger.error("release", exc_info=error)
            with suppress(TimeoutError):  # not wait_for: before Python 3.12 it may swallow a cancellation
                async with asyncio.timeout(LOOK_S):
                    await self._signed.wait()

    async def now(self) -> int:
        """Let go what the newest shown checkpoint covers; returns how many that is."""
        centre, shown = self._centre, self._centre.checkpoints.shown
        if shown is None:
            return 0
        covered = (await centre.reader.run(lambda c: gate.read_gate(c, centre.site))).covered
        if shown.size <= covered:
            return 0
        count = await centre.writer.submit(lambda c: gate.lets_go(c, centre.site, shown.size))
        centre.deliveries_due.set()
        centre.payments_due.set()
        return count


@asynccontextmanager
async def releasing(centre: Centre) -> AsyncIterator[None]:
    """Let instructions go while the app is served."""
    if centre.trust.detects_forks:
        yield
        return
    task = asyncio.create_task(Release(centre).run(), name="release")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
