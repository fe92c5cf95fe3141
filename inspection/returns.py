"""What the shop agreed to take back, and the units that the carrier brings."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inspection.catalogue import Product


class ReturnReason(StrEnum):
    """Why the customer sends it back, in the customer's words translated to a code."""

    CHANGED_MIND = "changed_mind"
    WRONG_SIZE = "wrong_size"
    DEFECTIVE = "defective"
    DAMAGED_IN_TRANSIT = "damaged_in_transit"
    NOT_AS_DESCRIBED = "not_as_described"
    OTHER = "other"


class CustomerTier(StrEnum):
    """How the shop ranks a customer; says nothing of who they are."""

    NEW = "new"
    STANDARD = "standard"
    VIP = "vip"
    WATCHED = "watched"
    """Returns more than others do: looked at more closely, and treated the same."""


class InspectionPurpose(StrEnum):
    """Why a unit passes over a bench."""

    FIRST = "first"
    AFTER_CLEANING = "after_cleaning"
    AFTER_REPAIR = "after_repair"
    APPEAL = "appeal"
    BLIND = "blind"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """Whose goods they are."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnUnit:
    """One physical unit of one line: the thing on the bench. Refunded once."""

    id: str
    """Unique in the merchant's scope: `{authorization}/{line}/{index}`."""
    authorization: str
    order: str
    line: int
    index: int
    sku: str
    epc: bytes | None
    serial: str | None
    paid_minor: int
    """What the customer paid for this unit."""
    currency: str
    reason: ReturnReason
    parcel: str | None = None
    deadline: datetime | None = None
    promised_minor: int | None = None
    """What the shop promised to pay back for it; None where nothing was promised."""
    payment: str | None = None
    """The shop's id of the captured payment that a refund goes back to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAuthorization:
    """What the shop agreed to take back (RMA)."""

    id: str
    merchant: str
    order: str
    customer: str
    units: tuple[ReturnUnit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What the carrier delivers; its sign-off starts the clock."""

    id: str
    """SSCC or the carrier's tracking number."""
    merchant: str
    signed_off_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedUnit:
    """A unit on a station's worklist with the product it should be."""

    merchant: str
    unit: ReturnUnit
    product: Product
    customer: str
    """The shop's own customer number; leaves the station only as a commitment."""
    inspection: int = 1
    """Number of the coming inspection of this unit, from 1."""
    purpose: InspectionPurpose = InspectionPurpose.FIRST
