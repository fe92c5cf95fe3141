"""The courier: takes due instructions from the outbox to the refund systems, at least once.

The instruction's id is the webhook's id over all attempts, so a receiver acts once. Waits grow by the
schedule of the settings, each with full jitter, and never end before the receiver's own Retry-After.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from inspection.messages.webhook import sign_webhook
from server.centre import Centre
from server.errors import TryLater
from server.refunds import outbox
from server.refunds.outbox import Job
from server.refunds.posting import Attempt, Post, Result
from server.refunds.told import Maker, bodies, keep

LONGEST_WAIT_S = 5.0
"""Looks into the outbox at least this often, whatever it was told."""
LONGEST_RETRY_AFTER_S = 86_400.0
LONGEST_HOLD_S = 60.0
"""While a refund system does not answer, its other instructions wait up to this long too: trying
each of them in turn would take the place of other merchants' deliveries."""

UNSAYABLE = Attempt(result=Result.RETRY, answer="erased")

Uniform = Callable[[float, float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One delivery with what it says, and where to."""

    job: Job
    url: str
    content: bytes


class Courier:
    """Runs until cancelled; several deliveries at a time, one per unit."""

    def __init__(self, centre: Centre, post: Post, uniform: Uniform) -> None:
        self._centre = centre
        self._post = post
        self._uniform = uniform
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver what is due, then wait for the next; no fault of one delivery ends it."""
        try:
            while True:
                self._centre.deliveries_due.clear()
                wait_s = await self._start_due()
                # not wait_for: before Python 3.12 it may swallow a cancellation (bpo-37658)
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(wait_s, 0.001)):
                        await self._centre.deliveries_due.wait()
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _start_due(self) -> float:
        """Start what is due; returns how long to wait before looking again."""
        try:
            for webhook in await self._prepare(await self._claim()):
                task = asyncio.create_task(self._deliver(webhook))
                self._under_way.add(task)
                task.add_done_callback(self._ended)
            return await self._idle_s()
        except TryLater as error:
            return float(error.retry_after_s)
        except Exception as error:  # refunds must go on whatever happened once
            self._centre.logger.error("courier", exc_info=error)
            return LONGEST_WAIT_S

    async def _claim(self) -> list[Job]:
        centre, settings = self._centre, self._centre.settings
        free = settings.refund_parallel - len(self._under_way)
        now = centre.clock().timestamp()
        due = await centre.reader.run(lambda c: outbox.due_times(c, centre.site))
        if free <= 0 or min(due.values(), default=now + 1) > now:
            return []
        lease_s = settings.refund_timeout_s + outbox.LEASE_S
        return await centre.writer.submit(lambda c: outbox.claim(c, centre.site, now, free, lease_s))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._centre.deliveries_due.set()
        if not task.cancelled() and task.exception() is not None:
            self._centre.logger.error("delivery", exc_info=task.exception())

    async def _idle_s(self) -> float:
        due = await self._centre.reader.run(lambda c: outbox.due_times(c, self._centre.site))
        if not due or len(self._under_way) >= self._centre.settings.refund_parallel:
            return LONGEST_WAIT_S
        return min(LONGEST_WAIT_S, max(0.0, min(due.values()) - self._centre.clock().timestamp()))

    async def _prepare(self, jobs: list[Job]) -> list[Webhook]:
        """What each is sent, and where: all bodies are read or made in one pass, and kept before the post."""
        centre, names = self._centre, [job.instruction for job in jobs]
        maker = self._maker()
        told, urls = await centre.reader.run(
            lambda c: (bodies(c, centre.site, names, maker), outbox.urls(c, centre.site))
        )
        fresh = {name: each for name, each in told.items() if each.packed is not None}
        kept = await centre.writer.submit(lambda c: keep(c, centre.site, fresh)) if fresh else set()
        for job in jobs:
            if job.instruction not in told:  # erased with its customer since, or dropped: nothing can be said
                await self._settle(job, UNSAYABLE)
        may_go = kept | (told.keys() - fresh.keys())  # the others' leases run out, and they go then
        return [
            Webhook(job=job, url=urls[job.merchant], content=told[job.instruction].content)
            for job in jobs
            if job.instruction in may_go
        ]

    def _maker(self) -> Maker:
        centre = self._centre
        return Maker(
            key=centre.keys.log,
            origin=centre.log.origin,
            shown=centre.checkpoints.shown,
            now=centre.clock(),
        )

    async def _deliver(self, webhook: Webhook) -> None:
        at_s = int(self._centre.clock().timestamp())
        signers = self._centre.keys.webhook_signers
        headers = sign_webhook(signers, webhook.job.instruction, at_s, webhook.content)
        attempt = await self._post.post(webhook.url, headers, webhook.content)
        self._centre.metrics.deliveries.labels(attempt.result.value).inc()
        await self._settle(webhook.job, attempt)

    async def _settle(self, job: Job, attempt: Attempt) -> None:
        """Write down what became of it; when even that fails, the lease runs out and it goes again."""
        centre, answer, now = self._centre, attempt.answer, self._centre.now()
        if attempt.result is Result.DELIVERED:
            await centre.writer.submit(lambda c: outbox.delivered(c, centre.site, job, answer, now))
        elif attempt.result is Result.GONE:
            await centre.writer.submit(lambda c: outbox.pause(c, centre.site, job, answer, now))
        elif attempt is UNSAYABLE or job.attempts > len(centre.settings.refund_retry_s):
            centre.metrics.deliveries.labels("given_up").inc()
            await centre.writer.submit(lambda c: outbox.give_up(c, centre.site, job, answer, now))
        else:
            wait_s, now_s = self._wait_s(job, attempt), centre.clock().timestamp()
            others_at = now_s + min(wait_s, LONGEST_HOLD_S) if attempt.peer_down else 0.0
            await centre.writer.submit(
                lambda c: outbox.retry(c, centre.site, job, answer, now_s + wait_s, others_at)
            )

    def _wait_s(self, job: Job, attempt: Attempt) -> float:
        longest = self._centre.settings.refund_retry_s[job.attempts - 1]
        asked = min(attempt.retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
        return max(asked, self._uniform(0.0, longest))
