"""Stripe's webhooks about refunds: how they are signed, and what becomes of a payout that they are about.

They come twice, late and before the answer to the request itself. What they say is settled once, and a refund
that fails after it had succeeded is opened again.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection

from inspection.errors import BadSignature, ExpiredKey
from inspection.messages.refund import OutcomeStatus
from server.centre import Centre
from server.errors import NotFound
from server.inbound.hooks import About, RawHook, Taken, Unmatched, VerifiedHook
from server.inbound.schemes import SHOPIFY, BodyKey, Proven, Ring, Scheme
from server.refunds import paying, payouts
from server.refunds.adapters.stripe_events import (
    SIGNATURE_HEADER,
    TOLERANCE_S,
    StripeEvent,
    event_id,
    read_event,
    verify,
)
from server.refunds.cashier import books_of
from server.refunds.gateway import PayoutState
from server.refunds.paying import Books
from server.refunds.payouts import PayoutStep

NOBODYS = "nobody has this key"
"""Stands in where there is no key, so that nobody learns from the time who has one."""


def _check(scheme: Scheme, raw: RawHook, ring: Ring, now_s: float) -> Proven:
    """The event's id stands in the body, which is signed: it is read once the signature fits."""
    keys = [key for key in ring if isinstance(key, BodyKey)]
    past = [key.secret.decode() for key in keys if key.not_after_s is not None and now_s > key.not_after_s]
    current = [key.secret.decode() for key in keys if key.secret.decode() not in past]
    header = raw.headers.get(scheme.signature_header, "")
    try:
        at_s = verify(header, raw.body, current or [NOBODYS], now_s)
    except BadSignature as error:
        if type(error) is BadSignature and past:
            verify(header, raw.body, past, now_s)
            raise ExpiredKey(f"{SIGNATURE_HEADER} fits an old key, past its overlap") from error
        raise
    return Proven(id=event_id(raw.body), sent_at=datetime.fromtimestamp(at_s, UTC))


STRIPE = Scheme(
    id_header="body",
    signature_header=SIGNATURE_HEADER,
    hints=(),
    window_s=TOLERANCE_S,
    signs_id=True,
    read_key=SHOPIFY.read_key,
    decoy=BodyKey(secret=NOBODYS.encode()),
    check=_check,
)
"""One header holds the time and the signatures; the id stands in the body, which is signed."""


class StripeHooks:
    """Settles payouts by what Stripe tells of its refunds."""

    async def take(self, centre: Centre, merchant: str, hook: VerifiedHook) -> Taken | Unmatched:
        """Settle what is open, open again what failed late; what is about no refund of ours has no effect."""
        event = read_event(hook.body)
        if event is None or event.key is None:
            return Taken()
        key, books, now = event.key, books_of(centre), centre.clock()
        known = await centre.writer.submit(lambda c: note(c, books, merchant, event, now))
        if not known:
            return Unmatched(about=About.INSTRUCTION, name=key.rpartition("/")[0][:64])
        centre.payments_due.set()
        return Taken()


def note(connection: Connection, books: Books, merchant: str, event: StripeEvent, now: datetime) -> bool:
    """Write down what an event says of a payout; False where this merchant has no such payout."""
    try:
        row = payouts.find(connection, books.site, event.key or "")
    except NotFound:
        return False
    if row.merchant != merchant:
        return False
    said = event.answer
    if event.currency != row.currency or row.reference not in (None, said.reference):
        return True  # another refund under our key: the look-up tells them apart
    asked = row.state in (PayoutStep.SENT, PayoutStep.PENDING, PayoutStep.UNKNOWN)
    if asked and said.state in (PayoutState.CONFIRMED, PayoutState.REFUSED):
        paying.settle(connection, books, row.key, said, now)
    elif row.state is PayoutStep.CONFIRMED and said.state is PayoutState.REFUSED:
        paying.afterwards(connection, books, row, OutcomeStatus.FAILED, now)
    return True
