"""What each way out does. None moves money by itself: the rules decide what may be sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from sqlalchemy import Connection, func, insert, select

from inspection.errors import BadMessage
from inspection.grades import ReturnException
from inspection.messages.base import time_text
from inspection.messages.refund import RefundInstruction
from inspection.policy import Policy
from inspection.refund import RefundKind, target_total
from inspection.refund_exceptions import CASES, OF_VERDICTS, CaseKind, WayOut
from inspection.refund_state import RefundEvent, RefundState
from inspection.returns import InspectionPurpose
from server.db.refund_tables import found_money
from server.db.tables import records
from server.errors import Conflict, RefundOpen
from server.ledger.log import Log
from server.refunds import cases, deciding, missing, owing, paying, repository, service, standing
from server.refunds.cases import CaseRow, Raised
from server.refunds.cases_schemas import LeaveCase
from server.refunds.deciding import Less
from server.refunds.paying import Books
from server.refunds.standing import EXECUTE, INFORM, NEEDS_APPROVER, RefundRow
from server.returns.repository import CANCELLED, find_units, set_state
from server.subjects.bound import keys_of

_S, _E = RefundState, RefundEvent
TO_APPROVE: Mapping[RefundState, tuple[RefundEvent, ...]] = MappingProxyType(
    {_S.REQUESTED: (_E.APPROVE,), _S.HELD: (_E.RELEASE, _E.APPROVE), _S.APPROVED: ()}
)
"""Steps by which one that waits goes on."""
TO_SEND: Mapping[RefundState, tuple[RefundEvent, ...]] = MappingProxyType(
    {
        **TO_APPROVE,
        _S.REJECTED: (_E.RELEASE, _E.APPROVE),
        _S.CONFIRMED: (_E.REOPEN, _E.RELEASE, _E.APPROVE),
        _S.RECONCILED: (_E.REOPEN, _E.RELEASE, _E.APPROVE),
    }
)
"""Steps by which one goes once more; one whose outcome is open does not."""


class Person(Protocol):
    """Who acts."""

    @property
    def name(self) -> str:
        """Stands in the ledger."""
        ...

    @property
    def shop(self) -> bool:
        """A shop approves nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A case that is being left."""

    connection: Connection
    books: Books
    case: CaseRow
    asked: LeaveCase
    who: Person
    policy: Policy
    now: datetime

    @property
    def log(self) -> Log:
        """Where the person's word stands."""
        return self.books.log

    @property
    def site(self) -> str:
        """Whose rows these are."""
        return self.books.site

    @property
    def at(self) -> str:
        """Now, as rows say it."""
        return time_text(self.now)

    def refund(self) -> RefundRow | None:
        """How far the unit's refund has come; None where the unit is not of the case's merchant."""
        row = standing.find(self.connection, self.site, self.case.unit)
        return row if row is not None and row.merchant == self.case.merchant else None

    def mode(self) -> str:
        """Who moves the merchant's money."""
        merchant = self.case.merchant
        return owing.modes_of(self.connection, self.site, [merchant]).get(merchant, INFORM)


def decide_total(do: Leaving) -> RefundInstruction | None:
    """Say what is owed in total."""
    less = [Less(code=each.code, amount_minor=each.amount_minor) for each in do.asked.deductions]
    return deciding.decide(do.connection, do.log, do.case.unit, less, do.who.name, do.policy, do.now)


def approve(do: Leaving) -> RefundInstruction | None:
    """Let it be paid as it was proposed."""
    row = _must_be_owed(do)
    _go_on(do, row, TO_APPROVE, due_at=row.due_at)
    return None


def send_again(do: Leaving) -> RefundInstruction | None:
    """Tell it once more, or let it be paid once more: by the same key, and only what is missing."""
    row = _must_be_owed(do)
    if do.mode() == EXECUTE:
        _go_on(do, row, TO_SEND, due_at=_not_before(do, row))
        return None
    service.send_again(do.connection, do.site, row.instruction, None, do.now.timestamp())
    if row.kind != RefundKind.HOLD.value and row.state in TO_SEND:
        _go_on(do, row, TO_SEND, due_at=_not_before(do, row))
    return None


