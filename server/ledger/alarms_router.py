"""Routes of alarms."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from server.access import Caller, Scope, needs
from server.alarms import clear_alarm, list_alarms
from server.answers import answer
from server.bodies import read_body
from server.centre import Here
from server.errors import BadRequest
from server.ledger.statement_schemas import MOST_ALARMS, AlarmPage, AlarmRow, Cleared, Clearing

router = APIRouter(prefix="/v1", tags=["alarms"])
Console = Annotated[Caller, needs(Scope.CONSOLE)]
Reader = Annotated[Caller, needs(Scope.CONSOLE, Scope.AUDITOR)]
AlarmId = Annotated[int, Path(ge=1, le=2**53 - 1)]


@router.get("/alarms")
async def get_alarms(centre: Here, caller: Reader, cleared: Annotated[bool, Query()] = False) -> Response:
    """The alarms that stand; with `cleared=true` the last ones that were cleared too."""
    found = await centre.reader.run(lambda c: list_alarms(c, centre.site, MOST_ALARMS, cleared=cleared))
    names = AlarmRow.model_fields
    rows = tuple(AlarmRow(**{name: getattr(row, name) for name in names}) for row in found)
    return answer(AlarmPage(alarms=rows))


@router.post("/alarms/{id}/clear")
async def post_clearing(id: AlarmId, request: Request, centre: Here, caller: Console) -> Response:
    """Clear an alarm: the label of the key is the person who stands for it."""
    wanted, now, by = await read_body(request, Clearing), centre.clock(), person_of(caller)
    index = await centre.writer.submit(lambda c: clear_alarm(c, centre.log, id, by, wanted.reason, now))
    return answer(Cleared(id=id, by=by, leaf_index=index))


def person_of(caller: Caller) -> str:
    """Who a key's label says its holder is; raises BadRequest for a key without a label."""
    if not caller.label.strip():
        raise BadRequest("this key has no label, so nobody could be named: make one with a person's name")
    return caller.label
