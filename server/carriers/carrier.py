"""What a carrier can be asked, whoever it is: book a pick-up, look one up, cancel it, track a parcel."""

from typing import Protocol

from inspection.messages.carrier import CarrierEvents, PickUpBooking, PickUpOrder


class Carrier(Protocol):
    """One merchant's carrier. Every call ends within a bounded time."""

    async def book_pick_up(self, order: PickUpOrder) -> PickUpBooking:
        """Book; the same key again is the same booking.

        Raises CarrierAway where for certain nothing was booked, BookingUnsure where it may have been, and
        CarrierRefused where the carrier said no: even then it is looked up, as a no may follow the effect.
        """
        ...

    async def find_booking(self, key: str) -> PickUpBooking | None:
        """The booking under a key; None for certain where there is none. Raises CarrierAway."""
        ...

    async def cancel(self, key: str) -> bool:
        """Cancel; False where nothing stands under the key. Twice is once.

        Raises CarrierAway where it cannot be told, CarrierRefused where it is too late.
        """
        ...

    async def track(self, parcel: str, since: str) -> CarrierEvents:
        """Events behind a cursor, empty for the beginning; raises CarrierAway."""
        ...
