"""Routes of refunds."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from inspection.custody.signing import check_public_key
from inspection.messages.refund import OutcomeAnswer
from inspection.messages.uplink import ReceiptMessage
from inspection.messages.webhook import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, SignedBody
from server.access import Caller, Scope, needs, own_merchant
from server.answers import answer
from server.bodies import read_body
from server.centre import Here
from server.ledger.receipts import receipt_of
from server.outward.addresses import address_policy, read_url, vet
from server.refunds import repository, service, settling
from server.refunds.schemas import MOST_PER_PAGE, Endpoint, WithoutReturn

router = APIRouter(prefix="/v1/refunds", tags=["refunds"])
Shop = Annotated[Caller, needs(Scope.SHOP)]
ShopOrConsole = Annotated[Caller, needs(Scope.SHOP, Scope.CONSOLE)]
Cursor = Annotated[int, Query(ge=0, le=2**53 - 1)]
Limit = Annotated[int, Query(ge=1, le=MOST_PER_PAGE)]


@router.put("/endpoint")
async def put_endpoint(request: Request, centre: Here, caller: Shop) -> Response:
    """Set where the caller's refund system listens, and the key that signs its outcomes."""
    endpoint, merchant, at = await read_body(request, Endpoint), own_merchant(caller), centre.now()
    key = check_public_key(endpoint.outcome_public_key)
    await vet(read_url(endpoint.url), address_policy(centre.settings))
    await centre.writer.submit(
        lambda c: repository.set_endpoint(c, centre.site, merchant, endpoint.url, key, at)
    )
    centre.deliveries_due.set()
    return answer(endpoint)


@router.post("/outcomes")
async def post_outcome(request: Request, centre: Here, caller: Shop) -> Response:
    """Record what became of an instruction; signed as a webhook by the refund system."""
    merchant, headers = own_merchant(caller), request.headers
    signed = SignedBody(
        id=headers.get(ID_HEADER, ""),
        timestamp=headers.get(TIMESTAMP_HEADER, ""),
        signatures=headers.get(SIGNATURE_HEADER, ""),
        body=await request.body(),
    )
    key = await centre.reader.run(lambda c: repository.outcome_key(c, centre.site, merchant))
    outcome = service.read_outcome(signed, key, merchant, centre.clock().timestamp())
    at = centre.now()
    if outcome.instruction is None:
        case = await centre.writer.submit(lambda c: settling.without_return(c, centre.site, outcome, at))
        return answer(WithoutReturn(case=case), 202)
    place, fits, news = await centre.writer.submit(lambda c: service.take_outcome(c, centre.log, outcome, at))
    if news:
        centre.metrics.outcomes.labels(outcome.status.value).inc()
        centre.metrics.mismatches.inc(0 if fits else 1)
    receipt = receipt_of(centre.keys.log, centre.log.origin, place)
    return answer(OutcomeAnswer(receipt=ReceiptMessage.of(receipt), matches=fits))


@router.get("")
async def get_instructions(centre: Here, caller: Shop, after: Cursor = 0, limit: Limit = 100) -> Response:
    """The caller's instructions behind a leaf index, with their deliveries and outcomes."""
    merchant = own_merchant(caller)
    page = await centre.reader.run(lambda c: service.instruction_page(c, centre.site, merchant, after, limit))
    return answer(page)


@router.post("/{instruction:path}/resend")
async def post_resend(instruction: str, centre: Here, caller: ShopOrConsole) -> Response:
    """Deliver an instruction again, a given-up one too."""
    due_at = centre.clock().timestamp()
    requeued = await centre.writer.submit(
        lambda c: service.send_again(c, centre.site, instruction, caller.merchant, due_at)
    )
    centre.deliveries_due.set()
    return answer(requeued)
