"""What a row of the contract says of one route: what it takes, what it gives, what it refuses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inspection.messages.base import Message

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A body that is no message: a file, a table, a note."""

    type: str
    about: str
    schema: Schema | None = None
    """JSON Schema of it; None for bytes."""


Body = type[Message] | Media | tuple[type[Message], ...]
"""One message, a file, or one of several messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header of a request or of an answer."""

    name: str
    about: str
    schema: Schema
    required: bool = True


def messages_of(body: Body | None) -> tuple[type[Message], ...]:
    """The messages that a body may be; none where it is a file, or nothing."""
    if body is None or isinstance(body, Media):
        return ()
    return body if isinstance(body, tuple) else (body,)


def header_parameter(header: Header) -> dict[str, Any]:
    """A header of a request as a parameter of OpenAPI."""
    return {
        "name": header.name,
        "in": "header",
        "required": header.required,
        "description": header.about,
        "schema": dict(header.schema),
    }


@dataclass(frozen=True, slots=True)
class Row:
    """One route. Its scopes, its parameters and its sentence are the route's own."""

    at: str
    """Method and path as in OpenAPI: `POST /v1/returns/{unit}/cancel`."""
    gives: Body | None = None
    """Body of the answer; None: it has none."""
    takes: Body | None = None
    status: int = 200
    refuses: tuple[type[Exception], ...] = ()
    """Beside what follows from its scopes, its body and its parameters (server/contract/refusals.py)."""
    headers: tuple[Header, ...] = ()
    """Headers that the request carries, beside the key."""
    answers: Mapping[int, Body | None] = field(default_factory=dict)
    """Other answers that are no problems, by status."""

    @property
    def method(self) -> str:
        """In capitals."""
        return self.at.partition(" ")[0]

    @property
    def path(self) -> str:
        """With its parameters in braces."""
        return self.at.partition(" ")[2]


JSON = "application/json"
NOTE = Media(
    type="text/plain", about="A signed note of the log (c2sp.org/signed-note).", schema={"type": "string"}
)
BYTES = Media(type="application/octet-stream", about="Bytes.")
CSV = Media(
    type="text/csv", about="A table in UTF-8 or GB18030 with a header row.", schema={"type": "string"}
)
ZIP = Media(type="application/zip", about="A zip file.")
LINES = Media(type="application/jsonl", about="One JSON object per line.", schema={"type": "string"})
DOCUMENT = Media(type=JSON, about="A description of the interface.", schema={"type": "object"})
