"""What the mappings share: a request as it goes out, and reading answers that may be anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from server.errors import UnclearAnswer

MOST_ANSWER_BYTES = 1024 * 1024
"""As much of an answer as the caller keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request without its host; whoever sends it knows where to, and adds what is secret."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Answer(BaseModel):
    """A platform's answer: only the fields that we act on, each within bounds."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Read an answer; raises UnclearAnswer for whatever is not one."""
        if len(content) > MOST_ANSWER_BYTES:
            raise UnclearAnswer(f"the answer is longer than {MOST_ANSWER_BYTES} bytes")
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            where = "/".join(str(part)[:40] for part in error.errors()[0]["loc"][:8])
            raise UnclearAnswer(f"the answer is not as documented, at {where or 'its start'}") from None
