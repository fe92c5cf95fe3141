"""The words of the result: Condition, Grade, Disposition, Channel and why a unit is held."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """What the refund system is told about the state of a unit."""

    NEW = "new"
    USED = "used"
    DAMAGED = "damaged"
    UNGRADED = "ungraded"


class Condition(StrEnum):
    """The finer scale below the grade, best first."""

    A_PLUS = "A+"
    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


class Disposition(StrEnum):
    """What happens to the unit."""

    RESALE = "resale"
    REPAIR = "repair"
    SCRAP = "scrap"
    HOLD = "hold"


class Channel(StrEnum):
    """By which way the disposition is carried out."""

    RESTOCK = "restock"
    OPEN_BOX = "open_box"
    REFURBISH = "refurbish"
    VENDOR_RETURN = "vendor_return"
    PARTS = "parts"
    RECYCLE = "recycle"
    DONATE = "donate"
    LIQUIDATE = "liquidate"
    HOLD_AREA = "hold_area"


class ReturnException(StrEnum):
    """Why a unit leaves the normal path; each has one owner and one way out."""

    WRONG_ITEM = "wrong_item"
    WRONG_SERIAL = "wrong_serial"
    EMPTY_BOX = "empty_box"
    MISSING_PART = "missing_part"
    DUPLICATE = "duplicate"
    OVER_QUANTITY = "over_quantity"
    UNKNOWN = "unknown"
    HAZARD = "hazard"
    RECALL = "recall"
    ALREADY_REFUNDED = "already_refunded"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeShares:
    """A probability over the three grades in ppm; the shares add up to 1,000,000."""

    new: int
    used: int
    damaged: int

    def __post_init__(self) -> None:
        if min(self.new, self.used, self.damaged) < 0 or self.new + self.used + self.damaged != 1_000_000:
            raise ValueError(f"shares must be >= 0 and add up to 1000000: {self}")

    def of(self, grade: Grade) -> int:
        """The share of a grade; 0 for `ungraded`."""
        return {Grade.NEW: self.new, Grade.USED: self.used, Grade.DAMAGED: self.damaged}.get(grade, 0)
