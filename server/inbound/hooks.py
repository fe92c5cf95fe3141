"""What a webhook is before and after its signature was checked, and what a handler makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from server.centre import Centre


@dataclass(frozen=True, slots=True, kw_only=True)
class RawHook:
    """As it came: nothing of it is believed yet."""

    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedHook:
    """Signed by a key of the merchant's; the body is still bytes."""

    merchant: str
    source: str
    id: str
    body: bytes = field(repr=False)
    sent_at: datetime | None
    """The signed time; None where the source signs none."""
    came_at: datetime
    told: Mapping[str, str]
    """The source's other headers. Where its scheme signs the body alone, they are only hints."""


class About(StrEnum):
    """What a webhook may be about that we do not know yet."""

    PARCEL = "parcel"
    UNIT = "unit"
    INSTRUCTION = "instruction"
    ORDER = "order"
    """By its pseudonym, as units are found by it."""
    RETURN = "return"
    """An authorization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """It had its effect, now or before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """It is about something that nobody announced: it waits until somebody does."""

    about: About
    name: str
    """At most 64 characters."""


class Handler(Protocol):
    """What becomes of a source's webhooks."""

    async def take(self, centre: Centre, merchant: str, hook: VerifiedHook) -> Taken | Unmatched:
        """Parse the body, and do what it says at most once: after a crash the same hook comes again.

        Raises BadMessage or a refusal of the centre: the hook's id is then free again. Raises TryLater
        where the sender should send the same once more.
        """
        ...
