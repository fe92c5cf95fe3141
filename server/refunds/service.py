"""Rules of refunds: outcomes that are believed, pages that are shown, instructions sent again."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection

from inspection.custody.leaf import EntryType
from inspection.messages.entries import OutcomeEntry
from inspection.messages.refund import RefundInstruction, RefundOutcome
from inspection.messages.webhook import SignedBody, verify_webhook
from inspection.messages.webhook_keys import HmacKey, VerifyingKey
from inspection.money import exponent_of
from server.errors import Conflict, NotFound, TooManyOutcomes, WrongScope
from server.ledger.entries import entry_of
from server.ledger.log import Entry, Log, Place
from server.refunds import repository, settling
from server.refunds.schemas import InstructionPage, InstructionRow, OutcomeRow, Requeued
from server.refunds.told import may_be_told
from server.subjects.bound import keys_of
from server.subjects.personal import whole_instruction

MOST_OUTCOMES = 100
"""Of one instruction: far more than payments fail and are reversed."""


def read_outcome(
    signed: SignedBody, ring: Sequence[HmacKey | VerifyingKey], merchant: str, now_s: float
) -> RefundOutcome:
    """Check the signature, then read the body: nothing unsigned is ever parsed.

    Raises BadSignature, BadMessage, UnknownCurrency, or WrongScope for another merchant's outcome.
    """
    if not ring:
        raise Conflict("set the endpoint with its outcome key first")
    verify_webhook(signed, ring, now_s)
    outcome = RefundOutcome.read(signed.body)
    exponent_of(outcome.currency)
    if outcome.merchant != merchant:
        raise WrongScope(f"the outcome is of another merchant; this key is for {merchant}")
    return outcome


def matches(outcome: RefundOutcome, instruction: RefundInstruction) -> bool:
    """True when exactly what was owed has been refunded. Pure."""
    return (outcome.refunded_total_minor, outcome.currency) == (
        instruction.target_total_minor,
        instruction.currency,
    )


def take_outcome(
    connection: Connection, log: Log, outcome: RefundOutcome, recorded_at: str
) -> tuple[Place, bool, bool]:
    """Record an outcome; returns its leaf, whether it matches, and whether it is news.

    Raises NotFound for an unknown instruction, Conflict for other content under a known id, and
    TooManyOutcomes: each is a leaf for ever, so a shop may not add them without end. NotTold for one that the
    shop cannot know, or that the centre pays itself.
    """
    instruction = repository.find_instruction(connection, log.site, outcome.instruction or "")
    if instruction is None or (instruction.merchant, instruction.unit) != (outcome.merchant, outcome.unit):
        raise NotFound(f"no instruction {outcome.instruction} was given for unit {outcome.unit}")
    repository.check_told(connection, log.site, instruction)
    entry = _entry(outcome, instruction)
    digest = hashlib.sha256(entry.body).hexdigest()
    known = repository.find_outcome(connection, log.site, outcome.merchant, outcome.id)
    if known is not None and known.sha256 != digest:
        raise Conflict(f"outcome {outcome.id} was reported before, with other content")
    if known is None and repository.count_outcomes(connection, log.site, instruction.id) >= MOST_OUTCOMES:
        raise TooManyOutcomes(f"instruction {instruction.id} has {MOST_OUTCOMES} outcomes already")
    place = log.append(connection, entry, recorded_at)
    fits = matches(outcome, instruction)
    if known is None:
        repository.add_outcome(connection, log.site, outcome, digest, fits, place.seq)
        settling.apply(connection, log.site, outcome, instruction, recorded_at)
    return place, fits, known is None


def _entry(outcome: RefundOutcome, instruction: RefundInstruction) -> Entry:
    body = OutcomeEntry(
        **{name: getattr(outcome, name) for name in RefundOutcome.model_fields},
        matches=matches(outcome, instruction),
        target_total_minor=instruction.target_total_minor,
    )
    return entry_of(EntryType.REFUND_OUTCOME, body)


def instruction_page(
    connection: Connection, site: str, merchant: str, after: int, limit: int, state: str | None = None
) -> InstructionPage:
    """The merchant's next instructions behind a leaf index; only those whose delivery is in one state."""
    keys = keys_of(connection)
    found = repository.instruction_page(connection, site, merchant, after, limit + 1, state)
    page = found[:limit]
    return InstructionPage(
        instructions=tuple(
            InstructionRow(
                instruction=whole_instruction(keys, row.body, row.personal),
                state=row.state,
                attempts=row.attempts,
                answer=row.answer,
                delivered_at=row.delivered_at,
                outcome=_outcome(row.status, row.refunded_total_minor, row.matches),
            )
            for row in page
        ),
        cursor=page[-1].leaf_seq if page else after,
        more=len(found) > limit,
    )


def _outcome(status: str | None, refunded_total_minor: int, fits: int) -> OutcomeRow | None:
    if status is None:
        return None
    return OutcomeRow.model_validate(
        {"status": status, "refunded_total_minor": refunded_total_minor, "matches": bool(fits)}, strict=False
    )


def send_again(
    connection: Connection, site: str, instruction: str, merchant: str | None, due_at: float
) -> Requeued:
    """Deliver an instruction again; raises NotFound, for another merchant's too, Withheld or Erased."""
    held = repository.find_instruction(connection, site, instruction)
    if held is None or merchant not in (None, held.merchant):
        raise NotFound(f"no instruction {instruction[:80]!r} was given")
    may_be_told(connection, site, instruction)
    return Requeued(instruction=held.id, state=repository.requeue(connection, site, instruction, due_at))
