"""What goes out and comes in as messages by themselves: one row for each channel."""

from dataclasses import dataclass
from enum import StrEnum

from inspection.messages.base import Message
from inspection.messages.carrier import CarrierEvent
from inspection.messages.refund import RefundOutcome
from inspection.messages.station import Birth, Death, Health, Presence, WorklistPage
from server.contract.webhooks import INSTRUCTION


class Peer(StrEnum):
    """Where a channel is: whose server it is on."""

    CENTRE = "centre"
    REFUND_SYSTEM = "refundSystem"
    BROKER = "broker"


class Does(StrEnum):
    """What the centre does on it."""

    SENDS = "send"
    RECEIVES = "receive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel and the one message on it."""

    name: str
    peer: Peer
    address: str | None
    """Path or topic; None where the receiver chooses its own URL."""
    does: Does
    body: type[Message]
    about: str
    signed: bool = False
    """Whether it carries the headers of Standard Webhooks."""
    keyed: bool = False
    """Whether it needs an API key too."""
    retained: bool = False
    """Whether the broker keeps the last one."""


TOPICS = "regrade/v1/{site}/{station}"
WEBHOOKS = (
    Channel(
        name="refundInstruction",
        peer=Peer.REFUND_SYSTEM,
        address=None,
        does=Does.SENDS,
        body=INSTRUCTION.body,
        about=INSTRUCTION.about,
        signed=True,
    ),
    Channel(
        name="refundOutcome",
        peer=Peer.CENTRE,
        address="/v1/refunds/outcomes",
        does=Does.RECEIVES,
        body=RefundOutcome,
        about="What became of an instruction at the refund system.",
        signed=True,
        keyed=True,
    ),
    Channel(
        name="refundOutcomeHook",
        peer=Peer.CENTRE,
        address="/v1/hooks/{merchant}/refund.outcome",
        does=Does.RECEIVES,
        body=RefundOutcome,
        about="The same as a webhook by itself, without an API key.",
        signed=True,
    ),
    Channel(
        name="carrierEvent",
        peer=Peer.CENTRE,
        address="/v1/hooks/{merchant}/carrier",
        does=Does.RECEIVES,
        body=CarrierEvent,
        about="One node of a parcel's way, as its carrier saw it.",
        signed=True,
    ),
)
RESERVED = "Reserved: stations say this over HTTPS today, in the same words, and no broker joins the sites."
STATIONS = tuple(
    Channel(
        name=f"station{name.capitalize()}",
        peer=Peer.BROKER,
        address=f"{TOPICS}/{name}",
        does=does,
        body=body,
        about=f"{about} {RESERVED}",
        retained=retained,
    )
    for name, does, body, about, retained in (
        ("birth", Does.RECEIVES, Birth, "The first word of a start, with all devices.", True),
        ("death", Does.RECEIVES, Death, "The last word of a start that was told to stop.", True),
        ("health", Does.RECEIVES, Health, "How it is, every few seconds and at each change.", False),
        ("presence", Does.RECEIVES, Presence, "A batch of what tags did.", False),
        ("worklist", Does.SENDS, WorklistPage, "What changed since a cursor.", True),
    )
)
CHANNELS = (*WEBHOOKS, *STATIONS)
