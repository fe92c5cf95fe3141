"""A carrier behind a small JSON API (docs/carriers.md): at a vetted address, its words never echoed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from inspection.errors import BadMessage
from inspection.messages.carrier import CarrierEvents, PickUpBooking, PickUpOrder
from server.carriers.carrier import Carrier
from server.carriers.repository import find_carrier
from server.centre import Centre
from server.errors import BookingUnsure, CarrierAway, CarrierRefused, EndpointRefused
from server.outward.addresses import address_policy
from server.outward.calling import Caller, NoAnswer, Reply

NOT_FOUND, TOO_MANY = 404, 429
AWAY = "the carrier does not answer"


class HttpCarrier:
    """Speaks for one merchant, with its credential."""

    def __init__(self, caller: Caller, url: str, credential: str) -> None:
        self._caller = caller
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {credential}", "content-type": "application/json"}

    async def book_pick_up(self, order: PickUpOrder) -> PickUpBooking:
        """As the Protocol says."""
        headers = {**self._headers, "idempotency-key": order.key}
        try:
            reply = await self._caller.call("POST", f"{self._url}/pick-ups", headers, order.to_json())
        except EndpointRefused as error:
            raise CarrierAway(f"{AWAY}: {error}") from error
        except NoAnswer as error:
            if error.sent:
                raise BookingUnsure(f"the pick-up may be booked: {error}") from error
            raise CarrierAway(f"{AWAY}: {error}") from error
        if reply.status == TOO_MANY:
            raise CarrierAway("the carrier takes no more requests for now")
        if 400 <= reply.status < 500:
            raise CarrierRefused(f"the carrier refused the pick-up: HTTP {reply.status}")
        booking = _booking(reply) if _good(reply) else None
        if booking is None or booking.parcel != order.parcel:
            raise BookingUnsure(f"the pick-up may be booked: the answer is none (HTTP {reply.status})")
        return booking

    async def find_booking(self, key: str) -> PickUpBooking | None:
        """As the Protocol says; only 404 says that there is none."""
        reply = await self._ask("GET", f"/pick-ups/{quote(key, safe='')}")
        if reply.status == NOT_FOUND:
            return None
        booking = _booking(reply) if _good(reply) else None
        if booking is None:
            raise CarrierAway(f"the carrier does not say what became of it (HTTP {reply.status})")
        return booking

    async def cancel(self, key: str) -> bool:
        """As the Protocol says."""
        reply = await self._ask("DELETE", f"/pick-ups/{quote(key, safe='')}")
        if reply.status == NOT_FOUND:
            return False
        if _good(reply):
            return True
        if 400 <= reply.status < 500 and reply.status != TOO_MANY:
            raise CarrierRefused(f"the carrier does not cancel the pick-up: HTTP {reply.status}")
        raise CarrierAway(f"the carrier does not say whether it cancelled (HTTP {reply.status})")

    async def track(self, parcel: str, since: str) -> CarrierEvents:
        """As the Protocol says."""
        path = f"/parcels/{quote(parcel, safe='')}/events?after={quote(since, safe='')}"
        reply = await self._ask("GET", path)
        if reply.status == NOT_FOUND:
            return CarrierEvents(events=(), cursor=since, more=False)
        try:
            if _good(reply):
                return CarrierEvents.read(reply.content)
        except BadMessage as error:
            raise CarrierAway(f"the carrier's events cannot be read: {error}") from error
        raise CarrierAway(f"the carrier tells no events (HTTP {reply.status})")

    async def _ask(self, method: str, path: str) -> Reply:
        """A call that may be repeated; raises CarrierAway."""
        try:
            return await self._caller.call(method, self._url + path, self._headers)
        except (NoAnswer, EndpointRefused) as error:
            raise CarrierAway(f"{AWAY}: {error}") from error


def _good(reply: Reply) -> bool:
    return 200 <= reply.status < 300 and not reply.cut


def _booking(reply: Reply) -> PickUpBooking | None:
    try:
        return PickUpBooking.read(reply.content)
    except BadMessage:
        return None


@asynccontextmanager
async def carrier_of(centre: Centre, merchant: str) -> AsyncIterator[Carrier]:
    """A merchant's carrier, for as long as it is needed; raises NoCarrier."""
    row = await centre.reader.run(lambda c: find_carrier(c, centre.site, merchant, centre.sealer))
    async with calling(centre) as caller:
        yield HttpCarrier(caller, row.url, row.credential)


@asynccontextmanager
async def calling(centre: Centre) -> AsyncIterator[Caller]:
    """A line to carriers, for as long as it is needed."""
    caller = Caller(address_policy(centre.settings), timeout_s=centre.settings.carrier_timeout_s)
    try:
        yield caller
    finally:
        await caller.close()
