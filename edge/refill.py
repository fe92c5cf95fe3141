"""Receipts given back: what the centre lost in a restore, this station may still hold.

The centre says how long its ledger is. Where this station holds receipts of later entries, it offers them,
with what travelled beside their records, before it sends anything new.
"""

from dataclasses import dataclass
from functools import partial

import structlog

from edge import outbox
from edge.database import Database
from edge.faults import Faults
from edge.outbox import Kept
from inspection.errors import BadMessage
from inspection.messages.uplink import MAX_BATCH, RefillAnswer, RefillBatch, RefillItem
from link.errors import Refused
from link.http import HttpLink

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """What the centre said of its ledger."""

    size: int
    start: int
    """From which entry on it takes receipts."""


class Refill:
    """Offers receipts once for each thing that the centre says it lacks."""

    def __init__(self, database: Database, link: HttpLink, faults: Faults) -> None:
        self._database, self._link, self._faults = database, link, faults
        self._lack: Lack | None = None
        self._done: Lack | None = None

    async def heard(self, ledger_size: int | None, recovering_from: int | None) -> bool:
        """Note what the centre said of its ledger; True where there is something to offer now."""
        if ledger_size is None:
            return False
        start = ledger_size if recovering_from is None else min(recovering_from, ledger_size)
        self._lack = Lack(size=ledger_size, start=start)
        return self._lack != self._done and await self._database.run(outbox.newest_receipt) >= start

    async def round(self) -> int:
        """Offer what the centre lacks; returns how many receipts it was. Raises LinkError.

        A centre that refuses them is counted and not asked again about the same.
        """
        lack = self._lack
        if lack is None or lack == self._done:
            return 0
        offered, after = 0, lack.start - 1
        try:
            while kept := await self._database.run(partial(outbox.receipts, after=after, limit=MAX_BATCH)):
                await self._offer(kept)
                offered, after = offered + len(kept), kept[-1].receipt.index
        except (Refused, BadMessage) as error:
            self._faults.count(f"refill_{error.code}")
            log.warning("refill.refused", code=error.code)
        self._done = lack
        return offered

    async def _offer(self, kept: tuple[Kept, ...]) -> None:
        items = tuple(
            RefillItem(receipt=each.receipt, openings=each.openings, image_keys=each.image_keys)
            for each in kept
        )
        answer = await self._link.post("/v1/ledger/refill", RefillBatch(items=items).model_dump(mode="json"))
        said = RefillAnswer.read(answer.content)
        await self._database.run(partial(outbox.send_again, sha256s=said.evidence_pending))
        log.info("refill.offered", receipts=len(kept), appended=said.appended, state=said.state)
