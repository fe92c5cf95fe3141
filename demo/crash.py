"""Kill -9 at seeded moments, and the question whether anything was lost, doubled or made up.

Every item of a seed goes over one MQTT bench. At moments that the seed fixes, the station, its
broker, the centre, the shop or the witness is killed and started again, while the work goes on.
"""

import asyncio
import io
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from os import kill
from pathlib import Path
from signal import SIGKILL
from typing import Any

import orjson

from demo.errors import Stuck
from demo.facts import Kept, read_kept
from demo.inspector import Act, Hand
from demo.plan import MQTT_BENCH, Plan, PlannedItem, Planner
from demo.processes import Child, children_of
from demo.running import come_to_rest, run_bench
from demo.settings import Options
from demo.shop.settings import FaultRates
from demo.warehouse import Warehouse
from inspection.messages.uplink import ReceiptMessage
from kit.verify import verify_log

ITEMS = (6, 8)
KILLS = (3, 5)
CAREFUL_SHOP = FaultRates(error=60_000, late_error=80_000)
BROKER_BACK_S = 10.0


class Target(StrEnum):
    """What is killed."""

    STATION = "station"
    BROKER = "broker"
    CENTRE = "centre"
    SHOP = "shop"
    WITNESS = "witness"


class Moment(StrEnum):
    """At which act of the inspector; the jitter then decides what it hits."""

    LAID_DOWN = "laid_down"
    CAPTURE = "capture"
    DECIDED = "decided"
    BIN = "bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One kill of a seed."""

    item: int
    """Place of the item in its bench's queue, from 0."""
    moment: Moment
    target: Target
    delay_s: float


def kills(seed: int, items: int) -> tuple[Kill, ...]:
    """The kills of a seed; pure. Each seed kills at least three different programs."""
    dice = random.Random(f"kills/{seed}")  # noqa: S311 (a plan, not a secret)
    count = dice.randint(*KILLS)
    targets = dice.sample(list(Target), 3) + [dice.choice(list(Target)) for _ in range(count - 3)]
    return tuple(
        Kill(
            item=dice.randrange(items),
            moment=dice.choice(list(Moment)),
            target=target,
            delay_s=dice.choice((0.0, 0.01, 0.03, 0.08, 0.2, 0.5)),
        )
        for target in targets
    )


def plan_of(seed: int) -> Plan:
    """The items of a seed, without other bad input."""
    count = random.Random(f"items/{seed}").randint(*ITEMS)  # noqa: S311
    planner = Planner(seed=seed, benches=(MQTT_BENCH,), prefix=f"S{seed}", fresh=False)
    return planner.plan(count, twisted=False)


def moment_of(act: Act) -> Moment | None:
    """Which moment an act is."""
    if act.hand == Hand.LAY_DOWN:
        return Moment.LAID_DOWN
    if act.text == "CMD:CAPTURE":
        return Moment.CAPTURE
    if act.text.startswith("BIN:"):
        return Moment.BIN
    decided = act.text in ("CMD:ACCEPT", "CMD:NEW", "CMD:USED", "CMD:DAMAGED", "CMD:ESCALATE")
    return Moment.DECIDED if decided else None


