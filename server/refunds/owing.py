"""From issued instructions to how far each unit's refund has come, in the transaction that issues them.

Whether a refund may go on by itself is decided here: a hold opens its case, and where the centre pays itself
it takes a named person's approval, given for the one refund or in advance up to a limit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from inspection.grades import ReturnException
from inspection.messages.base import time_text
from inspection.messages.refund import RefundInstruction
from inspection.refund import RefundKind
from inspection.refund_exceptions import OF_VERDICTS, CaseKind
from inspection.refund_state import RefundEvent, RefundState, advance
from server.db.refund_tables import endpoints, found_money, standing_approvals
from server.db.rows import find_rows
from server.refunds import cases, standing
from server.refunds.cases import CaseRow, Raised
from server.refunds.standing import EXECUTE, INFORM, NEEDS_APPROVER, RefundRow
from server.returns.doubled import doubled_among


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An instruction with what its refund goes by."""

    instruction: RefundInstruction
    payment: str
    """What stands for the payment that the money goes back to."""
    return_reason: str
    stop: ReturnException | None = None
    """What the bench could not know, and holds it."""
    person: str | None = None
    """Who decided it by name; None where it follows from the verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A person's approval in advance."""

    merchant: str
    currency: str
    up_to_minor: int
    by: str


def stops(connection: Connection, site: str, owners: Mapping[str, str]) -> dict[str, ReturnException]:
    """What holds the refund of a unit although its verdict does not say so; units come with their merchant.

    Another merchant's word about a unit is kept, for nobody knows whose it will be, and holds nothing.
    """
    found = dict.fromkeys(doubled_among(connection, site, list(owners)), ReturnException.DUPLICATE)
    for unit, rows in cases.open_of(connection, site, owners).items():
        if any((row.kind, row.merchant) == (CaseKind.REFUND_WITHOUT_RETURN, owners[unit]) for row in rows):
            found[unit] = ReturnException.ALREADY_REFUNDED
    return found


def owe(connection: Connection, site: str, told: Sequence[Told], now: datetime) -> None:
    """Note what is owed now for each unit, the later instruction of a unit behind the earlier."""
    if not told:
        return
    names = {each.instruction.unit for each in told}
    known = standing.find_many(connection, site, names)
    open_ones = cases.open_of(connection, site, names)
    overtaken = (case for each in open_ones.values() for case in each)
    cases.overtake(connection, site, overtaken, time_text(now))
    merchants = {each.instruction.merchant for each in told}
    modes = modes_of(connection, site, merchants)
    limits = limits_of(connection, site, merchants, now) if EXECUTE in modes.values() else []
    found = found_of(connection, site, names - known.keys())
    for each in told:
        unit = each.instruction.unit
        before = known.get(unit)
        row = _row(each, before, modes.get(each.instruction.merchant, INFORM), limits, now)
        if before is None and unit in found:
            row = replace(row, paid_minor=found[unit])
        known[unit] = row
        for raised in _cases(each, row, before, open_ones.get(unit, [])):
            cases.raise_case(connection, site, raised, time_text(now))
    standing.put(connection, site, known.values())


def _row(
    each: Told, before: RefundRow | None, mode: str, limits: Sequence[Limit], now: datetime
) -> RefundRow:
    """The refund as the instruction leaves it. Pure."""
    said, at = each.instruction, time_text(now)
    held = said.kind is RefundKind.HOLD
    state = before.state if before else RefundState.NONE
    row = RefundRow(
        unit=said.unit,
        merchant=said.merchant,
        payment=each.payment,
        instruction=said.id,
        kind=said.kind.value,
        target_total_minor=said.target_total_minor,
        paid_minor=before.paid_minor if before else 0,
        currency=said.currency,
        grade=said.grade.value,
        state=advance(state, RefundEvent.HOLD if held else RefundEvent.OWE),
        reason=hold_case(each).value if held else None,
        due_at=(said.not_before or now).timestamp(),
        attempts=0,
        approved_by=None,
        told_at=at,
        changed_at=at,
        return_reason=each.return_reason,
    )
    told_others = before is not None and before.state is RefundState.SENT
    return row if held else _approved(row, each, mode, () if told_others else limits)


