"""Tells the centre: Stripe's events, or signed outcomes; at least once, twice by plan, and out of order."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from demo.strict.books import Books, Refund, Tell
from demo.strict.faults import point
from demo.strict.settings import StrictSettings
from inspection.messages.refund import RefundOutcome
from inspection.messages.webhook_keys import SigningKey
from kit.receiver import sign_outcome

KEY_FIELD = "regrade_payout"
LOOK_S = 0.1
AGAIN_S = 0.5
LONGEST_AGAIN_S = 5.0
BEHIND_S = 4.0
"""How far behind at most what is told out of order comes."""
FINAL = frozenset({404, 409, 410, 422})
log = structlog.get_logger()


class Teller:
    """Runs until cancelled."""

    def __init__(self, settings: StrictSettings, books: Books, key: Ed25519PrivateKey) -> None:
        self._settings = settings
        self._books = books
        self._key = key
        self._http = httpx.AsyncClient(timeout=10.0, trust_env=False)
        self.on_change: Callable[[float], None] = lambda now: None
        """Lets what is due happen in the books, before it is told."""

    def note(self, refund: Refund, kind: str, now: float) -> None:
        """Have an event of Stripe's told about a refund."""
        id = f"evt_{refund.number}_{refund.status}"
        event = {
            "id": id,
            "object": "event",
            "type": kind,
            "created": int(now),
            "data": {"object": refund_object(refund)},
        }
        self._books.tell(id, orjson.dumps(event), self._due(id, now))

    def report(self, outcome: RefundOutcome, now: float) -> None:
        """Have an outcome told."""
        self._books.tell(outcome.id, outcome.to_json(), self._due(outcome.id, now))

    def _due(self, id: str, now: float) -> float:
        at = point(self._settings.seed, "order", id)
        late = at < self._settings.rates.reordered
        return now + (BEHIND_S * point(self._settings.seed, "behind", id) / 1_000_000 if late else 0.0)

    async def run(self) -> None:
        """Tell until cancelled; no fault of one round ends it."""
        while True:
            try:
                await self.now()
            except Exception as error:  # what is not told yet is told later
                log.error("telling", exc_info=error)
            await asyncio.sleep(LOOK_S)

    async def now(self) -> None:
        """Let happen what is due, and tell it."""
        self.on_change(time.time())
        await asyncio.gather(*(self._tell(each) for each in self._books.due_tells(time.time())))

    async def _tell(self, tell: Tell) -> None:
        twice = point(self._settings.seed, "doubled", tell.id) < self._settings.rates.doubled
        answer = None
        for _ in range(2 if twice else 1):
            with suppress(httpx.HTTPError):
                answer = await self._post(tell)
        wait_s = min(LONGEST_AGAIN_S, AGAIN_S * 2 ** min(tell.attempts, 8))
        self._books.told(tell.id, answer, time.time() + wait_s)

    async def _post(self, tell: Tell) -> str | None:
        """Send once; the answer that ends it, or None."""
        payments, inform, now = self._settings.payments, self._settings.inform, time.time()
        if payments is not None:
            if payments.hook_url is None:
                return "nobody listens"
            headers = {"stripe-signature": stripe_signature(payments.hook_secret, int(now), tell.body)}
            reply = await self._http.post(payments.hook_url, content=tell.body, headers=headers)
        elif inform is not None:
            outcome = RefundOutcome.read(tell.body)
            request = sign_outcome(outcome, (SigningKey(self._key),), now)
            headers = request.headers | {"authorization": f"Bearer {inform.api_key}"}
            reply = await self._http.post(
                f"{inform.centre}{request.path}", content=request.body, headers=headers
            )
        else:
            return "nobody listens"
        if reply.is_success:
            return "taken"
        if reply.status_code in FINAL:
            log.warning("refused", id=tell.id, status=reply.status_code, answer=reply.text[:300])
            return f"refused {reply.status_code}"
        return None


def refund_object(refund: Refund) -> dict[str, object]:
    """A refund in Stripe's words."""
    ours = {KEY_FIELD: refund.key} if "#" in refund.key else {}
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "currency": refund.currency.lower(),
        "created": int(refund.created),
        "payment_intent": refund.payment,
        "charge": "ch_" + refund.payment.partition("_")[2],
        "status": refund.status,
        "metadata": ours,
        "reason": None,
    } | ({"failure_reason": "expired_or_canceled_card"} if refund.status == "failed" else {})


def stripe_signature(secret: str, at_s: int, body: bytes) -> str:
    """Stripe's header: the time, and HMAC-SHA256 over time and body."""
    signature = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={signature}"
