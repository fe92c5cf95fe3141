"""Whether an instruction may go yet: not before a checkpoint that covers its entry lets it.

Fail-closed: without a quorum that checkpoint has to be signed, safe and shown; with one it has to meet the
quorum of the trust policy too, unless two persons let the instruction go. What is decided here is pure; the
two numbers that it is decided by stand in the database, so that whoever issues, sends again or lets go sees
the same.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select, update
from sqlalchemy.dialects.sqlite import insert

from server.db.refund_tables import deliveries
from server.db.rows import find_rows
from server.db.tables import counters

AWAITING = "awaiting_checkpoint"
QUEUED, BEHIND, DELIVERED, DEAD = "queued", "behind", "delivered", "dead"
"""`behind` waits for a lower number of its unit; `dead` came to the end of the schedule."""
LET_GO = -1
"""In place of a size: two persons overrode the quorum."""
REQUIRED, COVERED = "quorum", "witnessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How far the checkpoints have come that let instructions go."""

    required: bool
    """Whether one must meet a quorum; False with `quorum none`."""
    covered: int
    """Entries below this index are covered by a checkpoint that lets them go."""

    @property
    def witnessed(self) -> int:
        """Entries below this index were seen by the quorum; 0 where none is asked for."""
        return self.covered if self.required else 0

    def state(self, needs_size: int, *, behind: bool = False) -> str:
        """The state in which a delivery that has not gone yet stands."""
        if behind:
            return BEHIND
        return QUEUED if needs_size <= self.covered else AWAITING


def read_gate(connection: Connection, site: str) -> Gate:
    """The gate as it stands; without a row nothing is required."""
    mine = counters.c
    found = dict(find_rows(connection, (mine.name, mine.value), mine.name, (REQUIRED, COVERED), site=site))
    return Gate(required=bool(found.get(REQUIRED, 0)), covered=found.get(COVERED, 0))


def set_gate(connection: Connection, site: str, gate: Gate) -> None:
    """Set the gate at the start, by today's policy; what has not gone yet is judged by it anew."""
    _put(connection, site, REQUIRED, int(gate.required))
    _put(connection, site, COVERED, gate.covered)
    open_ones = (
        deliveries.c.site == site,
        deliveries.c.state != DELIVERED,
        deliveries.c.needs_size != LET_GO,
    )
    connection.execute(update(deliveries).where(*open_ones).values(needs_size=deliveries.c.leaf_seq + 1))
    waiting = (*open_ones, deliveries.c.state.in_((QUEUED, AWAITING)))
    state = case((deliveries.c.needs_size <= gate.covered, QUEUED), else_=AWAITING)
    connection.execute(update(deliveries).where(*waiting).values(state=state))


def lets_go(connection: Connection, site: str, size: int) -> int:
    """A checkpoint of this size lets go what it covers; returns how many that is."""
    if size > read_gate(connection, site).covered:
        _put(connection, site, COVERED, size)
    return _release(connection, site, deliveries.c.needs_size <= size)


def let_go(connection: Connection, site: str, before: int, instruction: str | None) -> int:
    """Two persons let waiting instructions go whose entry is below `before`, or one of them alone."""
    mine = [deliveries.c.site == site, deliveries.c.needs_size.between(1, before)]
    if instruction is not None:
        mine.append(deliveries.c.instruction == instruction)
    waiting = (*mine, deliveries.c.state.in_((AWAITING, BEHIND)))
    connection.execute(update(deliveries).where(*waiting).values(needs_size=LET_GO))
    return _release(connection, site, deliveries.c.needs_size == LET_GO)


def waiting(connection: Connection, site: str) -> tuple[int, float | None]:
    """How many instructions wait for a checkpoint, and since when the longest does, in seconds since 1970."""
    mine = (deliveries.c.site == site, deliveries.c.state == AWAITING)
    row = connection.execute(select(func.count(), func.min(deliveries.c.due_at)).where(*mine)).one()
    return int(row[0]), row[1]


def _release(connection: Connection, site: str, which: object) -> int:
    mine = (deliveries.c.site == site, deliveries.c.state == AWAITING, which)
    return connection.execute(update(deliveries).where(*mine).values(state=QUEUED)).rowcount  # type: ignore[arg-type] # a condition


def _put(connection: Connection, site: str, name: str, value: int) -> None:
    fresh = insert(counters).values(site=site, name=name, value=value)
    put = fresh.on_conflict_do_update(index_elements=["site", "name"], set_={"value": fresh.excluded.value})
    connection.execute(put)
