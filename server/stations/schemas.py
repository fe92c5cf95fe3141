"""Stations, keys and people on the wire."""

from typing import Annotated, Literal

from pydantic import Field

from inspection.messages.base import KeyId, Message, Name, Utc
from inspection.messages.station import EnrolmentCode


class KeyRequest(Message):
    """`POST /v1/keys`: stations get theirs by enrolment."""

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


class HealthAnswer(Message):
    """The centre's time, for the station's clock."""

    centre_time: Utc
