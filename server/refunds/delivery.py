"""The courier: takes due instructions from the outbox to the refund systems, at least once.

The instruction's id is the webhook's id over all attempts, so a receiver acts once. Waits grow by the
schedule of the settings, each with full jitter, and never end before the receiver's own Retry-After.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from inspection.messages.webhook import sign_webhook
from inspection.messages.webhook_keys import HmacKey, SigningKey
from server.centre import Centre
from server.errors import TryLater
from server.refunds import outbox
from server.refunds.ended import Ended, is_last, settle_all
from server.refunds.endpoints_keys import signers as signers_of
from server.refunds.outbox import Job
from server.refunds.places import Places
from server.refunds.posting import Attempt, Post
from server.refunds.told import Maker, bodies, keep

LONGEST_WAIT_S = 5.0
"""Looks into the outbox at least this often, whatever it was told."""
TOGETHER_S = 0.05
"""What falls due, or ends, within it is looked for together: a look costs as much for one as for many."""
LONGEST_RETRY_AFTER_S = 86_400.0
Uniform = Callable[[float, float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One delivery with what it says, and where to."""

    job: Job
    url: str
    content: bytes
    signers: tuple[HmacKey, ...]
    """The secrets that its receiver checks it by, beside the centre's own keys."""


class Courier:
    """Runs until cancelled; several deliveries at a time, one per order."""

    def __init__(self, centre: Centre, post: Post, uniform: Uniform) -> None:
        self._centre = centre
        self._post = post
        self._uniform = uniform
        self._under_way: dict[asyncio.Task[None], str] = {}
        """With the merchant."""
        patience_s = centre.settings.refund_disable_s
        self._settle_all = partial(settle_all, site=centre.site, patience_s=patience_s)

    async def run(self) -> None:
        """Deliver what is due, then wait for the next; no fault of one delivery ends it."""
        try:
            while True:
                self._centre.deliveries_due.clear()
                wait_s = await self._start_due()
                await asyncio.sleep(TOGETHER_S)
                # not wait_for: before Python 3.12 it may swallow a cancellation (bpo-37658)
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(wait_s - TOGETHER_S, 0.001)):
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
                self._under_way[task] = webhook.job.merchant
                task.add_done_callback(self._ended)
            return await self._idle_s()
        except TryLater as error:
            return float(error.retry_after_s)
        except Exception as error:  # refunds must go on whatever happened once
            self._centre.logger.error("courier", exc_info=error)
            return LONGEST_WAIT_S

    async def _claim(self) -> list[Job]:
        centre, now = self._centre, self._centre.clock().timestamp()
        due_at = await self._next_at()
        if due_at is None or due_at > now:
            return []
        places, lease_s = self._places, centre.settings.refund_timeout_s + outbox.LEASE_S
        return await centre.writer.submit(lambda c: outbox.claim(c, centre.site, now, places, lease_s))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        self._centre.deliveries_due.set()
        if not task.cancelled() and task.exception() is not None:
            self._centre.logger.error("delivery", exc_info=task.exception())

    @property
    def _places(self) -> Places:
        taken = Counter(self._under_way.values())
        return Places(most=self._centre.settings.refund_parallel, taken=taken)

    async def _next_at(self) -> float | None:
        """When the next falls due that there is a place for; whatever ends looks again."""
        centre, places = self._centre, self._places
        if not places.free:
            return None
        due = await centre.reader.run(lambda c: outbox.due_times(c, centre.site))
        return min((at for merchant, at in due.items() if places.left(merchant)), default=None)

    async def _idle_s(self) -> float:
        due_at = await self._next_at()
        if due_at is None:
            return LONGEST_WAIT_S
        return min(LONGEST_WAIT_S, max(0.0, due_at - self._centre.clock().timestamp()))

    async def _prepare(self, jobs: list[Job]) -> list[Webhook]:
        """What each is sent, and where: all bodies are read or made in one pass, and kept before the post."""
        if not jobs:
            return []
        centre, merchants = self._centre, {job.merchant for job in jobs}
        told = await self._bodies(jobs)
        urls, signers = await centre.reader.run(
            lambda c: (outbox.urls(c, centre.site), signers_of(c, centre.site, merchants, centre.sealer))
        )
        return [
            Webhook(
                job=job,
                url=urls[job.merchant],
                content=told[job.instruction],
                signers=signers.get(job.merchant, ()),
            )
            for job in jobs
            if job.instruction in told
        ]

    async def _bodies(self, jobs: list[Job]) -> dict[str, bytes]:
        """The bodies that may be sent; what was erased this moment goes when its lease runs out."""
        centre, maker, names = self._centre, maker_of(self._centre), [job.instruction for job in jobs]
        told = await centre.reader.run(lambda c: bodies(c, centre.site, names, maker))
        fresh = {name: each for name, each in told.items() if each.packed is not None}
        kept = await centre.writer.submit(lambda c: keep(c, centre.site, fresh)) if fresh else set()
        for job in jobs:
            if job.instruction not in told:
                await centre.writer.submit(partial(_unsayable, centre=centre, job=job))
        return {name: each.content for name, each in told.items() if name in kept or name not in fresh}

    async def _deliver(self, webhook: Webhook) -> None:
        at_s = int(self._centre.clock().timestamp())
        signers: list[HmacKey | SigningKey] = [*self._centre.keys.webhook_signers, *webhook.signers]
        headers = sign_webhook(signers, webhook.job.instruction, at_s, webhook.content)
        attempt = await self._post.post(webhook.url, headers, webhook.content)
        self._centre.metrics.deliveries.labels(attempt.result.value).inc()
        await self._settle(webhook.job, attempt)

    async def _settle(self, job: Job, attempt: Attempt) -> None:
        """Write down what became of it; when even that fails, the lease runs out and it goes again."""
        centre, last = self._centre, is_last(job, attempt, self._centre.settings.refund_retry_s)
        ended = Ended(
            job=job,
            attempt=attempt,
            now=centre.clock(),
            share=self._uniform(0.0, 1.0),
            wait_s=0.0 if last else self._wait_s(job, attempt),
            last=last,
        )
        change = await centre.writer.join(self._settle_all, ended)
        if last:
            centre.metrics.deliveries.labels("given_up").inc()
        if change is not None:
            centre.metrics.endpoint_changes.labels(change.value).inc()
            centre.logger.warning("endpoint", merchant=job.merchant, became=change.value)

    def _wait_s(self, job: Job, attempt: Attempt) -> float:
        schedule = self._centre.settings.refund_retry_s
        longest = schedule[min(job.attempts, len(schedule)) - 1]
        asked = min(attempt.retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
        return max(asked, self._uniform(0.0, longest))


def maker_of(centre: Centre) -> Maker:
    """What this centre makes bodies with, now."""
    return Maker(
        key=centre.keys.log,
        origin=centre.log.origin,
        shown=centre.checkpoints.shown,
        now=centre.clock(),
    )


def _unsayable(connection: Connection, centre: Centre, job: Job) -> None:
    """Its body was made, and erased with its customer, before anybody listened: a person must look."""
    outbox.give_up(connection, centre.site, job, "erased", centre.now())
