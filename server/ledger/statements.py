"""What a person states: corrections, reversals, calibrations, autonomy, approvals. Nothing is ever edited.

The person is the label of the API key. What a statement refers to must stand in the ledger and be of a
type that it can be about; the same token with the same content is the same entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, select

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, read_leaf
from inspection.messages.base import time_text
from inspection.messages.entries import (
    CORRECTABLE,
    REVERSIBLE,
    ApprovalEntry,
    ApprovalKind,
    CalibrationEntry,
    ReversalEntry,
    check_body,
)
from server.access import Caller, Scope
from server.db.ledger_tables import leaves
from server.errors import BadRequest, Conflict, NotFound, WrongScope
from server.ledger.entries import entry_of
from server.ledger.log import Log, Place
from server.refunds import outbox, standing

STATED_BY: Mapping[Scope, frozenset[EntryType]] = MappingProxyType(
    {
        Scope.CONSOLE: frozenset(
            {
                EntryType.CORRECTION,
                EntryType.REVERSAL,
                EntryType.CALIBRATION,
                EntryType.AUTONOMY,
                EntryType.APPROVAL,
            }
        ),
        Scope.STATION: frozenset({EntryType.CALIBRATION}),
    }
)
"""Which key may state what; a station its own calibrations only."""
INSTRUCTION = "instruction:"
"""What the id of an instruction's entry begins with."""
OF_THE_CENTRE: Mapping[EntryType, frozenset[str]] = MappingProxyType(
    {
        EntryType.CORRECTION: frozenset({"v", "by", "corrected_id"}),
        EntryType.REVERSAL: frozenset({"v", "by", "reversed_id"}),
        EntryType.CALIBRATION: frozenset({"v", "by"}),
        EntryType.AUTONOMY: frozenset({"v", "by"}),
        EntryType.APPROVAL: frozenset({"v", "by", "at"}),
    }
)
"""Fields that the centre fills in: nobody speaks in another's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What somebody wants to state."""

    type: EntryType
    token: str
    body: Mapping[str, Any]
    caller: Caller
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Referred:
    id: str
    body: dict[str, Any] | None
    """None where retention has dropped it."""


def state(connection: Connection, log: Log, wanted: Statement, now: datetime) -> Place:
    """Append a statement; the same again is the same entry.

    Raises WrongScope, BadRequest, NotFound for an entry that it refers to and that is not there, Conflict for
    one that says something else, BadMessage for a body that is none, DuplicateId for a token that stands for
    another statement.
    """
    if wanted.type not in STATED_BY.get(wanted.caller.scope, frozenset()):
        raise WrongScope(f"a key of scope {wanted.caller.scope} states no {wanted.type.value}")
    filled = _filled(connection, log, wanted, now)
    body = check_body(wanted.type, canonical(filled))
    if isinstance(body, CalibrationEntry) and wanted.caller.station not in (None, body.station):
        raise WrongScope(f"station {wanted.caller.station} states its own calibrations only")
    if isinstance(body, ApprovalEntry) and body.kind != ApprovalKind.STATEMENT:
        raise BadRequest(f"an approval of kind {body.kind.value} has a route of its own")
    place = log.append(connection, entry_of(wanted.type, body, wanted.token), time_text(now))
    if isinstance(body, ReversalEntry) and body.reversed_id.startswith(INSTRUCTION):
        taken_back = body.reversed_id.removeprefix(INSTRUCTION)
        standing.take_back(connection, log.site, taken_back, time_text(now))
        outbox.take_back(connection, log.site, taken_back)
    return place


def _filled(connection: Connection, log: Log, wanted: Statement, now: datetime) -> dict[str, Any]:
    given = OF_THE_CENTRE[wanted.type] & wanted.body.keys()
    if given:
        raise BadRequest(f"{sorted(given)[0]} is filled in by the centre: leave it out")
    filled: dict[str, Any] = {**wanted.body, "v": 1, "by": wanted.person}
    match wanted.type:
        case EntryType.CORRECTION:
            about = _referred(connection, log, filled.get("corrects"), CORRECTABLE)
            filled["corrected_id"] = about.id
            _check_changes(about.body, filled.get("changes"))
        case EntryType.REVERSAL:
            filled["reversed_id"] = _referred(connection, log, filled.get("reverses"), REVERSIBLE).id
        case EntryType.APPROVAL:
            filled |= {"by": [wanted.person], "at": _stated_at(connection, log, wanted, now)}
    return filled


def _stated_at(connection: Connection, log: Log, wanted: Statement, now: datetime) -> str:
    """The time of an approval: that of the first, where the same comes again."""
    id = f"{wanted.type.value}:{wanted.token}"
    standing = log.find(connection, (id,)).get(id)
    return str(read_leaf(standing.leaf).body["at"]) if standing and standing.leaf else time_text(now)


def _referred(connection: Connection, log: Log, seq: object, types: frozenset[EntryType]) -> _Referred:
    """The entry that a statement is about."""
    if type(seq) is not int or not 0 <= seq < 2**53:
        raise BadRequest("the statement names no entry by its index")
    chosen = select(leaves.c.id, leaves.c.type, leaves.c.leaf)
    row = connection.execute(chosen.where(leaves.c.site == log.site, leaves.c.seq == seq)).first()
    if row is None:
        raise NotFound(f"there is no entry {seq}")
    if row.type not in types:
        raise Conflict(f"entry {seq} is a {row.type}: a statement of this type is about {_list(types)}")
    return _Referred(id=row.id, body=read_leaf(row.leaf).body if row.leaf else None)


def _check_changes(body: dict[str, Any] | None, changes: object) -> None:
    """What a correction says that an entry said must stand there; a dropped body is not compared."""
    if body is None or not isinstance(changes, list):
        return  # what is no list is named by the schema
    for change in changes:
        if isinstance(change, dict) and "was" in change and _at(body, change.get("field")) != change["was"]:
            raise Conflict(f"the entry's field {str(change.get('field'))[:64]} does not say that")


def _at(body: object, path: object) -> object:
    """The value at a dotted path; raises Conflict where there is none."""
    for part in str(path).split("."):
        if not isinstance(body, dict) or part not in body:
            raise Conflict(f"the entry has no field {str(path)[:64]}")
        body = body[part]
    return body


def _list(types: frozenset[EntryType]) -> str:
    return ", ".join(sorted(types))
