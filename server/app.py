"""The centre's HTTP API, put together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, partial
from secrets import SystemRandom
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import generate_latest
from starlette.routing import BaseRoute
from starlette.types import Lifespan

from server.access import Caller, Scope, needs
from server.alarms import count_standing
from server.bodies import BodyLimit
from server.carriers.polling import polling
from server.carriers.router import router as carriers
from server.catalogue.router import router as catalogue
from server.centre import Centre, Here
from server.contract.asyncapi import document as asyncapi_document
from server.contract.openapi import describe
from server.contract.text import text_of
from server.evidence.router import PREFIX as EVIDENCE
from server.evidence.router import router as evidence
from server.inbound.matching import matching
from server.inbound.router import router as inbound
from server.ingest.router import router as ingest
from server.ledger.alarms_router import router as alarms
from server.ledger.opening import opening
from server.ledger.overrides_router import router as overrides
from server.ledger.refill_router import router as refill
from server.ledger.retention_router import router as retention
from server.ledger.router import router as ledger
from server.ledger.statements_router import router as statements
from server.ledger.tiles_router import router as tiles
from server.ledger.witnessing import witnessing
from server.outward.addresses import address_policy
from server.outward.calling import Caller as Calling
from server.packs.router import router as packs
from server.problems import NoTraces, install
from server.references.router import FILES as REFERENCE_FILES
from server.references.router import router as references
from server.refunds.approvals_router import router as refund_approvals
from server.refunds.cases_router import router as refund_cases
from server.refunds.cashier import Cashier, books_of, open_account
from server.refunds.delivery import Courier
from server.refunds.endpoints_router import router as refund_endpoints
from server.refunds.feed_router import router as feed
from server.refunds.lookup_router import router as refund_lookup
from server.refunds.posting import WebhookPost
from server.refunds.reconciling_router import router as reconciliation
from server.refunds.releasing import releasing
from server.refunds.router import router as refunds
from server.returns.dropping.watcher import watching
from server.returns.importing.router import router as imported_returns
from server.returns.photos.router import OWN_BODIES as PHOTOS
from server.returns.photos.router import router as photos
from server.returns.router import router as returns
from server.stations.router import router as stations
from server.subjects.router import router as subjects

LINE_KEPT_S = 2.0
"""For how long a line to a refund system waits for the next webhook: as long as two checkpoints take."""
ROUTERS = (
    ledger,
    retention,
    overrides,
    tiles,
    refill,
    catalogue,
    packs,  # before the returns, whose ids are paths
    photos,
    returns,
    imported_returns,
    stations,
    evidence,
    ingest,
    refund_lookup,
    refund_approvals,
    refund_cases,  # before the refunds, whose ids are paths
    reconciliation,
    refund_endpoints,
    refunds,
    feed,
    carriers,
    inbound,
    references,
    alarms,
    statements,
    subjects,
)
PUBLIC = frozenset(
    {
        "/healthz",
        "/v1/log",
        "/v1/log/keys",
        "/v1/ledger/proofs/{index}",
        "/v1/stations/enrol",
        "/v1/hooks/{merchant}/{source}",
        "/openapi.json",
        "/asyncapi.json",
        "/site/{site}/checkpoint",
        "/site/{site}/checkpoint/{size}",
        "/site/{site}/tile/{place:path}",
    }
)
"""Routes without a scope; a test holds every other one to declaring its own."""
Observer = Annotated[Caller, needs(Scope.CONSOLE, Scope.AUDITOR)]


def create_app(centre: Centre) -> FastAPI:
    """The API over an open centre; instructions are delivered while the app's lifespan lasts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        works = (witnessing, delivering, releasing, signing, matching, polling, watching)
        async with AsyncExitStack() as stack:
            for work in works:
                await stack.enter_async_context(work(centre))
            yield

    app = routes_app(lifespan)
    app.state.centre = centre
    install(app, centre.metrics)
    own = (EVIDENCE, REFERENCE_FILES)
    app.add_middleware(
        BodyLimit, limit=centre.settings.body_limit_bytes, own=own, own_form=PHOTOS, metrics=centre.metrics
    )
    app.add_middleware(NoTraces, metrics=centre.metrics, log=centre.logger)
    return app


def routes_app(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """Every route and the contract of them, without a centre behind it."""
    app = FastAPI(
        title="Regrade centre",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        routes=[*_routes()],
    )
    for path, endpoint in CENTRE.items():
        app.add_api_route(path, endpoint)
    describe(app)
    return app


@cache
def _routes() -> Sequence[BaseRoute]:
    """Of all routers, once for all apps of a process: a route is taken apart when it is first matched."""
    gathered = APIRouter()
    for router in ROUTERS:
        gathered.include_router(router)
    return gathered.routes


@asynccontextmanager
async def delivering(centre: Centre) -> AsyncIterator[None]:
    """Tell and pay refunds in the background; what is under way at the end falls due again."""
    settings = centre.settings
    calling = Calling(address_policy(settings), timeout_s=settings.refund_timeout_s)
    telling = Calling(address_policy(settings), timeout_s=settings.refund_timeout_s, keep_s=LINE_KEPT_S)
    courier = Courier(centre, WebhookPost(telling), SystemRandom().uniform)
    cashier = Cashier(centre, books_of(centre), partial(open_account, centre.sealer, centre.clock, calling))
    tasks = (
        asyncio.create_task(courier.run(), name="courier"),
        asyncio.create_task(cashier.run(), name="cashier"),
    )
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await calling.close()
        await telling.close()


@asynccontextmanager
async def signing(centre: Centre) -> AsyncIterator[None]:
    """Sign checkpoints in the background, and open a ledger that is whole again."""
    every_s = centre.settings.checkpoint_every_s
    tasks = (
        asyncio.create_task(centre.checkpoints.run(every_s), name="checkpoints"),
        asyncio.create_task(opening(centre), name="opening"),
    )
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def openapi(request: Request) -> Response:
    """The contract of these routes."""
    return Response(text_of(request.app.openapi()), media_type="application/json")


async def asyncapi() -> Response:
    """The contract of what goes out and comes in as messages."""
    return Response(text_of(asyncapi_document()), media_type="application/json")


async def healthz() -> dict[str, str]:
    """Alive."""
    return {"status": "ok"}


async def metrics(centre: Here, caller: Observer) -> Response:
    """What the centre counts, for Prometheus."""
    head = await centre.reader.run(centre.log.head)
    centre.metrics.ledger_size.set(head.size)
    standing = await centre.reader.run(lambda c: count_standing(c, centre.site))
    for kind, many in standing.items():
        centre.metrics.alarms.labels(kind.value).set(many)
    return Response(generate_latest(centre.metrics.registry), media_type="text/plain; version=0.0.4")


CENTRE: Mapping[str, Callable[..., Any]] = {
    "/healthz": healthz,
    "/metrics": metrics,
    "/openapi.json": openapi,
    "/asyncapi.json": asyncapi,
}
"""The centre's own routes."""