def _approved(row: RefundRow, each: Told, mode: str, limits: Sequence[Limit]) -> RefundRow:
    """Let it go on where it may: everything that is only told, and what a person has approved by name.

    `limits` are none where the outcome of an earlier word is open: it may have been paid, perhaps by others.
    """
    if mode == INFORM:
        return replace(row, state=advance(row.state, RefundEvent.APPROVE), approved_by=each.person)
    person = each.person or approver(each.instruction, limits)
    if person is None:
        return replace(row, reason=NEEDS_APPROVER)
    return replace(row, state=advance(row.state, RefundEvent.APPROVE), approved_by=person)


def approver(said: RefundInstruction, limits: Sequence[Limit]) -> str | None:
    """Who approved it in advance: whole refunds only, for one that lowers is never approved unseen. Pure."""
    if said.kind is not RefundKind.APPROVE:
        return None
    fitting = (
        limit.by
        for limit in limits
        if (limit.merchant, limit.currency) == (said.merchant, said.currency)
        and said.target_total_minor <= limit.up_to_minor
    )
    return next(fitting, None)


def hold_case(each: Told) -> CaseKind:
    """Which case a held instruction is. Pure."""
    exception = each.instruction.exception or each.stop
    return OF_VERDICTS[exception] if exception is not None else CaseKind.NEEDS_PERSON


def _cases(
    each: Told, row: RefundRow, before: RefundRow | None, open_ones: Sequence[CaseRow]
) -> Iterable[Raised]:
    """The cases that an instruction opens. Pure."""
    said = each.instruction
    of_it = Raised(
        kind=CaseKind.NEEDS_PERSON,
        merchant=said.merchant,
        unit=said.unit,
        about=said.id,
        currency=said.currency,
        expected_minor=said.target_total_minor,
    )
    told_before = {case.kind for case in open_ones if case.merchant == said.merchant}
    if said.kind is RefundKind.HOLD:
        kind = hold_case(each)
        if not (kind is CaseKind.ALREADY_REFUNDED and CaseKind.REFUND_WITHOUT_RETURN in told_before):
            yield replace(of_it, kind=kind, expected_minor=None)
    elif row.state is RefundState.REQUESTED:
        yield replace(of_it, kind=CaseKind.NEEDS_APPROVER)
    if before and said.kind is not RefundKind.HOLD and before.paid_minor > said.target_total_minor:
        yield replace(of_it, kind=CaseKind.CORRECTED_AFTER_REFUND, amount_minor=before.paid_minor)


def modes_of(connection: Connection, site: str, merchants: Iterable[str]) -> dict[str, str]:
    """Who moves the money of each merchant that has an endpoint."""
    wanted = (endpoints.c.merchant, endpoints.c.mode)
    rows = find_rows(connection, wanted, endpoints.c.merchant, set(merchants), site=site)
    return {row.merchant: row.mode for row in rows}


def limits_of(connection: Connection, site: str, merchants: Iterable[str], now: datetime) -> list[Limit]:
    """The approvals in advance that are in force."""
    mine = standing_approvals.c
    chosen = select(mine.merchant, mine.currency, mine.up_to_minor, mine.by).where(
        mine.site == site,
        mine.merchant.in_(list(merchants)),
        mine.withdrawn_at.is_(None),
        mine.until > time_text(now),
    )
    return [Limit(**row._mapping) for row in connection.execute(chosen.order_by(mine.at))]


def found_of(connection: Connection, site: str, units: Iterable[str]) -> dict[str, int]:
    """What a person counted to these units before anything was owed for them."""
    found: dict[str, int] = {}
    wanted = (found_money.c.unit, found_money.c.amount_minor)
    for unit, amount in find_rows(connection, wanted, found_money.c.unit, set(units), site=site):
        found[unit] = found.get(unit, 0) + amount
    return found
