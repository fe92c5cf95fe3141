"""Makes room: what the centre has receipted and holds, and, after its time, what it has refused.

Confirmed verdicts and events stay up to a number, the oldest go first.
"""

import asyncio
from functools import partial

import structlog

from edge import journal, outbox, verdicts
from edge.clock import ClockWatch
from edge.config import Retention
from edge.database import Database
from edge.errors import DiskFull
from edge.faults import Faults
from edge.vault import Vault

log = structlog.get_logger()

DAY_S = 86_400
EVERY_S = 60.0
PRESSED = 0.9
"""From this share of the quota on, confirmed images go before their time."""


class Tidying:
    """Deletes images and rows whose time is over."""

    def __init__(
        self, database: Database, vault: Vault, clocks: ClockWatch, limits: Retention, faults: Faults
    ) -> None:
        self._database, self._vault, self._clocks, self._limits = database, vault, clocks, limits
        self._faults = faults

    async def run(self) -> None:
        """Tidy for ever."""
        while True:
            try:
                await self.once()
            except DiskFull as error:  # a full disk keeps even SQLite from deleting; room comes otherwise
                self._faults.count("tidying_failed")
                log.warning("tidying.failed", code=error.code)
            await asyncio.sleep(EVERY_S)

    async def once(self) -> int:
        """Tidy once; returns how many images were deleted."""
        now = self._clocks.now().wall.timestamp()
        depth = await self._database.run(outbox.depth)
        pressed = depth.evidence_bytes > PRESSED * self._limits.evidence_bytes
        month = now - self._limits.delivered_days * DAY_S
        over = partial(
            outbox.deletable_images,
            before=now if pressed else now - self._limits.images_s,
            refused_before=month,
            pressed=pressed,
        )
        found = await self._database.run(over)
        gone = await asyncio.to_thread(self._delete, found) if found else ()
        if gone:
            await self._database.run(partial(outbox.mark_deleted, sha256s=gone))
        await self._database.run(partial(outbox.drop_settled, before=month))
        await self._database.run(journal.drop_old_events)
        await self._database.run(partial(verdicts.drop_oldest, keep=self._limits.verdict_rows))
        return len(gone)

    def _delete(self, images: tuple[str, ...]) -> tuple[str, ...]:
        """Delete what lets itself be deleted; the rest is counted and tried again the next time."""
        return tuple(digest for digest in images if self._is_deleted(digest))

    def _is_deleted(self, digest: str) -> bool:
        try:
            self._vault.delete(digest)
        except OSError as error:
            self._faults.count("image_not_deleted")
            log.warning("tidying.image_not_deleted", reason=error.strerror)
            return False
        return True
