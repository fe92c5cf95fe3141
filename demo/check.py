"""`regrade demo --check`: a whole run without a screen, judged."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from demo.facts import gather
from demo.intruder import UNITS, intrude
from demo.judgement import Judgement, judge
from demo.pictures import read_albums
from demo.plan import MQTT_BENCH, SERIAL_BENCH, Planner
from demo.running import come_to_rest, run_plan
from demo.settings import Options
from demo.tables import import_tables
from demo.warehouse import Warehouse

BENCHES = (SERIAL_BENCH, MQTT_BENCH)
Step = Callable[[str], None]


async def check(
    root: Path, *, items: int, seed: int, broker: str, photos: Path | None, progress: Step | None = None
) -> Judgement:
    """Play the run and judge it; raises DemoError when it does not get to its end."""
    began = time.monotonic()
    say = progress or _to_stderr
    albums = read_albums(photos) if photos else ()
    plan = Planner(seed=seed, benches=BENCHES, albums=albums).plan(items)
    for exhausted in plan.photos_exhausted:
        say(f"photos of {exhausted} are used up; the rest is drawn")
    options = Options(root=root, benches=BENCHES, seed=seed, broker=broker, lying_proxy=True)
    async with Warehouse(options) as warehouse:
        say("the warehouse is up; the models learn their references")
        await warehouse.prepare(plan)
        count = len(plan.items)
        done = await run_plan(warehouse, plan, lambda one: say(_line(one.item.number, count, one.seconds)))
        say("all items are through; waiting for receipts, refunds and outcomes")
        await come_to_rest(warehouse, len(plan.counted))
        await warehouse.outside.refund_without_return()
        say("an intruder tries the centre")
        attempts = await intrude(warehouse.office, root / "rogue", plan.counted[0].unit)
        imports = await import_tables(warehouse.office)
        await come_to_rest(warehouse, len(plan.counted) + len(UNITS[:1]))
        say("the ledger is exported and verified")
        facts = await gather(warehouse, tuple(attempts), tuple(imports))
        return judge(plan, done, facts, time.monotonic() - began)


def _line(number: int, count: int, seconds: float) -> str:
    return f"item {number} of {count} in {seconds:.1f} s"


def _to_stderr(text: str) -> None:
    print(f"regrade demo: {text}", file=sys.stderr, flush=True)
