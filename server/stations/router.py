"""Routes of stations, keys and inspectors."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from inspection.messages.station import Birth, Death, EnrolmentRequest, Health, Presence
from server.access import Caller, Scope, needs, own_station
from server.answers import answer
from server.bodies import read_body
from server.centre import Here
from server.errors import NotFound, WrongScope
from server.stations import hearing, repository, service
from server.stations.counters import counters_page
from server.stations.schemas import (
    CodeRequest,
    HealthAnswer,
    Heard,
    KeyRequest,
    NewCode,
    NewInspector,
    NewKey,
    Revoked,
)
from server.stations.worklist import worklist_page

router = APIRouter(prefix="/v1", tags=["stations"])
Console = Annotated[Caller, needs(Scope.CONSOLE)]
Observer = Annotated[Caller, needs(Scope.CONSOLE, Scope.AUDITOR)]
StationId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,24}$")]
Station = Annotated[Caller, needs(Scope.STATION)]
Cursor = Annotated[int, Query(ge=0, le=2**53 - 1)]
Most = Annotated[int, Query(ge=1, le=1000)]


@router.post("/keys", status_code=201)
async def post_key(request: Request, centre: Here, caller: Console) -> Response:
    """Make an API key; it is shown this once."""
    wanted, now = await read_body(request, KeyRequest), centre.clock()
    by = caller.label or caller.scope.value
    key = await centre.writer.submit(lambda c: service.make_key(c, centre.log, wanted, by, now))
    return answer(NewKey(api_key=key), 201)


@router.post("/stations/codes", status_code=201)
async def post_code(request: Request, centre: Here, caller: Console) -> Response:
    """Make a one-time enrolment code."""
    wanted, code = await read_body(request, CodeRequest), service.make_code()
    if wanted.site != centre.site:
        raise NotFound(f"this centre serves site {centre.site}, not {wanted.site}")
    expires_at = centre.clock() + timedelta(seconds=centre.settings.code_life_s)
    await centre.writer.submit(lambda c: service.offer_code(c, centre.site, wanted.station, code, expires_at))
    return answer(NewCode(code=code, expires_at=expires_at), 201)


@router.post("/stations/enrol")
async def post_enrolment(request: Request, centre: Here) -> Response:
    """Enrol a station: the code stands in for a key, once."""
    centre.enrolments.take()
    wanted, at = await read_body(request, EnrolmentRequest), centre.now()
    service.check_proof(wanted)
    enrolment = await centre.writer.submit(lambda c: service.enrol(c, centre.log, centre.keys, wanted, at))
    return answer(enrolment)


@router.post("/stations/{station}/revoke")
async def post_revocation(station: str, centre: Here, caller: Console) -> Response:
    """Revoke every key of a station."""
    at = centre.now()
    revoked = await centre.writer.submit(lambda c: service.revoke(c, centre.log, station, at))
    return answer(Revoked(revoked=revoked))


@router.get("/stations/me")
async def get_standing(centre: Here, caller: Station) -> Response:
    """Say what the centre knows of the caller's key."""
    station, now = own_station(caller), centre.clock()
    return answer(await centre.reader.run(lambda c: service.standing(c, centre.log, station, now)))


@router.get("/stations/{station}/counters")
async def get_counters(station: StationId, centre: Here, caller: Observer) -> Response:
    """The numbers that a station passed over, and what became of each."""
    return answer(await centre.reader.run(lambda c: counters_page(c, centre.site, station)))


@router.post("/stations/health")
async def post_health(request: Request, centre: Here, caller: Station) -> Response:
    """Keep the station's latest health; answer the centre's time."""
    health, at = await read_body(request, Health), centre.now()
    station = _is_its_own(health.station, caller)
    await centre.writer.submit(lambda c: hearing.hear_health(c, centre.site, health, at))
    size, lacking = await centre.reader.run(lambda c: service.lacking(c, centre.log, station))
    return answer(HealthAnswer(centre_time=centre.clock(), ledger_size=size, recovering_from=lacking))


@router.post("/stations/birth")
async def post_birth(request: Request, centre: Here, caller: Station) -> Response:
    """Take the first word of a start."""
    birth, at = await read_body(request, Birth), centre.now()
    _is_its_own(birth.node, caller)
    kept = await centre.writer.submit(lambda c: hearing.hear_birth(c, centre.site, birth, at))
    return answer(Heard(kept=kept))


@router.post("/stations/death")
async def post_death(request: Request, centre: Here, caller: Station) -> Response:
    """Take the last word of a start."""
    death, at = await read_body(request, Death), centre.now()
    _is_its_own(death.node, caller)
    kept = await centre.writer.submit(lambda c: hearing.hear_death(c, centre.site, death, at))
    return answer(Heard(kept=kept))


@router.post("/stations/presence")
async def post_presence(request: Request, centre: Here, caller: Station) -> Response:
    """Take a batch of what tags did."""
    batch, at = await read_body(request, Presence), centre.now()
    _is_its_own(batch.node, caller)
    kept = await centre.writer.submit(lambda c: hearing.hear_presence(c, centre.site, batch, at))
    return answer(Heard(kept=kept))


@router.get("/stations/{station}/presence")
async def get_presence(station: StationId, centre: Here, caller: Console, most: Most = 100) -> Response:
    """What tags did at a station lately."""
    now = centre.clock()
    return answer(
        await centre.reader.run(lambda c: hearing.presence_page(c, centre.site, station, most, now))
    )


@router.get("/worklist")
async def get_worklist(centre: Here, caller: Station, after: Cursor = 0) -> Response:
    """What changed since a cursor."""
    now = centre.clock()
    return answer(await centre.reader.run(lambda c: worklist_page(c, centre.site, after, now)))


@router.post("/inspectors", status_code=201)
async def post_inspector(request: Request, centre: Here, caller: Console) -> Response:
    """Add or replace an inspector."""
    wanted = await read_body(request, NewInspector)
    inspector = service.inspector_of(wanted, centre.site, centre.keys.badge_salt)
    await centre.writer.submit(lambda c: repository.put_inspector(c, centre.site, inspector))
    return answer(inspector, 201)


def _is_its_own(named: str, caller: Caller) -> str:
    """The station that a key is of; raises WrongScope where it speaks for another one."""
    station = own_station(caller)
    if named != station:
        raise WrongScope(f"this key is of station {station}, not of {named}")
    return station
