"""The list of looks at frozen sets: one line each, never taken away."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from models.errors import BadQuestion

FILE = "evaluation-runs.jsonl"
NO_REASON = "none given"


class Look(BaseModel):
    """One look at a frozen set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    set: str
    reason: str
    models: Mapping[str, str]
    """Name and first characters of the hash."""
    recipe: str


def write_looks(
    path: Path, sets: Sequence[str], *, at: datetime, reason: str, models: Mapping[str, str], recipe: str
) -> None:
    """Append one line per set, before anything of it is opened."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        for name in sets:
            look = Look(at=at, set=name, reason=reason, models=models, recipe=recipe)
            stream.write(orjson.dumps(look.model_dump(mode="json"), option=orjson.OPT_APPEND_NEWLINE))


def read_looks(path: Path) -> list[Look]:
    """All looks, oldest first; none where there is no file; raises BadQuestion."""
    return list(_looks(path)) if path.exists() else []


def _looks(path: Path) -> Iterator[Look]:
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            yield Look.model_validate_json(line)
        except ValidationError as error:
            raise BadQuestion(f"{path}: line {number} is no look at a set") from error
