"""From what scales say to weights that may be recorded: pure, with no port and no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from devices.scale.frames import Fault, Weighing

GRAMS: Mapping[str, Decimal] = {
    "g": Decimal(1),
    "kg": Decimal(1000),
    "mg": Decimal("0.001"),
    "lb": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}
"""Exact by definition; a unit that is none of them, such as pieces, has no weight."""


def grams(value: str, unit: str) -> int | None:
    """Whole grams, rounded half to even; None for a unit that is no weight.

    >>> grams("0.5", "g"), grams("1.5", "g"), grams("1.00", "lb"), grams("12", "PC")
    (0, 2, 454, None)
    """
    factor = GRAMS.get(unit.lower())
    if factor is None:
        return None
    return int((Decimal(value) * factor).to_integral_value(ROUND_HALF_EVEN))


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why what the scale shows is no weight to record."""

    code: str
    sentence: str


FAULTS: Mapping[Fault, Trouble] = {
    Fault.OVERLOAD: Trouble("weight_overload", "there is more on the scale than it can weigh"),
    Fault.UNDERLOAD: Trouble("weight_underload", "the scale shows less than nothing: is the pan on it?"),
    Fault.TILT: Trouble("scale_tilted", "the scale says that it does not stand level"),
    Fault.ZERO_ERROR: Trouble("scale_zero", "the scale found no zero: empty it and switch it on again"),
}


class Settling:
    """Says of each look at the display whether a weight has newly settled on the pan.

    A weight is new when something moved since the last one, or when it differs by more than
    `smallest_change` in the scale's own unit; an empty pan is a weight of 0.
    """

    def __init__(self, *, unit: str | None, smallest_change: Decimal) -> None:
        self._unit = unit
        self._smallest_change = smallest_change
        self._last: Decimal | None = None
        self.trouble: Trouble | None = None
        """What keeps the scale from giving a weight now."""

    def unsettle(self) -> None:
        """Something moved, or nothing is known of the pan any more."""
        self._last = None

    def look(self, seen: Weighing, *, stable: bool) -> Weighing | None:
        """What is seen, where it is a weight that is new."""
        self.trouble = self._trouble_of(seen, stable)
        if self.trouble is not None or not stable:
            self.unsettle()
            return None
        value = Decimal(seen.value)
        if self._last is not None and abs(value - self._last) <= self._smallest_change:
            return None
        self._last = value
        return seen

    def _trouble_of(self, seen: Weighing, stable: bool) -> Trouble | None:
        if seen.fault is not None:
            return FAULTS[seen.fault]
        if self._unit is not None and seen.plain_unit.lower() != self._unit.lower():
            return Trouble("wrong_unit", f"the scale shows {seen.plain_unit or 'no unit'}, not {self._unit}")
        if stable and Decimal(seen.value) < 0:
            return Trouble("weight_negative", f"{seen.as_sent}: empty the scale and set it to zero")
        return None
