"""`regrade demo`: a virtual warehouse to look at, until Ctrl-C."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from demo.errors import Stuck
from demo.inspector import Act, Hand, Inspected, Mind, Snapshot, say_badge
from demo.plan import MQTT_BENCH, SERIAL_BENCH, TAGGED, PlannedItem, Planner, Twist
from demo.settings import Options
from demo.warehouse import StationPlace, Warehouse
from demo.words import say
from inspection.words.catalog import words
from link.tls import in_the_clear

BENCHES = (SERIAL_BENCH, MQTT_BENCH)
AT_ONCE = 10
"""Items announced together; more as soon as half of them are through."""
TWISTED_EVERY = 7
DRAW_S = 0.3
"""How often the view is drawn."""
SHOP_EVERY = 8
"""The shop and the centre are asked every so many drawings."""
MANUAL_BENCH = 0
REMEMBERED = 4


@dataclass(slots=True, kw_only=True)
class Show:
    """How the demo is to be played."""

    language: str
    pace_s: float
    manual: bool
    seed: int
    console: Console


@dataclass(slots=True, kw_only=True)
class Board:
    """What the view shows."""

    done: Counter[int] = field(default_factory=Counter)
    last: dict[int, Inspected] = field(default_factory=dict)
    now: dict[int, PlannedItem] = field(default_factory=dict)
    seen: dict[int, Snapshot] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    ledger: int = 0
    notes: list[str] = field(default_factory=list)


async def play(root: Path, show: Show, broker: str) -> None:
    """Start everything, show it, and go on until cancelled."""
    tell = show.console.print
    tell(say(show.language, "starting"))
    options = Options(
        root=root, benches=BENCHES, seed=show.seed, broker=broker, language=show.language, pages=True
    )
    async with Warehouse(options) as warehouse:
        planner = Planner(seed=show.seed, benches=BENCHES)
        tell(say(show.language, "learning"))
        await warehouse.prepare(planner.plan(AT_ONCE, twisted=False))
        await warehouse.outside.refund_without_return()
        for line in addresses(warehouse, show):
            tell(line)
        board = Board()
        with _drawing(show, board):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_look(warehouse, board))
                for station in warehouse.stations:
                    tasks.create_task(_bench(warehouse, station, planner, board, show))


def addresses(warehouse: Warehouse, show: Show) -> Iterator[str]:
    """Where a person can look."""
    for station in warehouse.stations:
        mine = show.manual and station.number == MANUAL_BENCH
        key = "yours" if mine else "page"
        yield say(show.language, key, station=station.child.name, url=station.address)
    if warehouse.console.pid:
        yield say(show.language, "console", url=warehouse.console_url)
    else:
        yield say(show.language, "no_console", reason=warehouse.console.last_words())
    yield say(show.language, "shop", url=warehouse.shop_url)
    yield say(show.language, "end")


async def _bench(
    warehouse: Warehouse, station: StationPlace, planner: Planner, board: Board, show: Show
) -> None:
    """Items for one bench, without an end."""
    by_hand = show.manual and station.number == MANUAL_BENCH
    station.inspector.pace_s = 0.0 if by_hand else show.pace_s
    if by_hand:
        station.inspector.chooser = lay_only
        station.inspector.patience_s = float("inf")
    dice = random.Random(f"{show.seed}/{station.number}")  # noqa: S311 (a show, not a secret)
    while True:
        for item in await _next_items(warehouse, station, planner, by_hand):
            board.now[station.number] = item
            shown = item if by_hand else _perhaps_twisted(item, station, dice)
            try:
                await station.strays.before(shown)
                picture = await asyncio.to_thread(shown.picture.read)
                board.last[station.number] = await station.inspector.inspect(shown, picture)
                board.done[station.number] += 1
                await station.strays.after(shown)
            except Stuck as error:
                board.notes.append(say(show.language, "gone_on", item=item.unit.id, reason=error))
                station.bench.tags.clear()
                station.bench.scan("CMD:SETASIDE")
            await asyncio.sleep(show.pace_s)


async def _next_items(
    warehouse: Warehouse, station: StationPlace, planner: Planner, by_hand: bool
) -> Sequence[PlannedItem]:
    """Plan and announce a handful of items for this bench; a person gets only tagged ones."""
    items: list[PlannedItem] = []
    while len(items) < AT_ONCE:
        item = planner.item()
        if item.bench == station.number and not (by_hand and item.way not in TAGGED):
            items.append(item)
    await warehouse.announce([item.unit for item in items])
    station.queue[:] = items
    return items


def _perhaps_twisted(item: PlannedItem, station: StationPlace, dice: random.Random) -> PlannedItem:
    """Now and then something is wrong, as on every bench."""
    if dice.randrange(TWISTED_EVERY):
        return item
    possible = [twist for twist in BENCHES[station.number].twists if twist != Twist.CANCELLED]
    return replace(item, twists=(dice.choice(possible),))


def lay_only(snapshot: Snapshot, mind: Mind) -> Act | None:
    """The item is laid down and the badge shown; everything else is the person's."""
    if snapshot["inspector"] is None:
        return say_badge(mind)
    return Act(hand=Hand.LAY_DOWN) if snapshot["state"] in ("idle", "committed") else None


