"""What an import of another system's document answers."""

from typing import Annotated

from pydantic import Field

from inspection.messages.base import Count, Message
from server.returns.schemas import FlaggedUnit

MOST_SHOWN = 200


class RejectedPart(Message):
    """A part of a document that was not taken, and why."""

    path: str
    """Where it stands, such as `return.items[2].quantity`; or the unit that came of it."""
    code: str
    detail: str


class DocumentAnswer(Message):
    """`POST /v1/imports/{source}`: good parts are in, bad parts come back."""

    accepted: Count
    flagged: tuple[FlaggedUnit, ...] = ()
    rejected: Annotated[tuple[RejectedPart, ...], Field(max_length=MOST_SHOWN)] = ()
    more_rejected: Count = 0
    """Parts that were not taken either, beyond those listed."""
