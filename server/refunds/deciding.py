"""A named person says what is owed for a unit: a new instruction of the same verdict, under that name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from inspection.custody.canonical import canonical
from inspection.custody.leaf import read_leaf
from inspection.deductions import Deduction, DeductionCode
from inspection.errors import BadMessage
from inspection.grades import Grade
from inspection.messages.refund import RefundInstruction
from inspection.policy import WHOLE_PPM, Policy
from inspection.record import read_record
from inspection.refund import OF_GRADES, RefundDecision, base_minor, decided, share_of
from server.db.ledger_tables import leaves
from server.db.tables import records
from server.errors import Conflict, Erased, EvidenceMissing, Withheld
from server.evidence.repository import held_evidence
from server.ledger.log import Log
from server.refunds import repository
from server.refunds.issuing import Due, instruct, keep
from server.refunds.repository import Issued
from server.subjects.bound import keys_of
from server.subjects.personal import GONE, whole_unit

HIGHEST_NUMBER = 9999


@dataclass(frozen=True, slots=True, kw_only=True)
class Less:
    """What a person deducts."""

    code: DeductionCode
    amount_minor: int | None = None
    """None: the policy's share of it."""


def decide(
    connection: Connection,
    log: Log,
    unit: str,
    less: Sequence[Less],
    by: str,
    policy: Policy,
    now: datetime,
) -> RefundInstruction:
    """Owe the whole refund less these, by the word of `by`; it is told and paid as any other.

    Raises Conflict for a unit that nobody has inspected, EvidenceMissing while an image of its newest verdict
    is not here, Erased, Withheld, or BadMessage for deductions that make no total.
    """
    due = newest_verdict(connection, log, unit)
    owed = decided(due.unit.return_unit(), resolved(due, less, policy))
    return issue_by(connection, log, due, owed, by, policy.undo_s, now)


def newest_verdict(connection: Connection, log: Log, unit: str) -> Due:
    """A unit's newest verdict, with all its evidence and as the unit was announced then."""
    mine = (records.c.site == log.site, records.c.unit == unit)
    newest = select(records).where(*mine).order_by(records.c.inspection.desc()).limit(1)
    row = connection.execute(newest).first()
    if row is None:
        raise Conflict(f"nobody has inspected {unit} yet: there is no verdict to owe anything by")
    if row.personal == GONE:
        raise Erased(f"the customer of {unit} was erased: nothing more can be told of its refund")
    leaf = connection.execute(
        select(leaves.c.leaf).where(leaves.c.site == log.site, leaves.c.seq == row.leaf_seq)
    ).scalar()
    if leaf is None:
        raise Withheld(f"the verdict of {unit} was dropped under retention: nothing proves it now")
    record = read_record(canonical(read_leaf(leaf).body))
    named = {item.ciphertext_sha256 for item in record.evidence}
    missing = named - held_evidence(connection, log.site, named)
    if missing:
        raise EvidenceMissing(f"{len(missing)} images of the newest verdict of {unit} are not here yet")
    announced = whole_unit(keys_of(connection), row.announced, row.personal)
    return Due(record=record, unit=announced, verdict_seq=row.leaf_seq)


def resolved(due: Due, less: Sequence[Less], policy: Policy) -> tuple[Deduction, ...]:
    """Deductions with their amounts, the policy's where none is said. Pure; raises BadMessage."""
    if len({each.code for each in less}) != len(less):
        raise BadMessage("deductions: each code stands once; add up what belongs to one")
    return tuple(
        Deduction(code=each.code, amount_minor=each.amount_minor or _proposed(due, each.code, policy))
        for each in less
    )


def _proposed(due: Due, code: DeductionCode, policy: Policy) -> int:
    whole = base_minor(due.unit.return_unit())
    rows = (row.share_ppm for row in policy.deductions if row.code == code)
    share = next(rows, _by_grade(due, code, policy))
    amount = share_of(whole, share)
    if amount == 0:
        raise BadMessage(f"deductions: the policy proposes nothing for {code.value}: say how much it is")
    return amount


def _by_grade(due: Due, code: DeductionCode, policy: Policy) -> int:
    grades: dict[DeductionCode, Grade] = {named: grade for grade, named in OF_GRADES.items()}
    if code not in grades:
        return 0
    return WHOLE_PPM - policy.refund_share_ppm(grades[code], due.unit.reason)


def issue_by(
    connection: Connection,
    log: Log,
    due: Due,
    owed: RefundDecision,
    by: str | None,
    undo_s: int,
    now: datetime,
) -> RefundInstruction:
    """Issue what is owed as the unit's next instruction, of a verdict that was told before."""
    unit = due.unit.id
    latest = repository.latest_numbers(connection, log.site, [unit]).get(unit)
    number = latest.number + 1 if latest else 1
    if number > HIGHEST_NUMBER:
        raise Conflict(f"{unit} has {HIGHEST_NUMBER} instructions, as many as it may have")
    said = instruct(due, owed, number, now, undo_s)
    issued = Issued(
        instruction=said, record=due.record, verdict_seq=due.verdict_seq, unit=due.unit, person=by
    )
    keep(connection, log, [issued], now)
    repository.mark_instructed(connection, log.site, {due.record.id: said.id})
    return said
