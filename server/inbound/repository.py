"""Rows of keys, of ids that were seen, and of what waits."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.base import read_time, time_text
from server.db.carrier_tables import inbound_hooks, inbound_keys, inbound_waiting
from server.db.refund_tables import instructions
from server.db.tables import units
from server.errors import HookReused, QueueFull, TooManyKeys
from server.inbound.hooks import About, Unmatched, VerifiedHook

MOST_KEYS = 8
"""Of one merchant and source, old ones too; as many as one header may have signatures."""
MOST_WAITING_BYTES = 16 * 1024 * 1024
"""Of one merchant's webhooks that wait."""
MOST_TRIES = 5
"""Of one that waits, once what it is about is there; then a person looks."""
BEGUN, TAKEN, WAITING, REFUSED, CLEARED = "begun", "taken", "waiting", "refused", "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOf:
    """Whose key it is."""

    site: str
    merchant: str
    source: str

    def place(self, id: str) -> str:
        """What a secret is sealed for."""
        return f"inbound_keys/{self.site}/{self.merchant}/{self.source}/{id}"


def key_rows(connection: Connection, of: KeyOf) -> Sequence[Row[Any]]:
    """All keys of a merchant's source, the newest first."""
    chosen = select(inbound_keys).where(*_mine(inbound_keys, of))
    return connection.execute(chosen.order_by(inbound_keys.c.set_at.desc(), inbound_keys.c.id)).all()


def add_key(
    connection: Connection, of: KeyOf, id: str, kind: str, sealed: bytes, at: datetime, overlap_s: float
) -> None:
    """Set a key beside the older ones, which are good for `overlap_s` more; raises TooManyKeys."""
    ends, mine = time_text(at + timedelta(seconds=overlap_s)), inbound_keys.c
    others = (*_mine(inbound_keys, of), mine.id != id)
    connection.execute(
        update(inbound_keys)
        .where(*others, or_(mine.not_after.is_(None), mine.not_after > ends))
        .values(not_after=ends)
    )
    row = {"kind": kind, "secret": sealed, "set_at": time_text(at), "not_after": None}
    fresh = insert(inbound_keys).values(site=of.site, merchant=of.merchant, source=of.source, id=id, **row)
    index = ["site", "merchant", "source", "id"]
    connection.execute(fresh.on_conflict_do_update(index_elements=index, set_=row))
    _drop_oldest(connection, of, time_text(at))


def _drop_oldest(connection: Connection, of: KeyOf, now: str) -> None:
    """Keep no more than MOST_KEYS: those past their overlap go, the oldest first."""
    rows = key_rows(connection, of)
    past = sorted((row for row in rows if row.not_after and row.not_after < now), key=lambda r: r.not_after)
    surplus = max(0, len(rows) - MOST_KEYS)
    if surplus > len(past):
        raise TooManyKeys(f"{of.source} has {MOST_KEYS} keys in force: wait until an overlap is over")
    for row in past[:surplus]:
        connection.execute(delete(inbound_keys).where(*_mine(inbound_keys, of), inbound_keys.c.id == row.id))


def begin(connection: Connection, site: str, hook: VerifiedHook, signs_id: bool) -> tuple[str, str]:
    """Remember the id before anything is parsed; returns it and its state, `begun` for one to be handled.

    Where the id is not signed, the same body under another id is the first one again, under the first one's
    id. Raises HookReused where the id came before with another body.
    """
    digest = hashlib.sha256(hook.body).digest()
    twin = None if signs_id else _twin(connection, site, hook, digest)
    if twin is not None:
        return twin.hook, twin.state
    fresh = insert(inbound_hooks).values(
        site=site, merchant=hook.merchant, source=hook.source, hook=hook.id,
        digest=digest, state=BEGUN, came_at=time_text(hook.came_at),
    )  # fmt: skip
    if connection.execute(fresh.on_conflict_do_nothing()).rowcount == 1:
        return hook.id, BEGUN
    chosen = select(inbound_hooks.c.digest, inbound_hooks.c.state).where(*_this(inbound_hooks, site, hook))
    known = connection.execute(chosen).one()
    if known.digest != digest:
        raise HookReused(f"webhook {hook.id[:64]} came before with another body")
    return hook.id, known.state


def remember(
    connection: Connection, site: str, merchant: str, source: str, name: str, digest: bytes, at: str
) -> bool:
    """Remember for ever what a body is about, beside the ids of webhooks; False where it was known.

    Raises HookReused where it came before and said something else.
    """
    mine = inbound_hooks.c
    fresh = insert(inbound_hooks).values(
        site=site, merchant=merchant, source=source, hook=name, digest=digest, state=TAKEN, came_at=at
    )
    if connection.execute(fresh.on_conflict_do_nothing()).rowcount == 1:
        return True
    of = KeyOf(site=site, merchant=merchant, source=source)
    chosen = select(mine.digest).where(*_mine(inbound_hooks, of), mine.hook == name)
    if connection.execute(chosen).scalar_one() != digest:
        raise HookReused(f"{source} told of {name[:64]} before, and otherwise")
    return False


def _twin(connection: Connection, site: str, hook: VerifiedHook, digest: bytes) -> Any:
    """The row of the same body, whatever its id; None where there is none."""
    of, mine = KeyOf(site=site, merchant=hook.merchant, source=hook.source), inbound_hooks.c
    chosen = select(mine.hook, mine.state).where(*_mine(inbound_hooks, of), mine.digest == digest)
    return connection.execute(chosen.limit(1)).first()


def finish(connection: Connection, site: str, hook: VerifiedHook, state: str) -> None:
    """Say what became of a webhook, and let it wait no longer."""
    _set_state(connection, site, hook, state)
    connection.execute(delete(inbound_waiting).where(*_this(inbound_waiting, site, hook)))


