"""The same carrier, answered by calls: everything above runs without a port."""

from collections.abc import Callable
from datetime import datetime

from demo.carrier.world import World
from demo.errors import BookingConflict
from inspection.messages.carrier import CarrierEvents, PickUpBooking, PickUpOrder
from server.errors import CarrierRefused


class DirectCarrier:
    """Answers what `server.carriers.carrier.Carrier` asks, from a world."""

    def __init__(self, world: World, clock: Callable[[], datetime]) -> None:
        self.world = world
        self._clock = clock

    async def book_pick_up(self, order: PickUpOrder) -> PickUpBooking:
        """As the Protocol says."""
        try:
            return self.world.book(order, self._clock())
        except BookingConflict as error:
            raise CarrierRefused(str(error)) from error

    async def find_booking(self, key: str) -> PickUpBooking | None:
        """As the Protocol says."""
        return self.world.find(key)

    async def cancel(self, key: str) -> bool:
        """As the Protocol says."""
        try:
            return self.world.cancel(key)
        except BookingConflict as error:
            raise CarrierRefused(str(error)) from error

    async def track(self, parcel: str, since: str) -> CarrierEvents:
        """As the Protocol says."""
        return self.world.track(parcel, since)