@dataclass(slots=True, kw_only=True)
class Killer:
    """Waits for its moments; every kill happens once, and what it killed is started again."""

    warehouse: Warehouse
    plan: Plan
    left: list[Kill]
    done: list[Kill] = field(default_factory=list)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    _locks: Mapping[Target, asyncio.Lock] = field(
        default_factory=lambda: {target: asyncio.Lock() for target in Target}
    )

    def notice(self, item: PlannedItem, act: Act) -> None:
        """Called before each act of the inspector."""
        moment, place = moment_of(act), self.plan.items.index(item)
        for due in [one for one in self.left if (one.item, one.moment) == (place, moment)]:
            self.left.remove(due)
            self._tasks.append(asyncio.create_task(self._strike(due)))

    async def finish(self) -> None:
        """Strike what found no moment, and wait until everything runs again."""
        while self.left:
            self._tasks.append(asyncio.create_task(self._strike(self.left.pop())))
        await asyncio.gather(*self._tasks)

    async def _strike(self, due: Kill) -> None:
        await asyncio.sleep(due.delay_s)
        async with self._locks[due.target]:
            if due.target == Target.BROKER:
                await self._kill_broker()
            else:
                child = self._child(due.target)
                await child.kill()
                await child.start()
            self.done.append(due)

    def _child(self, target: Target) -> Child:
        warehouse = self.warehouse
        station = warehouse.stations[0].child
        return {
            Target.STATION: station,
            Target.CENTRE: warehouse.centre,
            Target.SHOP: warehouse.shop,
            Target.WITNESS: warehouse.witness,
        }[target]

    async def _kill_broker(self) -> None:
        """The broker is the station's only child; the station starts it again by itself."""
        async with self._locks[Target.STATION]:
            station = self._child(Target.STATION).pid
            for broker in children_of(station) if station else ():
                with suppress(ProcessLookupError):
                    kill(broker, SIGKILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one seed."""

    seed: int
    items: int
    killed: Mapping[str, int]
    wrong: tuple[str, ...]
    """Sentences; empty when nothing was lost, doubled or made up."""


async def run_seed(warehouse: Warehouse, seed: int) -> Outcome:
    """Play one seed in a warehouse that may have played others before."""
    plan = plan_of(seed)
    station = warehouse.stations[0]
    await warehouse.prepare(plan)
    killer = Killer(warehouse=warehouse, plan=plan, left=list(kills(seed, len(plan.items))))
    station.inspector.noticed = killer.notice
    wrong: tuple[str, ...]
    try:
        await run_bench(station, plan.items, lambda one: None)
        await killer.finish()
        await come_to_rest(warehouse, await _instructed(warehouse))
        wrong = tuple(await _wrong(warehouse, plan))
    except Stuck as error:
        await killer.finish()
        wrong = (str(error),)
    killed = Counter(one.target.value for one in killer.done)
    return Outcome(seed=seed, items=len(plan.items), killed=dict(killed), wrong=wrong)


async def _instructed(warehouse: Warehouse) -> int:
    """How many instructions the shop must have: one for every record of the station."""
    return len(_kept(warehouse))


def _kept(warehouse: Warehouse) -> list[Kept]:
    return list(read_kept(warehouse.options.station_dir(0) / "station.sqlite"))


async def _wrong(warehouse: Warehouse, plan: Plan) -> list[str]:
    export = await warehouse.office.export()
    kept = _kept(warehouse)
    shop = (await warehouse.shop_state())["refunds"]
    held = _held_images(warehouse)
    found = list(_ledger_faults(warehouse, export, kept))
    verdicts = _verdicts(export)
    for item in plan.items:
        found += _item_faults(item, verdicts, kept, shop, held)
    return found


def _verdicts(export: bytes) -> Counter[str]:
    leaves = (orjson.loads(line) for line in export.splitlines()[1:])
    return Counter(leaf["body"]["unit"]["id"] for leaf in leaves if leaf["type"] == "verdict")


def _ledger_faults(warehouse: Warehouse, export: bytes, kept: Sequence[Kept]) -> Iterator[str]:
    receipts = [ReceiptMessage.read(row.receipt).receipt() for row in kept if row.receipt]
    newest = max(receipts, key=lambda receipt: receipt.index, default=None)
    report = verify_log(io.BytesIO(export), newest)
    yield from (f"ledger: {problem.rule} at {problem.index}: {problem.detail}" for problem in report.problems)


def _held_images(warehouse: Warehouse) -> frozenset[str]:
    """Images that the centre has as files, by name."""
    folder = warehouse.options.centre_dir / "evidence"
    with closing(sqlite3.connect(f"file:{folder.parent / 'centre.sqlite'}?mode=ro", uri=True)) as db:
        rows = {row[0] for row in db.execute("SELECT sha256 FROM evidence")}
    return frozenset(rows & {path.name for path in folder.rglob("*") if path.is_file()})


def _item_faults(
    item: PlannedItem,
    verdicts: Counter[str],
    kept: Sequence[Kept],
    shop: Sequence[Mapping[str, Any]],
    held: frozenset[str],
) -> Iterator[str]:
    unit = item.unit.id
    mine = [row for row in kept if row.unit == unit]
    refunds = [row for row in shop if row["unit"] == unit]
    if verdicts[unit] != 1:
        yield f"{unit} has {verdicts[unit]} verdicts in the ledger"
    if [row.state for row in mine] != ["delivered"]:
        yield f"{unit} is {[row.state for row in mine]} at its station"
    if len(refunds) != 1:
        yield f"{unit} has {len(refunds)} refunds"
        return
    refund = refunds[0]
    owed = item.total_minor if item.settled else 0
    if (refund["paid_minor"], refund["payments"]) != (owed, 1 if owed else 0):
        yield f"{unit}: paid {refund['paid_minor']} in {refund['payments']} payments, owed {owed}"
    if (refund["status"] == "settled") != item.settled or refund["answer"] != "recorded":
        yield f"{unit} is {refund['status']}, told: {refund['answer']}"
    if not set(refund["images"].split()) <= held:
        yield f"{unit}: a refund names images that the centre does not hold"


def crash_options(root: Path, broker: str) -> Options:
    """A small warehouse to be killed in: one MQTT bench, which looks quickly: nobody asks what it sees."""
    return Options(root=root, benches=(MQTT_BENCH,), broker=broker, faults=CAREFUL_SHOP, recipe="quick")
