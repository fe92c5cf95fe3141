"""Rows of instructions, their deliveries, the shops' endpoints and the outcomes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Text, and_, cast, func, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.grades import ReturnException
from inspection.messages.base import time_text
from inspection.messages.catalogue import UnitMessage
from inspection.messages.refund import OutcomeStatus, RefundInstruction, RefundOutcome
from inspection.record import InspectionRecord
from server.db.ledger_tables import leaves
from server.db.refund_tables import deliveries, endpoints, instructions, outcomes
from server.db.rows import find_rows, insert_rows, run
from server.errors import NotTold
from server.ledger.log import Place
from server.refunds.gate import AWAITING, BEHIND, QUEUED, Gate, read_gate
from server.refunds.standing import EXECUTE
from server.subjects.bound import keys_of
from server.subjects.keys import SubjectKeys
from server.subjects.personal import part_instruction, whole_instruction

INSTRUCTED = (
    "UPDATE records SET instructed = json_extract(?1, '$.\"' || id || '\"') "
    "WHERE site = ?2 AND id IN (SELECT key FROM json_each(?1))"
)
SETTLED = """
UPDATE refunds SET settled_s = (
    SELECT max(0.0, (julianday(l.recorded_at) - julianday(r.recorded_at)) * 86400)
    FROM instructions AS i, records AS r, leaves AS l
    WHERE i.site = refunds.site AND i.id = refunds.instruction AND r.site = i.site AND r.id = i.record
    AND l.site = i.site AND l.seq = (
        SELECT min(o.leaf_seq + 0) FROM outcomes AS o
        WHERE o.site = i.site AND o.instruction = i.id AND o.status = 'settled'
    )
) WHERE site = ? AND unit = ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The highest instruction of a unit, and the inspection behind it."""

    number: int
    inspection: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """An instruction and the verdict that it follows from."""

    instruction: RefundInstruction
    record: InspectionRecord
    verdict_seq: int
    unit: UnitMessage
    """As it was announced when the verdict was recorded."""
    stop: ReturnException | None = None
    """What holds it and the bench could not know."""
    person: str | None = None
    """Who decided it by name."""


def latest_numbers(connection: Connection, site: str, units: Iterable[str]) -> dict[str, Latest]:
    """The highest instruction of each unit that has one."""
    mine, found = instructions.c, dict[str, Latest]()
    wanted = (mine.unit, mine.number, mine.inspection)
    for unit, number, inspection in find_rows(connection, wanted, mine.unit, set(units), site=site):
        known = found.get(unit, Latest(number=0, inspection=0))
        found[unit] = Latest(number=max(known.number, number), inspection=max(known.inspection, inspection))
    return found


def add_instructions(
    connection: Connection, site: str, issued: Sequence[Issued], places: Sequence[Place]
) -> None:
    """Keep instructions with their leaves; each is delivered once it may not be taken back any more."""
    pairs = list(zip(issued, places, strict=True))
    keys = keys_of(connection)
    told = [_instruction_row(keys, site, each, place) for each, place in pairs]
    insert_rows(connection, instructions, told)
    orders = [keys.secrets.order(each.instruction.merchant, each.instruction.order) for each in issued]
    on_their_way = _orders_on_their_way(connection, site, set(orders))
    gate, rows = read_gate(connection, site), []
    for (each, place), order in zip(pairs, orders, strict=True):
        behind = order in on_their_way
        rows.append(_delivery_row(site, each.instruction, gate, place.seq, order, behind))
        on_their_way.add(order)
    insert_rows(connection, deliveries, rows)


def _orders_on_their_way(connection: Connection, site: str, orders: set[str]) -> set[str]:
    mine = deliveries.c
    rows = find_rows(connection, (mine.ordering, mine.state), mine.ordering, orders, site=site)
    return {order for order, state in rows if state in (QUEUED, AWAITING, BEHIND)}


def _delivery_row(
    site: str, instruction: RefundInstruction, gate: Gate, leaf_seq: int, ordering: str, behind: bool
) -> dict[str, Any]:
    needs_size = leaf_seq + 1
    return {
        "site": site,
        "instruction": instruction.id,
        "merchant": instruction.merchant,
        "unit": instruction.unit,
        "number": instruction.number,
        "needs_size": needs_size,
        "state": gate.state(needs_size, behind=behind),
        "attempts": 0,
        "leaf_seq": leaf_seq,
        "ordering": ordering,
        "due_at": (instruction.not_before or instruction.issued_at).timestamp(),
    }


def _instruction_row(keys: SubjectKeys, site: str, issued: Issued, place: Place) -> dict[str, Any]:
    instruction = issued.instruction
    subject = keys.secrets.customer(instruction.merchant, issued.unit.customer)
    parted = part_instruction(keys, instruction, subject)
    return {
        "site": site,
        "id": instruction.id,
        "merchant": instruction.merchant,
        "unit": instruction.unit,
        "number": instruction.number,
        "inspection": issued.record.unit.inspection,
        "record": issued.record.id,
        "verdict_seq": issued.verdict_seq,
        "leaf_seq": place.seq,
        "kind": instruction.kind.value,
        "target_total_minor": instruction.target_total_minor,
        "currency": instruction.currency,
        "body": parted.body,
        "personal": parted.personal,
    }


def mark_instructed(connection: Connection, site: str, by_record: dict[str, str]) -> None:
    """Note in each record's row what became of it, so that it is instructed once."""
    if by_record:
        run(connection, INSTRUCTED, (orjson.dumps(by_record).decode(), site))


