"""What an import answers: how much went in, and what did not, row by row."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import Field, ValidationError

from inspection.messages.base import Count, Message
from server.metrics import Metrics
from server.rows import Row, RowFault

M = TypeVar("M", bound=Message)
MOST_SHOWN = 200
Convert = Callable[[str], Any]


class RejectedRow(Message):
    """One row that was not taken, and why."""

    row: Count
    column: str | None
    code: str
    detail: str


class ImportAnswer(Message):
    """Answer of a CSV import: good rows are in, bad rows come back."""

    accepted: Count
    rejected: Annotated[tuple[RejectedRow, ...], Field(max_length=MOST_SHOWN)] = ()
    more_rejected: Count = 0
    """Rows that were not taken either, beyond those listed."""


def import_answer(accepted: int, faults: Iterable[RowFault], metrics: Metrics) -> ImportAnswer:
    """Make the answer, in the order of the rows, and count every rejected one."""
    ordered = sorted(faults, key=lambda fault: fault.row)
    for fault in ordered:
        metrics.rows_rejected.labels(fault.code).inc()
    shown = [
        RejectedRow(row=f.row, column=f.column, code=f.code, detail=f.detail) for f in ordered[:MOST_SHOWN]
    ]
    return ImportAnswer(
        accepted=accepted, rejected=tuple(shown), more_rejected=max(0, len(ordered) - MOST_SHOWN)
    )


def message_of(row: Row, kind: type[M], convert: dict[str, Convert], fixed: dict[str, Any]) -> M | RowFault:
    """Turn a row into a message: cells through their converters, then the message's own rules."""
    values: dict[str, Any] = dict(fixed)
    for name, cell in row.values.items():
        try:
            values[name] = convert.get(name, str)(cell)
        except ValueError as error:
            return RowFault(row=row.number, column=name, code="bad_value", detail=str(error))
    try:
        return kind.model_validate_json(orjson.dumps(values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        column = str(first["loc"][0]) if first["loc"] else None
        return RowFault(row=row.number, column=column, code="bad_value", detail=first["msg"])


def whole(cell: str) -> int:
    """A whole number; raises ValueError in words."""
    if not cell.isascii() or not cell.removeprefix("-").isdigit() or len(cell) > 17:
        raise ValueError(f"{cell[:40]!r} is not a whole number")
    return int(cell)


def yes_or_no(cell: str) -> bool:
    """A truth value in any of its usual spellings; raises ValueError in words."""
    known = {
        "true": True,
        "yes": True,
        "1": True,
        "是": True,
        "false": False,
        "no": False,
        "0": False,
        "否": False,
    }
    if cell.lower() not in known:
        raise ValueError(f"{cell[:40]!r} is neither yes nor no")
    return known[cell.lower()]
