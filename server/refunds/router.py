"""Routes of refunds."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from inspection.messages.refund import OutcomeAnswer
from inspection.messages.uplink import ReceiptMessage
from inspection.messages.webhook import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, SignedBody
from server.access import Caller, Scope, may_touch, needs, own_merchant
from server.answers import answer
from server.bodies import read_body
from server.centre import Here
from server.ledger.receipts import receipt_of
from server.refunds import service, settling
from server.refunds.endpoints_keys import verifiers
from server.refunds.endpoints_router import keys_of
from server.refunds.replay import MOST, TOGETHER, Replay, Replayed, in_range
from server.refunds.replay import send_again as send_many_again
from server.refunds.schemas import MOST_PER_PAGE, WithoutReturn

router = APIRouter(prefix="/v1/refunds", tags=["refunds"])
Shop = Annotated[Caller, needs(Scope.SHOP)]
ShopOrConsole = Annotated[Caller, needs(Scope.SHOP, Scope.CONSOLE)]
Cursor = Annotated[int, Query(ge=0, le=2**53 - 1)]
State = Literal["awaiting_checkpoint", "queued", "behind", "delivered", "dead"]
Limit = Annotated[int, Query(ge=1, le=MOST_PER_PAGE)]


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
    ring = await centre.reader.run(lambda c: verifiers(c, keys_of(centre, merchant)))
    outcome = service.read_outcome(signed, ring, merchant, centre.clock().timestamp())
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
async def get_instructions(
    centre: Here, caller: Shop, after: Cursor = 0, limit: Limit = 100, state: State | None = None
) -> Response:
    """The caller's instructions behind a leaf index, all or of one state, with deliveries and outcomes."""
    merchant = own_merchant(caller)
    page = await centre.reader.run(
        lambda c: service.instruction_page(c, centre.site, merchant, after, limit, state)
    )
    return answer(page)


@router.post("/replay")
async def post_replay(request: Request, centre: Here, caller: ShopOrConsole) -> Response:
    """Deliver what was told before again, by index or by time: the same bytes under the same ids."""
    wanted, now = await read_body(request, Replay), centre.clock().timestamp()
    merchant = caller.merchant or wanted.merchant
    if wanted.merchant is not None:
        may_touch(caller, wanted.merchant)
    found = await centre.reader.run(lambda c: in_range(c, centre.site, wanted, merchant))
    chosen, replayed = found[:MOST], 0
    for start in range(0, len(chosen), TOGETHER):
        some = chosen[start : start + TOGETHER]
        work = partial(send_many_again, site=centre.site, found=some, now=now)
        replayed += await centre.writer.submit(work)
    centre.deliveries_due.set()
    last = chosen[-1].leaf_seq if chosen else -1
    left = len(chosen) - replayed
    return answer(Replayed(replayed=replayed, left_alone=left, more=len(found) > MOST, last_index=last))


@router.post("/{instruction:path}/resend")
async def post_resend(instruction: str, centre: Here, caller: ShopOrConsole) -> Response:
    """Deliver an instruction again, a given-up one too."""
    due_at = centre.clock().timestamp()
    requeued = await centre.writer.submit(
        lambda c: service.send_again(c, centre.site, instruction, caller.merchant, due_at)
    )
    centre.deliveries_due.set()
    return answer(requeued)
