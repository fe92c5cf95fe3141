"""Carriers and parcels on the wire."""

from typing import Annotated

from pydantic import Field, StringConstraints

from inspection.messages.base import Count, Message, Name, Utc
from inspection.messages.carrier import BookingKey


class CarrierChange(Message):
    """`PUT /v1/carrier`: whom to ask about the merchant's parcels."""

    url: Annotated[str, Field(min_length=8, max_length=400, pattern=r"^https?://[!-~]+$")]
    credential: Annotated[str, StringConstraints(pattern=r"^[!-~]{8,512}$")]
    """The bearer token of its API; never shown again."""


class CarrierStanding(Message):
    """What is set."""

    url: str
    set_at: str


class Cancel(Message):
    """`POST /v1/parcels/{parcel}/pick-up/cancel`."""

    key: BookingKey


class DockScan(Message):
    """`POST /v1/parcels/{parcel}/dock-scan`: it is here, whether or not its carrier said so."""

    at: Utc
    merchant: Name | None = None
    """Needed with a console key; a shop's key says it already."""


class PickUp(Message):
    """A pick-up, and what became of it."""

    key: str
    parcel: str
    state: str
    """`asked`, `unsure`, `booked`, `refused` or `cancelled`."""
    reference: str | None
    pick_up_at: str | None


class NodeRow(Message):
    """One event of a parcel, with its entry in the ledger."""

    event: str
    id: str | None
    """The carrier's own; None for a sign-off that a person or a scan told."""
    at: str
    recorded_at: str | None
    leaf_index: Count | None
    moved: bool
    """False for an event that came late, when the parcel stood further on already."""
    assumed: bool = False


class ParcelStanding(Message):
    """`GET /v1/parcels/{parcel}`."""

    parcel: str
    state: str | None
    """The last node that holds; None before anything was told."""
    signed_off_at: str | None
    assumed: bool
    """True where no carrier said so: the first scan or verdict started the clock."""
    deadline: str | None
    """By the sign-off; a unit may have been announced with its own."""
    pick_up: PickUp | None
    nodes: tuple[NodeRow, ...]
