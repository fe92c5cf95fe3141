"""What a merchant's product is, what it may still bring, and what repairing it costs."""

from dataclasses import dataclass
from enum import StrEnum

from inspection.grades import Channel, Grade


class Hazard(StrEnum):
    """Why a product may need special handling."""

    LITHIUM_BATTERY = "lithium_battery"
    AEROSOL = "aerosol"
    GLASS = "glass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What one grade brings through one channel, in minor units of the product's currency."""

    grade: Grade
    channel: Channel
    price_minor: int
    sale_ppm: int = 1_000_000
    """Chance that it sells, 0..1,000,000."""
    cost_minor: int = 0
    """Handling, repack, fee and storage together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairRoute:
    """How a damaged unit is brought back, and at what cost."""

    name: str
    cost_minor: int
    success_ppm: int
    """Chance that the repair succeeds, 0..1,000,000."""
    price_after_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One catalogue entry of one merchant."""

    merchant: str
    sku: str
    gtin: str
    """14 digits with a right check digit."""
    title: str
    category: str
    currency: str
    """ISO 4217."""
    list_price_minor: int
    recovery: tuple[Recovery, ...]
    repair: RepairRoute | None = None
    misgrade_loss_minor: int = 0
    """What it costs to sell as new a unit that is not new."""
    hygiene: bool = False
    """True where a broken seal forbids resale."""
    hazards: tuple[Hazard, ...] = ()
    recalled: bool = False
    weight_g: int | None = None
    weight_tolerance_g: int | None = None
