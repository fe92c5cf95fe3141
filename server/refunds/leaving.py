"""How a case is left: a person takes it, and a way out, in one transaction with that person's word.

What a way out does stands in `leaving_effects`; here is who may take it, and that it is taken once.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, Leaf
from inspection.messages.base import time_text
from inspection.messages.entries import ApprovalEntry, ApprovalKind
from inspection.policy import Policy
from inspection.refund_exceptions import CASES, CaseState, Owner, WayOut, may
from server.access import Caller, Scope
from server.db.refund_tables import instructions
from server.errors import Conflict, NoSuchWayOut, WrongScope
from server.ledger.entries import entry_of
from server.ledger.log import Entry, Log
from server.refunds import cases, second_person
from server.refunds.cases import CaseRow
from server.refunds.cases_schemas import CaseLeft, CaseMessage, LeaveCase
from server.refunds.leaving_effects import TELLS, Leaving, how, take_effect
from server.refunds.paying import Books

NOT_FOR_SHOPS = frozenset({WayOut.DECIDE_TOTAL, WayOut.APPROVE})
"""What only somebody at the centre may do: a shop does not say yes to its own refunds."""
LETS_MONEY_GO = frozenset(
    {WayOut.DECIDE_TOTAL, WayOut.APPROVE, WayOut.SEND_AGAIN, WayOut.COUNT_IT, WayOut.NOT_THIS}
)
COMES_BACK = frozenset({WayOut.DECIDE_TOTAL, WayOut.INSPECT_AGAIN, WayOut.ACCEPT})
"""What these do, if anything, is an entry of the ledger itself: the instruction behind the person's word."""
CLOSED = (CaseState.RESOLVED, CaseState.OVERTAKEN)
WORD = re.compile(r"approval:case/(?P<case>[0-9]{1,15})/(?P<way>[a-z_]+)/[0-9a-f]{8}")
"""The id of the entry that says how a case was left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who acts, by the API key."""

    name: str
    merchant: str | None
    """Of a shop's key."""

    @property
    def shop(self) -> bool:
        """Whether it is a shop, which acts on its own cases only."""
        return self.merchant is not None


def who_is(caller: Caller) -> Who:
    """The person behind a key; raises WrongScope for a key that names nobody."""
    if not caller.label.strip():
        raise WrongScope("this key names nobody: make one whose label is the person's name")
    return Who(name=caller.label, merchant=caller.merchant if caller.scope is Scope.SHOP else None)


def take(
    connection: Connection, log: Log, id: int, who: Who, instead_of: str | None, now: datetime
) -> CaseMessage:
    """Note who works on a case; the same person again changes nothing.

    Raises NotFound, WrongScope, or Conflict for a case that is closed or lies with another person.
    """
    case = _find(connection, log.site, id, who)
    if case.state in CLOSED:
        raise Conflict(f"case {id} is {case.state.value}: nobody has to work on it")
    if case.person == who.name:
        return CaseMessage.of(case)
    _not_anothers(case, who, instead_of)
    taken = {"state": CaseState.TAKEN.value, "person": who.name, "changed_at": time_text(now)}
    cases.change(connection, log.site, id, **taken)
    return CaseMessage.of(cases.find(connection, log.site, id, None))


def leave(
    connection: Connection, books: Books, id: int, asked: LeaveCase, who: Who, policy: Policy, now: datetime
) -> CaseLeft:
    """Take a way out; the same again gives the same answer and does nothing.

    Raises NotFound, WrongScope, NoSuchWayOut, SecondPersonNeeded, Conflict where it is left already or
    somebody else works on it, and what the way out itself refuses.
    """
    log = books.log
    case = _find(connection, log.site, id, who)
    _allowed(case, asked, who)
    done = _left_before(connection, log, case, asked, who)
    if done is not None:
        return done
    _not_anothers(case, who, None)
    if asked.way_out in LETS_MONEY_GO:
        second_person.check(connection, log.site, case.unit, who.name)
    place = log.append(connection, _entry(connection, log.site, case, asked, who, now), time_text(now))
    cases.change(connection, log.site, id, **_left(asked.way_out, who.name, place.seq, time_text(now)))
    do = Leaving(connection=connection, books=books, case=case, asked=asked, who=who, policy=policy, now=now)
    instruction = take_effect(do)
    return _answer(connection, log.site, id, instruction.id if instruction else None)


def rebuild_case(connection: Connection, site: str, leaf: Leaf) -> None:
    """A person's word came back with the ledger: it may end a case that the restored table still has.

    Where what it did stood in rows alone, the case stays open: closed, nobody would let the refund go again.
    """
    said, body = WORD.fullmatch(leaf.id), ApprovalEntry.read(canonical(leaf.body))
    row = cases.find_row(connection, site, int(said["case"])) if said else None
    if said is None or row is None or row.unit != body.subject or row.state in CLOSED:
        return
    ways = COMES_BACK.intersection(CASES[row.kind].ways_out)
    way = next((each for each in ways if each.value == said["way"]), None)
    if way is not None:
        cases.change(connection, site, row.id, **_left(way, body.by[0], leaf.seq, leaf.recorded_at))


