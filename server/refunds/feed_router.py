"""Routes of the feed: a page of entries, and one of them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath

from server.access import Caller, Scope, needs, own_merchant
from server.centre import Centre, Here
from server.errors import TryLater
from server.refunds.delivery import maker_of
from server.refunds.feed import MOST_PER_PAGE, Feed
from server.refunds.told import bodies, keep, may_be_told

router = APIRouter(prefix="/v1/events", tags=["refunds"])
Shop = Annotated[Caller, needs(Scope.SHOP)]
After = Annotated[int, Query(ge=-1, le=2**53 - 1)]
Index = Annotated[int, InPath(ge=0, le=2**53 - 1)]
Limit = Annotated[int, Query(ge=1, le=MOST_PER_PAGE)]
JSON = "application/json"


@router.get("")
async def get_events(centre: Here, caller: Shop, after: After = -1, limit: Limit = 100) -> Response:
    """The caller's entries behind an index, in the ledger's order."""
    feed = _feed(centre, caller)
    content = await centre.reader.run(lambda c: feed.page(c, after, limit))
    return Response(content, media_type=JSON)


@router.get("/{index}")
async def get_event(index: Index, centre: Here, caller: Shop) -> Response:
    """One entry: of an instruction the body of its webhook, byte for byte; else the leaf."""
    feed = _feed(centre, caller)
    event = await centre.reader.run(lambda c: feed.one(c, index))
    content = event.leaf if event.instruction is None else await _told(centre, event.instruction)
    return Response(content, media_type=JSON)


def _feed(centre: Centre, caller: Caller) -> Feed:
    return Feed(site=centre.site, merchant=own_merchant(caller), shown=centre.checkpoints.shown)


async def _told(centre: Centre, instruction: str) -> bytes:
    """The body as it was first sent, or made and kept now. Raises Erased or Withheld."""
    await centre.reader.run(lambda c: may_be_told(c, centre.site, instruction))
    for _ in range(2):  # once more where another kept its own meanwhile: that is the one that counts
        maker = maker_of(centre)
        told = await centre.reader.run(lambda c: bodies(c, centre.site, [instruction], maker))  # noqa: B023
        if instruction in told and told[instruction].packed is None:
            return told[instruction].content
        if told:
            await centre.writer.submit(lambda c: keep(c, centre.site, told))  # noqa: B023
    raise TryLater("the body of this instruction changed this moment: ask again")
