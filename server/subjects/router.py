"""Routes of people: erasures, legal holds, and one field told to somebody."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from server.access import Caller, Scope, needs
from server.answers import answer
from server.bodies import read_body
from server.centre import Here
from server.subjects import holds
from server.subjects.disclosing import disclose
from server.subjects.schemas import DisclosureRequest, ErasureRequest, HoldList, HoldRequest, ReleaseRequest

router = APIRouter(prefix="/v1", tags=["subjects"])
Console = Annotated[Caller, needs(Scope.CONSOLE)]
Observer = Annotated[Caller, needs(Scope.CONSOLE, Scope.AUDITOR)]
Token = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.post("/subjects/erasures")
async def post_erasure(request: Request, centre: Here, caller: Console) -> Response:
    """Erase a customer; answered with the signed certificate once all of it is done."""
    wanted = await read_body(request, ErasureRequest)
    return answer(await centre.eraser.erase(wanted, wanted.by or caller.label))


@router.get("/subjects/erasures/{erasure}")
async def get_erasure(erasure: Token, centre: Here, caller: Console) -> Response:
    """The certificate of an erasure, again."""
    return answer(await centre.eraser.certificate(erasure))


@router.post("/holds", status_code=201)
async def post_hold(request: Request, centre: Here, caller: Console) -> Response:
    """Keep a merchant's, a unit's or a customer's data from being erased."""
    wanted = await read_body(request, HoldRequest)
    by, now = wanted.by or caller.label, centre.clock()
    return answer(await centre.writer.submit(lambda c: holds.add_hold(c, centre.log, wanted, by, now)), 201)


@router.get("/holds")
async def get_holds(centre: Here, caller: Observer) -> Response:
    """Every hold, released ones too."""
    found = await centre.reader.run(lambda c: holds.list_holds(c, centre.site))
    return answer(HoldList(holds=found))


@router.post("/holds/{hold}/release")
async def post_release(hold: Token, request: Request, centre: Here, caller: Console) -> Response:
    """End a hold; it stays listed."""
    wanted = await read_body(request, ReleaseRequest)
    said, now = (wanted.reason, wanted.by or caller.label), centre.clock()
    released = await centre.writer.submit(lambda c: holds.release_hold(c, centre.log, hold, said, now))
    return answer(released)


@router.post("/records/{record:path}/disclosures")
async def post_disclosure(record: str, request: Request, centre: Here, caller: Observer) -> Response:
    """Open one field of a record for somebody; who asked, for whom and why stands in the ledger first."""
    wanted = await read_body(request, DisclosureRequest)
    return answer(await disclose(centre, caller, record, wanted))
