"""What every message has in common: frozen, strict, nothing extra, bounded, named in base64."""

import base64
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
)

from inspection.errors import BadMessage

TIME_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"  # later Pythons take 24:00
)


def time_text(moment: datetime) -> str:
    """UTC with microseconds, `2026-01-31T08:00:00.000000Z`: the one spelling on every wire."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_time(text: str) -> datetime:
    """Read that one spelling; raises ValueError for every other."""
    if not TIME_FORM.fullmatch(text):
        raise ValueError("not a time in UTC with microseconds, such as 2026-01-31T08:00:00.000000Z")
    return datetime.fromisoformat(text)


def _time(value: object) -> object:
    return read_time(value) if isinstance(value, str) else value


def _bytes(value: object) -> object:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else value


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


Utc = Annotated[datetime, BeforeValidator(_time), PlainSerializer(time_text, return_type=str)]
Base64 = Annotated[bytes, BeforeValidator(_bytes), PlainSerializer(_base64, return_type=str)]
Ppm = Annotated[int, Field(ge=0, le=1_000_000)]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Hex64 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
View = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,16}$")]
"""A named view of the bench, such as `top`."""
LONGEST_ORIGIN = 72
Origin = Annotated[str, StringConstraints(pattern=rf"^[!-~]{{3,{LONGEST_ORIGIN}}}$")]
"""Name of a log: ASCII without blanks."""
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,24}$")]
"""Merchants, sites, stations: also a level of an MQTT topic."""
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.:-]{1,44}$")]
"""A language-neutral code, such as a rule id or a reason."""
UnitId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./-]{1,48}$")]
Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


def one_of(*names: str, least: int = 1) -> dict[str, Any]:
    """What a JSON Schema says of optional fields of which one is given, or at most one with `least=0`."""
    null = {"type": "null"}
    ways: list[dict[str, Any]] = [
        {
            "required": [name],
            "properties": {name: {"not": null}, **{other: null for other in names if other != name}},
        }
        for name in names
    ]
    ways += [{"properties": dict.fromkeys(names, null)}] if least == 0 else []
    return {"anyOf": ways}


class Message(BaseModel):
    """Base of every schema that crosses a wire."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    @classmethod
    def read(cls, content: bytes | str) -> Self:
        """Read JSON bytes; raises BadMessage that names the field and what is wrong with it."""
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            raise BadMessage(sentence(error)) from error

    def to_json(self) -> bytes:
        """The JSON bytes that `read` takes back."""
        return self.model_dump_json(by_alias=True).encode()


def sentence(error: ValidationError) -> str:
    """The first fault of a validation error in one line, without echoing the input."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "message"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {first['msg']}{more}"
