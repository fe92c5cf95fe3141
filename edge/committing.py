"""The last step: seal the images, sign the record, write everything down in one transaction."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from edge import journal, outbox
from edge.bench import Hold
from edge.clock import ClockWatch, Instant
from edge.config import Retention
from edge.database import Database
from edge.errors import DiskFull
from edge.item import Item
from edge.journal import BenchEvent, Commit
from edge.room import Full, full
from edge.steps.confirm import learnable
from edge.steps.sign import Desk, Ready, Signed, sign_record
from edge.vault import Random, SealedImage, Vault
from inspection.confirmed import Confirmed
from inspection.journey import HoldReason
from inspection.messages.base import sentence
from inspection.messages.station import InspectorMessage
from inspection.record import Clock, InspectionRecord
from inspection.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Committer:
    """All that a commit needs; the key never leaves it."""

    key: Ed25519PrivateKey = field(repr=False)
    desk: Desk
    database: Database
    vault: Vault
    shelf: Vault
    """Findings files of records with too many findings."""
    clocks: ClockWatch
    random: Random
    limits: Retention

    async def in_the_way(self) -> Hold | None:
        """Why no further item can be taken; None where one can."""
        depth = await self.database.run(outbox.depth)
        problem = full(depth, self.vault.free_bytes(), self.limits)
        return _disk_full(problem) if problem else None

    async def commit(
        self,
        item: Item,
        verdict: Verdict,
        person: InspectorMessage,
        events: Callable[[], tuple[BenchEvent, ...]],
    ) -> InspectionRecord | Hold:
        """Write one inspection down; returns its record once it is durable, or why it is not."""
        at = self.clocks.now()
        if self.clocks.is_far_ahead(at):
            return Hold(reason=HoldReason.CLOCK_SKEW, detail=f"{self.clocks.offset_ms(at)} ms")
        problem = await self.in_the_way()
        if problem is not None:
            return problem
        try:
            images = await asyncio.to_thread(self._seal, item)
            signed = await self._sign(item, verdict, person, images, at)
            learnt = learnable(item, verdict, at.wall.date()) if self.limits.verdict_rows else None
            await self._write(signed, images, events(), at, learnt)
        except DiskFull as error:
            return Hold(reason=HoldReason.DISK_FULL, detail=str(error))
        except ValidationError as error:
            return Hold(reason=HoldReason.MODEL_FAILED, detail=sentence(error))
        return signed.record

    def _seal(self, item: Item) -> tuple[SealedImage, ...]:
        return tuple(self.vault.seal(frame) for frame in item.frames)

    async def _sign(
        self,
        item: Item,
        verdict: Verdict,
        person: InspectorMessage,
        images: tuple[SealedImage, ...],
        at: Instant,
    ) -> Signed:
        counter = await self.database.run(partial(journal.next_counter, boot=self.desk.boot))
        ready = Ready(
            item=item,
            verdict=verdict,
            person=person,
            images=images,
            counter=counter,
            clock=self._clock(at),
            total_ms=max(0, (at.monotonic_ns - item.seen.monotonic_ns) // 1_000_000),
        )
        signed = sign_record(self.key, self.desk, ready, self.random)
        if signed.findings_file is not None and signed.record.findings_file is not None:
            self.shelf.put(signed.record.findings_file.sha256, signed.findings_file)
        return signed

    async def _write(
        self,
        signed: Signed,
        images: tuple[SealedImage, ...],
        events: tuple[BenchEvent, ...],
        at: Instant,
        learnt: Confirmed | None,
    ) -> None:
        commit = Commit(
            record=signed.record,
            signed=signed.envelope,
            sha256=signed.sha256,
            images=images,
            events=events,
            at=at.wall,
            confirmed=learnt,
        )
        await self.database.run(partial(journal.commit_inspection, commit=commit))

    def _clock(self, at: Instant) -> Clock:
        return Clock(
            state=self.clocks.state(at),
            device_time=at.wall,
            monotonic_ns=at.monotonic_ns,
            offset_ms=self.clocks.offset_ms(at),
        )


def _disk_full(problem: Full) -> Hold:
    return Hold(reason=HoldReason.DISK_FULL, detail=f"{problem.what}: {problem.used} / {problem.limit}")
