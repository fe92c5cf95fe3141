"""Images first, then signed records, until the centre's signed answer is held for each.

A record is sent again, always in the order of the counters, until a receipt comes whose leaf holds
exactly its signed bytes, or a refusal of exactly what was sent for it. An answer that proves neither is
counted and changes nothing: the record stays queued. One from the future is sent back to wait; those
behind it go ahead.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

import structlog

from edge import outbox
from edge.clock import ClockWatch
from edge.database import Database
from edge.errors import DiskFull
from edge.faults import Faults
from edge.outbox import PendingImage, Queued, Uploaded
from edge.refill import Refill
from edge.succession import Succession
from edge.vault import Vault
from inspection.custody.receipt import check_receipt_for, check_refusal
from inspection.custody.signing import key_id
from inspection.errors import BadMessage, DomainError, WrongReceipt
from inspection.messages.station import Enrolment
from inspection.messages.uplink import (
    MAX_BATCH,
    Answer,
    BatchAnswer,
    EvidenceAnswer,
    HeldMessage,
    ReceiptMessage,
    RecordBatch,
    RefusalMessage,
)
from link.backoff import Backoff
from link.errors import LinkError, Overloaded, Refused
from link.http import HttpLink

log = structlog.get_logger()

LEFT_BEHIND = 16
"""Images of receipted records that are sent again in one round."""
UPLOADS_AT_ONCE = 8
NOT_ITS_FAULT = frozenset({401, 403, 404, 405})
"""The whole link is refused, not one record: sending it alone would not help."""
CatchUp = Callable[[], Awaitable[None]]
"""Hears what happened while the centre was away; raises LinkError."""
ERASED = 410
"""The image's customer was erased: it is never wanted again."""
OUT_OF_ROOM = 507
"""An image beyond the quota, or a record whose refusal would be one too many to keep: the others may go."""


async def nothing_to_hear() -> None:
    """For an uplink without a worklist beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTrust:
    """Whose answers count: from enrolment, never from the wire."""

    origin: str
    log_public: bytes
    station: str
    """Who we are to the centre: a refusal of what another sent is not for us."""

    @classmethod
    def of(cls, enrolment: Enrolment) -> "LogTrust":
        """What the centre said of itself, and of us, when we were enrolled."""
        return cls(origin=enrolment.origin, log_public=enrolment.log_public_key, station=enrolment.station)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round achieved."""

    tried: int
    """Images and records that waited."""
    settled: int
    """Images confirmed, records receipted or refused."""
    rest_s: float | None = None
    """When nothing is left to try: until a record that waits is due again."""


def check_answer(queued: Queued, answer: Answer, trust: LogTrust) -> None:
    """Raise BadSignature, WrongReceipt or BadMessage unless the answer is for this record.

    A hold proves nothing, and needs to prove nothing: no answer at all would have done the same.
    """
    if isinstance(answer, ReceiptMessage):
        check_receipt_for(answer.receipt(), trust.log_public, trust.origin, queued.signed.record)
        return
    sent = queued.signed.submission_sha256(trust.station)
    if isinstance(answer, HeldMessage):
        if answer.submission_sha256 != sent:
            raise WrongReceipt("the centre holds another record than the one that was sent")
    else:
        check_refusal(answer.refusal(), trust.log_public, trust.origin, sent)