def count_it(do: Leaving) -> RefundInstruction | None:
    """The money that was found is this unit's refund: only the rest is owed."""
    row, amount = do.refund(), do.case.amount_minor or do.asked.amount_minor
    if amount is None:
        raise BadMessage("amount_minor: the case does not say how much was found: say it")
    if row is not None and do.case.currency not in (None, row.currency):
        raise Conflict(f"{do.case.currency} was found and {row.currency} is owed: decide the total instead")
    if not _note_found(do, row, amount, do.case.unit):
        raise Conflict(f"{do.case.unit} was never announced: announce it, or say that it is another matter")
    if row is None:
        return None
    # a refund system's word about a unit is a total; what a payment shows beyond ours comes on top
    whole = do.case.kind is CaseKind.REFUND_WITHOUT_RETURN
    paid = max(row.paid_minor, amount) if whole else row.paid_minor + amount
    standing.note_paid(do.connection, do.site, row.unit, paid, do.at)
    return _again_without_stop(do)


def not_this(do: Leaving) -> RefundInstruction | None:
    """The money that was found is another matter: this unit is owed all of it."""
    row, amount = do.refund(), do.case.amount_minor or do.asked.amount_minor
    if amount is not None:
        _note_found(do, row, amount, None)
    return _again_without_stop(do)


def withdraw(do: Leaving) -> RefundInstruction | None:
    """Nobody waits for the unit any more, until the shop announces it again."""
    unit, merchant = do.case.unit, do.case.merchant
    if not missing.is_waited_for(do.connection, do.site, merchant, unit, do.at):
        raise Conflict(f"{unit} is not missing any more: it came, was withdrawn, or was announced anew")
    set_state(do.connection, do.site, [unit], CANCELLED)
    return None


def nothing(_: Leaving) -> RefundInstruction | None:
    """The person's word is all there is to it."""
    return None


EFFECTS: Mapping[WayOut, Callable[[Leaving], RefundInstruction | None]] = MappingProxyType(
    {
        WayOut.DECIDE_TOTAL: decide_total,
        WayOut.APPROVE: approve,
        WayOut.INSPECT_AGAIN: nothing,
        WayOut.SEND_AGAIN: send_again,
        WayOut.COUNT_IT: count_it,
        WayOut.NOT_THIS: not_this,
        WayOut.WITHDRAW: withdraw,
        WayOut.ACCEPT: nothing,
    }
)
TELLS = frozenset({WayOut.DECIDE_TOTAL, WayOut.COUNT_IT, WayOut.NOT_THIS})
"""Ways out that may give a new instruction."""


def take_effect(do: Leaving) -> RefundInstruction | None:
    """Do what the way out says; of a payout that nobody can look up, what became of it."""
    if do.case.kind is not CaseKind.UNKNOWN_OUTCOME:
        return EFFECTS[do.asked.way_out](do)
    done = do.asked.way_out is WayOut.COUNT_IT
    paying.decide_unknown(do.connection, do.books, do.case.about or "", do.now, done=done)
    return None


def how(connection: Connection, site: str, case: CaseRow) -> str | None:
    """What somebody else has to do now; only another inspection takes that."""
    if case.way_out is not WayOut.INSPECT_AGAIN:
        return None
    mine = (records.c.site == site, records.c.unit == case.unit)
    last = connection.execute(select(func.max(records.c.inspection)).where(*mine)).scalar() or 0
    purposes = ", ".join(purpose.value for purpose in InspectionPurpose if purpose != InspectionPurpose.FIRST)
    return (
        f"announce {case.unit} again with POST /v1/returns, inspection {last + 1} and one of {purposes}: "
        "its verdict overtakes this case"
    )


def _must_be_owed(do: Leaving) -> RefundRow:
    row = do.refund()
    if row is None:
        raise Conflict(f"nothing is owed for {do.case.unit} yet: there is no instruction")
    return row