def find_instruction(connection: Connection, site: str, instruction: str) -> RefundInstruction | None:
    """An instruction by its id."""
    chosen = select(instructions.c.body, instructions.c.personal)
    row = connection.execute(
        chosen.where(instructions.c.site == site, instructions.c.id == instruction)
    ).first()
    return whole_instruction(keys_of(connection), row.body, row.personal) if row is not None else None


def find_outcome(connection: Connection, site: str, merchant: str, outcome: str) -> Any:
    """The row of an outcome; None when it is not known."""
    chosen = select(outcomes).where(
        outcomes.c.site == site, outcomes.c.merchant == merchant, outcomes.c.id == outcome
    )
    return connection.execute(chosen).first()


def check_told(connection: Connection, site: str, instruction: RefundInstruction) -> None:
    """Raise NotTold unless the merchant's refund system was told of it, or could read it in its feed.

    What it was told before the centre began to pay, it goes on answering for.
    """
    mine = (deliveries.c.site == site, deliveries.c.instruction == instruction.id)
    row = connection.execute(select(deliveries.c.needs_size, deliveries.c.attempts).where(*mine)).one()
    modes = select(endpoints.c.mode).where(
        endpoints.c.site == site, endpoints.c.merchant == instruction.merchant
    )
    if row.attempts == 0 and connection.execute(modes).scalar() == EXECUTE:
        raise NotTold(f"the centre pays {instruction.id} itself: nobody else reports of it")
    if row.attempts == 0 and row.needs_size > read_gate(connection, site).covered:
        raise NotTold(f"instruction {instruction.id} was not sent yet")


def count_outcomes(connection: Connection, site: str, instruction: str) -> int:
    """How many outcomes were reported of an instruction."""
    mine = (outcomes.c.site == site, outcomes.c.instruction == instruction)
    counted: int = connection.execute(select(func.count()).select_from(outcomes).where(*mine)).scalar_one()
    return counted


def happened_after(connection: Connection, site: str, outcome: RefundOutcome) -> bool:
    """Whether an outcome of the unit is known that happened after this one, as far as the ledger says."""
    mine = (instructions.c.site == site, instructions.c.unit == outcome.unit)
    told = (outcomes.c.site == site, outcomes.c.instruction == instructions.c.id)
    entry = (leaves.c.site == site, leaves.c.seq == outcomes.c.leaf_seq)
    when = func.json_extract(cast(leaves.c.leaf, Text), "$.body.happened_at")
    chosen = (
        select(outcomes.c.id).select_from(instructions).join(outcomes, and_(*told)).join(leaves, and_(*entry))
    )
    later = chosen.where(*mine, when > time_text(outcome.happened_at)).limit(1)
    return connection.execute(later).first() is not None


def add_outcome(
    connection: Connection, site: str, outcome: RefundOutcome, sha256: str, matches: bool, seq: int
) -> None:
    """Keep an outcome whose leaf was just appended."""
    connection.execute(
        insert(outcomes).values(
            site=site,
            merchant=outcome.merchant,
            id=outcome.id,
            sha256=sha256,
            instruction=outcome.instruction,
            status=outcome.status.value,
            refunded_total_minor=outcome.refunded_total_minor,
            matches=int(matches),
            leaf_seq=seq,
        )
    )
    if outcome.status is OutcomeStatus.SETTLED:
        note_settled(connection, site, outcome.unit)


def note_settled(connection: Connection, site: str, unit: str) -> None:
    """Note how long it took from the newest verdict told of to the first outcome that settles it."""
    run(connection, SETTLED, (site, unit))


def requeue(connection: Connection, site: str, instruction: str, due_at: float) -> str:
    """Deliver an instruction again, whatever became of it before; returns its state.

    One that is behind a lower number of its unit stays there: it goes as soon as that has gone. So does
    one that waits for witnesses.
    """
    mine = (deliveries.c.site == site, deliveries.c.instruction == instruction)
    row = connection.execute(select(deliveries.c.state, deliveries.c.needs_size).where(*mine)).one()
    if row.state in (BEHIND, AWAITING):
        return str(row.state)
    state = read_gate(connection, site).state(row.needs_size)
    once = func.min(deliveries.c.attempts, 1)  # whoever was asked before may have paid: never back to none
    connection.execute(update(deliveries).where(*mine).values(state=state, attempts=once, due_at=due_at))
    return state


def instruction_page(
    connection: Connection, site: str, merchant: str, after: int, limit: int, state: str | None = None
) -> Sequence[Any]:
    """A merchant's instructions behind a leaf index, with their deliveries and newest outcomes."""
    all_of_it = outcomes.alias("all_of_it")
    newest = (
        select(func.max(all_of_it.c.leaf_seq))
        .where(all_of_it.c.site == site, all_of_it.c.instruction == instructions.c.id)
        .correlate(instructions)
        .scalar_subquery()
    )
    chosen = (
        select(
            instructions.c.body,
            instructions.c.personal,
            instructions.c.leaf_seq,
            deliveries.c.state,
            deliveries.c.attempts,
            deliveries.c.answer,
            deliveries.c.delivered_at,
            outcomes.c.status,
            outcomes.c.refunded_total_minor,
            outcomes.c.matches,
        )
        .join_from(
            instructions,
            deliveries,
            (deliveries.c.site == site) & (deliveries.c.instruction == instructions.c.id),
        )
        .outerjoin(outcomes, (outcomes.c.site == site) & (outcomes.c.leaf_seq == newest))
        .where(
            instructions.c.site == site,
            instructions.c.merchant == merchant,
            instructions.c.leaf_seq > after,
        )
    )
    if state is not None:
        chosen = chosen.where(deliveries.c.state == state)
    return connection.execute(chosen.order_by(instructions.c.leaf_seq).limit(limit)).all()
