"""The strict refund system as one application: its faces, its books for whoever compares, and its page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from demo.shop.settings import outcome_key
from demo.strict.books import Books
from demo.strict.faults import Plan
from demo.strict.informed import Informed
from demo.strict.page import render
from demo.strict.payments import Payments, failure
from demo.strict.settings import BOOKS_NAME, StrictSettings
from demo.strict.telling import Teller


def create_app(directory: Path, settings: StrictSettings) -> FastAPI:
    """The application over the books in a folder; what is to be told is told while it is served."""
    books = Books(directory / BOOKS_NAME)
    plan = Plan(seed=settings.seed, rates=settings.rates)
    teller = Teller(settings, books, outcome_key(directory))
    informed = Informed(settings, settings.inform, books, plan, teller) if settings.inform else None
    teller.on_change = lambda now: _changes(settings, books, teller, informed, now)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        telling = asyncio.create_task(teller.run())
        try:
            yield
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling
            books.close()

    app = FastAPI(title="Strict", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    if settings.payments is not None:
        Payments(settings, books, plan, teller).install(app)
    if informed is not None:
        informed.install(app)

    @app.get("/books.json")
    async def state() -> dict[str, Any]:
        return books.state() | {
            "faults": dict(plan.counts),
            "rejected": informed.rejected if informed else [],
        }

    @app.get("/totals.json")
    async def totals() -> dict[str, Any]:
        return books.totals()

    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        return render(books.state(), dict(plan.counts))

    return app


def _changes(
    settings: StrictSettings, books: Books, teller: Teller, informed: Informed | None, now: float
) -> None:
    """What was accepted is done, and what was done fails, each at its time."""
    for refund in books.due_changes(now):
        with books.together():
            done = refund.next == "succeeded"
            changed = books.change(refund, failure(settings, refund.key, now) if done else None)
            if settings.payments is not None:
                teller.note(changed, "refund.updated" if done else "refund.failed", now)
            elif informed is not None and not done:
                informed.failed(changed, now)
