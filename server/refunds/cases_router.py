"""Routes of cases: who waits for a person, and what a person does about it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from inspection.refund_exceptions import CaseKind, CaseState, Owner
from server.access import Caller, Scope, needs
from server.answers import answer
from server.bodies import read_body
from server.centre import Centre, Here
from server.refunds import cases, leaving
from server.refunds.cases import OPEN, Wanted
from server.refunds.cases_schemas import (
    MOST_PER_PAGE,
    CaseCounts,
    CaseMessage,
    CasePage,
    Counted,
    LeaveCase,
    TakeCase,
)
from server.refunds.cashier import books_of

router = APIRouter(prefix="/v1/refunds/cases", tags=["refunds"])
ShopOrConsole = Annotated[Caller, needs(Scope.SHOP, Scope.CONSOLE)]
Console = Annotated[Caller, needs(Scope.CONSOLE)]
CaseId = Annotated[int, Path(ge=1, le=2**53 - 1)]
Cursor = Annotated[int, Query(ge=0, le=2**53 - 1)]
Limit = Annotated[int, Query(ge=1, le=MOST_PER_PAGE)]
Unit = Annotated[str | None, Query(max_length=48)]


@router.get("")
async def get_cases(
    centre: Here,
    caller: ShopOrConsole,
    state: CaseState | None = None,
    owner: Owner | None = None,
    kind: CaseKind | None = None,
    unit: Unit = None,
    after: Cursor = 0,
    limit: Limit = 100,
) -> Response:
    """Cases behind an id, oldest first; without a state those that are open. A shop sees its own."""
    wanted = Wanted(
        merchant=caller.merchant,
        states=(state.value,) if state else OPEN,
        owner=owner.value if owner else None,
        kind=kind.value if kind else None,
        unit=unit,
        after=after,
    )
    found = await centre.reader.run(lambda c: cases.page(c, centre.site, wanted, limit + 1))
    page = found[:limit]
    shown = tuple(CaseMessage.of(row) for row in page)
    return answer(CasePage(cases=shown, cursor=page[-1].id if page else after, more=len(found) > limit))


@router.get("/counts")
async def get_case_counts(centre: Here, caller: Console) -> Response:
    """How many cases are open, by owner and kind."""
    found = await centre.reader.run(lambda c: cases.counts(c, centre.site))
    return answer(
        CaseCounts(
            counts=tuple(
                Counted(owner=Owner(owner), kind=CaseKind(kind), count=n) for owner, kind, n in found
            )
        )
    )


@router.get("/{id}")
async def get_case(id: CaseId, centre: Here, caller: ShopOrConsole) -> Response:
    """One case, however it stands."""
    row = await centre.reader.run(lambda c: cases.find(c, centre.site, id, caller.merchant))
    return answer(CaseMessage.of(row))


@router.post("/{id}/take")
async def post_take(id: CaseId, request: Request, centre: Here, caller: ShopOrConsole) -> Response:
    """Work on a case, under the name of the API key."""
    asked, who, now = await read_body(request, TakeCase), leaving.who_is(caller), centre.clock()
    taken = await centre.writer.submit(lambda c: leaving.take(c, centre.log, id, who, asked.instead_of, now))
    return answer(taken)


@router.post("/{id}/leave")
async def post_leave(id: CaseId, request: Request, centre: Here, caller: ShopOrConsole) -> Response:
    """Take a way out of a case, under the name of the API key: it stands in the ledger."""
    asked, who, now = await read_body(request, LeaveCase), leaving.who_is(caller), centre.clock()
    books = books_of(centre)
    left = await centre.writer.submit(lambda c: leaving.leave(c, books, id, asked, who, centre.policy, now))
    wake(centre)
    return answer(left)


def wake(centre: Centre) -> None:
    """What a person let go is told, or paid, at once."""
    centre.deliveries_due.set()
    centre.payments_due.set()
