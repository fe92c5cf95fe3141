"""For refund systems: take a webhook, believe nothing that cannot be checked, never act twice.

An instruction states the **total** owed for one unit, never a difference, and arrives at least once.
`check_event` decides without I/O whether it may be believed; an `InstructionTable` remembers what was
taken before. Keep that table in the database of the payments, and offer and pay in one transaction:

    event = check_event(signed, trust, time.time())
    if wait := wait_s(event.instruction, time.time()):
        return 425, {"retry-after": ceil(wait)}       # the bench may still take it back
    with payments:                                    # one transaction
        if table.offer(event.instruction) is Standing.NEW:
            pay(event.instruction.target_total_minor - paid_so_far(event.instruction.unit))

`sign_outcome` builds the request that tells the centre what became of it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, Leaf
from inspection.custody.policy import TrustPolicy
from inspection.custody.receipt import check_receipt
from inspection.errors import BadMessage, BadSignature, DomainError, WrongReceipt
from inspection.messages.refund import InstructionEvent, RefundInstruction, RefundOutcome
from inspection.messages.webhook import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    SignedBody,
    sign_webhook,
    verify_webhook,
)
from inspection.messages.webhook_keys import HmacKey, SigningKey, VerifyingKey
from inspection.record import InspectionRecord, read_record
from kit.errors import Contradiction, Malformed, Untrusted
from kit.instruction_table import Instructions, InstructionTable, SqliteInstructions, Standing
from kit.witnessed import check_witnessed

__all__ = [
    "InstructionTable",
    "Instructions",
    "OutcomeRequest",
    "SqliteInstructions",
    "Standing",
    "Trust",
    "check_event",
    "sign_outcome",
    "signed_body",
    "wait_s",
]

OUTCOMES_PATH = "/v1/refunds/outcomes"
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
    if instruction.replaces is not None:
        pairs["replaces"] = (instruction.replaces in _lower(instruction), True)
    wrong = [name for name, (said, proven) in pairs.items() if said != proven]
    if wrong:
        raise Contradiction(f"the instruction contradicts its verdict in: {', '.join(wrong)}")


def _lower(instruction: RefundInstruction) -> set[str]:
    return {f"{instruction.unit}#{number}" for number in range(1, instruction.number)}


def wait_s(instruction: RefundInstruction, now_s: float) -> float:
    """How long nothing may be paid yet: the bench may still take its verdict back; 0 when it may be paid.

    Do not offer it to the table before: answer 425 with this as `Retry-After`, and it comes again.
    """
    if instruction.not_before is None:
        return 0.0
    return max(0.0, instruction.not_before.timestamp() - now_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRequest:
    """What to send to the centre: `POST` with these headers and this body, beside the API key."""

    path: str
    headers: dict[str, str]
    body: bytes


def sign_outcome(
    outcome: RefundOutcome, keys: Sequence[SigningKey | HmacKey], now_s: float
) -> OutcomeRequest:
    """Build the signed request that tells the centre what became of an instruction.

    Keep the outcome and sign again for every attempt, with the time of that attempt: the id stays the same.
    """
    body = outcome.to_json()
    id = f"outcome_{hashlib.sha256(body).hexdigest()[:32]}"
    headers = sign_webhook(keys, id, int(now_s), body)
    return OutcomeRequest(
        path=OUTCOMES_PATH, headers=headers | {"content-type": "application/json"}, body=body
    )
