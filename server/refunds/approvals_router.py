"""Routes of approvals in advance."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Request, Response

from server.access import Caller, Scope, needs
from server.answers import answer
from server.bodies import read_body
from server.centre import Here
from server.refunds import approvals
from server.refunds.approvals_schemas import NewApproval, Withdrawal
from server.refunds.leaving import who_is

router = APIRouter(prefix="/v1/refunds/approvals", tags=["refunds"])
Person = Annotated[Caller, needs(Scope.CONSOLE)]
Observer = Annotated[Caller, needs(Scope.CONSOLE, Scope.AUDITOR)]


@router.get("")
async def get_standing_approvals(centre: Here, caller: Observer, merchant: str | None = None) -> Response:
    """The newest approvals in advance, withdrawn and past ones too."""
    return answer(await centre.reader.run(lambda c: approvals.newest(c, centre.site, merchant)))


@router.post("")
async def post_standing_approval(request: Request, centre: Here, caller: Person) -> Response:
    """Let whole refunds up to a limit be paid without asking; what waits and is covered goes at once."""
    asked, by, now = await read_body(request, NewApproval), who_is(caller).name, centre.clock()
    id = secrets.token_hex(8)
    made = await centre.writer.submit(
        lambda c: approvals.approve(c, centre.log, asked, id=id, by=by, now=now)
    )
    centre.payments_due.set()
    return answer(made)


@router.post("/{id}/withdraw")
async def post_approval_withdrawal(id: str, request: Request, centre: Here, caller: Person) -> Response:
    """Let nothing more be paid by an approval; what was approved stays so."""
    asked, by, now = await read_body(request, Withdrawal), who_is(caller).name, centre.clock()
    gone = await centre.writer.submit(
        lambda c: approvals.withdraw(c, centre.log, id=id, by=by, reason=asked.reason, now=now)
    )
    return answer(gone)