def _go_on(
    do: Leaving, row: RefundRow, steps: Mapping[RefundState, tuple[RefundEvent, ...]], due_at: float
) -> None:
    """Take the steps, the last of them under the person's name; a shop's word needs an approver behind it."""
    if row.state not in steps:
        raise RefundOpen(f"the refund of {row.unit} is {row.state.value}: it cannot be let go from there")
    if row.kind == RefundKind.HOLD.value:
        raise Conflict(f"nobody has said yet what is owed for {row.unit}: decide the total")
    waits = do.who.shop and do.mode() == EXECUTE
    changes = {"reason": None, "due_at": due_at, "attempts": 0}
    for event in steps[row.state]:
        if event is RefundEvent.APPROVE and waits:
            _ask_approver(do, row)
            return
        named = {"approved_by": do.who.name} if event is RefundEvent.APPROVE else {}
        row = standing.move(do.connection, do.site, row, event, do.at, **changes, **named)


def _ask_approver(do: Leaving, row: RefundRow) -> None:
    """It waits where it stands now, under the reason that an approval in advance answers too."""
    standing.note_reason(do.connection, do.site, row.unit, NEEDS_APPROVER, do.at)
    _raise(do, CaseKind.NEEDS_APPROVER, row)


def _raise(do: Leaving, kind: CaseKind, row: RefundRow) -> None:
    raised = Raised(
        kind=kind, merchant=row.merchant, unit=row.unit, about=row.instruction, currency=row.currency
    )
    cases.raise_case(do.connection, do.site, raised, do.at)


def _not_before(do: Leaving, row: RefundRow) -> float:
    said = repository.find_instruction(do.connection, do.site, row.instruction)
    earliest = said.not_before.timestamp() if said and said.not_before else 0.0
    return max(do.now.timestamp(), earliest)


def _note_found(do: Leaving, row: RefundRow | None, amount_minor: int, unit: str | None) -> bool:
    """Account for the money; False where nobody can say of which payment it is."""
    payment = row.payment if row else _payment_of(do)
    if payment is None:
        return False
    values = {"site": do.site, "id": f"case/{do.case.id}", "merchant": do.case.merchant, "payment": payment}
    said = {"unit": unit, "amount_minor": amount_minor, "by": do.who.name, "at": do.at}
    do.connection.execute(insert(found_money).values(**values, **said))
    return True


def _payment_of(do: Leaving) -> str | None:
    known = find_units(do.connection, do.site, [do.case.unit]).get(do.case.unit)
    if known is None or known.erased or known.message.merchant != do.case.merchant:
        return None
    unit = known.message
    return keys_of(do.connection).secrets.payment(unit.merchant, unit.payment or unit.order)


def _again_without_stop(do: Leaving) -> RefundInstruction | None:
    """What this money held goes on: by a new instruction where the newest is a hold, else as it stands."""
    row = do.refund()
    if row is None or row.state is not RefundState.HELD:
        return None
    if row.kind != RefundKind.HOLD.value:
        if row.reason == do.case.kind.value:
            _go_on(do, row, TO_APPROVE, due_at=_not_before(do, row))
        return None
    due = deciding.newest_verdict(do.connection, do.log, row.unit)
    stop = owing.stops(do.connection, do.site, {row.unit: row.merchant}).get(row.unit)
    owed = target_total(due.unit.return_unit(), due.record.verdict, do.policy, stop)
    if owed.kind is RefundKind.HOLD:
        _ask_person(do, row, stop)
        return None
    by = None if do.who.shop else do.who.name
    return deciding.issue_by(do.connection, do.log, due, owed, by, do.policy.undo_s, do.now)


def _ask_person(do: Leaving, row: RefundRow, stop: ReturnException | None) -> None:
    """The verdict itself, or another thing beside it, holds the refund: a person says what is owed."""
    others = cases.open_of(do.connection, do.site, [row.unit]).get(row.unit, [])
    if not any(WayOut.DECIDE_TOTAL in CASES[case.kind].ways_out for case in others):
        kind = CaseKind.NEEDS_PERSON if stop is None else OF_VERDICTS[stop]
        _raise(do, kind, row)
        standing.note_reason(do.connection, do.site, row.unit, kind.value, do.at)