def _left(way: WayOut, person: str, seq: int, at: str) -> dict[str, Any]:
    state = CaseState.TAKEN if way is WayOut.INSPECT_AGAIN else CaseState.RESOLVED
    return {"state": state.value, "person": person, "way_out": way.value, "leaf_seq": seq, "changed_at": at}


def _find(connection: Connection, site: str, id: int, who: Who) -> CaseRow:
    case = cases.find(connection, site, id, who.merchant)
    if who.shop and case.owner != Owner.MERCHANT.value:
        raise WrongScope(f"case {id} lies with {case.owner}, not with the shop")
    return case


def _allowed(case: CaseRow, asked: LeaveCase, who: Who) -> None:
    if not may(case.kind, asked.way_out):
        ways = ", ".join(way.value for way in CASES[case.kind].ways_out)
        raise NoSuchWayOut(f"a case of {case.kind.value} is left by {ways}, not by {asked.way_out.value}")
    if who.shop and asked.way_out in NOT_FOR_SHOPS:
        raise WrongScope(f"{asked.way_out.value} is for a person at the centre: a key of scope console")
    if asked.deductions and asked.way_out is not WayOut.DECIDE_TOTAL:
        raise NoSuchWayOut(f"deductions belong to decide_total, not to {asked.way_out.value}")


def _not_anothers(case: CaseRow, who: Who, instead_of: str | None) -> None:
    if case.state is CaseState.TAKEN and case.person not in (who.name, instead_of):
        raise Conflict(f"{case.person} works on case {case.id}: take it over by name first")


def _left_before(
    connection: Connection, log: Log, case: CaseRow, asked: LeaveCase, who: Who
) -> CaseLeft | None:
    """The answer that was given, where this very request was done before; raises Conflict for another."""
    same_way = (case.way_out, case.person) == (asked.way_out, who.name)
    if same_way and case.leaf_seq is not None and _same_word(connection, log, case, asked):
        return _answer(connection, log.site, case.id, _told(connection, log.site, case))
    if case.state in CLOSED:
        by = f" by {case.person}: {case.way_out.value}" if case.way_out else ""
        raise Conflict(f"case {case.id} is {case.state.value} already{by}")
    if same_way:
        raise Conflict(f"{who.name} asked for another inspection already, in other words")
    return None


def _same_word(connection: Connection, log: Log, case: CaseRow, asked: LeaveCase) -> bool:
    leaf = log.at(connection, case.leaf_seq or 0)
    if leaf is None:  # its body was dropped under retention: nothing is left to compare
        return True
    said = orjson.loads(leaf)["body"]
    return bool(said["reason"] == asked.reason) and _same_less(connection, log.site, case, asked)


def _same_less(connection: Connection, site: str, case: CaseRow, asked: LeaveCase) -> bool:
    if asked.way_out is not WayOut.DECIDE_TOTAL:
        return True
    row = _next_instruction(connection, site, case)
    told = (
        {each["code"]: each["amount_minor"] for each in orjson.loads(row.body)["deductions"]} if row else {}
    )
    wanted = {each.code.value: each.amount_minor for each in asked.deductions}
    return wanted.keys() == told.keys() and all(
        amount in (None, told[code]) for code, amount in wanted.items()
    )


def _told(connection: Connection, site: str, case: CaseRow) -> str | None:
    row = _next_instruction(connection, site, case) if case.way_out in TELLS else None
    return str(row.id) if row else None


def _next_instruction(connection: Connection, site: str, case: CaseRow) -> Any:
    """What a way out told stands in the ledger right behind the person's word: it is one transaction."""
    mine = (instructions.c.site == site, instructions.c.unit == case.unit)
    chosen = select(instructions.c.id, instructions.c.body)
    here = instructions.c.leaf_seq == (case.leaf_seq or 0) + 1
    return connection.execute(chosen.where(*mine, here)).first()


def _answer(connection: Connection, site: str, id: int, instruction: str | None) -> CaseLeft:
    case = cases.find(connection, site, id, None)
    return CaseLeft(case=CaseMessage.of(case), instruction=instruction, how=how(connection, site, case))


def _entry(
    connection: Connection, site: str, case: CaseRow, asked: LeaveCase, who: Who, now: datetime
) -> Entry:
    body = ApprovalEntry(
        kind=ApprovalKind.REFUND,
        subject=case.unit,
        covers=_covers(connection, site, case.unit),
        reason=asked.reason,
        by=(who.name,),
        at=now,
    )
    # a restored table gives out the same numbers again, and by the ledger alone one sees what was done
    token = f"case/{case.id}/{asked.way_out.value}/{secrets.token_hex(4)}"
    return entry_of(EntryType.APPROVAL, body, token)


def _covers(connection: Connection, site: str, unit: str) -> tuple[int, ...]:
    """The newest instruction of a unit and the verdict that it follows from."""
    mine = (instructions.c.site == site, instructions.c.unit == unit)
    chosen = select(instructions.c.verdict_seq, instructions.c.leaf_seq).where(*mine)
    row = connection.execute(chosen.order_by(instructions.c.number.desc()).limit(1)).first()
    return tuple(sorted({row.verdict_seq, row.leaf_seq})) if row else ()
