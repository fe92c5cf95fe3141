"""Sending again what was told before, by index or by time: for a receiver that lost its own data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from sqlalchemy import Connection, select, update

from inspection.messages.base import Count, Message, Name, Utc, time_text
from server.db.ledger_tables import leaves
from server.db.refund_tables import deliveries, instructions
from server.refunds.gate import AWAITING, BEHIND, DEAD, DELIVERED, QUEUED, Gate, read_gate
from server.refunds.told import tellable

MOST = 10_000
"""Of one call."""
TOGETHER = 500
"""Of one transaction: others write between."""
PAID = "paid"
"""Stands as the answer of what the centre paid itself: there is nobody to be told."""


class Replay(Message):
    """`POST /v1/refunds/replay`: which instructions go again, both ends included."""

    first_index: Count | None = None
    last_index: Count | None = None
    since: Utc | None = None
    until: Utc | None = None
    merchant: Name | None = None
    """Of one merchant; a shop's key is for its own anyway."""

    @model_validator(mode="after")
    def _one_range(self) -> Self:
        by_index = self.first_index is not None and self.last_index is not None
        by_time = self.since is not None and self.until is not None
        given = (self.first_index, self.last_index, self.since, self.until)
        if by_index == by_time or sum(each is not None for each in given) != 2:
            raise ValueError("say either first_index and last_index, or since and until")
        return self


class Replayed(Message):
    """What goes again."""

    replayed: Count
    left_alone: Count
    """On their way still, erased with their customers, dropped under retention, or paid by the centre."""
    more: bool
    """True where the range holds more than one call takes."""
    last_index: Annotated[int, Field(ge=-1)]
    """Of the last instruction looked at: go on behind it. -1 where there was none."""


@dataclass(frozen=True, slots=True)
class Found:
    """An instruction in the range."""

    id: str
    leaf_seq: int


def in_range(connection: Connection, site: str, wanted: Replay, merchant: str | None) -> list[Found]:
    """The instructions of the range, in the ledger's order, one more than a call takes."""
    told = instructions.c
    mine: list[Any] = [told.site == site]
    if merchant is not None:
        mine.append(told.merchant == merchant)
    chosen = select(told.id, told.leaf_seq)
    if wanted.since is not None and wanted.until is not None:
        same = (leaves.c.site == told.site) & (leaves.c.seq == told.leaf_seq)
        chosen = chosen.join_from(instructions, leaves, same)
        mine.append(leaves.c.recorded_at.between(time_text(wanted.since), time_text(wanted.until)))
    else:
        mine.append(told.leaf_seq.between(wanted.first_index, wanted.last_index))
    rows = connection.execute(chosen.where(*mine).order_by(told.leaf_seq).limit(MOST + 1))
    return [Found(row.id, row.leaf_seq) for row in rows]


def send_again(connection: Connection, site: str, found: Sequence[Found], now: float) -> int:
    """Queue these again, in the ledger's order; returns how many go.

    One order's go one after the other, behind whatever of it is on its way.
    """
    gate, names = read_gate(connection, site), tellable(connection, site, [each.id for each in found])
    wanted = (
        deliveries.c.instruction, deliveries.c.ordering, deliveries.c.needs_size, deliveries.c.leaf_seq
    )  # fmt: skip
    over = (
        deliveries.c.site == site,
        deliveries.c.instruction.in_(names),
        deliveries.c.state.in_((DELIVERED, DEAD)),
        deliveries.c.answer.is_distinct_from(PAID),
    )
    rows = connection.execute(select(*wanted).where(*over).order_by(deliveries.c.leaf_seq)).all()
    busy = _busy(connection, site, {row.ordering for row in rows})
    for row in rows:
        _requeue(connection, site, row, gate, now, behind=row.ordering in busy)
        busy.add(row.ordering)
    return len(rows)


def _busy(connection: Connection, site: str, orders: Iterable[str]) -> set[str]:
    going = (
        deliveries.c.site == site,
        deliveries.c.ordering.in_(orders),
        deliveries.c.state.in_((QUEUED, AWAITING, BEHIND)),
    )
    return set(connection.execute(select(deliveries.c.ordering).where(*going).distinct()).scalars())


def _requeue(connection: Connection, site: str, row: Any, gate: Gate, now: float, *, behind: bool) -> None:
    """The schedule begins anew, but for the one attempt that says that it has gone before."""
    mine = (deliveries.c.site == site, deliveries.c.instruction == row.instruction)
    state = gate.state(row.needs_size, behind=behind)
    connection.execute(update(deliveries).where(*mine).values(state=state, attempts=1, due_at=now))
