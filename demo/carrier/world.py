"""What the carrier knows: pick-ups and the ways of parcels, all from one seed. No clock and no network."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from demo.errors import BookingConflict
from inspection.messages.carrier import MOST_EVENTS, CarrierEvent, CarrierEvents, PickUpBooking, PickUpOrder
from inspection.parcels import Node

WAY = (Node.PICKED_UP, Node.IN_TRANSIT, Node.OUT_FOR_DELIVERY)
FAILS, LOSES = 0.1, 0.01
"""How often a parcel is not delivered at first, and not at all."""


@dataclass(slots=True, kw_only=True)
class World:
    """One carrier."""

    seed: int
    orders: dict[str, PickUpOrder] = field(default_factory=dict)
    bookings: dict[str, PickUpBooking] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    events: dict[str, list[CarrierEvent]] = field(default_factory=dict)
    unsent: list[CarrierEvent] = field(default_factory=list)
    """Events that no webhook has told yet."""

    def book(self, order: PickUpOrder, now: datetime) -> PickUpBooking:
        """Book once by key; raises BookingConflict for another order under a key that is used."""
        known = self.orders.get(order.key)
        if known is not None:
            if known != order or order.key in self.cancelled:
                raise BookingConflict(f"{order.key} is used already")
            return self.bookings[order.key]
        number = len(self.orders) + 1
        booking = PickUpBooking(
            reference=f"BK-{self.seed}-{number}",
            parcel=order.parcel,
            pick_up_at=order.not_before + timedelta(minutes=self.chance(str(number)).randrange(60)),
        )
        self.orders[order.key], self.bookings[order.key] = order, booking
        self.add(CarrierEvent(v=1, id=booking.reference, parcel=order.parcel, event=Node.BOOKED, at=now))
        return booking

    def find(self, key: str) -> PickUpBooking | None:
        """The booking that stands under a key."""
        return None if key in self.cancelled else self.bookings.get(key)

    def cancel(self, key: str) -> bool:
        """Cancel; twice is once. Raises BookingConflict once the parcel was picked up."""
        booking = self.bookings.get(key)
        if booking is None:
            return False
        if any(event.event is not Node.BOOKED for event in self.events.get(booking.parcel, ())):
            raise BookingConflict("the parcel was picked up")
        self.cancelled.add(key)
        return True

    def move(self, parcel: str, node: Node, at: datetime) -> CarrierEvent:
        """Let something happen to a parcel."""
        id = f"EV-{self.seed}-{sum(map(len, self.events.values())) + 1}"
        return self.add(CarrierEvent(v=1, id=id, parcel=parcel, event=node, at=at))

    def add(self, event: CarrierEvent) -> CarrierEvent:
        """Keep an event, to be told."""
        self.events.setdefault(event.parcel, []).append(event)
        self.unsent.append(event)
        return event

    def chance(self, name: str) -> Random:
        """What befalls one parcel or booking, whatever befell the others before it."""
        return Random(f"{self.seed}/{name}")  # noqa: S311 # a game, not a secret

    def way(self, parcel: str) -> tuple[Node, ...]:
        """Which nodes a parcel passes, by the seed."""
        random = self.chance(parcel)
        if random.random() < LOSES:
            return (*WAY[:2], Node.LOST)
        failed = (Node.DELIVERY_FAILED, Node.OUT_FOR_DELIVERY) if random.random() < FAILS else ()
        return (*WAY, *failed, Node.SIGNED_OFF)

    def track(self, parcel: str, after: str) -> CarrierEvents:
        """Events behind a cursor, which counts those that were read."""
        seen = int(after) if after.isascii() and after.isdigit() else 0
        told = self.events.get(parcel, [])
        page = told[seen : seen + MOST_EVENTS]
        at = seen + len(page)
        return CarrierEvents(events=tuple(page), cursor=str(at), more=at < len(told))
