"""Routes by which documents of other systems come in."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import anyio.to_thread
import orjson
from fastapi import APIRouter, Request, Response

from server.access import Caller, Scope, needs, own_merchant
from server.answers import answer
from server.centre import Centre, Here
from server.errors import BadRequest
from server.returns.importing import medusa, service, shopify
from server.returns.importing.epcis import moves_of
from server.returns.importing.mapped import Mapped, MappingFault
from server.returns.importing.schemas import MOST_SHOWN, DocumentAnswer, RejectedPart
from server.returns.importing.service import Imported
from server.returns.router import flagged, terms_for

router = APIRouter(prefix="/v1/imports", tags=["returns"])
Shop = Annotated[Caller, needs(Scope.SHOP)]


@router.post("/shopify")
async def import_shopify(request: Request, centre: Here, caller: Shop) -> Response:
    """Announce the units of a Shopify `Return`, as its GraphQL API answers it."""
    return await _import_units(request, centre, own_merchant(caller), shopify.units_of)


@router.post("/medusa")
async def import_medusa(request: Request, centre: Here, caller: Shop) -> Response:
    """Announce the units of a Medusa return, sent with its order."""
    return await _import_units(request, centre, own_merchant(caller), medusa.units_of)


@router.post("/epcis")
async def import_epcis(request: Request, centre: Here, caller: Shop) -> Response:
    """Take serial numbers and parcels of announced units from an EPCIS 2.0 document."""
    moves = await anyio.to_thread.run_sync(moves_of, await _document(request))
    terms = await terms_for(centre, own_merchant(caller), ())
    done = await centre.writer.submit(lambda c: service.note_moves(c, terms, moves.items))
    return _answer(centre, done, moves.faults)


async def _import_units(
    request: Request, centre: Centre, merchant: str, units_of: Callable[[Any, str], Mapped]
) -> Response:
    mapped = await anyio.to_thread.run_sync(units_of, await _document(request), merchant)
    terms = await terms_for(centre, merchant, [draft.unit for draft in mapped.units])
    done = await centre.writer.submit(lambda c: service.announce_drafts(c, terms, mapped.units))
    return _answer(centre, done, mapped.faults)


async def _document(request: Request) -> Any:
    try:
        document = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadRequest("a document is a JSON object")
    return document


def _answer(centre: Centre, done: Imported, before: Sequence[MappingFault]) -> Response:
    faults = [*before, *done.faults]
    for fault in faults:
        centre.metrics.rows_rejected.labels(fault.code).inc()
    shown = [RejectedPart(path=f.path, code=f.code, detail=f.detail) for f in faults[:MOST_SHOWN]]
    return answer(
        DocumentAnswer(
            accepted=done.accepted,
            flagged=flagged(done.doubled),
            rejected=tuple(shown),
            more_rejected=max(0, len(faults) - MOST_SHOWN),
        )
    )
