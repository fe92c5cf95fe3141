"""Is this ledger as long as it once was? Asked at every start, and after everything that came back.

A database restored from a backup has a head that fits its last leaf. What it lacks is known from outside
of it: from the guard file, from witnesses, from receipts of entries that are not there.
"""

from math import inf

from sqlalchemy import Connection, Engine, func, select

from inspection.custody.checkpoint import Checkpoint
from inspection.messages.base import read_time
from server.alarms import AlarmKind, raise_alarm, settle_alarm
from server.db.refill_tables import refill_waiting
from server.ledger.checkpoints import Kept, newest
from server.ledger.guard import Guard
from server.ledger.log import Log
from server.ledger.standing import LogState, Standing, set_state, standing_of
from server.ledger.tree import tree_view

WHOLE = "all {} entries are back; it waits for receipts of later ones"


def look(
    connection: Connection,
    log: Log,
    guarded: Checkpoint | None,
    at: str,
    *,
    told: Checkpoint | None = None,
    wait_s: float = inf,
) -> Standing:
    """Compare the ledger with what is known of it, and move its state; a frozen one stays frozen.

    `told` is a checkpoint of this log that somebody else kept.

    One that is whole again opens `wait_s` seconds after the last entry came back: receipts of the last
    second before a loss are under no checkpoint, and what takes their places first would contradict them.
    """
    before = standing_of(connection, log.site)
    if before.state == LogState.FROZEN:
        return before
    state, reason = judge(connection, log, guarded, told)
    if state == LogState.OPEN and before.state == LogState.RECOVERING:
        whole = WHOLE.format(log.head(connection).size)
        if before.reason != whole and wait_s > 0:
            state, reason = LogState.RECOVERING, whole
        elif wait_s > 0 and (read_time(at) - read_time(before.changed_at)).total_seconds() < wait_s:
            return before
    if (state, reason) != (before.state, before.reason):
        set_state(connection, log.site, state, reason, at)
        _tell(connection, log, state, reason, at)
    return standing_of(connection, log.site)


def _tell(connection: Connection, log: Log, state: LogState, reason: str, at: str) -> None:
    """Raise the alarm of a state, and take back the one that is over."""
    if state == LogState.RECOVERING:
        raise_alarm(connection, log.site, AlarmKind.RECOVERING, log.origin, reason, at)
        return
    settle_alarm(connection, log.site, AlarmKind.RECOVERING, log.origin, at)
    if state == LogState.FROZEN:
        raise_alarm(connection, log.site, AlarmKind.FROZEN, log.origin, reason, at)


def judge(
    connection: Connection, log: Log, guarded: Checkpoint | None, told: Checkpoint | None = None
) -> tuple[LogState, str]:
    """Open where nothing is missing; recovering where something is; frozen where it is another history."""
    head = log.head(connection)
    for signed in (guarded, told):
        if signed is None or signed.size > head.size:
            continue
        root = tree_view(connection, log.site, head.size).root_at(signed.size)
        if root != signed.root:
            return LogState.FROZEN, (
                f"the first {signed.size} entries are not those of a signed checkpoint: "
                f"root {root.hex()}, signed {signed.root.hex()}"
            )
    if guarded is not None and guarded.size > head.size:
        return (
            LogState.RECOVERING,
            f"it has {head.size} entries, the newest signed checkpoint {guarded.size}",
        )
    proven = _last_waiting(connection, log.site)
    if proven is not None and proven >= head.size:
        return LogState.RECOVERING, f"it has {head.size} entries, but entry {proven} was receipted"
    return LogState.OPEN, ""


def _last_waiting(connection: Connection, site: str) -> int | None:
    chosen = select(func.max(refill_waiting.c.seq)).where(refill_waiting.c.site == site)
    last: int | None = connection.execute(chosen).scalar()
    return last


def shown_checkpoint(engine: Engine, log: Log, guard: Guard, at: str) -> Kept | None:
    """At the start: look what is missing, and return the newest checkpoint that may be shown.

    One whose guard a crash kept from moving was shown to nobody; now it may be.
    """
    with engine.begin() as connection:
        look(connection, log, guard.read(), at)
        kept = newest(connection, log.site)
    if kept is not None:
        guard.move_up(kept.note)
    return kept
