"""Inbound webhooks on the wire, beside the webhooks themselves."""

from typing import Annotated, Literal

from pydantic import Field

from inspection.messages.base import Count, Message
from server.inbound.hooks import About

DAY_S = 86_400
MOST_PER_PAGE = 200


class HookAnswer(Message):
    """What became of a webhook. The same again is answered with where the first one stands."""

    hook: str
    state: Literal["taken", "waiting", "refused", "cleared"]


class KeyChange(Message):
    """`PUT /v1/hooks/{source}`: what the sender signs with from now on."""

    key: Annotated[str, Field(min_length=16, max_length=128)]
    overlap_s: Annotated[int, Field(ge=0, le=30 * DAY_S)] = DAY_S
    """How long the keys before it stay good."""


class HookKey(Message):
    """One key, by what its SHA-256 begins with."""

    id: str
    set_at: str
    not_after: str | None
    """Good until then; None for the one that was set last."""


class HookKeys(Message):
    """The keys of a source."""

    source: str
    keys: tuple[HookKey, ...]


class WaitingHook(Message):
    """A verified webhook that matches nothing yet; its body is not shown."""

    number: Count
    merchant: str
    source: str
    hook: str
    about: About
    name: str
    came_at: str
    tries: Count
    refused: str | None
    """Why it was refused when it was tried again."""


class WaitingPage(Message):
    """`GET /v1/inbound/waiting`."""

    waiting: tuple[WaitingHook, ...]
    more: bool


class Clear(Message):
    """`POST /v1/inbound/waiting/clear`."""

    numbers: Annotated[tuple[Count, ...], Field(min_length=1, max_length=MOST_PER_PAGE)]


class WaitingCleared(Message):
    """How many of them there were."""

    cleared: Count
