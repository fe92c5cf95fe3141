"""What is not paid back, by code."""

from dataclasses import dataclass
from enum import StrEnum


class DeductionCode(StrEnum):
    """Why less is owed than was paid."""

    GRADE_USED = "grade_used"
    GRADE_DAMAGED = "grade_damaged"
    MISSING_PART = "missing_part"
    MISSING_ACCESSORY = "missing_accessory"
    MISSING_PACKAGING = "missing_packaging"
    CLEANING = "cleaning"
    REPAIR = "repair"
    LATE = "late"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """One part of what is not paid back."""

    code: DeductionCode
    amount_minor: int
    """Above 0."""
