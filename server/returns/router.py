"""Routes of returns and parcels."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from inspection.messages.catalogue import UnitMessage
from inspection.messages.uplink import ReceiptMessage
from server.access import Caller, Scope, may_touch, needs, own_merchant
from server.answers import answer
from server.bodies import read_body
from server.centre import Centre, Here
from server.errors import Conflict
from server.imports import import_answer, message_of
from server.ledger.receipts import receipt_of
from server.returns import service
from server.returns.doubled import Doubled
from server.returns.looking import look_up
from server.returns.reasons import read_beforehand
from server.returns.schemas import (
    COLUMNS,
    CONVERT,
    FIXED,
    FlaggedUnit,
    SignOff,
    UnitList,
    UnitQuery,
    UnitsAccepted,
)
from server.returns.service import AHEAD, Arrival, Terms
from server.rows import RowFault, read_rows

router = APIRouter(prefix="/v1", tags=["returns"])
Shop = Annotated[Caller, needs(Scope.SHOP)]
ShopOrConsole = Annotated[Caller, needs(Scope.SHOP, Scope.CONSOLE)]
Numbered = dict[str, tuple[int, UnitMessage]]
"""Units by id, each with the row in which it stands."""
ParcelId = Annotated[str, Path(min_length=1, max_length=64)]


@router.post("/returns")
async def post_returns(request: Request, centre: Here, caller: Shop) -> Response:
    """Announce units; all of them or none."""
    units = (await read_body(request, UnitList)).units
    terms = await terms_for(centre, own_merchant(caller), units)
    taken = await centre.writer.submit(lambda c: service.announce_all(c, terms, units))
    return answer(UnitsAccepted(accepted=len(units), flagged=flagged(taken.doubled)))


async def terms_for(centre: Centre, merchant: str, units: Sequence[UnitMessage]) -> Terms:
    """On which terms this centre takes these units of a merchant; their words are read by now."""
    understand = await anyio.to_thread.run_sync(read_beforehand, units, centre.reason_reader)
    due_s = centre.settings.inspection_due_s
    return Terms(site=centre.site, merchant=merchant, due_s=due_s, at=centre.now(), understand=understand)


def flagged(doubled: Iterable[Doubled]) -> tuple[FlaggedUnit, ...]:
    """What is said of units that came second."""
    return tuple(
        FlaggedUnit(unit=each.unit, code="duplicate", by=each.by.value, first=each.first) for each in doubled
    )


@router.post("/returns.csv")
async def import_returns(request: Request, centre: Here, caller: Shop) -> Response:
    """Import a CSV file: good rows go in, bad rows come back."""
    merchant, content, most = own_merchant(caller), await request.body(), centre.settings.table_rows
    good, faults = await anyio.to_thread.run_sync(_read_units, content, merchant, most)
    refused = await _announce(centre, merchant, good)
    return answer(import_answer(len(good) - len(refused), faults + refused, centre.metrics))


def _read_units(content: bytes, merchant: str, most_rows: int) -> tuple[Numbered, list[RowFault]]:
    """Read a whole file: seconds for a large one, so it is done in a thread."""
    rows, faults = read_rows(content, COLUMNS, most_rows)
    good: Numbered = {}
    for row in rows:
        unit = message_of(row, UnitMessage, CONVERT, {**FIXED, "merchant": merchant})
        if isinstance(unit, RowFault):
            faults.append(unit)
        elif unit.id in good:
            detail = f"the unit stands in row {good[unit.id][0]} already"
            faults.append(RowFault(row=row.number, column="id", code="doubled", detail=detail))
        else:
            good[unit.id] = (row.number, unit)
    return good, faults


async def _announce(centre: Centre, merchant: str, good: Numbered) -> list[RowFault]:
    units = [unit for _, unit in good.values()]
    terms = await terms_for(centre, merchant, units)
    taken = await centre.writer.submit(lambda c: service.announce(c, terms, units))
    return [
        RowFault(row=good[f.unit][0], column=f.column, code=f.code, detail=f.detail) for f in taken.faults
    ]


@router.get("/returns")
async def list_returns(query: Annotated[UnitQuery, Query()], centre: Here, caller: ShopOrConsole) -> Response:
    """Look units up by any of their identifiers."""
    if query.merchant:
        may_touch(caller, query.merchant)
    own = caller.merchant or query.merchant or None
    return answer(await centre.reader.run(lambda c: look_up(c, centre.site, own, query)))


@router.post("/returns/{unit:path}/cancel")
async def cancel_return(unit: str, centre: Here, caller: Shop) -> Response:
    """Withdraw a unit that has not been inspected."""
    merchant = own_merchant(caller)
    return answer(await centre.writer.submit(lambda c: service.cancel(c, centre.site, merchant, unit)))


@router.get("/returns/{unit:path}")
async def get_return(unit: str, centre: Here, caller: Shop) -> Response:
    """Say what has become of a unit."""
    merchant = own_merchant(caller)
    other = centre.reason_reader
    return answer(await centre.reader.run(lambda c: service.standing(c, centre.site, merchant, unit, other)))


@router.post("/parcels/{parcel:path}/sign-off")
async def post_sign_off(parcel: ParcelId, request: Request, centre: Here, caller: ShopOrConsole) -> Response:
    """Record that the carrier handed a parcel over; the clock of its units starts."""
    body = await read_body(request, SignOff)
    merchant = body.merchant or own_merchant(caller)
    may_touch(caller, merchant)
    if body.at > centre.clock() + AHEAD:
        raise Conflict("the sign-off lies in the future")
    arrival, now = Arrival(merchant=merchant, parcel=parcel, at=body.at), centre.now()
    due_s = centre.settings.inspection_due_s
    place = await centre.writer.submit(lambda c: service.sign_off(c, centre.log, arrival, due_s, now))
    return answer(ReceiptMessage.of(receipt_of(centre.keys.log, centre.log.origin, place)))
