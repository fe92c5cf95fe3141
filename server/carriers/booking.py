"""Pick-ups: written down before the carrier is asked, and looked up before they are asked for again.

The address goes to the carrier and nowhere else; of the order only a sealed hash is kept, to know it again.
"""

import hashlib
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Row

from inspection.messages.base import time_text
from inspection.messages.carrier import CarrierEvent, PickUpBooking, PickUpOrder
from inspection.parcels import Node
from server.carriers import repository
from server.carriers.carrier import Carrier
from server.carriers.nodes import take_event
from server.carriers.repository import ASKED, BOOKED, CANCELLED, REFUSED, UNSURE
from server.carriers.rows import Told
from server.centre import Centre
from server.errors import (
    BookingUnsure,
    Busy,
    CarrierAway,
    CarrierRefused,
    Conflict,
    KeyReused,
    NotFound,
    PickUpBooked,
    TooManyEvents,
    UnknownParcel,
)
from server.returns.repository import names_parcel

LEASE_S = 5.0
"""Beyond what the carrier may take: as long may settling it last."""


async def book(centre: Centre, carrier: Carrier, merchant: str, order: PickUpOrder) -> Row[Any]:
    """Book a pick-up once, however often it is asked for; raises by what the carrier does, or what stands."""
    known = await _claim(centre, merchant, order)
    if known is not None and known.state == BOOKED:
        return known
    found = await _looked_up(centre, carrier, merchant, order.key) if known is not None else None
    if found is None:
        found = await _asked(centre, carrier, merchant, order)
    return await settle(centre, merchant, order.key, found)


async def _claim(centre: Centre, merchant: str, order: PickUpOrder) -> Row[Any] | None:
    """Write the pick-up down; returns the row that stood before, None for a new one."""
    digest = hashlib.sha256(order.to_json()).digest()
    place = f"carrier_bookings/{centre.site}/{merchant}/{order.key}/digest"
    now = centre.clock()

    def work(connection: Connection) -> Row[Any] | None:
        known = repository.find_booking(connection, centre.site, merchant, order.key)
        if known is None:
            _check_free(connection, centre.site, merchant, order)
        else:
            same = centre.sealer.open(known.digest, place) == digest
            if not same or known.state == CANCELLED:
                raise KeyReused(f"pick-up {order.key} was asked for before, otherwise, or was cancelled")
            if known.state == BOOKED:
                return known
            if known.state == REFUSED:
                _check_free(connection, centre.site, merchant, order)
            if known.leased_until > now.timestamp():
                raise Busy(f"pick-up {order.key} is being booked: ask again in a moment")
        row = {"site": centre.site, "merchant": merchant, "key": order.key, "parcel": order.parcel}
        lease = 3 * centre.settings.carrier_timeout_s + LEASE_S
        repository.put_booking(
            connection,
            row
            | {"digest": centre.sealer.seal(digest, place), "state": ASKED, "asked_at": time_text(now)}
            | {"leased_until": now.timestamp() + lease},
        )
        return known

    return await centre.writer.submit(work)


def _check_free(connection: Connection, site: str, merchant: str, order: PickUpOrder) -> None:
    if not names_parcel(connection, site, merchant, order.parcel):
        raise UnknownParcel(f"no unit of {merchant} was announced in parcel {order.parcel}")
    other = repository.open_booking(connection, site, merchant, order.parcel)
    if other is not None:
        raise PickUpBooked(f"parcel {order.parcel} has pick-up {other.key} already ({other.state})")


async def _looked_up(centre: Centre, carrier: Carrier, merchant: str, key: str) -> PickUpBooking | None:
    try:
        return await carrier.find_booking(key)
    except CarrierAway:
        await _set(centre, merchant, key, state=UNSURE)
        raise


async def _asked(centre: Centre, carrier: Carrier, merchant: str, order: PickUpOrder) -> PickUpBooking:
    try:
        return await carrier.book_pick_up(order)
    except CarrierAway:
        await _set(centre, merchant, order.key, state=ASKED)
        raise
    except BookingUnsure:
        centre.metrics.pick_ups.labels(UNSURE).inc()
        await _set(centre, merchant, order.key, state=UNSURE)
        raise
    except CarrierRefused:
        found = await _looked_up(centre, carrier, merchant, order.key)
        if found is not None:  # a no that came after its effect
            return found
        centre.metrics.pick_ups.labels(REFUSED).inc()
        await _set(centre, merchant, order.key, state=REFUSED)
        raise


async def _set(centre: Centre, merchant: str, key: str, **values: Any) -> None:
    await centre.writer.submit(lambda c: repository.set_booking(c, centre.site, merchant, key, **values))


async def settle(centre: Centre, merchant: str, key: str, booking: PickUpBooking) -> Row[Any]:
    """Write down that it is booked, with its entry, in one transaction."""
    at, now, due_s = centre.now(), centre.clock(), centre.settings.inspection_due_s
    event = CarrierEvent(v=1, id=booking.reference, parcel=booking.parcel, event=Node.BOOKED, at=now)
    pick_up_at = time_text(booking.pick_up_at) if booking.pick_up_at else None

    def work(connection: Connection) -> Row[Any]:
        repository.set_booking(
            connection, centre.site, merchant, key,
            state=BOOKED, reference=booking.reference, pick_up_at=pick_up_at,
        )  # fmt: skip
        with suppress(UnknownParcel, TooManyEvents):  # booked all the same: the unit comes otherwise now
            take_event(connection, centre.log, Told(merchant=merchant, event=event), due_s, at)
        row = repository.find_booking(connection, centre.site, merchant, key)
        if row is None:
            raise NotFound(f"no pick-up {key} was asked for")
        return row

    centre.metrics.pick_ups.labels(BOOKED).inc()
    return await centre.writer.submit(work)


async def cancel(centre: Centre, carrier: Carrier, merchant: str, parcel: str, key: str) -> Row[Any]:
    """Cancel a pick-up; twice is once. Raises NotFound, Conflict, CarrierAway, CarrierRefused."""
    row = await centre.reader.run(lambda c: repository.find_booking(c, centre.site, merchant, key))
    if row is None or row.parcel != parcel:
        raise NotFound(f"no pick-up {key} of parcel {parcel} was asked for")
    if row.leased_until > centre.clock().timestamp():
        raise Conflict(f"pick-up {key} is being booked: cancel it in a moment")
    if row.state != CANCELLED:
        await carrier.cancel(key)
        centre.metrics.pick_ups.labels(CANCELLED).inc()
        await _set(centre, merchant, key, state=CANCELLED)
    found = await centre.reader.run(lambda c: repository.find_booking(c, centre.site, merchant, key))
    assert found is not None  # noqa: S101 # rows of pick-ups are never deleted
    return found


async def resolve(centre: Centre, carrier: Carrier, row: Row[Any]) -> None:
    """Find out what became of a doubtful pick-up; raises CarrierAway."""
    booking = await carrier.find_booking(row.key)
    if booking is not None:
        await settle(centre, row.merchant, row.key, booking)
    else:
        await _set(centre, row.merchant, row.key, state=REFUSED)
