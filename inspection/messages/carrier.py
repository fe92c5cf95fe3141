"""Carrier to centre and back: events of parcels, and pick-ups that are booked.

An address is personal: it passes through to the carrier and is kept nowhere.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from inspection.messages.base import Message, Utc
from inspection.messages.catalogue import Label
from inspection.parcels import Node

CarrierEventId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
"""The carrier's own id of an event: the same is once."""
BookingKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
"""Chosen by the shop: the same pick-up is booked once, however often it is asked for."""
Cursor = Annotated[str, StringConstraints(pattern=r"^[!-~]{0,128}$")]
"""The carrier's own mark of how far it was read; empty for the beginning."""
Line = Annotated[str, Field(min_length=1, max_length=120)]
MOST_EVENTS = 100


class CarrierEvent(Message):
    """One node of a parcel's way, as the carrier saw it. The body of its webhook."""

    v: Literal[1]
    id: CarrierEventId
    parcel: Label
    event: Node
    at: Utc


class CarrierEvents(Message):
    """A page of a parcel's events behind a cursor."""

    events: Annotated[tuple[CarrierEvent, ...], Field(max_length=MOST_EVENTS)]
    cursor: Cursor
    more: bool


class PickUpAddress(Message):
    """Where the carrier fetches the parcel."""

    name: Line
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=4)]
    postcode: Annotated[str, Field(min_length=1, max_length=16)]
    city: Line
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    """ISO 3166-1, two letters."""
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9+() -]{3,24}$")] | None = None


class PickUpRequest(Message):
    """`POST /v1/parcels/{parcel}/pick-up`."""

    key: BookingKey
    address: PickUpAddress
    not_before: Utc
    not_after: Utc

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.not_after <= self.not_before:
            raise ValueError("not_after must be later than not_before")
        return self


class PickUpOrder(PickUpRequest):
    """What the carrier is asked for."""

    parcel: Label


class PickUpBooking(Message):
    """What the carrier says it will do."""

    reference: CarrierEventId
    parcel: Label
    pick_up_at: Utc | None = None
