"""Shopify's webhooks: refunds and returns that were made there. No money is moved.

Who holds the app's secret can sign them, Shopify and the shop's own app alike: it is the shop's word about
its own refunds, and proves nothing to anybody else. So it settles what that shop was told, and nothing that
the centre pays.
"""

import hashlib
from typing import Any

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.sqlite import insert

from inspection.custody.canonical import canonical
from inspection.messages.base import time_text
from inspection.messages.refund import OutcomeStatus, RefundOutcome
from inspection.refund_exceptions import CaseKind, CaseState, WayOut
from server.centre import Centre
from server.db.refund_tables import cases as case_table
from server.db.tables import counters, units
from server.inbound import repository as inbound
from server.inbound.hooks import About, Taken, Unmatched, VerifiedHook
from server.ledger.log import Log
from server.refunds import cases, owing, service, settling, standing
from server.refunds.adapters.shopify_hooks import (
    Candidate,
    ShopifyRefund,
    ShopifyReturn,
    attribute,
    read_hook,
)
from server.refunds.cases import Raised
from server.refunds.standing import EXECUTE, INFORM, RefundRow
from server.returns.repository import CANCELLED
from server.subjects.bound import keys_of

WITHOUT = CaseKind.REFUND_WITHOUT_RETURN
Told = list[tuple[RefundOutcome, bool]]
"""Outcomes that are news, and whether each is what was owed."""


class ShopifyHooks:
    """Handler of the source `shopify`."""

    async def take(self, centre: Centre, merchant: str, hook: VerifiedHook) -> Taken | Unmatched:
        """As the Protocol says; what is about an order or a return that nobody announced waits."""
        said = read_hook(hook.body)
        if isinstance(said, ShopifyReturn):
            known = await centre.reader.run(lambda c: _announced(c, centre.site, merchant, said.id))
            return Taken() if known or not said.open else Unmatched(about=About.RETURN, name=said.id)
        at = centre.now()
        told = await centre.writer.submit(lambda c: note(c, centre.log, merchant, said, at))
        if told is None:
            name = await centre.reader.run(lambda c: keys_of(c).secrets.order(merchant, said.order))
            return Unmatched(about=About.ORDER, name=name)
        for outcome, fits in told:
            centre.metrics.outcomes.labels(outcome.status.value).inc()
            centre.metrics.mismatches.inc(0 if fits else 1)
        return Taken()


def note(connection: Connection, log: Log, merchant: str, refund: ShopifyRefund, at: str) -> Told | None:
    """Make of a refund what it is, once for ever; None where it has to wait.

    Raises HookReused for another refund under the same id, NotTold where a unit's instruction is not out yet,
    TooManyOutcomes or QuotaUsed.
    """
    site, ours = log.site, _units(connection, log.site, merchant, refund.order)
    if refund.pending or (refund.moved_minor and not ours):
        return None
    digest = hashlib.sha256(canonical(_facts(refund))).digest()
    name = f"refund {refund.id}"  # with a blank, which no sender's id can have
    news = inbound.remember(connection, site, merchant, "shopify", name, digest, at)
    mode = owing.modes_of(connection, site, [merchant]).get(merchant, INFORM)
    if not news or not refund.moved_minor or mode == EXECUTE:
        return []  # before the centre pays itself, it reads what the payment has left
    refunds = standing.find_many(connection, site, [row.id for row in ours])
    shares = attribute(refund, [_candidate(row, refunds.get(row.id), refund.currency) for row in ours])
    told: Told = []
    for number, (unit, share) in enumerate(shares.items(), start=1):
        total = _tally(connection, site, f"shopify/{unit}/{refund.currency}", share)
        outcome = RefundOutcome(
            v=1,
            id=f"shopify:{refund.id}:{number}",
            merchant=merchant,
            instruction=None,
            unit=unit,
            status=OutcomeStatus.SETTLED,
            refunded_total_minor=total,
            currency=refund.currency,
            happened_at=refund.at,
        )
        told += _settle(connection, log, outcome, refunds.get(unit), at)
    rest = refund.moved_minor - sum(shares.values())
    if rest:
        _keep(connection, site, merchant, ours[0].id, refund, rest, at)
    return told


def _settle(connection: Connection, log: Log, outcome: RefundOutcome, row: RefundRow | None, at: str) -> Told:
    """An outcome of the newest instruction, or a case of a unit that has none.

    The refund system may have reported the same money itself. So the unit's total is the larger of what is
    known and what Shopify told: one payment, told twice, is one; a second payment shows.
    """
    gone, matter = _left(connection, log.site, outcome)
    if row is None:
        _without_return(connection, log.site, outcome, outcome.refunded_total_minor - gone, at)
        return []
    known = row.paid_minor if row.currency == outcome.currency else 0
    total = max(known, outcome.refunded_total_minor - matter)
    said = outcome.model_copy(update={"instruction": row.instruction, "refunded_total_minor": total})
    _, fits, news = service.take_outcome(connection, log, said, at)
    return [(said, fits)] if news else []


