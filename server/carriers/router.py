"""Routes of carriers and of what they do with parcels."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from inspection.messages.carrier import PickUpOrder, PickUpRequest
from inspection.messages.uplink import ReceiptMessage
from server.access import Caller, Scope, may_touch, needs, own_merchant
from server.answers import answer
from server.bodies import read_body
from server.carriers import booking, repository, standing
from server.carriers.http import carrier_of
from server.carriers.schemas import Cancel, CarrierChange, CarrierStanding, DockScan
from server.centre import Here
from server.errors import Conflict, EndpointRefused
from server.ledger.receipts import receipt_of
from server.outward.addresses import address_policy, read_url, vet
from server.returns import service as returns
from server.returns.router import ParcelId
from server.returns.service import AHEAD, Arrival

router = APIRouter(prefix="/v1", tags=["carriers"])
Shop = Annotated[Caller, needs(Scope.SHOP)]
ShopOrConsole = Annotated[Caller, needs(Scope.SHOP, Scope.CONSOLE)]


@router.put("/carrier")
async def put_carrier(request: Request, centre: Here, caller: Shop) -> Response:
    """Set the merchant's carrier; parcels that are expected are followed from now on."""
    change, merchant = await read_body(request, CarrierChange), own_merchant(caller)
    if "?" in change.url:
        raise EndpointRefused("the carrier's URL is the beginning of its paths: it has no query")
    await vet(read_url(change.url), address_policy(centre.settings))
    place = repository.credential_place(centre.site, merchant)
    sealed = centre.sealer.seal(change.credential.encode(), place)
    at, due_at = centre.now(), centre.clock().timestamp()

    def work(connection: Connection) -> None:
        repository.set_carrier(connection, centre.site, merchant, change.url, sealed, at)
        repository.follow_expected(connection, centre.site, merchant, at, due_at)

    await centre.writer.submit(work)
    return answer(CarrierStanding(url=change.url, set_at=at))


@router.get("/carrier")
async def get_carrier(centre: Here, caller: Shop) -> Response:
    """What is set, without the credential."""
    merchant = own_merchant(caller)
    row = await centre.reader.run(lambda c: repository.find_carrier(c, centre.site, merchant, centre.sealer))
    return answer(CarrierStanding(url=row.url, set_at=row.set_at))


@router.post("/parcels/{parcel:path}/pick-up")
async def post_pick_up(parcel: ParcelId, request: Request, centre: Here, caller: Shop) -> Response:
    """Book a pick-up with the merchant's carrier; the address passes through and is not kept."""
    wanted, merchant = await read_body(request, PickUpRequest), own_merchant(caller)
    names = PickUpRequest.model_fields
    order = PickUpOrder(**{name: getattr(wanted, name) for name in names}, parcel=parcel)
    async with carrier_of(centre, merchant) as carrier:
        return answer(standing.pick_up_of(await booking.book(centre, carrier, merchant, order)))


@router.post("/parcels/{parcel:path}/pick-up/cancel")
async def cancel_pick_up(parcel: ParcelId, request: Request, centre: Here, caller: Shop) -> Response:
    """Cancel a pick-up."""
    key, merchant = (await read_body(request, Cancel)).key, own_merchant(caller)
    async with carrier_of(centre, merchant) as carrier:
        return answer(standing.pick_up_of(await booking.cancel(centre, carrier, merchant, parcel, key)))


@router.post("/parcels/{parcel:path}/dock-scan")
async def post_dock_scan(parcel: ParcelId, request: Request, centre: Here, caller: ShopOrConsole) -> Response:
    """The parcel is here: where no carrier said so, the clock starts now, and the entry says `assumed`."""
    body = await read_body(request, DockScan)
    merchant = body.merchant or own_merchant(caller)
    may_touch(caller, merchant)
    if body.at > centre.clock() + AHEAD:
        raise Conflict("the scan lies in the future")
    arrival = Arrival(merchant=merchant, parcel=parcel, at=body.at, assumed=True)
    due_s, now = centre.settings.inspection_due_s, centre.now()
    place = await centre.writer.submit(lambda c: returns.sign_off(c, centre.log, arrival, due_s, now))
    return answer(ReceiptMessage.of(receipt_of(centre.keys.log, centre.log.origin, place)))


@router.get("/parcels/{parcel:path}")
async def get_parcel(parcel: ParcelId, centre: Here, caller: Shop) -> Response:
    """Where a parcel is: its nodes with their entries, its deadline, its pick-up."""
    merchant, due_s = own_merchant(caller), centre.settings.inspection_due_s
    return answer(
        await centre.reader.run(lambda c: standing.parcel_standing(c, centre.log, merchant, parcel, due_s))
    )
