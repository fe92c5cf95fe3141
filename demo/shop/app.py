"""The shop as a process: takes webhooks, shows its refunds."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from math import ceil
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from demo.shop.faults import Fault, FaultPlan
from demo.shop.ledger import Books
from demo.shop.outcomes import Teller
from demo.shop.page import render
from demo.shop.settings import ShopSettings
from inspection.messages.refund import InstructionEvent
from kit.errors import Conflict, Malformed, Rejected
from kit.receiver import MAX_BODY_BYTES, check_event, signed_body, wait_s

SLOW_S = 0.3
TOO_EARLY = 425
EVERYTHING = 1_000_000
HOOK = "/webhooks/regrade"

log = structlog.get_logger()


class Shop:
    """Takes instructions: checks them, carries them out, and answers as the fault plan says."""

    def __init__(self, settings: ShopSettings, books: Books) -> None:
        self.settings = settings
        self.books = books
        self.plan = FaultPlan(seed=settings.seed, rates=settings.faults)
        self.rejected: Counter[str] = Counter()
        """Webhooks that were not believed, by error code."""

    async def hook(self, request: Request) -> Response:
        """`POST /webhooks/regrade`: 2xx once the instruction is in the books."""
        try:
            signed = signed_body(request.headers, await bounded(request))
            now_s = datetime.now(UTC).timestamp()
            event = check_event(signed, self.settings.trust, now_s)
            if wait := wait_s(event.instruction, now_s):  # the bench may still take its verdict back
                return JSONResponse({"code": "too_early"}, TOO_EARLY, {"Retry-After": str(ceil(wait))})
            return await self._take(event)
        except Rejected as error:
            self.rejected[error.code] += 1
            log.warning("instruction rejected", code=error.code, reason=str(error))
            status = 409 if isinstance(error, Conflict) else 400
            return JSONResponse({"code": error.code, "detail": str(error)}, status)

    async def _take(self, event: InstructionEvent) -> Response:
        fault = self.plan.next(event.instruction.id)
        if fault is Fault.SILENCE:
            await asyncio.sleep(self.settings.patience_s)
        if fault in (Fault.ERROR, Fault.SILENCE):
            return JSONResponse({"code": "fault_on_purpose"}, 500)
        standing = self.books.take(event, datetime.now(UTC))
        if fault is Fault.SLOW:
            await asyncio.sleep(SLOW_S)
        if fault is Fault.LATE_ERROR:
            return JSONResponse({"code": "fault_on_purpose"}, 500)
        return JSONResponse({"standing": standing.value})

    def state(self) -> dict[str, Any]:
        """What the virtual warehouse checks at the end."""
        return {
            "refunds": self.books.refunds(EVERYTHING),
            "totals": self.books.totals(),
            "faults": dict(self.plan.counts),
            "rejected": dict(self.rejected),
        }


async def bounded(request: Request) -> bytes:
    """The raw body of an event; raises Malformed for one that is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Malformed(f"an event has at most {MAX_BODY_BYTES} bytes")
    return bytes(body)


def create_app(shop: Shop, teller: Teller) -> FastAPI:
    """The shop's HTTP application; the teller works while it is served."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        telling = asyncio.create_task(teller.run())
        try:
            yield
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    app = FastAPI(title="Blue Shop", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route(HOOK, shop.hook, methods=["POST"])

    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        return render(shop.books.refunds(), shop.books.totals())

    @app.get("/refunds.json")
    async def refunds() -> dict[str, Any]:
        return shop.state()

    @app.get("/totals.json")
    async def totals() -> dict[str, int]:
        return shop.books.totals()

    return app
