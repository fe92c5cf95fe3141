"""Plays a script of returns: announces, inspects, kills, does a person's work, waits until all is settled."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any
from zlib import crc32

import orjson
from sqlalchemy import create_engine, text

from inspection.messages.uplink import BatchAnswer, RecordBatch
from inspection.refund_exceptions import CaseKind
from server.centre import DATABASE
from tests.flow.refund_house import START_S, House, Refused, pages, record_of
from tests.flow.refund_script import CURRENCY, EXECUTE, INFORM, PAID, Look, Plot, Script, Story, way_out
from tests.server.conftest import Bench

TOGETHER = 16
"""Records of one batch."""
PAGE = 250
JITTER_S = 2.0
"""How long at most a kill waits for its moment."""
LONGEST_S = 900.0
"""After the last record: then whatever is not settled is stuck."""
OPEN = {
    "payouts": "SELECT count(*) FROM payouts WHERE state IN ('intended', 'sent', 'pending', 'unknown')",
    "refunds": "SELECT count(*) FROM refunds WHERE state IN ('approved', 'sent', 'unknown')",
    "deliveries": "SELECT count(*) FROM deliveries JOIN endpoints USING (site, merchant) "
    "WHERE mode = 'inform' AND state <> 'delivered'",
    "hooks": "SELECT count(*) FROM inbound_waiting WHERE refused IS NULL",
}
"""What is under way."""


@dataclass(slots=True, kw_only=True)
class Play:
    """One soak as it goes on."""

    house: House
    script: Script
    dice: Random
    pace_per_s: float
    kills: int
    show: Callable[[str, int, int], None]
    killed: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    left: Counter[str] = field(default_factory=Counter)
    """Cases by kind and way out."""
    trouble: list[str] = field(default_factory=list)
    _begun: float = field(default_factory=time.monotonic)
    _running: bool = True

    async def run(self) -> dict[str, int]:
        """All of it; returns what is still under way at the end: nothing, if all is well."""
        await self._announce_all()
        person = asyncio.create_task(self._person())
        killer = asyncio.create_task(self._killer())
        try:
            first = [(plot, look) for plot in self.script.plots for look in plot.looks if not look.late]
            late = [(plot, look) for plot in self.script.plots for look in plot.looks if look.late]
            await self._inspect(first, len(late))
            await self.settled()
            await self._inspect(late, 0)
            await killer
            return await self.settled()
        finally:
            self._running = False
            for task in (person, killer):
                task.cancel()
            await asyncio.gather(person, killer, return_exceptions=True)

    async def _announce_all(self) -> None:
        """What is expected: the units, the payments, and what others refund by hand."""
        for merchant in (INFORM, EXECUTE):
            plots = [plot for plot in self.script.plots if plot.merchant == merchant]
            for page in pages([plot.looks[0] for plot in plots if not plot.again], PAGE):
                await self._announce(merchant, page)
        payments = [[name, amount, CURRENCY] for name, amount in self.script.captured.items()]
        for rows in pages(payments, PAGE):
            await self.house.ask("POST", "payments", "/sim/payments", json=list(rows))
        for plot in self.script.plots:
            if plot.story in (Story.BY_HAND, Story.OTHER_MATTER):
                asked = {"payment": plot.payment, "amount": PAID, "key": f"hand/{plot.unit}"}
                await self.house.ask("POST", "payments", "/sim/refunds", json=asked)
            if plot.story is Story.WITHOUT_RETURN:
                hand = {"unit": plot.unit, "amount": PAID, "currency": CURRENCY}
                await self.house.ask("POST", "informed", "/sim/without-return", json=hand)

    async def _announce(self, merchant: str, looks: Sequence[Look]) -> None:
        units = {"units": [look.message.model_dump(mode="json") for look in looks]}
        await self.house.ask("POST", "centre", "/v1/returns", key=self.house.shops[merchant], json=units)

    async def _inspect(self, work: list[tuple[Plot, Look]], later: int) -> None:
        """Two benches share the work; a unit's second inspection follows its first."""
        benches = self.house.benches
        lanes: list[list[tuple[Plot, Look]]] = [[] for _ in benches]
        for at, (plot, look) in enumerate(work):
            lanes[
                crc32(plot.unit.encode()) % len(benches) if len(plot.looks) > 1 else at % len(benches)
            ].append((plot, look))
        total = self.sent + len(work) + later
        await asyncio.gather(
            *(self._lane(bench, lane, total) for bench, lane in zip(benches, lanes, strict=True))
        )

    async def _lane(self, bench: Bench, work: Sequence[tuple[Plot, Look]], total: int) -> None:
        for page in _apart(work, TOGETHER):
            began = time.monotonic()
            for merchant in (INFORM, EXECUTE):
                again = [
                    look
                    for plot, look in page
                    if plot.merchant == merchant and (plot.again or look.message.inspection > 1)
                ]
                if again:
                    await self._announce(merchant, again)
            await self._send(bench, page)
            self.sent += len(page)
            self.show("records", self.sent, total)
            wait_s = len(page) * len(self.house.benches) / self.pace_per_s - (time.monotonic() - began)
            await asyncio.sleep(max(0.0, wait_s))

    async def _send(self, bench: Bench, page: Sequence[tuple[Plot, Look]]) -> None:
        records = tuple(
            record_of(bench, plot.unit, plot.merchant, look.message.inspection, look.grade)
            for plot, look in page
        )
        body = RecordBatch(records=records).to_json()
        said = await self.house.ask("POST", "centre", "/v1/records", key=bench.auth, content=body)
        for result, (plot, _) in zip(_results(said), page, strict=True):
            if result != "receipt":
                self.trouble.append(f"the record of {plot.unit} was refused: {result}")

    async def _killer(self) -> None:
        """Kill at random moments: the centre each time, a refund system every fifth time beside it."""
        total = sum(len(plot.looks) for plot in self.script.plots)
        for number in range(self.kills):
            await self._until_sent(total * number * 0.9 / self.kills)
            await asyncio.sleep(self.dice.uniform(0.0, JITTER_S))
            names = ["centre"]
            if number % 5 == 4:
                names.append(self.dice.choice(("payments", "informed")))
            for name in names:
                await self.house.children[name].kill()
                self.killed[name] += 1
            await asyncio.gather(*(self.house.children[name].start(START_S) for name in names))

    async def _until_sent(self, many: float) -> None:
        while self.sent < many:  # noqa: ASYNC110 # a look now and then is exact enough for chance
            await asyncio.sleep(0.05)

    async def _person(self) -> None:
        """Leave the cases as they come, one by one."""
        units = {plot.unit: plot for plot in self.script.plots}
        while self._running:
            after = 0
            with suppress(Refused):
                while True:
                    path = f"/v1/refunds/cases?limit=100&after={after}"
                    page = await self.house.ask("GET", "centre", path, key=self.house.console)
                    for case in page["cases"]:
                        await self._leave(case, units.get(case["unit"]))
                    after = page["cursor"]
                    if not page["more"]:
                        break
            await asyncio.sleep(1.0)

    async def _leave(self, case: dict[str, Any], plot: Plot | None) -> None:
        kind = CaseKind(case["kind"])
        way = way_out(kind, plot)
        if way is None:
            return
        asked = {"way_out": way.value, "reason": "soak"}
        path = f"/v1/refunds/cases/{case['id']}/leave"
        try:
            await self.house.ask("POST", "centre", path, key=self.house.console, json=asked)
            self.left[f"{kind.value}: {way.value}"] += 1
        except Refused as error:
            if error.status != 409:
                self.trouble.append(f"case {case['id']} {kind.value} of {case['unit']}: {error}")

    async def settled(self) -> dict[str, int]:
        """Wait until nothing is under way, three looks long; what is left where that never comes."""
        ends, calm, first = time.monotonic() + LONGEST_S, 0, 0
        while True:
            left = await self._under_way()
            many = sum(left.values())
            first = max(first, many)
            self.show("settled", first - many, first)
            calm = calm + 1 if many == 0 else 0
            if calm == 3 or time.monotonic() > ends:
                return {name: count for name, count in left.items() if count}
            await asyncio.sleep(1.0)

    async def _under_way(self) -> dict[str, int]:
        left = {name: rows_of(self.house, query)[0][0] for name, query in OPEN.items()}
        for name in ("payments", "informed"):
            totals = await self.house.ask("GET", name, "/totals.json")
            left[name] = totals["untold"] + totals["unfinished"]
        cases = "SELECT count(*) FROM cases WHERE state IN ('open', 'taken')"
        return left | {"cases": rows_of(self.house, cases)[0][0]}


def rows_of(house: House, query: str) -> list[Any]:
    """Read the centre's database beside it."""
    engine = create_engine(f"sqlite:///file:{house.centre / DATABASE}?mode=ro&uri=true")
    try:
        with engine.connect() as connection:
            return list(connection.execute(text(query)))
    finally:
        engine.dispose()


def _apart(work: Sequence[tuple[Plot, Look]], size: int) -> list[list[tuple[Plot, Look]]]:
    """Pages in the order given; no unit twice in one."""
    found: list[list[tuple[Plot, Look]]] = [[]]
    for plot, look in work:
        if len(found[-1]) >= size or any(other.unit == plot.unit for other, _ in found[-1]):
            found.append([])
        found[-1].append((plot, look))
    return [page for page in found if page]


def _results(said: Any) -> list[str]:
    return [
        "receipt" if result.kind == "receipt" else str(result)
        for result in BatchAnswer.read(orjson.dumps(said)).results
    ]
