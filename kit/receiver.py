"""For refund systems: take a webhook, believe nothing that cannot be checked, never act twice.

An instruction states the **total** owed for one unit, never a difference, and arrives at least once.
`check_event` decides without I/O whether it may be believed; an `InstructionTable` remembers what was
taken before. Keep that table in the database of the payments, and offer and pay in one transaction:

    event = check_event(signed, trust, time.time())
    with payments:                                    # one transaction
        if table.offer(event.instruction) is Standing.NEW:
            pay(event.instruction.target_total_minor - paid_so_far(event.instruction.unit))
"""

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, Leaf
from inspection.custody.policy import TrustPolicy
from inspection.custody.receipt import check_receipt
from inspection.errors import BadMessage, BadSignature, DomainError, WrongReceipt
from inspection.messages.refund import InstructionEvent, RefundInstruction
from inspection.messages.webhook import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    SignedBody,
    verify_webhook,
)
from inspection.messages.webhook_keys import HmacKey, VerifyingKey
from inspection.record import InspectionRecord, read_record
from kit.errors import Conflict, Contradiction, Malformed, Untrusted
from kit.witnessed import check_witnessed

MAX_BODY_BYTES = 64 * 1024
"""An event holds one leaf of 8 KiB in base64 and an instruction; more is no event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom the receiver believes; fetched once, over a channel that it trusts."""

    webhook_keys: tuple[HmacKey | VerifyingKey, ...]
    """The centre's keys for webhooks; two during a rotation, the old one with its end."""
    log_key: bytes
    """The log's raw Ed25519 key."""
    origin: str
    """The log that may tell this receiver to pay."""
    merchant: str
    """Whose refunds these are."""
    policy: TrustPolicy | None = None
    """Which log and which witnesses must prove an instruction. With a quorum, one without a proof that meets
    it is refused: the centre cannot tell this receiver another history than it tells everybody."""


class Standing(StrEnum):
    """How an instruction stands to those taken before."""

    NEW = "new"
    SAME = "same"
    """It came before: do nothing, answer 2xx."""
    SUPERSEDED = "superseded"
    """A higher number of the unit came before: do nothing, answer 2xx."""


class InstructionTable(Protocol):
    """Remembers instructions for ever; money has no window after which doubles are fine."""

    def offer(self, instruction: RefundInstruction) -> Standing:
        """Take it up unless it is known; raises Conflict for other content under its id."""
        ...


def signed_body(headers: Mapping[str, str], body: bytes) -> SignedBody:
    """Put a request's three headers and its raw body together; raises Malformed."""
    if len(body) > MAX_BODY_BYTES:
        raise Malformed(f"an event has at most {MAX_BODY_BYTES} bytes")
    named = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER) if name not in named]
    if missing:
        raise Malformed(f"no {' and no '.join(missing)} header")
    return SignedBody(
        id=named[ID_HEADER],
        timestamp=named[TIMESTAMP_HEADER],
        signatures=named[SIGNATURE_HEADER],
        body=body,
    )


def check_event(signed: SignedBody, trust: Trust, now_s: float) -> InstructionEvent:
    """Return an event that may be believed; raises Untrusted, Malformed or Contradiction."""
    try:
        verify_webhook(signed, trust.webhook_keys, now_s)
    except BadSignature as error:
        raise Untrusted(f"webhook: {error}") from error
    try:
        event = InstructionEvent.read(signed.body)
    except BadMessage as error:
        raise Malformed(f"event: {error}") from error
    if signed.id != event.instruction.id:
        raise Contradiction(f"webhook-id is not the instruction's id {event.instruction.id}")
    record = _proven_record(event, trust)
    _compare(event.instruction, record, trust)
    if trust.policy is not None:
        check_witnessed(event, record, trust.policy, trust.origin)
    return event


def _proven_record(event: InstructionEvent, trust: Trust) -> InspectionRecord:
    try:
        leaf = check_receipt(event.verdict.receipt(), trust.log_key, trust.origin)
    except (BadSignature, WrongReceipt) as error:
        raise Untrusted(f"receipt: {error}") from error
    except DomainError as error:
        raise Malformed(f"leaf: {error}") from error
    return _record(leaf)


def _record(leaf: Leaf) -> InspectionRecord:
    if leaf.type != EntryType.VERDICT:
        raise Contradiction(f"the receipt proves a {leaf.type} leaf, not a verdict")
    try:
        record = read_record(canonical(leaf.body))
    except DomainError as error:
        raise Malformed(f"record: {error}") from error
    if leaf.id != f"verdict:{record.id}":
        raise Contradiction("the leaf's id is not its record's")
    return record


def _compare(instruction: RefundInstruction, record: InspectionRecord, trust: Trust) -> None:
    """Whatever the instruction says of the unit must stand in the verdict that a station signed."""
    verdict = record.verdict
    shown = {image.ciphertext_sha256 for image in record.evidence}
    pairs: dict[str, tuple[object, object]] = {
        "merchant": (instruction.merchant, record.merchant),
        "receiver": (instruction.merchant, trust.merchant),
        "site": (instruction.site, record.site),
        "unit": (instruction.unit, record.unit.id),
        "grade": (instruction.grade, verdict.grade),
        "disposition": (instruction.disposition, verdict.disposition),
        "exception": (instruction.exception, verdict.exception),
        "images": (set(instruction.images) - shown, set()),
        "id": (instruction.id, f"{instruction.unit}#{instruction.number}"),
    }
    wrong = [name for name, (said, proven) in pairs.items() if said != proven]
    if wrong:
        raise Contradiction(f"the instruction contradicts its verdict in: {', '.join(wrong)}")


SCHEMA = """
CREATE TABLE IF NOT EXISTS regrade_instructions (
    merchant TEXT NOT NULL,
    id TEXT NOT NULL,
    unit TEXT NOT NULL,
    number INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (merchant, id)
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteInstructions:
    """The table in SQLite, inside whatever transaction the connection is in."""

    connection: sqlite3.Connection

    def create(self) -> None:
        """Make the table where there is none."""
        self.connection.execute(SCHEMA)

    def offer(self, instruction: RefundInstruction) -> Standing:
        """As `InstructionTable.offer`."""
        key = (instruction.merchant, instruction.id)
        content = hashlib.sha256(instruction.to_json()).hexdigest()
        known = self._one("SELECT sha256 FROM regrade_instructions WHERE merchant = ? AND id = ?", *key)
        if known is not None and known != content:
            raise Conflict(f"instruction {instruction.id} came before with another content")
        if known is not None:
            return Standing.SAME
        highest = self._one(
            "SELECT max(number) FROM regrade_instructions WHERE merchant = ? AND unit = ?",
            instruction.merchant,
            instruction.unit,
        )
        row = (*key, instruction.unit, instruction.number, content)
        self.connection.execute("INSERT INTO regrade_instructions VALUES (?, ?, ?, ?, ?)", row)
        late = isinstance(highest, int) and highest > instruction.number
        return Standing.SUPERSEDED if late else Standing.NEW

    def _one(self, query: str, *values: object) -> object:
        row = self.connection.execute(query, values).fetchone()
        return None if row is None else row[0]
