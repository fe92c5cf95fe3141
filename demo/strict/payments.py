"""The payment system's face: refunds in Stripe's HTTP words, strictly.

Source: Stripe API, "Refunds", "PaymentIntents", "Idempotent requests" and "Errors", read in November 2026.
"""

import hashlib
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

import orjson
from fastapi import FastAPI, Request, Response

from demo.strict.books import Books, Refund
from demo.strict.faults import Fault, Plan, fails_later, pends, point
from demo.strict.settings import StrictSettings
from demo.strict.spoiling import error, said, spoilt
from demo.strict.telling import KEY_FIELD, Teller, refund_object

PENDING_S = 1.0
MOST_BYTES = 64 * 1024
Form = dict[str, str]


class Payments:
    """One account: payments that were captured, and their refunds."""

    def __init__(self, settings: StrictSettings, books: Books, plan: Plan, teller: Teller) -> None:
        self._settings = settings
        self._books = books
        self._plan = plan
        self._teller = teller

    def install(self, app: FastAPI) -> None:
        """Mount the routes."""
        app.add_api_route("/v1/payment_intents/{id}", self.get_intent, methods=["GET"])
        app.add_api_route("/v1/charges/{id}", self.get_charge, methods=["GET"])
        app.add_api_route("/v1/refunds", self.list_refunds, methods=["GET"])
        app.add_api_route("/v1/refunds/{id}", self.get_refund, methods=["GET"])
        app.add_api_route("/v1/refunds", self.post_refund, methods=["POST"])
        app.add_api_route("/sim/payments", self.capture, methods=["POST"])
        app.add_api_route("/sim/refunds", self.by_hand, methods=["POST"])

    async def get_intent(self, id: str, request: Request) -> Response:
        """`GET /v1/payment_intents/{id}`, with its charge."""

        def intent() -> Response:
            charge = self._charge(id)
            if charge is None:
                return _missing(f"No such payment_intent: '{id}'")
            return said(
                {
                    "id": id,
                    "object": "payment_intent",
                    "currency": charge["currency"],
                    "amount": charge["amount"],
                    "amount_received": charge["amount"],
                    "status": "succeeded",
                    "latest_charge": charge,
                }
            )

        return await self._read(request, id, intent)

    async def get_charge(self, id: str, request: Request) -> Response:
        """`GET /v1/charges/{id}`."""

        def charge() -> Response:
            found = self._charge("pi_" + id.partition("_")[2])
            return _missing(f"No such charge: '{id}'") if found is None else said(found)

        return await self._read(request, id, charge)

    async def list_refunds(
        self, request: Request, payment_intent: str = "", limit: int = 10, starting_after: str = ""
    ) -> Response:
        """`GET /v1/refunds?payment_intent=`: newest first, page by page."""

        def page() -> Response:
            before = int(starting_after.partition("_")[2]) if starting_after else 2**60
            found = self._books.refunds_of(payment_intent, before, limit + 1)
            rows = [refund_object(each) for each in found[:limit]]
            more = len(found) > limit
            return said({"object": "list", "url": "/v1/refunds", "data": rows, "has_more": more})

        return await self._read(request, f"refunds of {payment_intent}", page)

    async def get_refund(self, id: str, request: Request) -> Response:
        """`GET /v1/refunds/{id}`."""
        return await self._read(
            request, id, lambda: said(refund_object(self._books.refund(int(id.partition("_")[2]))))
        )

    async def post_refund(self, request: Request) -> Response:
        """`POST /v1/refunds`: one movement of money for one idempotency key."""
        if not self._knows(request):
            return _unknown_key()
        body = (await request.body())[:MOST_BYTES]
        key = request.headers.get("idempotency-key", "")
        fault = self._plan.next(key or body.decode())

        async def act() -> Response:
            answer = self._refund(key, dict(parse_qsl(body.decode())), body)
            if fault is Fault.HOOK_FIRST:
                await self._teller.now()
            return answer

        answer = await spoilt(fault, self._settings.patience_s, act)
        if fault is Fault.REFUSED_AFTER and point(self._settings.seed, "words", key) % 2:
            return error(400, "it cannot be refunded now")  # with its effect, and in Stripe's own words
        return answer

    def _refund(self, key: str, form: Form, body: bytes) -> Response:
        """Do it, or repeat the first answer: both or neither are in the books."""
        now, digest = time.time(), hashlib.sha256(body).hexdigest()
        memory = self._settings.payments.key_memory_s if self._settings.payments else None
        with self._books.together():
            known = self._books.answer_to(key, now - memory if memory is not None else 0.0) if key else None
            if known is not None and known["request"] != digest:
                return error(
                    400, "Keys for idempotent requests can only be used once", kind="idempotency_error"
                )
            if known is not None:
                return Response(
                    known["body"],
                    known["status"],
                    {"idempotent-replayed": "true"},
                    media_type="application/json",
                )
            answer = self._create(form, key, now)
            if key:
                self._books.keep_answer(key, digest, answer.status_code, bytes(answer.body), now)
            return answer

    def _create(self, form: Form, key: str, now: float) -> Response:
        payment, amount = form.get("payment_intent", ""), int(form.get("amount", "0") or 0)
        found = self._books.payment(payment)
        if found is None:
            return _missing(f"No such payment_intent: '{payment}'")
        captured, currency = found
        left = captured - self._books.refunded(payment)
        if amount <= 0:
            return error(400, "Invalid positive integer", code="parameter_invalid_integer")
        if amount > left and not (self._settings.payments and self._settings.payments.over_refund):
            if left <= 0:
                return error(
                    400, f"Charge {payment} has already been refunded.", code="charge_already_refunded"
                )
            text = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            return error(400, text)
        ours = form.get(f"metadata[{KEY_FIELD}]", key)
        return said(refund_object(self._add(payment, ours, amount, currency, now)))

    def _add(self, payment: str, key: str, amount: int, currency: str, now: float) -> Refund:
        seed, rates = self._settings.seed, self._settings.rates
        status, later = "succeeded", failure(self._settings, key, now)
        if pends(seed, key, rates):
            status, later = "pending", ("succeeded", now + PENDING_S)
        unit = key.partition("#")[0]
        refund = self._books.add_refund(
            payment=payment, unit=unit, key=key, amount=amount, currency=currency, status=status,
            created=now, later=later,
        )  # fmt: skip
        self._teller.note(refund, "refund.created", now)
        return refund

    def _charge(self, payment: str) -> dict[str, object] | None:
        found = self._books.payment(payment)
        if found is None:
            return None
        captured, currency = found
        return {
            "id": "ch_" + payment.partition("_")[2],
            "object": "charge",
            "amount": captured,
            "amount_captured": captured,
            "captured": True,
            "amount_refunded": self._books.refunded(payment),
            "currency": currency.lower(),
            "payment_intent": payment,
        }

    async def _read(self, request: Request, name: str, act: Callable[[], Response]) -> Response:
        if not self._knows(request):
            return _unknown_key()

        async def run() -> Response:
            return act()

        return await spoilt(self._plan.next_read(name), self._settings.patience_s, run)

    def _knows(self, request: Request) -> bool:
        mine = self._settings.payments
        return mine is not None and request.headers.get("authorization") == f"Bearer {mine.api_key}"

    async def capture(self, request: Request) -> Response:
        """Let payments be captured: `[["pi_1", 1450, "EUR"], …]`. No payment system has this route."""
        rows = orjson.loads(await request.body())
        self._books.add_payments([(id, captured, currency) for id, captured, currency in rows])
        return said({"payments": len(rows)})

    async def by_hand(self, request: Request) -> Response:
        """Somebody refunds in the payment system's own pages: `{"payment": …, "amount": …, "key": …}`."""
        asked = orjson.loads(await request.body())
        form = {"payment_intent": asked["payment"], "amount": str(asked["amount"])}
        with self._books.together():
            if self._books.refunds_of(asked["payment"], 2**60, 1):
                return said({"already": True})
            return self._create(form, asked["key"], time.time())


def failure(settings: StrictSettings, key: str, now: float) -> tuple[str, float] | None:
    """When a refund that was done fails, by the plan."""
    if not fails_later(settings.seed, key, settings.rates):
        return None
    return "failed", now + settings.late_s * (0.1 + 0.9 * point(settings.seed, "when", key) / 1_000_000)


def _missing(text: str) -> Response:
    return error(404, text, code="resource_missing")


def _unknown_key() -> Response:
    return error(401, "Invalid API Key provided")
