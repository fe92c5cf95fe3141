"""The body of a webhook: made once, kept before it is sent, the same for ever, gone with its customer."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from prometheus_client import CollectorRegistry

from server.access import Caller, Scope
from server.app import create_app
from server.centre import Centre, open_centre
from server.keys import ServerKeys
from server.refunds import outbox
from server.refunds.places import Places
from server.refunds.told import Maker, bodies, keep
from server.settings import ServerSettings
from server.subjects.schemas import ErasureRequest
from tests.server.conftest import Site, Tick, bearer
from tests.server.refunds.test_delivery import (
    Shop,
    all_in,
    courier,
    inspect,
    let_go,
    listen,
    rows,
    shop,
    until,
)

if TYPE_CHECKING:
    from tests.server.conftest import Bench

__all__ = ["shop"]
RESEND = "/v1/refunds/R1%2F1%2F1%231/resend"
WANTED = ErasureRequest(merchant="m1", customer="C-1", reason="asked_by_customer")


@asynccontextmanager
async def opened(
    folder: Path, settings: ServerSettings, keys: ServerKeys, clock: Tick
) -> AsyncIterator[tuple[Centre, httpx.AsyncClient]]:
    async with open_centre(folder, settings, keys, clock=clock, registry=CollectorRegistry()) as centre:
        transport = httpx.ASGITransport(create_app(centre))
        async with httpx.AsyncClient(transport=transport, base_url="http://centre.test") as http:
            yield centre, http


def kept(folder: Path) -> list[bytes | None]:
    with sqlite3.connect(folder / "centre.sqlite") as database:
        return [row[0] for row in database.execute("SELECT event FROM deliveries ORDER BY leaf_seq")]


async def grow(site: Site, many: int) -> None:
    """Let the log, and its checkpoints, go on."""
    for number in range(many):
        await site.announce(f"R9{number}/1/1")
        await site.centre.checkpoints.now()


async def test_every_retry_and_replay_says_the_same_bytes_over_checkpoints_and_restarts(
    tmp_path: Path,
    settings: ServerSettings,
    keys: ServerKeys,
    clock: Tick,
    record_value: Callable[..., dict[str, Any]],
    shop: Shop,
) -> None:
    shop.answers = [(500, {}), (500, {})]
    async with opened(tmp_path, settings, keys, clock) as (centre, http):
        console = await bearer(centre, Caller(scope=Scope.CONSOLE))
        await http.post("/v1/merchants", json={"id": "m1", "name": "Blue Shop"}, headers=console)
        named = await bearer(centre, Caller(scope=Scope.SHOP, merchant="m1"))
        site = Site(centre=centre, http=http, clock=clock, console=console, shop=named, template=record_value)
        await inspect(site, await site.enrol())
        await listen(site, shop.url)
        async with courier(site):
            await until(site, lambda found: found[0]["answer"] == "HTTP 500")
    for _ in range(2):
        async with opened(tmp_path, settings, keys, clock) as (centre, http):
            site = replace(site, centre=centre, http=http)
            await grow(site, 5)
            clock.forward(60)  # beyond the lease of what was cut off
            async with courier(site):
                await until(site, all_in("delivered"))
            await site.http.post(RESEND, headers=site.shop)
    assert len(shop.got) >= 4
    assert len({body for _, body in shop.got}) == 1
    assert len({headers["webhook-timestamp"] for headers, _ in shop.got}) >= 1


async def test_the_body_is_kept_sealed_before_the_first_attempt(
    site: "Site", bench: "Bench", shop: Shop, tmp_path: Path
) -> None:
    shop.answers = [None]
    await inspect(site, bench)
    await listen(site, shop.url)
    assert kept(tmp_path) == [None]
    async with courier(site):
        await until(site, lambda _: bool(shop.got))
    (event,) = kept(tmp_path)
    assert event is not None
    assert event.startswith(b"\x01")
    assert b"O-1" not in event


async def test_what_one_claim_sends_is_kept_in_one_write(site: "Site", bench: "Bench", shop: Shop) -> None:
    for number in range(5):
        await inspect(site, bench, f"R{number}/1/1")
    await let_go(site)
    await listen(site, shop.url)
    now, centre = site.clock.moment, site.centre
    jobs = await centre.writer.submit(
        lambda c: outbox.claim(c, "s1", now.timestamp(), Places(most=8, taken={}), 45.0)
    )
    names = [job.instruction for job in jobs]
    maker = Maker(key=centre.keys.log, origin=centre.log.origin, shown=centre.checkpoints.shown, now=now)
    made = await centre.reader.run(lambda c: bodies(c, "s1", names, maker))
    assert await centre.writer.submit(lambda c: keep(c, "s1", made)) == set(names)
    assert len(names) == 5
    again = await centre.reader.run(lambda c: bodies(c, "s1", names, maker))
    assert {name: each.content for name, each in again.items()} == {
        name: each.content for name, each in made.items()
    }
    assert all(each.packed is None for each in again.values())


async def test_an_instruction_of_an_earlier_program_gets_its_body_when_it_is_replayed(
    site: "Site", bench: "Bench", shop: Shop, tmp_path: Path
) -> None:
    await inspect(site, bench)
    await let_go(site)
    await listen(site, shop.url)
    await site.centre.writer.submit(
        lambda c: c.exec_driver_sql("UPDATE deliveries SET state = 'delivered', attempts = 1").rowcount
    )
    await site.http.post(RESEND, headers=site.shop)
    async with courier(site):
        await until(site, all_in("delivered"))
    assert (len(shop.got), kept(tmp_path) != [None]) == (1, True)


async def test_an_erased_customer_takes_the_body_along(
    site: "Site", bench: "Bench", shop: Shop, tmp_path: Path
) -> None:
    await inspect(site, bench)
    await listen(site, shop.url)
    async with courier(site):
        await until(site, all_in("delivered"))
    await site.centre.eraser.erase(WANTED, "Dana")
    assert kept(tmp_path) == [b""]
    answer = await site.http.post(RESEND, headers=site.shop)
    assert (answer.status_code, answer.json()["code"]) == (410, "erased")
    assert (await rows(site))[0]["state"] == "delivered"


async def test_what_is_owed_to_an_erased_customer_is_told_without_the_order(
    site: "Site", bench: "Bench", shop: Shop, tmp_path: Path
) -> None:
    await inspect(site, bench)
    await site.centre.eraser.erase(WANTED, "Dana")  # nobody listens yet: nothing is on its way
    await listen(site, shop.url)
    async with courier(site):
        await until(site, all_in("delivered"))
        await site.http.post(RESEND, headers=site.shop)
        await until(site, lambda found: all_in("delivered")(found) and len(shop.got) == 2)
    first, second = (body for _, body in shop.got)
    assert first == second
    assert b'"order":"erased"' in first


async def test_a_body_that_names_somebody_erased_meanwhile_is_not_kept(site: "Site", bench: "Bench") -> None:
    await inspect(site, bench)
    await let_go(site)
    centre, names = site.centre, ["R1/1/1#1"]
    maker = Maker(
        key=centre.keys.log, origin=centre.log.origin, shown=centre.checkpoints.shown, now=site.clock.moment
    )
    made = await centre.reader.run(lambda c: bodies(c, "s1", names, maker))
    await site.centre.eraser.erase(WANTED, "Dana")
    assert await centre.writer.submit(lambda c: keep(c, "s1", made)) == set()
