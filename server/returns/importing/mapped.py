"""What a mapping gives: units, and by name what could not become one. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from inspection.errors import BadAmount, NotUnderstood
from inspection.messages.catalogue import LONGEST_REASON, UnitMessage
from inspection.money import LARGEST_MINOR, minor_of
from inspection.returns import ReturnReason

Tree = Any
"""JSON as it was parsed: whatever a peer sent."""
MOST_LINES = 250
MOST_UNITS = 500
"""Of one document."""
MOST_OF_A_LINE = 999


class Unmappable(NotUnderstood):
    """A part of a payload that cannot become a unit; `code` says why."""

    def __init__(self, path: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.path = path
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingFault:
    """What could not become a unit."""

    path: str
    """Where it stands in the payload, such as `return.items[2].quantity`."""
    code: str
    detail: str

    @classmethod
    def of(cls, error: Unmappable) -> "MappingFault":
        """The fault that an error tells of."""
        return cls(path=error.path[:100], code=error.code, detail=str(error)[:300])


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A unit, its index counted within its own return."""

    unit: UnitMessage
    ordered: int
    """How many units the line of the order has."""
    path: str
    prices: tuple[int, ...] = ()
    """What was paid for each unit of the order's line, where the payload tells it of the whole line."""

    def at(self, index: int) -> UnitMessage:
        """The unit as this one of the line: with that one's price, so that all add up to the line's total."""
        paid = self.prices[index - 1] if index <= len(self.prices) else self.unit.paid_minor
        return self.unit.model_copy(update={"index": index, "paid_minor": paid})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """All of a payload."""

    units: tuple[Drafted, ...] = ()
    faults: tuple[MappingFault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node of a payload that knows where it stands."""

    path: str
    value: Tree

    def at(self, name: str) -> "Place":
        """What stands under a name; a place without a value where nothing does."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return Place(path=f"{self.path}.{name}" if self.path else name, value=value)

    def each(self, most: int = MOST_LINES) -> Iterator["Place"]:
        """The elements of a list; raises Unmappable for another thing, or for more than `most`."""
        if not isinstance(self.value, list):
            raise Unmappable(self.path, "missing", "a list is needed here")
        if len(self.value) > most:
            raise Unmappable(self.path, "too_many", f"at most {most} are taken at once")
        for number, value in enumerate(self.value):
            yield Place(path=f"{self.path}[{number}]", value=value)

    def text(self) -> str:
        """A text that is there; raises Unmappable."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise Unmappable(self.path, "missing", "a text is needed here")
        return self.value.strip()

    def word(self) -> str:
        """A text that may stand in a table; empty for anything else."""
        return self.value if isinstance(self.value, str) else ""

    def number(self, least: int, most: int) -> int:
        """A whole number within bounds, also where it is written `2.0`; raises Unmappable."""
        value = self.value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Unmappable(self.path, "bad_number", f"a whole number from {least} to {most} is needed here")
        return value

    def amount(self, currency: str) -> int:
        """An amount in minor units, from a decimal text or a JSON number; raises Unmappable."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Unmappable(self.path, "missing", "an amount is needed here")
        try:
            return minor_of(value if isinstance(value, str) else repr(value), currency)
        except (BadAmount, NotUnderstood) as error:
            raise Unmappable(self.path, error.code, str(error)) from error


def map_lines(
    lines: Iterable[Place], units_of_line: Callable[[Place, Sequence[Drafted]], Iterator[Drafted]]
) -> Mapped:
    """The units of all lines, each told of those before it; what cannot become a unit is a fault."""
    units: list[Drafted] = []
    faults: list[MappingFault] = []
    for line in lines:
        try:
            units += units_of_line(line, units)
        except Unmappable as error:
            faults.append(MappingFault.of(error))
    return Mapped(units=tuple(units), faults=tuple(faults))


def need_room(units: int, quantity: int, line: Place) -> None:
    """Raise Unmappable where a line would make the document too large."""
    if units + quantity > MOST_UNITS:
        raise Unmappable(line.path, "too_many", f"a document may have {MOST_UNITS} units")


def split(total_minor: int, units: int) -> list[int]:
    """Share a line's total among its units to the last minor unit, the odd ones to the first.

    >>> split(1000, 3)
    [334, 333, 333]
    """
    share, rest = divmod(min(total_minor, LARGEST_MINOR), units)
    return [share + (number < rest) for number in range(units)]


def reason_of(known: ReturnReason | None, *words: str) -> dict[str, Tree]:
    """The fields of a reason: its code where it is known, and the customer's own words."""
    text = "\n".join(filter(None, map(str.strip, words)))[:LONGEST_REASON] or None
    return {"reason": known or (None if text else ReturnReason.OTHER), "reason_text": text}


def drafted(fields: dict[str, Tree], line: Place, ordered: int, prices: Sequence[int] = ()) -> Drafted:
    """A unit of its fields; raises Unmappable that names the one that is wrong."""
    said = {name: value for name, value in fields.items() if value is not None}
    try:
        unit = UnitMessage.model_validate({"epc": None, "serial": None} | said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "unit"
        raise Unmappable(line.path, "bad_value", f"{name}: {first['msg']}") from error
    return Drafted(unit=unit, ordered=ordered, path=line.path, prices=tuple(prices))
