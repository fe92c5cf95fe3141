"""The refund system's face: takes instructions, pays each unit's difference once, and tells the outcome."""

import time
from datetime import UTC, datetime
from math import ceil

import orjson
import structlog
from fastapi import FastAPI, Request, Response

from demo.shop.app import HOOK, bounded
from demo.strict.books import Books, Refund
from demo.strict.faults import Fault, Plan
from demo.strict.payments import failure
from demo.strict.settings import InformSettings, StrictSettings
from demo.strict.spoiling import said, spoilt
from demo.strict.telling import Teller
from inspection.messages.refund import InstructionEvent, OutcomeStatus, RefundInstruction, RefundOutcome
from inspection.refund import RefundKind
from kit.errors import Conflict, Rejected
from kit.receiver import Standing, check_event, signed_body, wait_s

PAYS = frozenset({RefundKind.APPROVE, RefundKind.PARTIAL})
log = structlog.get_logger()


class Informed:
    """Believes what can be checked, and acts once."""

    def __init__(
        self, settings: StrictSettings, inform: InformSettings, books: Books, plan: Plan, teller: Teller
    ) -> None:
        self._settings = settings
        self._inform = inform
        self._books = books
        self._plan = plan
        self._teller = teller
        self.rejected: list[str] = []

    def install(self, app: FastAPI) -> None:
        """Mount the routes."""
        app.add_api_route(HOOK, self.hook, methods=["POST"])
        app.add_api_route("/sim/without-return", self.without_return, methods=["POST"])

    async def hook(self, request: Request) -> Response:
        """`POST /webhooks/regrade`: 2xx once it is in the books."""
        try:
            signed = signed_body(request.headers, await bounded(request))
            event = check_event(signed, self._inform.trust, time.time())
        except Rejected as error:
            return self._reject(error)
        if wait := wait_s(event.instruction, time.time()):
            return said({"code": "too_early"}, 425, **{"retry-after": str(ceil(wait))})
        fault = self._plan.next(event.instruction.id)

        async def act() -> Response:
            try:
                standing = self.take(event)
            except Conflict as error:
                return self._reject(error)
            if fault is Fault.HOOK_FIRST:
                await self._teller.now()
            return said({"standing": standing.value})

        return await spoilt(fault, self._settings.patience_s, act)

    def _reject(self, error: Rejected) -> Response:
        self.rejected.append(f"{error.code}: {error}"[:300])
        log.warning("instruction rejected", code=error.code, reason=str(error))
        return said({"code": error.code}, 409 if isinstance(error, Conflict) else 400)

    def take(self, event: InstructionEvent) -> Standing:
        """Pay what is missing, and note what has to be told: all or nothing. Raises Conflict."""
        said, now = event.instruction, time.time()
        with self._books.together():
            standing = self._books.instructions.offer(said)
            if standing is Standing.NEW:
                self._carry_out(said, now)
            elif standing is Standing.SAME and self._failed(said.unit):
                self._carry_out(said, now)  # it was sent again because the payment had failed
            return standing

    def _failed(self, unit: str) -> bool:
        """Whether a payment of the unit has failed, by whichever instruction."""
        query = "SELECT 1 FROM refunds WHERE unit = ? AND status = 'failed' LIMIT 1"
        return self._books.db.execute(query, (unit,)).fetchone() is not None

    def _carry_out(self, said: RefundInstruction, now: float) -> None:
        paid = self._books.paid(said.unit)
        owed = said.target_total_minor - paid
        number = 0
        if said.kind in PAYS and owed > 0:
            number = self._pay(said, owed, now).number
            paid += owed
        # less than was paid already is a claim on the customer: a person's business, never automatic
        settled = said.kind in PAYS and owed >= 0
        status = OutcomeStatus.SETTLED if settled else OutcomeStatus.HELD
        name = f"P{number}" if number else f"N{said.id}"
        self._report(name, said.id, said.unit, said.currency, status, paid, now)

    def _pay(self, said: RefundInstruction, owed: int, now: float) -> Refund:
        many = self._books.db.execute(
            "SELECT count(*) FROM refunds WHERE key LIKE ? || '/%'", (said.id,)
        ).fetchone()[0]
        key = f"{said.id}/{many + 1}"
        return self._books.add_refund(
            payment=said.order, unit=said.unit, key=key, amount=owed, currency=said.currency,
            status="succeeded", created=now, later=failure(self._settings, key, now),
        )  # fmt: skip

    def failed(self, refund: Refund, now: float) -> None:
        """A payment that was settled has failed: tell what is left of the total."""
        left = self._books.paid(refund.unit)
        instruction = refund.key.rpartition("/")[0]
        self._report(
            f"F{refund.number}", instruction, refund.unit, refund.currency, OutcomeStatus.FAILED, left, now
        )

    def _report(
        self,
        name: str,
        instruction: str | None,
        unit: str,
        currency: str,
        status: OutcomeStatus,
        paid_minor: int,
        now: float,
    ) -> None:
        outcome = RefundOutcome(
            v=1, id=f"RF-{name}", merchant=self._inform.merchant, instruction=instruction,
            unit=unit, status=status, refunded_total_minor=paid_minor, currency=currency,
            happened_at=datetime.fromtimestamp(now, UTC),
        )  # fmt: skip
        self._teller.report(outcome, now)

    async def without_return(self, request: Request) -> Response:
        """Somebody refunds before anything came back: `{"unit": …, "amount": …, "currency": …}`."""
        asked, now = orjson.loads(await request.body()), time.time()
        with self._books.together():
            if self._books.paid(asked["unit"]):
                return said({"already": True})
            refund = self._books.add_refund(
                payment="by hand", unit=asked["unit"], key=f"hand/{asked['unit']}", amount=asked["amount"],
                currency=asked["currency"], status="succeeded", created=now, later=None,
            )  # fmt: skip
            self._report(
                f"H{refund.number}",
                None,
                refund.unit,
                refund.currency,
                OutcomeStatus.SETTLED,
                refund.amount,
                now,
            )
        return said({"refund": refund.number})