async def _look(warehouse: Warehouse, board: Board) -> None:
    async with httpx.AsyncClient(timeout=3.0, trust_env=False, verify=in_the_clear()) as client:
        for turn in range(10**9):
            for station in warehouse.stations:
                seen = await station.inspector.eyes.look()
                if seen is not None:
                    board.seen[station.number] = seen
            if turn % SHOP_EVERY == 0:
                board.totals = await _asked(client, f"{warehouse.shop_url}/totals.json") or board.totals
                said = await _asked(client, f"{warehouse.centre_url}/v1/log")
                board.ledger = said.get("size", board.ledger)
            await asyncio.sleep(DRAW_S)


async def _asked(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """A JSON answer; empty when there is none now."""
    try:
        said: dict[str, Any] = (await client.get(url)).raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        return {}
    return said


@contextmanager
def _drawing(show: Show, board: Board) -> Iterator[None]:
    """A live view for a terminal; nothing for a file."""
    if not show.console.is_terminal:
        yield
        return
    with Live(
        console=show.console, refresh_per_second=1 / DRAW_S, get_renderable=lambda: draw(board, show.language)
    ):
        yield


def draw(board: Board, language: str) -> Group:
    """The whole view."""
    table = Table(expand=True)
    for column in ("station", "state", "item", "product", "truth", "machine", "verdict", "done", "seconds"):
        table.add_column(say(language, column))
    faults: Counter[str] = Counter()
    for number, seen in sorted(board.seen.items()):
        table.add_row(*_row(board, number, seen, language))
        faults.update(seen["faults"])
    named = ", ".join(f"{code} {count}" for code, count in sorted(faults.items())) or "-"
    summary = say(
        language,
        "summary",
        ledger=board.ledger,
        settled=board.totals.get("settled", 0),
        held=board.totals.get("held", 0),
        waiting=board.totals.get("untold", 0),
    )
    return Group(table, summary, say(language, "faults", faults=named), *board.notes[-REMEMBERED:])


def _row(board: Board, number: int, seen: Snapshot, language: str) -> Sequence[str]:
    catalog = words(language)
    item, last = board.now.get(number), board.last.get(number)
    proposal, verdict = seen["proposal"], seen["verdict"]
    return (
        seen["station"],
        catalog.say(f"state.{seen['state']}"),
        item.unit.id if item else "",
        item.good.product.title if item else "",
        catalog.say(f"grade.{item.truth}") if item else "",
        catalog.say(f"grade.{proposal['grade']}") if proposal else "",
        catalog.say(f"disposition.{verdict['disposition']}") if verdict else "",
        str(board.done[number]),
        f"{last.seconds:.1f}" if last else "",
    )
