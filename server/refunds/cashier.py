"""The cashier: pays refunds of merchants for whom the centre calls the payment system itself.

Lock, read, choose, ask, settle: the lock and the choice are durable before anything is asked, so that a
crash leaves a payout that is looked up and never a refund that is simply tried again.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from inspection.errors import DomainError
from inspection.payouts import PayoutCode
from server.centre import Centre
from server.errors import CentreError, GatewayDown, GatewayRefused, TryLater
from server.refunds import due, paying
from server.refunds.adapters.asking import Calls
from server.refunds.adapters.opening import open_gateway, read_credentials
from server.refunds.due import Account, Due, Job
from server.refunds.gateway import GatewayKind, PayoutAnswer, PayoutState, RefundGateway
from server.refunds.paying import Books
from server.refunds.payouts import PayoutRow
from server.refunds.places import Places
from server.sealed import Sealer

LONGEST_WAIT_S = 2.0
"""Looks for due refunds at least this often, whatever it was told."""
LEASE_S = 15.0
"""Added to the timeout of a call: after it a payout that a crash interrupted is looked up."""
T = TypeVar("T")
OpenGateway = Callable[[Account], RefundGateway]


class Cashier:
    """Runs until cancelled; several payments at a time, one refund of each, and never all of one merchant."""

    def __init__(self, centre: Centre, books: Books, open_gateway: OpenGateway) -> None:
        self._centre = centre
        self._books = books
        self._open = open_gateway
        self._under_way: dict[asyncio.Task[None], PayoutRow] = {}
        """With the payout: while it is here nobody takes it up again, wherever the clock jumps to."""

    async def run(self) -> None:
        """Pay what is due, then wait for the next; no fault of one refund ends it."""
        due_now = self._centre.payments_due
        try:
            while True:
                due_now.clear()
                wait_s = await self._start_due()
                with suppress(TimeoutError):  # not wait_for: before 3.12 it may swallow a cancellation
                    async with asyncio.timeout(max(wait_s, 0.001)):
                        await due_now.wait()
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _start_due(self) -> float:
        try:
            found = await self._claim()
            for job in found.to_pay:
                self._start(job, self._pay(job))
            for job in found.to_look_up:
                self._start(job, self._look_up(job))
            return found.wait_s
        except TryLater as error:
            return float(error.retry_after_s)
        except Exception as error:  # refunds must go on whatever happened once
            self._centre.logger.error("cashier", exc_info=error)
            return LONGEST_WAIT_S

    async def _claim(self) -> Due:
        now, site = self._centre.clock(), self._centre.site
        busy = frozenset(payout.key for payout in self._under_way.values())
        taken = Counter(payout.merchant for payout in self._under_way.values())
        places = Places(most=self._centre.settings.refund_parallel, taken=taken)
        times = await self._centre.reader.run(lambda c: due.due_times(c, site, busy))
        next_at = min((at for merchant, at in times.items() if places.left(merchant)), default=None)
        idle_s = LONGEST_WAIT_S if next_at is None else min(LONGEST_WAIT_S, next_at - now.timestamp())
        if idle_s > 0:
            return Due(to_pay=(), to_look_up=(), wait_s=idle_s)
        return await self._write(lambda c: due.claim(c, self._books, now, places, busy))

    def _start(self, job: Job, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way[task] = job.payout
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        self._centre.payments_due.set()
        if not task.cancelled() and task.exception() is not None:
            self._centre.logger.error("payout", exc_info=task.exception())

    async def _pay(self, job: Job) -> None:
        key, books = job.payout.key, self._books
        try:
            gateway = self._open(job.account)
            if came := await _came_late(gateway, job):
                self._count(f"found_{came.state.value}")
                await self._note(paying.settle, key, came)
                return
            seen = await gateway.standing(job.ref)
        except GatewayDown as error:
            self._count("not_reached")
            await self._note(paying.not_reached, key, float(error.retry_after_s))
            return
        except CentreError:  # GatewayRefused above all
            self._count("refused_to_say")
            await self._note(paying.refused_to_say, key)
            return
        at = self._centre.clock()
        payout = await self._write(lambda c: paying.choose(c, books, job.payout, job.ref, seen, at))
        if payout is None:
            self._count("not_asked")
            return
        answer = await gateway.pay_back(payout)
        self._count(answer.state.value)
        await self._note(partial(paying.settle, lease=paying.lease_end(books, at)), key, answer)

    async def _look_up(self, job: Job) -> None:
        key = job.payout.key
        try:
            answer = await self._open(job.account).look_up(due.payout_of(job))
        except GatewayDown:
            self._count("not_reached")
            await self._note(paying.not_told, key)
            return
        except CentreError:  # no such payment, or not our key any more: that says nothing of this payout
            answer = PayoutAnswer(state=PayoutState.UNKNOWN, code=PayoutCode.UNCLEAR_ANSWER)
        self._count("absent" if answer is None else f"found_{answer.state.value}")
        await self._note(partial(paying.settle, lease=job.payout.due_at), key, answer)

    async def _note(self, step: Callable[..., T], key: str, *more: object) -> T:
        """Write down what was learnt, with the time at which it is written."""
        now = self._centre.clock()
        return await self._write(lambda c: step(c, self._books, key, *more, now))

    def _write(self, work: Callable[[Connection], T]) -> Awaitable[T]:
        return self._centre.writer.submit(work)

    def _count(self, what: str) -> None:
        self._centre.metrics.payouts.labels(what).inc()


async def _came_late(gateway: RefundGateway, job: Job) -> PayoutAnswer | None:
    """What became of a request that was not found when it was looked up: it may have had its effect since.

    Read anew, the payment would show money that nobody knows of, and a person would be asked whose it is.
    Raises GatewayDown.
    """
    row = job.payout
    looked_up_in_vain = row.sent_at is not None and row.code is None
    return await gateway.look_up(due.payout_of(job)) if looked_up_in_vain else None


def books_of(centre: Centre) -> Books:
    """Where this centre's payouts are written."""
    settings = centre.settings
    return Books(
        log=centre.log,
        lease_s=settings.refund_timeout_s + LEASE_S,
        retry_s=tuple(settings.refund_retry_s),
    )


def open_account(
    sealer: Sealer, clock: Callable[[], datetime], caller: Calls, account: Account
) -> RefundGateway:
    """The adapter for a merchant's payment system, made for one call; raises GatewayRefused."""
    try:
        kind = GatewayKind(account.gateway)
        kept = sealer.open(account.credentials, f"endpoint/{account.merchant}/credentials")
        return open_gateway(kind, read_credentials(kind, kept), caller, clock)
    except (ValueError, DomainError, CentreError) as error:
        raise GatewayRefused("the payment system's credentials cannot be read: set them again") from error
