"""Routes of overrides: two persons at the console let instructions go that wait for witnesses."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Request, Response

from server.access import Caller, Scope, needs
from server.answers import answer
from server.bodies import read_body
from server.centre import Here
from server.ledger import overrides
from server.ledger.overrides import Proposal

router = APIRouter(prefix="/v1/ledger/overrides", tags=["ledger"])
Person = Annotated[Caller, needs(Scope.CONSOLE)]
Observer = Annotated[Caller, needs(Scope.CONSOLE, Scope.AUDITOR)]
ACCEPTED = 202


@router.get("")
async def get_overrides(centre: Here, caller: Observer) -> Response:
    """The newest proposals and approvals."""
    return answer(await centre.reader.run(lambda c: overrides.newest(c, centre.site)))


@router.post("")
async def post_override(request: Request, centre: Here, caller: Person) -> Response:
    """Propose to let instructions go; nothing moves before another person approves."""
    proposal = await read_body(request, Proposal)
    id, now = secrets.token_hex(8), centre.clock()
    made = await centre.writer.submit(
        lambda c: overrides.propose(c, centre.log, proposal, id=id, by=caller.label, now=now)
    )
    return answer(made, ACCEPTED)


@router.post("/{override}/approval")
async def post_approval(override: str, centre: Here, caller: Person) -> Response:
    """Approve what another person proposed: the instructions go, and both names stand in the ledger."""
    now = centre.clock()
    done = await centre.writer.submit(
        lambda c: overrides.approve(c, centre.log, id=override, by=caller.label, now=now)
    )
    centre.deliveries_due.set()
    return answer(done)