class Uplink:
    """The way of records and images to the centre."""

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        link: HttpLink,
        trust: LogTrust,
        clocks: ClockWatch,
        faults: Faults,
        refill: Refill | None = None,
        succession: Succession | None = None,
        changed: Callable[[], None] = lambda: None,
        retry_s: tuple[float, float] = (0.2, 15.0),
    ) -> None:
        self._database, self._vault, self._link = database, vault, link
        self._trust, self._clocks, self._faults = trust, clocks, faults
        self._changed, self._refill, self._succession = changed, refill, succession
        self._backoff = Backoff(*retry_s)
        self._wake = asyncio.Event()
        self.trouble: str | None = None
        """Code of what keeps the queue from emptying; None while all is well."""

    def wake(self) -> None:
        """Something new waits, or the centre is back."""
        self._wake.set()

    async def run(self, allowed: asyncio.Event, catch_up: CatchUp = nothing_to_hear) -> None:
        """Send for ever; nothing is sent before `allowed` is set (the check of our key's standing).

        At the start, and whenever the centre was away, `catch_up` comes first: what was erased meanwhile
        must not be sent again.
        """
        await allowed.wait()
        behind = True
        while True:
            self._wake.clear()
            try:
                if behind:
                    await catch_up()
                    behind = False
                done = await self.round()
            except (LinkError, DiskFull) as error:
                behind = True
                self._failed(error)
                await self._rest(self._backoff.next())
            else:
                await self._after(done)

    async def round(self) -> Round:
        """Send what waits once; raises LinkError where the centre cannot be reached at all."""
        if self._refill is not None:
            await self._refill.round()
        now_s = self._clocks.now().wall.timestamp()
        queued = await self._database.run(partial(outbox.due, limit=MAX_BATCH, now_s=now_s))
        ids = [row.id for row in queued]
        images = await self._database.run(partial(outbox.images_of, row_ids=ids)) if ids else ()
        left = await self._database.run(partial(outbox.images_left_behind, limit=LEFT_BEHIND))
        settled = await self._upload_all((*images, *left))
        if queued:
            settled += await self._send(queued)
        waits = None if queued else await self._database.run(partial(outbox.next_due_s, now_s=now_s))
        return Round(tried=len(images) + len(left) + len(queued), settled=settled, rest_s=waits)

    async def _after(self, done: Round) -> None:
        if done.tried:
            self._changed()
        if done.settled == done.tried:
            self._backoff.reset()
            self.trouble = None
        if done.tried == 0:
            await self._rest(done.rest_s)
        elif done.settled == 0:
            await self._rest(self._backoff.next())

    def _failed(self, error: LinkError | DiskFull) -> None:
        if self.trouble != error.code:
            self._changed()
        self.trouble = error.code
        self._faults.count(f"uplink_{error.code}")
        log.info("uplink.waits", code=error.code)

    async def _rest(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _upload_all(self, images: tuple[PendingImage, ...]) -> int:
        """Send images, several at once; what the centre confirmed is noted in one transaction.

        Most of an upload's time is the disk of the other side making it durable, so several share it.
        """
        gate = asyncio.Semaphore(UPLOADS_AT_ONCE)

        async def guarded(image: PendingImage) -> Uploaded:
            async with gate:
                return await self._upload(image)

        ended = await asyncio.gather(*map(guarded, images), return_exceptions=True)
        done = [each for each in ended if isinstance(each, Uploaded)]
        at = self._clocks.now().wall.timestamp()
        if done:
            await self._database.run(partial(outbox.note_uploads, uploads=done, at=at))
        for each in ended:
            if isinstance(each, BaseException):
                raise each
        return sum(each.confirmed or each.lost for each in done)

    async def _upload(self, image: PendingImage) -> Uploaded:
        try:
            content = await asyncio.to_thread(self._vault.read, image.sha256)
        except DiskFull as error:
            self.trouble = error.code
            self._faults.count("evidence_unreadable")
            return Uploaded(sha256=image.sha256)
        if content is None:
            self._faults.count("evidence_lost")
            return Uploaded(sha256=image.sha256, lost=True)
        try:
            answer = await self._link.put(
                f"/v1/evidence/{image.sha256}", content, headers={"Content-Type": "application/octet-stream"}
            )
            said = EvidenceAnswer.read(answer.content)
            if (said.ciphertext_sha256, said.bytes) != (image.sha256, image.bytes):
                raise BadMessage("the answer is for another image")
        except (Refused, Overloaded, BadMessage) as error:
            if isinstance(error, Refused) and error.status == ERASED:
                self._faults.count("evidence_erased")
                return Uploaded(sha256=image.sha256, lost=True)
            self._not_uploaded(error)
            return Uploaded(sha256=image.sha256)
        return Uploaded(sha256=image.sha256, confirmed=True)

    def _not_uploaded(self, error: LinkError | BadMessage) -> None:
        """An image that is refused stays and its record goes ahead; raises where nothing would go."""
        if isinstance(error, Overloaded) and error.status != OUT_OF_ROOM:
            raise error
        if isinstance(error, Refused) and error.status in NOT_ITS_FAULT:
            raise error
        self.trouble = "evidence_refused"
        self._faults.count("evidence_refused" if isinstance(error, LinkError) else "bad_answer")

    async def _send(self, queued: tuple[Queued, ...]) -> int:
        batch = RecordBatch(records=tuple(row.signed for row in queued))
        try:
            answer = await self._link.request(
                "POST", "/v1/records", content=batch.to_json(), headers={"Content-Type": "application/json"}
            )
            results = BatchAnswer.read(answer.content).results
        except (Refused, Overloaded, BadMessage) as error:
            return await self._unanswered(queued, error)
        if len(results) != len(queued):
            return await self._unanswered(queued, BadMessage("another number of answers than records"))
        return await self._settle_all(tuple(zip(queued, results, strict=True)))

    async def _unanswered(self, queued: tuple[Queued, ...], error: LinkError | DomainError) -> int:
        """Send one by one what the centre refuses together, so that one record blocks no other."""
        if isinstance(error, Overloaded) and error.status != OUT_OF_ROOM:
            raise error
        if isinstance(error, Refused) and error.status in NOT_ITS_FAULT:
            raise error
        if isinstance(error, LinkError) and len(queued) > 1:
            return sum([await self._send((row,)) for row in queued])
        code = "out_of_room" if isinstance(error, Overloaded) else "bad_answer"
        await self._not_settled([row.id for row in queued], code)
        return 0

    async def _settle_all(self, answered: tuple[tuple[Queued, Answer], ...]) -> int:
        """Keep every answer that proves what it says, all of them in one transaction."""
        await self._follow_the_log(
            {answer.log_key for _, answer in answered if not isinstance(answer, HeldMessage)}
        )
        believed = tuple((row.id, answer) for row, answer in answered if self._holds(row, answer))
        good = tuple((id, answer) for id, answer in believed if not isinstance(answer, HeldMessage))
        waits = [(id, answer.retry_after_s) for id, answer in believed if isinstance(answer, HeldMessage)]
        bad = [row.id for row, _ in answered if row.id not in dict(good)]
        at = self._clocks.now().wall.timestamp()
        if good:
            await self._database.run(partial(outbox.settle, answers=good, at=at))
        if waits:
            await self._database.run(partial(outbox.hold, waits=waits, now_s=at))
        if bad:
            await self._database.run(partial(outbox.count_attempt, row_ids=bad))
        return len(good)

    async def _follow_the_log(self, signers: set[str]) -> None:
        """An answer by a key that is not known may be by the log's next one: ask how it follows from ours."""
        if self._succession is not None and signers - {key_id(self._trust.log_public)}:
            self._trust = replace(self._trust, log_public=await self._succession.learn())

    def _holds(self, row: Queued, answer: Answer) -> bool:
        try:
            check_answer(row, answer, self._trust)
        except DomainError as error:
            self.trouble = error.code
            self._faults.count(error.code)
            return False
        if isinstance(answer, RefusalMessage):
            self._faults.count(f"refused_{answer.reason.value}")
        if isinstance(answer, HeldMessage):
            self._faults.count(f"held_{answer.reason}")
        return True

    async def _not_settled(self, row_ids: list[int], code: str) -> None:
        self.trouble = code
        self._faults.count(code)
        await self._database.run(partial(outbox.count_attempt, row_ids=row_ids))
