"""When checkpoints are signed: on a clock while there is news, and whenever somebody needs one now."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import anyio.to_thread
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.checkpoint import Checkpoint
from inspection.messages.base import time_text
from server.db.writer import Writer
from server.ledger.checkpoints import Kept, sign_news
from server.ledger.guard import Guard
from server.ledger.log import Log
from server.ledger.recovering import look
from server.ledger.standing import Standing

Heard = Callable[[Kept], None]


class Checkpointer:
    """Signs, guards, then shows: in this order, one at a time.

    `keep` runs between the commit and the guard, in a thread: what has to be safe before anybody sees
    the checkpoint.
    """

    def __init__(
        self,
        log: Log,
        writer: Writer,
        guard: Guard,
        signers: Sequence[Ed25519PrivateKey],
        clock: Callable[[], datetime],
        shown: Kept | None,
        keep: Heard | None = None,
    ) -> None:
        self._log, self._writer, self._guard, self._clock = log, writer, guard, clock
        self._signers, self._keep = tuple(signers), keep
        self._turn = asyncio.Lock()
        self._logger = structlog.get_logger("server")
        self._trouble: str | None = None
        self.shown = shown
        """The newest checkpoint that anybody may see; None before the first."""
        self.on_new: list[Heard] = []
        """Who is told of each new checkpoint, on the event loop, after it may be seen."""

    def guarded(self) -> Checkpoint | None:
        """The newest checkpoint that was signed, as the guard has it; raises LedgerBroken."""
        return self._guard.read()

    async def now(self) -> Kept:
        """Sign what is committed, unless it is signed; returns it once it may be shown.

        Raises LedgerRecovering, LedgerFrozen, LedgerBroken, Busy or StorageFailed.
        """
        async with self._turn:
            sign = partial(
                sign_news, log=self._log, signers=self._signers, signed_at=time_text(self._clock())
            )
            kept = await self._writer.submit(sign)
            if self.shown is None or kept.size > self.shown.size:
                await anyio.to_thread.run_sync(self._secure, kept)
                self.shown = kept
                for heard in self.on_new:
                    heard(kept)
            return kept

    async def hold_against(self, note: bytes) -> Standing:
        """Look what is missing beside a checkpoint of this log that came back from outside.

        One that is longer than the ledger moves the guard up: what was signed once must be had again. One
        that the ledger does not lead to freezes it: the log signed two histories. Raises BadSignature or
        WrongLog for one that this log did not sign, LedgerBroken, Busy or StorageFailed.
        """
        async with self._turn:
            told = await anyio.to_thread.run_sync(self._guard.open, note)
            head = await self._writer.submit(self._log.head)
            if told.size > head.size:
                await anyio.to_thread.run_sync(self._guard.move_up, note)
            guarded = await anyio.to_thread.run_sync(self._guard.read)
            at = time_text(self._clock())
            return await self._writer.submit(lambda c: look(c, self._log, guarded, at, told=told))

    async def run(self, every_s: float) -> None:
        """Sign until cancelled; whatever keeps it from signing is logged when it changes, and tried again."""
        while True:
            try:
                await self.now()
                self._note(None)
            except Exception as error:  # a fault of today must not be the end of all checkpoints
                self._note(str(error))
            await asyncio.sleep(every_s)

    def _secure(self, kept: Kept) -> None:
        if self._keep is not None:
            self._keep(kept)
        self._guard.move_up(kept.note)

    def _note(self, trouble: str | None) -> None:
        if trouble != self._trouble and trouble is not None:
            self._logger.warning("checkpoint.not_signed", reason=trouble)
        self._trouble = trouble
