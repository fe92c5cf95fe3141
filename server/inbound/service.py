"""A webhook on its way in: size, key, signature and window, id; only then is it parsed.

The steps stand in this order so that nobody without a key costs more than a hash, and nothing unsigned is
ever read, remembered or kept.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection, Row

from inspection.errors import DomainError
from inspection.messages.base import read_time
from server.centre import Centre
from server.errors import CentreError, QueueFull, TryLater
from server.inbound import repository
from server.inbound.hooks import RawHook, Unmatched, VerifiedHook
from server.inbound.repository import BEGUN, TAKEN, WAITING, KeyOf
from server.inbound.schemas import HookAnswer, HookKey, HookKeys, KeyChange
from server.inbound.schemes import RingKey
from server.inbound.sources import Source

KEY_ID_LETTERS = 16


async def receive(centre: Centre, merchant: str, source: Source, raw: RawHook) -> HookAnswer:
    """Verify, remember and handle one webhook; raises by the first step that it does not pass."""
    hook = await verify(centre, merchant, source, raw)
    id, state = await centre.writer.submit(
        lambda c: repository.begin(c, centre.site, hook, source.scheme.signs_id)
    )
    if state == BEGUN:
        state = await _handle(centre, source, replace(hook, id=id))
        centre.metrics.hooks.labels(source.name, state).inc()
    else:
        centre.metrics.hooks.labels(source.name, "again").inc()
    return HookAnswer.model_validate({"hook": id, "state": state})


async def verify(centre: Centre, merchant: str, source: Source, raw: RawHook) -> VerifiedHook:
    """The webhook as its signature shows it; raises BadSignature, or one of its kinds."""
    of = KeyOf(site=centre.site, merchant=merchant, source=source.name)
    ring = await centre.reader.run(lambda c: ring_of(c, centre, of, source))
    now = centre.clock()
    try:
        proven = source.scheme.prove(raw, ring, now.timestamp())
    except DomainError:
        centre.metrics.hooks.labels(source.name, "refused").inc()
        raise
    told = {name: raw.headers[name][:200] for name in source.scheme.hints if name in raw.headers}
    return VerifiedHook(
        merchant=merchant,
        source=source.name,
        id=proven.id,
        body=raw.body,
        sent_at=proven.sent_at,
        came_at=now,
        told=told,
    )


def ring_of(connection: Connection, centre: Centre, of: KeyOf, source: Source) -> list[RingKey]:
    """The keys of a merchant's source, each with its end."""
    return [
        source.scheme.read_key(centre.sealer.open(row.secret, of.place(row.id)).decode()).until(
            repository.ends_at(row)
        )
        for row in repository.key_rows(connection, of)
    ]


async def _handle(centre: Centre, source: Source, hook: VerifiedHook) -> str:
    try:
        outcome = await source.handler.take(centre, hook.merchant, hook)
        if isinstance(outcome, Unmatched):
            await _wait(centre, hook, outcome)
            return WAITING
    except TryLater as error:  # the id stays begun: the same again goes on from here
        if isinstance(error, QueueFull):
            await centre.writer.submit(lambda c: repository.forget(c, centre.site, hook))
        centre.metrics.hooks.labels(source.name, "later").inc()
        raise
    except (CentreError, DomainError):
        await centre.writer.submit(lambda c: repository.forget(c, centre.site, hook))
        centre.metrics.hooks.labels(source.name, "refused").inc()
        raise
    await centre.writer.submit(lambda c: repository.finish(c, centre.site, hook, TAKEN))
    return TAKEN


async def _wait(centre: Centre, hook: VerifiedHook, unmatched: Unmatched) -> None:
    content = orjson.dumps({"told": dict(hook.told), "body": hook.body.hex()})
    sealed = centre.sealer.seal(content, _place(centre, hook.merchant, hook.source, hook.id))
    most = centre.settings.inbound_waiting
    await centre.writer.submit(
        lambda c: repository.keep_waiting(c, centre.site, hook, unmatched, sealed, most)
    )


def _place(centre: Centre, merchant: str, source: str, hook: str) -> str:
    return f"inbound_waiting/{centre.site}/{merchant}/{source}/{hook}"


def reopened(centre: Centre, row: Row[Any]) -> VerifiedHook:
    """A webhook that waited, as it was verified when it came."""
    place = _place(centre, row.merchant, row.source, row.hook)
    content = orjson.loads(centre.sealer.open(row.content, place))
    return VerifiedHook(
        merchant=row.merchant,
        source=row.source,
        id=row.hook,
        body=bytes.fromhex(content["body"]),
        sent_at=read_time(row.sent_at) if row.sent_at else None,
        came_at=read_time(row.came_at),
        told=content["told"],
    )


async def try_again(centre: Centre, source: Source, hook: VerifiedHook) -> None:
    """Handle a webhook whose parcel, unit or instruction was announced meanwhile; raises TryLater."""
    try:
        outcome = await source.handler.take(centre, hook.merchant, hook)
    except TryLater:
        raise
    except (CentreError, DomainError) as error:
        code = error.code
        await centre.writer.submit(lambda c: repository.refuse(c, centre.site, hook, code))
        return
    if isinstance(outcome, Unmatched):
        await centre.writer.submit(lambda c: repository.count_try(c, centre.site, hook))
    else:
        await centre.writer.submit(lambda c: repository.finish(c, centre.site, hook, TAKEN))
        centre.metrics.hooks.labels(source.name, "matched").inc()


async def set_key(centre: Centre, merchant: str, source: Source, change: KeyChange) -> HookKeys:
    """Set a key beside the older ones, which stay good for the overlap; raises BadKeyText, TooManyKeys."""
    key = source.scheme.read_key(change.key)
    id = hashlib.sha256(change.key.encode()).hexdigest()[:KEY_ID_LETTERS]
    of = KeyOf(site=centre.site, merchant=merchant, source=source.name)
    sealed, at = centre.sealer.seal(change.key.encode(), of.place(id)), centre.clock()
    kind = type(key).__name__
    await centre.writer.submit(lambda c: repository.add_key(c, of, id, kind, sealed, at, change.overlap_s))
    return await keys_of(centre, merchant, source)


async def keys_of(centre: Centre, merchant: str, source: Source) -> HookKeys:
    """The keys by their ids; never the keys themselves."""
    of = KeyOf(site=centre.site, merchant=merchant, source=source.name)
    rows: Sequence[Row[Any]] = await centre.reader.run(lambda c: repository.key_rows(c, of))
    keys = tuple(HookKey(id=row.id, set_at=row.set_at, not_after=row.not_after) for row in rows)
    return HookKeys(source=source.name, keys=keys)
