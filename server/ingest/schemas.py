"""Reading a batch so that one record that cannot be read does not hold up the others."""

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from inspection.custody.canonical import canonical
from inspection.errors import BadMessage
from inspection.messages.uplink import MAX_BATCH, MAX_RECORD_BYTES, RecordBatch, SignedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A submission that is no SignedRecord, of which at least the record's bytes are known."""

    record: bytes
    content: bytes
    """All of it in canonical JSON; the record alone where it has none."""
    detail: str


Submission = SignedRecord | Unreadable
LONGEST_BASE64 = 4 * ((MAX_RECORD_BYTES + 2) // 3)


def read_batch(content: bytes) -> tuple[Submission, ...]:
    """Read a batch; raises BadMessage when nobody could be told which record is meant."""
    try:
        return RecordBatch.read(content).records
    except BadMessage as error:
        return tuple(_one_by_one(content, error))


def _one_by_one(content: bytes, error: BadMessage) -> list[Submission]:
    try:
        batch = orjson.loads(content)
        items = batch["records"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise error from None
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_BATCH or set(batch) != {"records"}:
        raise error
    return [_one(item, error) for item in items]


def _one(item: Any, error: BadMessage) -> Submission:
    try:
        return SignedRecord.read(orjson.dumps(item))
    except orjson.JSONEncodeError:  # read, but nested deeper than it writes
        return _unreadable(item, error, "the submission is nested too deeply")
    except BadMessage as fault:
        return _unreadable(item, error, str(fault))


def _unreadable(item: Any, error: BadMessage, detail: str) -> Unreadable:
    record = _record_bytes(item, error)
    try:
        return Unreadable(record=record, content=canonical(item), detail=detail)
    except BadMessage:
        return Unreadable(record=record, content=record, detail=detail)


def _record_bytes(item: Any, error: BadMessage) -> bytes:
    """The record inside a submission that is wrong elsewhere."""
    text = item.get("record") if isinstance(item, dict) else None
    if not isinstance(text, str) or len(text) > LONGEST_BASE64:
        raise error
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise error from None


def record_sha256(content: bytes) -> str:
    """The name of a record's bytes in a refusal."""
    return sha256(content).hexdigest()
