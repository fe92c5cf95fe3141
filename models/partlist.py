"""Where a product's parts are marked: `parts.json` beside the photos of a view, made by a person."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import BadParts
from models.partrows import PartRow
from models.parts import MAX_PARTS
from models.store import ReferenceStore

FILE = "parts.json"
MAX_BYTES = 64 * 1024


class _List(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    parts: Annotated[tuple[PartRow, ...], Field(max_length=MAX_PARTS)]


def read_parts(store: ReferenceStore, sku: str, view: str) -> tuple[PartRow, ...]:
    """The parts marked on a view; raises BadParts for a list that cannot be understood."""
    content = store.beside(sku, view, FILE)
    if content is None:
        return ()
    if len(content) > MAX_BYTES:
        raise BadParts(f"the list of parts of {sku} {view} has {len(content)} bytes, {MAX_BYTES} are allowed")
    try:
        return _List.model_validate_json(content).parts
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadParts(f"the list of parts of {sku} {view}: {where}: {first['msg']}") from error


def mark_part(store: ReferenceStore, sku: str, view: str, part: PartRow) -> tuple[PartRow, ...]:
    """Add a part, or put it in place of the one with its name; raises BadParts when there are too many."""
    others = [row for row in read_parts(store, sku, view) if row.name != part.name]
    if len(others) >= MAX_PARTS:
        raise BadParts(f"view {view} of {sku} has {MAX_PARTS} parts already")
    return _write(store, sku, view, (*others, part))


def drop_part(store: ReferenceStore, sku: str, view: str, name: str) -> tuple[PartRow, ...]:
    """Take a part away; raises BadParts for one that is not marked."""
    known = read_parts(store, sku, view)
    if all(row.name != name for row in known):
        names = ", ".join(row.name for row in known) or "none"
        raise BadParts(f"view {view} of {sku} has no part {name!r}; there are: {names}")
    return _write(store, sku, view, tuple(row for row in known if row.name != name))


def _write(store: ReferenceStore, sku: str, view: str, rows: tuple[PartRow, ...]) -> tuple[PartRow, ...]:
    store.put_beside(sku, view, FILE, _List(parts=rows).model_dump_json(indent=2).encode() + b"\n")
    return rows
