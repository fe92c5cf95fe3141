"""Rows of webhooks that others send."""

from inspection.errors import BadKeyText, BadMessage
from server import errors
from server.contract.row import JSON, Media, Row
from server.contract.webhooks import UNSIGNED
from server.inbound.schemas import Clear, HookAnswer, HookKeys, KeyChange, WaitingCleared, WaitingPage

SIGNED_BODY = Media(
    type=JSON,
    about="What the source sends, as it sends it; the signature in its own headers admits it.",
    schema={"type": "object"},
)
ROWS = (
    Row(
        "POST /v1/hooks/{merchant}/{source}",
        takes=SIGNED_BODY,
        gives=HookAnswer,
        answers={202: HookAnswer},
        refuses=(
            BadMessage,
            *UNSIGNED,
            errors.EventAhead,
            errors.WrongScope,
            errors.Conflict,
            errors.NotTold,
            errors.TooManyOutcomes,
            errors.DuplicateId,
            errors.Withheld,
            errors.QuotaUsed,
            errors.UnknownSource,
            errors.HookReused,
            errors.TooManyEvents,
            errors.QueueFull,
        ),
    ),
    Row(
        "PUT /v1/hooks/{source}",
        takes=KeyChange,
        gives=HookKeys,
        refuses=(BadKeyText, errors.UnknownSource, errors.TooManyKeys),
    ),
    Row("GET /v1/hooks/{source}", gives=HookKeys, refuses=(errors.UnknownSource,)),
    Row("GET /v1/inbound/waiting", gives=WaitingPage),
    Row("POST /v1/inbound/waiting/clear", takes=Clear, gives=WaitingCleared),
)
