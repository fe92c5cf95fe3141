"""The route of statements."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from inspection.messages.uplink import ReceiptMessage
from server.access import Caller, Scope, needs
from server.answers import answer
from server.bodies import read_body
from server.centre import Here
from server.ledger.alarms_router import person_of
from server.ledger.receipts import receipt_of
from server.ledger.statement_schemas import StatementAnswer, StatementRequest
from server.ledger.statements import Statement, state

router = APIRouter(prefix="/v1", tags=["ledger"])
Speaker = Annotated[Caller, needs(Scope.CONSOLE, Scope.STATION)]


@router.post("/ledger/statements")
async def post_statement(request: Request, centre: Here, caller: Speaker) -> Response:
    """State something in the name of the key's holder; answered with the receipt of its entry."""
    asked, now = await read_body(request, StatementRequest), centre.clock()
    wanted = Statement(
        type=asked.type, token=asked.token, body=asked.body, caller=caller, person=person_of(caller)
    )
    place = await centre.writer.submit(lambda c: state(c, centre.log, wanted, now))
    receipt = receipt_of(centre.keys.log, centre.log.origin, place)
    return answer(StatementAnswer(receipt=ReceiptMessage.of(receipt)))
