"""What a customer's own words come to: a code, and how sure it is.

Reading them is a function that is passed in. A code that the shop gave is never overwritten.
"""

from collections.abc import Callable
from dataclasses import dataclass

from inspection.messages.catalogue import UnitMessage
from inspection.returns import ReturnReason

UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReason:
    """A reason as it was read from words."""

    reason: ReturnReason
    band: str
    """How sure: `uncertain` always comes with `other`."""


Understand = Callable[[str], ReadReason]


def not_understood(_: str) -> ReadReason:
    """Where nothing reads words: everything is uncertain."""
    return ReadReason(reason=ReturnReason.OTHER, band=UNCERTAIN)


def with_reason(
    unit: UnitMessage, held: UnitMessage | None, band: str | None, understand: Understand
) -> tuple[UnitMessage, str | None]:
    """The unit with a reason, and the band; None for the shop's own code.

    `held` is the unit as it stands: the same words are not read twice, so a later reading changes nothing.
    """
    if "reason" in unit.model_fields_set or unit.reason_text is None:
        return unit, None
    if held is not None and held.reason_text == unit.reason_text:
        return unit.model_copy(update={"reason": held.reason}), band
    said = understand(unit.reason_text)
    return unit.model_copy(update={"reason": said.reason}), said.band
