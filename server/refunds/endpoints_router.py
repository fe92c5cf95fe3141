"""Routes of endpoints and their keys."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import orjson
from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from inspection.messages.base import time_text
from inspection.messages.webhook_keys import HmacKey, VerifyingKey
from server.access import Caller, Scope, needs, own_merchant
from server.answers import answer
from server.bodies import read_body
from server.centre import Centre, Here
from server.errors import BadRequest
from server.outward.addresses import address_policy, read_url, vet
from server.refunds import endpoints, standing
from server.refunds import endpoints_keys as keys
from server.refunds.adapters.opening import kept_bytes, read_credentials
from server.refunds.endpoints import Change
from server.refunds.endpoints_keys import KeyRow, KeysOf
from server.refunds.endpoints_schemas import (
    EndpointChange,
    EndpointKey,
    EndpointKeyChange,
    EndpointMode,
    EndpointStatus,
    KeyUse,
    NewEndpointKey,
    Retirement,
)

router = APIRouter(prefix="/v1/refunds/endpoint", tags=["refunds"])
Shop = Annotated[Caller, needs(Scope.SHOP)]
CREATED = 201


@router.put("")
async def put_endpoint(request: Request, centre: Here, caller: Shop) -> Response:
    """Set where the caller's refund system listens, or which payment system the centre calls for it."""
    change, merchant, now = await read_body(request, EndpointChange), own_merchant(caller), centre.clock()
    _check(change)
    key = VerifyingKey(change.outcome_public_key) if change.outcome_public_key else None
    await vet(read_url(change.url), address_policy(centre.settings))

    def work(connection: Connection) -> EndpointStatus:
        if key is not None:
            keys.add(connection, keys_of(centre, merchant), keys.VERIFY, key, now, keys.FIRST)
        _set(connection, centre, merchant, change, now)
        return status_of(connection, centre, merchant)

    done = await centre.writer.submit(work)
    _tell(centre, Change.SET)
    return answer(done)


@router.get("")
async def get_endpoint(centre: Here, caller: Shop) -> Response:
    """What is set, and how it fares."""
    merchant = own_merchant(caller)
    return answer(await centre.reader.run(lambda c: status_of(c, centre, merchant)))


@router.post("/enable")
async def enable_endpoint(centre: Here, caller: Shop) -> Response:
    """Try it again, whatever stood against it: the oldest first, order by order."""
    merchant, now = own_merchant(caller), centre.clock()
    await centre.writer.submit(lambda c: endpoints.enable(c, centre.site, merchant, now))
    _tell(centre, Change.ENABLED)
    return answer(await centre.reader.run(lambda c: status_of(c, centre, merchant)))


@router.post("/keys")
async def post_endpoint_key(request: Request, centre: Here, caller: Shop) -> Response:
    """Make a secret that the centre signs with, or take a key that the refund system signs with."""
    change, merchant, now = await read_body(request, EndpointKeyChange), own_merchant(caller), centre.clock()
    key = _read(change)

    def work(connection: Connection) -> KeyRow:
        endpoints.get(connection, centre.site, merchant)
        return keys.add(connection, keys_of(centre, merchant), change.use.value, key, now)

    row = await centre.writer.submit(work)
    secret = key.to_text() if change.use is KeyUse.SIGN else None
    return answer(NewEndpointKey(**_key(row).model_dump(), secret=secret), CREATED)


@router.post("/keys/{id}/retire")
async def retire_endpoint_key(id: str, request: Request, centre: Here, caller: Shop) -> Response:
    """Let a key be good for an overlap, while the new one is taken up everywhere."""
    wanted, merchant = await read_body(request, Retirement), own_merchant(caller)
    until = centre.clock() + timedelta(hours=wanted.overlap_hours)
    row = await centre.writer.submit(lambda c: keys.retire(c, centre.site, merchant, id, until))
    return answer(_key(row))


