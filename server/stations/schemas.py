"""Stations, keys and people on the wire."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from inspection.messages.base import Count, KeyId, Message, Name, Utc
from inspection.messages.station import Boot, EnrolmentCode


class KeyRequest(Message):
    """`POST /v1/keys`: stations get theirs by enrolment."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {
                    "required": ["merchant"],
                    "properties": {"scope": {"const": "shop"}, "merchant": {"type": "string"}},
                },
                {"properties": {"scope": {"enum": ["console", "auditor"]}, "merchant": {"type": "null"}}},
                {"properties": {"scope": {"const": "references"}}},
            ]
        }
    )

    scope: Literal["shop", "console", "auditor", "references"]
    merchant: Name | None = None
    label: Annotated[str, Field(min_length=1, max_length=60)]


class NewKey(Message):
    """An API key, shown this once."""

    api_key: str


class CodeRequest(Message):
    """`POST /v1/stations/codes`."""

    station: Name
    site: Name


class NewCode(Message):
    """A one-time enrolment code."""

    code: EnrolmentCode
    expires_at: Utc


class Revoked(Message):
    """The keys that are good no longer."""

    revoked: tuple[KeyId, ...]


class NewInspector(Message):
    """`POST /v1/inspectors`: the badge is not kept, only its commitment."""

    site: Name
    id: Name
    display_name: Annotated[str, Field(min_length=1, max_length=60)]
    badge: Annotated[str, Field(min_length=4, max_length=64)]
    language: Literal["zh_CN", "en"]
    role: Literal["inspector", "supervisor"]


GapStanding = Literal["missing", "held", "refused"]


class CounterGap(Message):
    """Numbers of one start of a station's program that do not stand in the ledger."""

    key: KeyId
    boot: Boot
    first: Count
    last: Count
    """Both ends included."""
    standing: GapStanding
    """`refused`: the centre kept its signed refusal; `held`: from the future, it comes again."""
    reasons: tuple[str, ...]
    """Why they were refused."""
    before: Count | None
    """Index of the nearest lower number's entry; None where none was recorded."""
    after: Count | None
    """Index of the nearest higher number's entry; None where none was recorded."""
    found_at: str


class CountersPage(Message):
    """`GET /v1/stations/{station}/counters`: what it passed over, the newest first."""

    station: Name
    gaps: tuple[CounterGap, ...]


class HealthAnswer(Message):
    """The centre's time, for the station's clock, and what it lacks of what the station holds."""

    centre_time: Utc
    ledger_size: Count
    recovering_from: Count | None


class Heard(Message):
    """What the centre answers to birth, death and presence."""

    kept: bool
    """False for what it knew, or what came behind something newer."""


class ShownEvent(Message):
    """What a tag did; of its EPC only the end."""

    what: Literal["arrive", "move", "depart"]
    tag: str
    place: Name
    at: Utc


class ShownEvents(Message):
    """The events of one batch as they are kept."""

    events: tuple[ShownEvent, ...]


class PresencePage(Message):
    """`GET /v1/stations/{station}/presence`: what tags did lately, the newest first."""

    station: Name
    events: tuple[ShownEvent, ...]
    dropped: Count
    """Events of its newest start that the station could not tell."""
