"""Keys of endpoints: secrets that sign what we send, and keys that sign what comes back.

A secret of ours is made here, shown once and kept sealed. Ed25519 signatures are always by the centre's own
key for webhooks, which is no row here.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.base import read_time, time_text
from inspection.messages.webhook_keys import HmacKey, VerifyingKey, read_hmac_key, read_ring_key
from server.db.refund_tables import endpoint_keys
from server.errors import NotFound, TooManyKeys
from server.sealed import Sealer

SIGN, VERIFY = "sign", "verify"
V1, V1A = "v1", "v1a"
FIRST = "first"
"""The key that `PUT /v1/refunds/endpoint` sets."""
MOST = {SIGN: 6, VERIFY: 8}
"""In force at a time: one header has at most 8 signatures, and two may be of the centre's own keys."""
SECRET_BYTES = 32
ID_LETTERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysOf:
    """Whose keys, and by what they are opened."""

    site: str
    merchant: str
    sealer: Sealer

    def place(self, id: str) -> str:
        """What a secret is sealed for."""
        return f"endpoint_keys/{self.site}/{self.merchant}/{id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key, without what is secret of it."""

    id: str
    use: str
    algorithm: str
    added_at: str
    not_after: str | None


def new_secret() -> HmacKey:
    """A secret for a receiver to check us by."""
    return HmacKey(secrets.token_bytes(SECRET_BYTES))


def key_id(text: str) -> str:
    """What a key is called: the beginning of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LETTERS]


def rows_of(connection: Connection, site: str, merchant: str) -> tuple[KeyRow, ...]:
    """A merchant's keys, the newest first."""
    mine = (endpoint_keys.c.site == site, endpoint_keys.c.merchant == merchant)
    wanted = (endpoint_keys.c[name] for name in KeyRow.__slots__)
    newest = (endpoint_keys.c.added_at.desc(), endpoint_keys.c.id)
    rows = connection.execute(select(*wanted).where(*mine).order_by(*newest))
    return tuple(KeyRow(**row._mapping) for row in rows)


def add(
    connection: Connection, of: KeysOf, use: str, key: HmacKey | VerifyingKey, now: datetime, id: str = ""
) -> KeyRow:
    """Take a key into force; raises TooManyKeys. One that is there already is in force again."""
    id = id or key_id(key.to_text())
    _make_room(connection, of, use, id, now)
    if isinstance(key, HmacKey):
        algorithm, content = V1, of.sealer.seal(key.to_text().encode(), of.place(id))
    else:
        algorithm, content = V1A, key.public
    row = KeyRow(id=id, use=use, algorithm=algorithm, added_at=time_text(now), not_after=None)
    values = {name: getattr(row, name) for name in KeyRow.__slots__} | {"secret": content}
    fresh = insert(endpoint_keys).values(site=of.site, merchant=of.merchant, **values)
    again = {name: value for name, value in values.items() if name != "id"}
    index = ["site", "merchant", "id"]
    connection.execute(fresh.on_conflict_do_update(index_elements=index, set_=again))
    return row


def retire(connection: Connection, site: str, merchant: str, id: str, until: datetime) -> KeyRow:
    """Let a key be good until a moment, never longer than it was to be; raises NotFound."""
    mine = (*_all_of(site, merchant), endpoint_keys.c.id == id)
    sooner = endpoint_keys.c.not_after.is_(None) | (endpoint_keys.c.not_after > time_text(until))
    connection.execute(update(endpoint_keys).where(*mine, sooner).values(not_after=time_text(until)))
    found = next((row for row in rows_of(connection, site, merchant) if row.id == id), None)
    if found is None:
        raise NotFound(f"the endpoint has no key {id[:32]!r}")
    return found


def drop(connection: Connection, site: str, merchant: str, id: str) -> None:
    """Forget a key at once; raises NotFound."""
    mine = (*_all_of(site, merchant), endpoint_keys.c.id == id)
    if connection.execute(delete(endpoint_keys).where(*mine)).rowcount == 0:
        raise NotFound(f"the endpoint has no key {id[:32]!r}")


def signers(
    connection: Connection, site: str, merchants: Iterable[str], sealer: Sealer
) -> dict[str, tuple[HmacKey, ...]]:
    """The secrets by which each of these merchants checks what we send, each with its end."""
    mine = (endpoint_keys.c.site == site, endpoint_keys.c.merchant.in_(set(merchants)))
    chosen = select(endpoint_keys).where(*mine, endpoint_keys.c.use == SIGN)
    found: dict[str, tuple[HmacKey, ...]] = {}
    for row in connection.execute(chosen.order_by(endpoint_keys.c.added_at.desc(), endpoint_keys.c.id)):
        key = _secret(KeysOf(site=site, merchant=row.merchant, sealer=sealer), row)
        found[row.merchant] = (*found.get(row.merchant, ()), key)
    return found


def verifiers(connection: Connection, of: KeysOf) -> tuple[HmacKey | VerifyingKey, ...]:
    """The keys by which we check what a merchant's refund system signs, each with its end."""
    chosen = select(endpoint_keys).where(*_all_of(of.site, of.merchant), endpoint_keys.c.use == VERIFY)
    rows = connection.execute(chosen.order_by(endpoint_keys.c.added_at.desc(), endpoint_keys.c.id))
    return tuple(_secret(of, row) if row.algorithm == V1 else _public(row) for row in rows)


def read_key(text: str) -> HmacKey | VerifyingKey:
    """Read a key that somebody hands over; raises BadKeyText."""
    return read_ring_key(text)


def _secret(of: KeysOf, row: Any) -> HmacKey:
    return read_hmac_key(of.sealer.open(row.secret, of.place(row.id)).decode()).until(_end_s(row))


def _public(row: Any) -> VerifyingKey:
    return VerifyingKey(row.secret).until(_end_s(row))


def _end_s(row: Any) -> float | None:
    return read_time(row.not_after).timestamp() if row.not_after else None


def _make_room(connection: Connection, of: KeysOf, use: str, id: str, now: datetime) -> None:
    """Keep no more than may be in one ring: those past their end go, the oldest first."""
    rows = [row for row in rows_of(connection, of.site, of.merchant) if row.use == use and row.id != id]
    past = sorted((row for row in rows if _is_past(row, now)), key=lambda row: row.not_after or "")
    surplus = len(rows) + 1 - MOST[use]
    if surplus > len(past):
        raise TooManyKeys(f"{MOST[use]} keys to {use} are in force: retire one, and wait until its end")
    _drop_all(connection, of, past[: max(surplus, 0)])


def _is_past(row: KeyRow, now: datetime) -> bool:
    return row.not_after is not None and row.not_after < time_text(now)


def _drop_all(connection: Connection, of: KeysOf, rows: Sequence[KeyRow]) -> None:
    for row in rows:
        drop(connection, of.site, of.merchant, row.id)


def _all_of(site: str, merchant: str) -> tuple[Any, ...]:
    return (endpoint_keys.c.site == site, endpoint_keys.c.merchant == merchant)
