"""Returns on the wire and as a table."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from inspection.claims.codes import ClaimCheck
from inspection.messages.base import Count, Message, Name, UnitId, Utc
from inspection.messages.catalogue import UnitMessage
from inspection.returns import CustomerTier, ReturnReason
from server.imports import Convert, whole
from server.rows import Columns

PAGE = 500
MOST_LISTED = 200


class UnitList(Message):
    """`POST /v1/returns`."""

    units: Annotated[tuple[UnitMessage, ...], Field(min_length=1, max_length=PAGE)]


class FlaggedUnit(Message):
    """A unit that was taken, and needs a look."""

    unit: UnitId
    code: Literal["duplicate"]
    by: str
    """What it has in common with the other: `order_line`, `serial` or `epc`."""
    first: UnitId
    """The unit that was announced before."""


class UnitsAccepted(Message):
    """How many units went in, and which of them need a look."""

    accepted: Count
    flagged: tuple[FlaggedUnit, ...] = Field(default=(), exclude_if=lambda said: not said)


class SignOff(Message):
    """`POST /v1/parcels/{id}/sign-off`: the carrier handed the parcel over."""

    at: Utc
    merchant: Name | None = None
    """Needed with a console key; a shop's key says it already."""


class ClaimRow(Message):
    """What the customer wrote, beside what this inspection found."""

    check: ClaimCheck
    reasons: tuple[str, ...]
    needs_look: bool
    """Whether a person should see both side by side; it changes no refund."""


class VerdictRow(Message):
    """One inspection of a unit, as the shop sees it."""

    inspection: Count
    kind: str
    grade: str
    disposition: str
    channel: str
    leaf_index: Count
    recorded_at: str
    """The centre's time: the only one that deadlines are reckoned from."""
    clock: str | None
    """Whether the station's own time says anything: `good`, `uncertain`; None for older records."""
    claim: ClaimRow | None = None
    """None where the customer wrote nothing that is kept."""


class UnitStanding(Message):
    """`GET /v1/returns/{unit}`."""

    unit: UnitId
    sku: str
    state: Literal["expected", "inspected", "cancelled"]
    inspection: Count
    """Number of the inspection that is expected, or was the last."""
    deadline: str | None
    verdicts: tuple[VerdictRow, ...]
    reason_band: str | None = Field(default=None, exclude_if=lambda said: said is None)
    """How sure its reason was read from the customer's words; None for the shop's own code."""
    doubles: UnitId | None = Field(default=None, exclude_if=lambda said: said is None)
    """The unit that was announced before, and is the same thing."""


Asked = Annotated[str, Field(max_length=64)]


class UnitQuery(BaseModel):
    """`GET /v1/returns?...`: what a unit must fit, all of it; numbers come as text there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: Asked = ""
    customer: Asked = ""
    authorization: Asked = ""
    epc: Annotated[str, Field(max_length=124)] = ""
    serial: Asked = ""
    tracking: Asked = ""
    payment: Asked = ""
    unit: Asked = ""
    sku: Asked = ""
    batch: Asked = ""
    supplier: Asked = ""
    merchant: Asked = ""
    """For keys that are of no merchant; others see their own only."""
    after: Asked = ""
    """`next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 100


class UnitLine(Message):
    """One unit, without what leads to a person."""

    unit: UnitId
    merchant: Name
    authorization: str
    line: Count
    index: Count
    sku: str
    state: Literal["expected", "inspected", "cancelled"]
    inspection: Count
    deadline: str | None
    parcel: str | None
    paid_minor: Count
    promised_minor: Count | None
    currency: str
    reason: ReturnReason
    reason_band: str | None
    tier: CustomerTier | None
    batch: str | None
    supplier: str | None
    doubles: UnitId | None
    """The unit that was announced before, and is the same thing."""


class UnitPage(Message):
    """Units by their ids, from the first that fits."""

    units: Annotated[tuple[UnitLine, ...], Field(max_length=MOST_LISTED)]
    next: UnitId | None
    """Where the next page begins; None on the last one."""


class UnitState(Message):
    """What a unit has become."""

    unit: UnitId
    state: Literal["expected", "inspected", "cancelled"]


def several(cell: str) -> list[str]:
    """Values in one cell, with bars between them."""
    return [part.strip() for part in cell.split("|") if part.strip()]


COLUMNS = Columns(
    required=frozenset(
        {
            "id",
            "authorization",
            "order",
            "customer",
            "line",
            "index",
            "sku",
            "paid_minor",
            "currency",
        }
    ),
    optional=frozenset(
        {
            "epc",
            "serial",
            "parcel",
            "deadline",
            "inspection",
            "purpose",
            "reason",
            "reason_text",
            "promised_minor",
            "payment",
            "photos",
            "tier",
            "batch",
            "supplier",
            "parts",
        }
    ),
)
CONVERT: dict[str, Convert] = {
    "line": whole,
    "index": whole,
    "paid_minor": whole,
    "inspection": whole,
    "promised_minor": whole,
    "epc": str.lower,
    "photos": several,
    "parts": several,
}
FIXED = {"epc": None, "serial": None}
