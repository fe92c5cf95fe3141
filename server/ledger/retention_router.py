"""The route by which a running centre withholds old bodies; `regrade ledger retain` is for a stopped one."""

from typing import Annotated, Self

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, model_validator

from inspection.messages.base import Count, Message, Utc, one_of
from inspection.messages.entries import Person
from server.access import Caller, Scope, needs
from server.answers import answer
from server.bodies import read_body
from server.centre import Here
from server.ledger.retention import RetainFrom, retain_in

router = APIRouter(prefix="/v1/ledger", tags=["ledger"])
Console = Annotated[Caller, needs(Scope.CONSOLE)]


class RetentionRequest(Message):
    """`POST /v1/ledger/retention`: from which entry, or from which moment on, bodies stay shown."""

    model_config = ConfigDict(json_schema_extra=one_of("index", "before"))

    index: Count | None = None
    before: Utc | None = None
    drop_bodies: bool = False
    by: Person | None = None
    """Who answers for it; None: whoever the API key belongs to."""

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.index is None) == (self.before is None):
            raise ValueError("say either an index or a moment")
        return self


class RetentionAnswer(Message):
    """How it stands now."""

    min_index: Count
    dropped: Count
    """Bodies that are gone for good."""


@router.post("/retention")
async def post_retention(request: Request, centre: Here, caller: Console) -> Response:
    """Withhold the bodies of old entries, as far as the policy, holds and refunds allow."""
    asked = await read_body(request, RetentionRequest)
    by = asked.by or caller.label
    wanted = RetainFrom(index=asked.index, before=asked.before, drop_bodies=asked.drop_bodies, by=by)
    done = await retain_in(centre.writer, centre.log, wanted, centre.settings.retention_days, centre.clock())
    return answer(RetentionAnswer(min_index=done.min_index, dropped=done.dropped))
