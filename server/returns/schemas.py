"""Returns on the wire and as a table."""

from typing import Annotated, Literal

from pydantic import Field

from inspection.messages.base import Count, Message, Name, UnitId, Utc
from inspection.messages.catalogue import UnitMessage
from server.imports import Convert, whole
from server.rows import Columns

PAGE = 500


class UnitList(Message):
    """`POST /v1/returns`."""

    units: Annotated[tuple[UnitMessage, ...], Field(min_length=1, max_length=PAGE)]


class SignOff(Message):
    """`POST /v1/parcels/{id}/sign-off`: the carrier handed the parcel over."""

    at: Utc
    merchant: Name | None = None
    """Needed with a console key; a shop's key says it already."""


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


class UnitStanding(Message):
    """`GET /v1/returns/{unit}`."""

    unit: UnitId
    sku: str
    state: Literal["expected", "inspected", "cancelled"]
    inspection: Count
    """Number of the inspection that is expected, or was the last."""
    deadline: str | None
    verdicts: tuple[VerdictRow, ...]


class UnitState(Message):
    """What a unit has become."""

    unit: UnitId
    state: Literal["expected", "inspected", "cancelled"]


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
            "reason",
        }
    ),
    optional=frozenset({"epc", "serial", "parcel", "deadline", "inspection", "purpose"}),
)
CONVERT: dict[str, Convert] = {
    "line": whole,
    "index": whole,
    "paid_minor": whole,
    "inspection": whole,
    "epc": str.lower,
}
FIXED = {"epc": None, "serial": None}
