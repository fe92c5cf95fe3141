"""Takes a plan over the benches of a warehouse, and waits until everything has come to rest."""

import asyncio
import time
from collections.abc import Callable

from demo.errors import Stuck
from demo.inspector import Inspected
from demo.plan import Plan, PlannedItem
from demo.warehouse import StationPlace, Warehouse

REST_S = 240.0
LOOK_S = 0.2
Tell = Callable[[Inspected], None]
"""Told of every item that is done."""


async def run_plan(warehouse: Warehouse, plan: Plan, tell: Tell) -> list[Inspected]:
    """All benches at once, each its own items in their order."""
    benches = (run_bench(station, plan.items, tell) for station in warehouse.stations)
    done = await asyncio.gather(*benches)
    return [inspected for bench in done for inspected in bench]


async def run_bench(station: StationPlace, items: tuple[PlannedItem, ...], tell: Tell) -> list[Inspected]:
    """One bench's items; the next picture is made while the present item is looked at."""
    station.queue[:] = [item for item in items if item.bench == station.number]
    done: list[Inspected] = []
    coming = _picture(station.queue)
    while station.queue:
        item = station.queue[0]
        await station.strays.before(item)
        picture = await coming
        coming = _picture(station.queue[1:])
        done.append(await station.inspector.inspect(item, picture))
        await station.strays.after(item)
        station.queue.pop(0)
        tell(done[-1])
    await coming
    return done


def _picture(queue: list[PlannedItem]) -> "asyncio.Future[bytes]":
    """Make the first item's picture in a thread; nothing for an empty queue."""
    make = queue[0].picture.read if queue else bytes
    return asyncio.ensure_future(asyncio.to_thread(make))


async def come_to_rest(warehouse: Warehouse, instructions: int, patience_s: float = REST_S) -> None:
    """Wait until every record is receipted, every refund carried out, every outcome told.

    Raises Stuck, and says what is still open.
    """
    end = time.monotonic() + patience_s
    left = "nothing was looked at"
    while time.monotonic() < end:
        left = await _still_open(warehouse, instructions)
        if not left:
            return
        await asyncio.sleep(LOOK_S)
    raise Stuck(f"not at rest after {patience_s:.0f} s: {left}")


async def _still_open(warehouse: Warehouse, instructions: int) -> str:
    for station in warehouse.stations:
        seen = await station.inspector.eyes.look()
        if seen is None:
            return f"{station.child.name} does not answer"
        if seen["queue_depth"] or seen["pending_images"]:
            return (
                f"{station.child.name} has {seen['queue_depth']} records and {seen['pending_images']} images"
            )
    shop = await warehouse.shop_state()
    count, untold = len(shop["refunds"]), shop["totals"].get("untold", 0)
    if count < instructions or untold:
        return f"the shop has {count} of {instructions} instructions and {untold} outcomes to tell"
    return ""
