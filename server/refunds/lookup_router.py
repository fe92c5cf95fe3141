"""Routes that look refunds up, count them, and hand them out as a table."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from inspection.messages.base import time_text
from inspection.messages.entries import AccessWhat
from server.access import Caller, Scope, needs
from server.answers import answer
from server.centre import Here
from server.ledger.reading import note_read
from server.refunds import lookup, lookup_csv, statistics
from server.refunds.lookup_schemas import MOST_PER_PAGE, By, Filters, Text, When

router = APIRouter(prefix="/v1/refunds", tags=["refunds"])
ShopOrConsole = Annotated[Caller, needs(Scope.SHOP, Scope.CONSOLE)]
Wanted = Annotated[Filters, Depends()]
Cursor = Annotated[str | None, Query(max_length=120)]
Limit = Annotated[int, Query(ge=1, le=MOST_PER_PAGE)]
LATELY = timedelta(days=30)


@router.get("/search")
async def get_refund_search(
    centre: Here, caller: ShopOrConsole, wanted: Wanted, after: Cursor = None, limit: Limit = 100
) -> Response:
    """Refunds by any field, the newest first; a shop finds its own."""
    filters = lookup.bound_to(wanted, caller.merchant)
    return answer(await centre.reader.run(lambda c: lookup.page(c, centre.site, filters, after, limit)))


@router.get("/statistics")
async def get_refund_statistics(
    centre: Here,
    caller: ShopOrConsole,
    told_from: When = None,
    told_to: When = None,
    by: By = By.DAY,
    merchant: Text = None,
) -> Response:
    """Counts, amounts and times of refunds that were told in a span of time; the last 30 days by default."""
    now = centre.clock()
    span = statistics.Span(
        told_from=told_from or time_text(now - LATELY)[:10],
        told_to=told_to or time_text(now + timedelta(seconds=1)),
        merchant=caller.merchant or merchant,
        now=now,
    )
    return answer(await centre.reader.run(lambda c: statistics.read(c, centre.site, span, by)))


@router.get("/export.csv")
async def get_refund_export(
    centre: Here, caller: ShopOrConsole, wanted: Wanted, bom: bool = False, personal: bool = False
) -> StreamingResponse:
    """The same as a table, the oldest first.

    With `personal` it names orders, and then the ledger says who took it.
    """
    filters = lookup.bound_to(wanted, caller.merchant)
    if personal:
        await note_read(centre, caller, AccessWhat.EXPORT, None, None)
    rows = await centre.reader.run(lambda c: lookup.count(c, centre.site, filters))
    headers = {
        "regrade-rows": str(rows),
        "content-disposition": 'attachment; filename="refunds.csv"',
    }
    content = lookup_csv.lines(centre, filters, bom=bom, personal=personal)
    return StreamingResponse(content, media_type="text/csv; charset=utf-8", headers=headers)
