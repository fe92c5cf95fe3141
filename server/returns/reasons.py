"""What a customer's own words come to: a code, and how sure it is.

A code that the shop gave is never overwritten. Reading words takes a millisecond, by embedding some twenty:
it is done before the writer's turn and never in it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from inspection.claims.embedding import installed_reader
from inspection.claims.understanding import Band, ReasonReader, understand
from inspection.errors import SetUpIncomplete
from inspection.messages.catalogue import UnitMessage
from inspection.returns import ReturnReason
from server.errors import BadSettings
from server.settings import ServerSettings

MOST_EMBEDDED = 500
"""Texts of one announcement for which the second reader may be asked: seconds. The rest does without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReason:
    """A reason as it was read from words."""

    reason: ReturnReason
    band: str
    """How sure: `uncertain` always comes with `other`."""


Understand = Callable[[str], ReadReason]


def not_understood(_: str) -> ReadReason:
    """Where nothing was read: everything is uncertain."""
    return ReadReason(reason=ReturnReason.OTHER, band=Band.UNCERTAIN.value)


def second_reader(settings: ServerSettings) -> ReasonReader | None:
    """Load the embedding where the settings ask for it; raises BadSettings where it cannot be had."""
    if not settings.reason_embedding:
        return None
    try:
        return installed_reader()
    except SetUpIncomplete as error:
        raise BadSettings(f"setting reason_embedding: {error}") from error


def read_beforehand(messages: Iterable[UnitMessage], other: ReasonReader | None = None) -> Understand:
    """Read the words of all units that have no code of the shop's; what is returned only looks them up."""
    said = (unit.reason_text for unit in messages if "reason" not in unit.model_fields_set)
    texts = dict.fromkeys(text for text in said if text is not None)
    known = {text: _read(text, other if n < MOST_EMBEDDED else None) for n, text in enumerate(texts)}
    return lambda text: known.get(text) or not_understood(text)


def _read(text: str, other: ReasonReader | None) -> ReadReason:
    said = understand(text, other=other)
    return ReadReason(reason=said.reason or ReturnReason.OTHER, band=said.band.value)


def with_reason(
    unit: UnitMessage, held: UnitMessage | None, band: str | None, reading: Understand
) -> tuple[UnitMessage, str | None]:
    """The unit with a reason, and the band; None for the shop's own code.

    `held` is the unit as it stands: the same words are not read twice, so a later reading changes nothing.
    """
    if "reason" in unit.model_fields_set or unit.reason_text is None:
        return unit, None
    if held is not None and held.reason_text == unit.reason_text:
        return unit.model_copy(update={"reason": held.reason}), band
    said = reading(unit.reason_text)
    return unit.model_copy(update={"reason": said.reason}), said.band
