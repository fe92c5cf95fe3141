"""What the centre tells others: its outgoing webhooks, and the headers by which they are signed."""

from dataclasses import dataclass
from typing import Any

from inspection.errors import (
    BadSignature,
    BadWebhookHeader,
    BadWebhookTime,
    EarlyWebhook,
    ExpiredKey,
    StaleWebhook,
)
from inspection.messages.base import Message
from inspection.messages.refund import InstructionEvent
from inspection.messages.webhook import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER
from server.contract.row import JSON, Header, header_parameter
from server.contract.schemas import Names

SIGNED = (
    Header(
        name=ID_HEADER,
        about="The same over all attempts: the key of doing it once.",
        schema={"type": "string", "pattern": "^[!-~]{1,128}$"},
    ),
    Header(
        name=TIMESTAMP_HEADER,
        about="Seconds since 1970 of this attempt; refused when more than 5 minutes off.",
        schema={"type": "string", "pattern": "^[0-9]{1,12}$"},
    ),
    Header(
        name=SIGNATURE_HEADER,
        about="`version,base64` over `{id}.{timestamp}.{body}`; several are separated by blanks.",
        schema={"type": "string", "pattern": "^v1a?,[A-Za-z0-9+/=]+( v1a?,[A-Za-z0-9+/=]+)*$"},
    ),
)
"""Standard Webhooks 1.0."""
UNSIGNED = (BadSignature, BadWebhookHeader, BadWebhookTime, StaleWebhook, EarlyWebhook, ExpiredKey)
"""What a signature may be refused for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One kind of event that goes out."""

    name: str
    about: str
    body: type[Message]


INSTRUCTION = Webhook(
    name="refund.instruction",
    about="What is owed for one unit, in total, with its proof. At least once, perhaps late.",
    body=InstructionEvent,
)
WEBHOOKS = (INSTRUCTION,)


def webhooks(names: Names) -> dict[str, Any]:
    """The `webhooks` of OpenAPI 3.1."""
    return {webhook.name: {"post": _operation(webhook, names)} for webhook in WEBHOOKS}


def _operation(webhook: Webhook, names: Names) -> dict[str, Any]:
    schema = {"$ref": names[(webhook.body, "serialization")]}
    wait = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}}
    return {
        "operationId": webhook.name.replace(".", "_"),
        "summary": webhook.about,
        "tags": ["webhooks"],
        "parameters": [header_parameter(header) for header in SIGNED],
        "requestBody": {"required": True, "content": {JSON: {"schema": schema}}},
        "responses": {
            "2XX": {"description": "Taken: it stands in your own database."},
            "410": {"description": "Nobody listens here any more: what is owed waits for a new endpoint."},
            "429": {"description": "Too much at once: comes again later.", "headers": wait},
            "503": {"description": "Not now: comes again later.", "headers": wait},
            "default": {"description": "Not taken: comes again by the schedule."},
        },
        "security": [],
    }