def forget(connection: Connection, site: str, hook: VerifiedHook) -> None:
    """Free the id of a webhook that was refused; not of one that had its effect meanwhile."""
    mine = _this(inbound_hooks, site, hook)
    connection.execute(delete(inbound_hooks).where(*mine, inbound_hooks.c.state == BEGUN))


def _set_state(connection: Connection, site: str, hook: VerifiedHook, state: str) -> None:
    mine = _this(inbound_hooks, site, hook)
    connection.execute(update(inbound_hooks).where(*mine).values(state=state))


def keep_waiting(
    connection: Connection, site: str, hook: VerifiedHook, unmatched: Unmatched, sealed: bytes, most: int
) -> None:
    """Let it wait, without ever putting out what waits already; raises QueueFull."""
    mine = inbound_waiting.c
    counted = select(func.count(), func.coalesce(func.sum(mine.bytes), 0)).where(
        mine.site == site, mine.merchant == hook.merchant
    )
    count, held = connection.execute(counted).one()
    if count >= most or held + len(sealed) > MOST_WAITING_BYTES:
        raise QueueFull(f"{count} webhooks of {hook.merchant} wait to be matched: announce or clear them")
    last = connection.execute(select(func.max(mine.ordinal)).where(mine.site == site)).scalar()
    fresh = insert(inbound_waiting).values(
        site=site, merchant=hook.merchant, source=hook.source, hook=hook.id, ordinal=(last or 0) + 1,
        about=unmatched.about.value, name=unmatched.name[:64], content=sealed, bytes=len(sealed),
        sent_at=time_text(hook.sent_at) if hook.sent_at else None, came_at=time_text(hook.came_at),
        tries=0, refused=None,
    )  # fmt: skip
    connection.execute(fresh.on_conflict_do_nothing())
    _set_state(connection, site, hook, WAITING)


def matched(connection: Connection, site: str, most: int) -> Sequence[Row[Any]]:
    """What waits no longer for nothing: what it is about is there now. The oldest first."""
    mine = inbound_waiting.c
    here = (units.c.site == mine.site, units.c.merchant == mine.merchant)
    told = (instructions.c.site == mine.site, instructions.c.merchant == mine.merchant)
    known = or_(
        (mine.about == About.PARCEL.value) & exists().where(*here, units.c.parcel == mine.name),
        (mine.about == About.UNIT.value) & exists().where(*here, units.c.id == mine.name),
        (mine.about == About.ORDER.value) & exists().where(*here, units.c.order_name == mine.name),
        (mine.about == About.RETURN.value) & exists().where(*here, units.c.authorization == mine.name),
        (mine.about == About.INSTRUCTION.value) & exists().where(*told, instructions.c.id == mine.name),
    )
    chosen = select(inbound_waiting).where(mine.site == site, mine.refused.is_(None), known)
    return connection.execute(chosen.order_by(mine.ordinal).limit(most)).all()


def count_try(connection: Connection, site: str, hook: VerifiedHook) -> None:
    """It still matches nothing; after the last try a person looks."""
    mine = _this(inbound_waiting, site, hook)
    connection.execute(update(inbound_waiting).where(*mine).values(tries=inbound_waiting.c.tries + 1))
    enough = (*mine, inbound_waiting.c.tries >= MOST_TRIES)
    connection.execute(update(inbound_waiting).where(*enough).values(refused="unmatched"))


def refuse(connection: Connection, site: str, hook: VerifiedHook, code: str) -> None:
    """It was refused when its time came: it stays to be seen, and is tried no more."""
    mine = _this(inbound_waiting, site, hook)
    connection.execute(update(inbound_waiting).where(*mine).values(refused=code))
    _set_state(connection, site, hook, REFUSED)


def waiting_page(
    connection: Connection, site: str, merchant: str | None, after: int, limit: int
) -> Sequence[Row[Any]]:
    """What waits behind a number, the oldest first."""
    mine = inbound_waiting.c
    chosen = select(inbound_waiting).where(mine.site == site, mine.ordinal > after)
    if merchant is not None:
        chosen = chosen.where(mine.merchant == merchant)
    return connection.execute(chosen.order_by(mine.ordinal).limit(limit)).all()


def clear(connection: Connection, site: str, numbers: Sequence[int]) -> int:
    """Let these wait no more; their ids stay used. Returns how many there were."""
    mine = inbound_waiting.c
    rows = connection.execute(
        delete(inbound_waiting)
        .where(mine.site == site, mine.ordinal.in_(numbers))
        .returning(mine.merchant, mine.source, mine.hook)
    ).all()
    for row in rows:
        one = (inbound_hooks.c.merchant == row.merchant, inbound_hooks.c.source == row.source)
        connection.execute(
            update(inbound_hooks)
            .where(inbound_hooks.c.site == site, *one, inbound_hooks.c.hook == row.hook)
            .values(state=CLEARED)
        )
    return len(rows)


def count_waiting(connection: Connection, site: str) -> int:
    """How many wait, of all merchants."""
    chosen = select(func.count()).where(inbound_waiting.c.site == site)
    found: int = connection.execute(chosen).scalar_one()
    return found


def ends_at(row: Row[Any]) -> float | None:
    """Until when a key is good, in seconds since 1970."""
    return read_time(row.not_after).timestamp() if row.not_after else None


def _mine(table: Any, of: KeyOf) -> tuple[Any, ...]:
    mine = table.c
    return (mine.site == of.site, mine.merchant == of.merchant, mine.source == of.source)


def _this(table: Any, site: str, hook: VerifiedHook) -> tuple[Any, ...]:
    of = KeyOf(site=site, merchant=hook.merchant, source=hook.source)
    return (*_mine(table, of), table.c.hook == hook.id)
