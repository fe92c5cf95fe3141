"""From a recorded verdict to what is owed: an instruction, its leaf and its delivery in one transaction.

The centre works out the total itself, from the verdict in the record and the price that the shop
had announced when it was recorded; no station's amount is ever believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from inspection.custody.leaf import EntryType
from inspection.messages.base import time_text
from inspection.messages.catalogue import UnitMessage
from inspection.messages.entries import InstructionEntry
from inspection.messages.refund import DeductionMessage, RefundInstruction
from inspection.policy import Policy
from inspection.reasons import codes
from inspection.record import InspectionRecord
from inspection.refund import RefundDecision, target_total
from server.ledger.entries import entry_of
from server.ledger.log import Entry, Log
from server.refunds import owing, repository
from server.refunds.owing import Told
from server.refunds.repository import Issued, Latest
from server.subjects.bound import keys_of

TOLD_AS_IT_IS = tuple(name for name in RefundInstruction.model_fields if name != "order")
"""What an instruction's entry says in the instruction's own words."""
SUPERSEDED = "superseded"
"""Stands in a record's row when a later inspection was told to the shop before its images came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A recorded verdict whose evidence is complete."""

    record: InspectionRecord
    unit: UnitMessage
    """As it was announced when the verdict was recorded: a later announcement is of a later inspection."""
    verdict_seq: int


def issue(
    connection: Connection, log: Log, due: Sequence[Due], policy: Policy, now: datetime
) -> tuple[RefundInstruction, ...]:
    """Issue what is owed after these verdicts, in their order.

    An earlier inspection whose images came after a later one was told is never told: a higher number
    must stand for the newer verdict.
    """
    if not due:
        return ()
    names = [each.record.unit.id for each in due]
    latest = repository.latest_numbers(connection, log.site, names)
    stopped = owing.stops(connection, log.site, {each.unit.id: each.unit.merchant for each in due})
    issued: list[Issued] = []
    passed: dict[str, str] = {}
    for each in due:
        subject = each.record.unit
        before = latest.get(subject.id, Latest(number=0, inspection=0))
        if subject.inspection < before.inspection:
            passed[each.record.id] = SUPERSEDED
            continue
        latest[subject.id] = Latest(number=before.number + 1, inspection=subject.inspection)
        stop = stopped.get(subject.id)
        owed = target_total(each.unit.return_unit(), each.record.verdict, policy, stop)
        instruction = instruct(each, owed, before.number + 1, now, policy.undo_s)
        issued.append(
            Issued(
                instruction=instruction,
                record=each.record,
                verdict_seq=each.verdict_seq,
                unit=each.unit,
                stop=stop,
            )
        )
    keep(connection, log, issued, now)
    repository.mark_instructed(
        connection, log.site, passed | {each.record.id: each.instruction.id for each in issued}
    )
    return tuple(each.instruction for each in issued)


def instruct(due: Due, owed: RefundDecision, number: int, now: datetime, undo_s: int) -> RefundInstruction:
    """What the refund system is told after this verdict: the total owed for the unit. Pure."""
    record, unit = due.record, due.unit
    return RefundInstruction(
        v=1,
        id=f"{unit.id}#{number}",
        number=number,
        merchant=record.merchant,
        site=record.site,
        unit=unit.id,
        authorization=unit.authorization,
        order=unit.order,
        kind=owed.kind,
        target_total_minor=owed.target_total_minor,
        currency=owed.currency,
        grade=record.verdict.grade,
        disposition=record.verdict.disposition,
        exception=record.verdict.exception,
        rule=owed.rule.value,
        reasons=codes(owed.reasons),
        images=images_of(record),
        issued_at=now,
        deductions=tuple(
            DeductionMessage(code=each.code, amount_minor=each.amount_minor) for each in owed.deductions
        ),
        not_before=now + timedelta(seconds=undo_s),
        replaces=f"{unit.id}#{number - 1}" if number > 1 else None,
    )


def images_of(record: InspectionRecord) -> tuple[str, ...]:
    """Ciphertext hashes of a record's evidence, as its instruction names them."""
    return tuple(dict.fromkeys(item.ciphertext_sha256 for item in record.evidence))


def keep(connection: Connection, log: Log, issued: Sequence[Issued], now: datetime) -> None:
    """Append the instructions' entries, with their deliveries and how far their refunds have come."""
    if issued:
        entries = tuple(_entry(each) for each in issued)
        places = log.append_all(connection, entries, time_text(now))
        repository.add_instructions(connection, log.site, issued, places)
        owing.owe(connection, log.site, [told_of(connection, each) for each in issued], now)


def told_of(connection: Connection, issued: Issued) -> Told:
    """What the refund of an issued instruction goes by."""
    unit, secrets = issued.unit, keys_of(connection).secrets
    return Told(
        instruction=issued.instruction,
        payment=secrets.payment(unit.merchant, unit.payment or unit.order),
        return_reason=unit.reason.value,
        stop=issued.stop,
        person=issued.person,
    )


def _entry(issued: Issued) -> Entry:
    """The leaf: the order appears only as the commitment that the station signed."""
    told = issued.instruction
    same = {name: getattr(told, name) for name in TOLD_AS_IT_IS}
    body = InstructionEntry(**same, order_commitment=issued.record.personal.order)
    return entry_of(EntryType.REFUND_INSTRUCTION, body)
