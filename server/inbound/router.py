"""Routes of inbound webhooks: the webhooks themselves, their keys, and what waits."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from server.access import Caller, Scope, needs, own_merchant
from server.answers import answer
from server.bodies import announced, read_body
from server.centre import Here
from server.errors import TooLarge
from server.inbound import repository, service
from server.inbound.hooks import About, RawHook
from server.inbound.schemas import MOST_PER_PAGE, Clear, KeyChange, WaitingCleared, WaitingHook, WaitingPage
from server.inbound.sources import source_of

router = APIRouter(prefix="/v1", tags=["inbound"])
Shop = Annotated[Caller, needs(Scope.SHOP)]
Console = Annotated[Caller, needs(Scope.CONSOLE)]
Cursor = Annotated[int, Query(ge=0, le=2**53 - 1)]
Limit = Annotated[int, Query(ge=1, le=MOST_PER_PAGE)]
MOST_BYTES = 256 * 1024
WAITING = 202


@router.post("/hooks/{merchant}/{source}")
async def post_hook(merchant: str, source: str, request: Request, centre: Here) -> Response:
    """Take a webhook: its signature is what admits it."""
    body = await _bounded(request)
    raw = RawHook(headers=dict(request.headers), body=body)
    became = await service.receive(centre, merchant, source_of(source), raw)
    return answer(became, WAITING if became.state == "waiting" else 200)


async def _bounded(request: Request) -> bytes:
    """The raw body; raises TooLarge where it passes the bound, before anything else is looked at."""
    error = TooLarge(f"a webhook may have {MOST_BYTES} bytes")
    if announced(request.scope) > MOST_BYTES:
        raise error
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise error
    return bytes(body)


@router.put("/hooks/{source}")
async def put_key(source: str, request: Request, centre: Here, caller: Shop) -> Response:
    """Set what a sender signs with; the keys before it stay good for the overlap."""
    change, merchant, row = await read_body(request, KeyChange), own_merchant(caller), source_of(source)
    return answer(await service.set_key(centre, merchant, row, change))


@router.get("/hooks/{source}")
async def get_keys(source: str, centre: Here, caller: Shop) -> Response:
    """The keys of a source, by their ids."""
    return answer(await service.keys_of(centre, own_merchant(caller), source_of(source)))


@router.get("/inbound/waiting")
async def get_waiting(
    centre: Here, caller: Console, merchant: str | None = None, after: Cursor = 0, limit: Limit = 100
) -> Response:
    """Verified webhooks that match nothing yet, the oldest first."""
    found = await centre.reader.run(
        lambda c: repository.waiting_page(c, centre.site, merchant, after, limit + 1)
    )
    page = tuple(
        WaitingHook(
            number=row.ordinal,
            merchant=row.merchant,
            source=row.source,
            hook=row.hook,
            about=About(row.about),
            name=row.name,
            came_at=row.came_at,
            tries=row.tries,
            refused=row.refused,
        )
        for row in found[:limit]
    )
    return answer(WaitingPage(waiting=page, more=len(found) > limit))


@router.post("/inbound/waiting/clear")
async def clear_waiting(request: Request, centre: Here, caller: Console) -> Response:
    """Let some of them wait no more: they have no effect, and their ids stay used."""
    numbers = (await read_body(request, Clear)).numbers
    cleared = await centre.writer.submit(lambda c: repository.clear(c, centre.site, numbers))
    return answer(WaitingCleared(cleared=cleared))
