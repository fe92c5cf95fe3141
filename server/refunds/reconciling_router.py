"""Route of the reconciliation: what differs between our own books of refunds."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from server.access import Caller, Scope, needs
from server.answers import answer
from server.centre import Here
from server.refunds import reconciling
from server.refunds.reconciling_schemas import MOST_PER_PAGE, DifferenceMessage, ReconciliationPage

router = APIRouter(prefix="/v1/refunds/reconciliation", tags=["refunds"])
Console = Annotated[Caller, needs(Scope.CONSOLE)]
After = Annotated[str, Query(max_length=128)]
Limit = Annotated[int, Query(ge=1, le=MOST_PER_PAGE)]


@router.get("")
async def get_reconciliation(
    centre: Here, caller: Console, after: After = "", limit: Limit = 200
) -> Response:
    """Compare the books of the payments behind a cursor; no payment system is asked."""
    now_s = centre.clock().timestamp()
    found = await centre.reader.run(lambda c: reconciling.compare(c, centre.site, after, limit, now_s))
    rows = tuple(
        DifferenceMessage(unit=row.unit, kind=row.kind, ours=row.ours, theirs=row.theirs)
        for row in found.differences
    )
    more = found.payments == limit
    return answer(ReconciliationPage(differences=rows, payments=found.payments, cursor=found.last, more=more))
