"""Endpoints and their keys on the wire."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from inspection.messages.base import Base64, Count, Message
from server.refunds.breaker import Stand
from server.refunds.gateway import GatewayKind

DEFAULT_OVERLAP_HOURS, LONGEST_OVERLAP_HOURS = 24, 720
CredentialName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]
CredentialValue = Annotated[str, Field(min_length=1, max_length=255)]


class EndpointMode(StrEnum):
    """Who moves the money."""

    INFORM = "inform"
    """The refund system, by what it is told."""
    EXECUTE = "execute"
    """The centre, through a payment system's API."""


class KeyUse(StrEnum):
    """What a key is for."""

    SIGN = "sign"
    """The centre signs with it."""
    VERIFY = "verify"
    """The refund system signs with it."""


class EndpointChange(Message):
    """`PUT /v1/refunds/endpoint`: where instructions go, or which payment system is called."""

    url: Annotated[str, Field(min_length=8, max_length=500)]
    """Where webhooks go; with `execute` the payment system's own address."""
    outcome_public_key: Annotated[Base64, Field(min_length=32, max_length=32)] | None = None
    """Raw Ed25519 key that signs outcomes; takes the place of the one that was set this way before."""
    mode: EndpointMode = EndpointMode.INFORM
    gateway: GatewayKind | None = None
    credentials: Annotated[dict[CredentialName, CredentialValue], Field(max_length=8)] | None = None
    """In the gateway's own words; those that are kept stay where none are given."""


class EndpointKey(Message):
    """One key by its id; never what is secret of it."""

    id: str
    use: KeyUse
    algorithm: str
    """`v1` (HMAC-SHA256) or `v1a` (Ed25519)."""
    added_at: str
    not_after: str | None
    """Until when it is good; null while it is not retired."""


class EndpointKeyChange(Message):
    """`POST /v1/refunds/endpoint/keys`: make a secret to sign with, or take a key to verify by."""

    use: KeyUse
    key: Annotated[str, Field(min_length=16, max_length=128)] | None = None
    """Only to verify: `whsec_…` that you sign with, or `whpk_…`, the public half of it."""


class NewEndpointKey(EndpointKey):
    """A key that is in force now."""

    secret: str | None
    """`whsec_…` of one that was made: shown this once."""


class Retirement(Message):
    """`POST /v1/refunds/endpoint/keys/{id}/retire`: for how long the key stays good."""

    overlap_hours: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP_HOURS)] = DEFAULT_OVERLAP_HOURS


class EndpointStatus(Message):
    """`GET /v1/refunds/endpoint`: what is set, and how it fares."""

    url: str
    mode: EndpointMode
    gateway: GatewayKind | None
    set_at: str
    keys: tuple[EndpointKey, ...]
    circuit: Stand
    open_until: str | None
    """Nothing is tried before."""
    failing_since: str | None
    """Since when nothing was taken."""
    disabled_at: str | None
    """Since when it has been given up; what is owed goes on queueing."""
    gone_at: str | None
    """Since when it has wanted no more (410)."""
    queued: Count
    behind: Count
    awaiting_checkpoint: Count
    dead: Count