@router.delete("/keys/{id}")
async def delete_endpoint_key(id: str, centre: Here, caller: Shop) -> Response:
    """Forget a key at once: for one that somebody else may have."""
    merchant = own_merchant(caller)
    await centre.writer.submit(lambda c: keys.drop(c, centre.site, merchant, id))
    return Response(status_code=204)


def keys_of(centre: Centre, merchant: str) -> KeysOf:
    """Whose keys they are, in this centre."""
    return KeysOf(site=centre.site, merchant=merchant, sealer=centre.sealer)


def status_of(connection: Connection, centre: Centre, merchant: str) -> EndpointStatus:
    """How an endpoint stands; raises NotFound before it was set."""
    found = endpoints.get(connection, centre.site, merchant)
    many = endpoints.counts(connection, centre.site, merchant)
    return EndpointStatus.model_validate(
        {
            "url": found.url,
            "mode": EndpointMode(found.mode),
            "gateway": found.gateway,
            "set_at": found.set_at,
            "keys": tuple(_key(row) for row in keys.rows_of(connection, centre.site, merchant)),
            "circuit": found.circuit.stand(centre.clock().timestamp()),
            "open_until": _moment(found.open_until),
            "failing_since": _moment(found.failing_since),
            "disabled_at": found.disabled_at,
            "gone_at": found.gone_at,
            **many,
        },
        strict=False,
    )


def _check(change: EndpointChange) -> None:
    executes = change.mode is EndpointMode.EXECUTE
    if executes and change.gateway is None:
        raise BadRequest("mode execute needs the gateway: which payment system is called")
    if not executes and (change.gateway is not None or change.credentials is not None):
        raise BadRequest("a gateway and its credentials go with mode execute only")


def _set(
    connection: Connection, centre: Centre, merchant: str, change: EndpointChange, now: datetime
) -> None:
    site, before = centre.site, endpoints.find(connection, centre.site, merchant)
    endpoints.put(
        connection,
        site,
        merchant,
        url=change.url,
        now=now,
        mode=change.mode.value,
        gateway=change.gateway.value if change.gateway else None,
        credentials=_credentials(centre, merchant, change, before),
    )
    if before is None or before.mode != change.mode.value:
        standing.mode_changed(connection, site, merchant, change.mode.value, time_text(now))


def _credentials(
    centre: Centre, merchant: str, change: EndpointChange, before: endpoints.Endpoint | None
) -> bytes | None:
    """Sealed, with the address that they are good for; what is kept stays good for its own address alone."""
    if change.gateway is None:
        return None
    place = f"endpoint/{merchant}/credentials"
    if change.credentials is not None:
        said = orjson.dumps(change.credentials | {"base_url": change.url})
        return centre.sealer.seal(kept_bytes(read_credentials(change.gateway, said)), place)
    same = before is not None and (before.gateway, before.url) == (change.gateway.value, change.url)
    if before is None or not same or before.credentials is None:
        raise BadRequest(f"say the credentials for {change.gateway.value} at this address")
    return before.credentials


def _read(change: EndpointKeyChange) -> HmacKey | VerifyingKey:
    if change.use is KeyUse.SIGN:
        if change.key is not None:
            raise BadRequest("a secret to sign with is made here: leave `key` out")
        return keys.new_secret()
    if change.key is None:
        raise BadRequest("say the `key` that your refund system signs with")
    return keys.read_key(change.key)


def _key(row: KeyRow) -> EndpointKey:
    return EndpointKey.model_validate(
        {name: getattr(row, name) for name in KeyRow.__slots__} | {"use": KeyUse(row.use)}
    )


def _moment(at_s: float | None) -> str | None:
    return time_text(datetime.fromtimestamp(at_s, UTC)) if at_s is not None else None


def _tell(centre: Centre, change: Change) -> None:
    centre.metrics.endpoint_changes.labels(change.value).inc()
    centre.deliveries_due.set()
    centre.payments_due.set()