def _without_return(connection: Connection, site: str, outcome: RefundOutcome, amount: int, at: str) -> None:
    """Open a case, or let the open one say the larger amount; raises QuotaUsed."""
    if amount <= 0:
        return  # a person has settled as much of this unit already
    open_ones = cases.open_of(connection, site, [outcome.unit]).get(outcome.unit, [])
    same = (WITHOUT, outcome.merchant)
    known = next((case for case in open_ones if (case.kind, case.merchant) == same), None)
    if known is None:
        said = outcome.model_copy(update={"refunded_total_minor": amount})
        settling.without_return(connection, site, said, at)
    elif known.currency == outcome.currency and amount > (known.amount_minor or 0):
        cases.change(connection, site, known.id, amount_minor=amount, changed_at=at)


def _left(connection: Connection, site: str, outcome: RefundOutcome) -> tuple[int, int]:
    """What persons have settled of this unit's refunds without a return: all, and what is another matter."""
    mine = case_table.c
    chosen = select(mine.way_out, func.coalesce(func.sum(mine.amount_minor), 0)).where(
        mine.site == site,
        mine.unit == outcome.unit,
        mine.merchant == outcome.merchant,
        mine.kind == WITHOUT.value,
        mine.currency == outcome.currency,
        mine.state == CaseState.RESOLVED.value,
    )
    sums = {way: int(amount) for way, amount in connection.execute(chosen.group_by(mine.way_out))}
    return sum(sums.values()), sums.get(WayOut.NOT_THIS.value, 0)


def _keep(
    connection: Connection, site: str, merchant: str, unit: str, refund: ShopifyRefund, amount: int, at: str
) -> None:
    """Keep money of the order that is nobody's as a case of the order's first unit, all of it in one."""
    open_ones = cases.open_of(connection, site, [unit]).get(unit, [])
    known = next((case for case in open_ones if case.kind is CaseKind.ALREADY_REFUNDED), None)
    if known is not None and known.currency == refund.currency:
        more = (known.amount_minor or 0) + amount
        cases.change(connection, site, known.id, amount_minor=more, changed_at=at)
        return
    raised = Raised(
        kind=CaseKind.ALREADY_REFUNDED,
        merchant=merchant,
        unit=unit,
        about=f"outcome:shopify:{refund.id}",
        amount_minor=amount,
        currency=refund.currency,
    )
    cases.raise_case(connection, site, raised, at)


def _announced(connection: Connection, site: str, merchant: str, authorization: str) -> bool:
    mine = (units.c.site == site, units.c.merchant == merchant, units.c.authorization == authorization)
    return connection.execute(select(units.c.id).where(*mine).limit(1)).first() is not None


def _units(connection: Connection, site: str, merchant: str, order: str) -> list[Any]:
    """The order's units, those that were not withdrawn first."""
    name = keys_of(connection).secrets.order(merchant, order)
    mine = (units.c.site == site, units.c.merchant == merchant, units.c.order_name == name)
    wanted = (units.c.id, units.c.sku, units.c.line, units.c.position, units.c.state)
    rows = connection.execute(select(*wanted).where(*mine)).all()
    return sorted(rows, key=lambda row: (row.state == CANCELLED, row.line, row.position, row.id))


def _candidate(row: Row[Any], refund: RefundRow | None, currency: str) -> Candidate:
    owed = None
    if refund is not None:
        same = refund.currency == currency
        owed = max(0, refund.target_total_minor - refund.paid_minor) if same else 0
    return Candidate(
        unit=row.id,
        sku=row.sku,
        line=row.line or 0,
        index=row.position or 0,
        owed_minor=owed,
        withdrawn=row.state == CANCELLED,
    )


def _tally(connection: Connection, site: str, name: str, amount: int) -> int:
    """Add to what Shopify has told of a unit so far; returns the sum."""
    fresh = insert(counters).values(site=site, name=name, value=amount)
    more = {"value": counters.c.value + amount}
    put = fresh.on_conflict_do_update(index_elements=["site", "name"], set_=more).returning(counters.c.value)
    total: int = connection.execute(put).scalar_one()
    return total


def _facts(refund: ShopifyRefund) -> dict[str, Any]:
    """What must be the same when the same refund is told again."""
    lines = [[line.sku, line.quantity, line.subtotal_minor, line.tax_minor] for line in refund.lines]
    money = [refund.currency, refund.moved_minor, refund.shipping_minor]
    return {"order": refund.order, "at": time_text(refund.at), "money": money, "lines": lines}
