"""From a recorded verdict to what is owed: an instruction, its leaf and its delivery in one transaction.

The centre works out the total itself, from the verdict in the record and the price that the shop
had announced when it was recorded; no station's amount is ever believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from inspection.custody.leaf import EntryType
from inspection.messages.base import time_text
from inspection.messages.catalogue import UnitMessage
from inspection.messages.entries import InstructionEntry
from inspection.messages.refund import RefundInstruction
from inspection.policy import Policy
from inspection.reasons import codes
from inspection.record import InspectionRecord
from inspection.refund import target_total
from server.ledger.entries import entry_of
from server.ledger.log import Entry, Log
from server.refunds import repository
from server.refunds.repository import Issued, Latest

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
    latest = repository.latest_numbers(connection, log.site, (each.record.unit.id for each in due))
    issued: list[Issued] = []
    passed: dict[str, str] = {}
    for each in due:
        subject = each.record.unit
        before = latest.get(subject.id, Latest(number=0, inspection=0))
        if subject.inspection < before.inspection:
            passed[each.record.id] = SUPERSEDED
            continue
        latest[subject.id] = Latest(number=before.number + 1, inspection=subject.inspection)
        instruction = instruct(each.record, each.unit, before.number + 1, policy, now)
        issued.append(
            Issued(
                instruction=instruction,
                record=each.record,
                verdict_seq=each.verdict_seq,
                customer=each.unit.customer,
            )
        )
    _keep(connection, log, issued, now)
    repository.mark_instructed(
        connection, log.site, passed | {each.record.id: each.instruction.id for each in issued}
    )
    return tuple(each.instruction for each in issued)


def instruct(
    record: InspectionRecord, unit: UnitMessage, number: int, policy: Policy, now: datetime
) -> RefundInstruction:
    """What the refund system is told after this verdict: the total owed for the unit. Pure."""
    owed = target_total(unit.return_unit(), record.verdict, policy)
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
    )


def images_of(record: InspectionRecord) -> tuple[str, ...]:
    """Ciphertext hashes of a record's evidence, as its instruction names them."""
    return tuple(dict.fromkeys(item.ciphertext_sha256 for item in record.evidence))


def _keep(connection: Connection, log: Log, issued: Sequence[Issued], now: datetime) -> None:
    if issued:
        entries = tuple(_entry(each) for each in issued)
        places = log.append_all(connection, entries, time_text(now))
        repository.add_instructions(connection, log.site, issued, places, now.timestamp())


def _entry(issued: Issued) -> Entry:
    """The leaf: the order appears only as the commitment that the station signed."""
    told = issued.instruction
    same = {name: getattr(told, name) for name in TOLD_AS_IT_IS}
    body = InstructionEntry(**same, order_commitment=issued.record.personal.order)
    return entry_of(EntryType.REFUND_INSTRUCTION, body)
