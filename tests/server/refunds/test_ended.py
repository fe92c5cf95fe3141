"""Deliveries that end at one moment are written down together, and come to what they would one by one."""

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from server.db.refund_tables import deliveries, endpoints
from server.refunds import outbox
from server.refunds.breaker import TRIES, Said
from server.refunds.ended import Ended, settle_all
from server.refunds.endpoints import Change
from server.refunds.outbox import Job
from server.refunds.places import Places
from server.refunds.posting import Attempt, Result
from tests.server.refunds.test_delivery import inspect, let_go, listen

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

TOOK = Attempt(result=Result.DELIVERED, answer="HTTP 200", said=Said.TOOK)
SILENT = Attempt(result=Result.RETRY, answer="no answer", said=Said.DOWN)
GONE = Attempt(result=Result.GONE, answer="HTTP 410")


async def claimed(site: "Site", bench: "Bench", count: int) -> list[Job]:
    for number in range(count):
        await inspect(site, bench, f"R{number}/1/1")
    await let_go(site)
    await listen(site, "http://127.0.0.1:9/hook")
    now, places = site.clock().timestamp(), Places(most=64, taken={})
    return await site.centre.writer.submit(lambda c: outbox.claim(c, "s1", now, places, 45.0))


async def settled(site: "Site", *ended: tuple[Job, Attempt]) -> list[Change | None]:
    made = [
        Ended(job=job, attempt=attempt, now=site.clock(), share=1.0, wait_s=60.0, last=False)
        for job, attempt in ended
    ]
    work = partial(settle_all, ended=made, site="s1", patience_s=1e6)
    return await site.centre.writer.submit(work)


async def states(site: "Site") -> list[tuple[str, str | None]]:
    def read(connection: Connection) -> Any:
        chosen = select(deliveries.c.state, deliveries.c.answer).order_by(deliveries.c.leaf_seq)
        return [tuple(row) for row in connection.execute(chosen)]

    found: list[tuple[str, str | None]] = await site.centre.reader.run(read)
    return found


async def test_what_was_told_and_what_was_not_is_each_in_its_row(site: "Site", bench: "Bench") -> None:
    first, second, third = await claimed(site, bench, 3)
    created = Attempt(result=Result.DELIVERED, answer="HTTP 201", said=Said.TOOK)
    assert await settled(site, (first, TOOK), (second, SILENT), (third, created)) == [None] * 3
    assert await states(site) == [
        ("delivered", "HTTP 200"),
        ("queued", "no answer"),
        ("delivered", "HTTP 201"),
    ]


async def test_the_circuit_opens_once_however_many_end_together(site: "Site", bench: "Bench") -> None:
    jobs = await claimed(site, bench, TRIES + 2)
    changes = await settled(site, *((job, SILENT) for job in jobs))
    assert changes == [None] * (TRIES - 1) + [Change.OPENED] + [None] * 2


async def test_an_endpoint_that_wants_no_more_says_so_in_the_midst_of_others(
    site: "Site", bench: "Bench"
) -> None:
    first, second, third = await claimed(site, bench, 3)
    assert await settled(site, (first, TOOK), (second, GONE), (third, TOOK)) == [None] * 3
    assert [state for state, _ in await states(site)] == ["delivered", "queued", "delivered"]
    gone_at = select(endpoints.c.gone_at)
    assert await site.centre.reader.run(lambda c: c.execute(gone_at).scalar()) is not None


async def test_the_next_of_an_order_goes_when_the_one_before_it_was_told_with_others(
    site: "Site", bench: "Bench"
) -> None:
    await site.announce("R7/1/1", "R7/1/2", "R8/1/1")
    for unit in ("R7/1/1", "R7/1/2", "R8/1/1"):
        await site.send(bench, bench.signed(unit))
    await let_go(site)
    await listen(site, "http://127.0.0.1:9/hook")
    now, places = site.clock().timestamp(), Places(most=64, taken={})
    jobs = await site.centre.writer.submit(lambda c: outbox.claim(c, "s1", now, places, 45.0))
    assert [job.unit for job in jobs] == ["R7/1/1", "R8/1/1"]
    await settled(site, *((job, TOOK) for job in jobs))
    assert [state for state, _ in await states(site)] == ["delivered", "queued", "delivered"]
