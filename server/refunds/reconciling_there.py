"""Compares the books of refunds with the payment systems, one payment after the other and not too fast.

Beside the centre, which may run meanwhile: nothing is written, and nothing is asked for but what is captured
and refunded.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from server.errors import CentreError, GatewayDown
from server.keys import read_keys
from server.ledger.files import open_database
from server.outward.addresses import address_policy
from server.outward.calling import Caller
from server.refunds import due, reconciling
from server.refunds.cashier import open_account
from server.refunds.differing import Difference, DifferenceKind, PaymentBooks, Shown, differences
from server.refunds.due import Account
from server.refunds.gateway import RefundGateway
from server.refunds.reconciling import PAGE
from server.sealed import Sealer
from server.settings import load_settings
from server.subjects.bound import bind
from server.subjects.keys import SubjectKeys

MOST_TRIES = 3
AGAIN_S = 1.0
Progress = Callable[[int, int], None]
Open = Callable[[Account], RefundGateway]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was compared, and what differs: nothing, if all is well."""

    payments: int
    asked: int
    """Payments whose system said how they stand."""
    differences: tuple[Difference, ...]


def reconcile(directory: Path, *, there: bool, per_second: float, progress: Progress) -> Report:
    """Compare all books of a centre's folder; `there` asks the payment systems too."""
    settings, keys = load_settings(directory, os.environ), read_keys(directory)

    async def run(engine: Engine) -> Report:
        calling = Caller(address_policy(settings), timeout_s=settings.refund_timeout_s)
        work = Work(
            engine=engine,
            site=settings.site,
            open=partial(open_account, Sealer(keys.wrap), lambda: datetime.now(UTC), calling),
            progress=progress,
        )
        try:
            return await work.run(per_second if there else 0.0)
        finally:
            await calling.close()

    with (
        open_database(directory) as engine,
        closing(SubjectKeys(directory, keys.wrap, read_only=True)) as known,
    ):
        return asyncio.run(run(bind(engine, known)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One comparison, with what it needs."""

    engine: Engine
    site: str
    open: Open
    progress: Progress

    async def run(self, per_second: float) -> Report:
        """Page by page; the database is let go while a payment system is asked."""
        with self.engine.begin() as connection:
            total = reconciling.count(connection, self.site)
            found = list(reconciling.unanswered(connection, self.site))
            known = due.accounts(connection, self.site) if per_second else {}
        done, asked, after = 0, 0, ""
        while True:
            now_s = datetime.now(UTC).timestamp()
            with self.engine.begin() as connection:
                page = reconciling.read_books(connection, self.site, after, PAGE)
            if not page:
                return Report(payments=done, asked=asked, differences=tuple(found))
            for books in page:
                account = known.get(books.merchant)
                shown = await self._shown(books, account) if account else books
                if account:
                    await asyncio.sleep(1 / per_second)
                if isinstance(shown, Difference):
                    found.append(shown)
                    shown = books
                asked += shown.shown is not None
                found += differences(shown, now_s)
                done += 1
                self.progress(done, total)
            after = page[-1].payment

    async def _shown(self, books: PaymentBooks, account: Account) -> PaymentBooks | Difference:
        """The books with what the payment system shows; a difference where it does not say."""
        first = books.units[0]
        why = ""
        with self.engine.begin() as connection:
            ref = due.ref_of(connection, self.site, first.newest, first.currency)
        for _ in range(MOST_TRIES if ref else 0):
            try:
                seen = await self.open(account).standing(ref) if ref else None
            except GatewayDown as error:
                why = error.code
                await asyncio.sleep(AGAIN_S)
                continue
            except CentreError as error:  # no such payment, or not our key any more
                why = error.code
                break
            if seen is not None:
                shown = Shown(
                    captured_minor=seen.captured_minor,
                    refunded_minor=seen.refunded_minor,
                    currency=seen.currency,
                )
                return await self._anew(books, shown)
        return Difference(
            unit=first.unit,
            kind=DifferenceKind.NOT_READABLE,
            ours="a payment",
            theirs=why or "its customer was erased",
        )

    async def _anew(self, books: PaymentBooks, shown: Shown) -> PaymentBooks:
        """Our own books, read again where they do not fit: a refund may have moved meanwhile."""
        if not any(differences(replace(books, shown=shown), 0.0)):
            return replace(books, shown=shown)
        with self.engine.begin() as connection:
            (fresh,) = reconciling.books_of(connection, self.site, [books.payment])
        return replace(fresh, shown=shown)
