"""A page of the feed at a million events: through the app, with the key's check, over one large database.

`python -m benchmarks.feed [EVENTS]` appends so many entries of four merchants in turn, each about a kilobyte,
opens a centre over them and asks for pages of 1,000 at cursors all over. It takes some minutes and 2 GB.
"""

import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from benchmarks.ledger_library import LOG, NOW, SITE
from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType
from server.access import Caller, Scope, new_key
from server.app import create_app
from server.centre import Centre, open_centre
from server.db.engine import writing_engine
from server.db.migrate import migrate
from server.keys import make_keys
from server.ledger.log import Entry
from server.refunds.feed import MOST_PER_PAGE
from server.settings import ServerSettings

EVENTS, MERCHANTS, PAGES = 1_000_000, 4, 200
FILL = 2_000
"""Entries of one transaction."""
LIMIT_MS = 50.0


def main() -> dict[str, Any]:
    """The 50th and 95th percentile of a page, beside the limit."""
    return measure(EVENTS)


def measure(events: int) -> dict[str, Any]:
    """As `main`, with so many events."""
    with tempfile.TemporaryDirectory(prefix="regrade-feed-") as name:
        folder, chance = Path(name), Random(1)  # noqa: S311 - a draw anyone can repeat
        keys = make_keys(folder)
        began = time.perf_counter()
        fill(folder / "centre.sqlite", events, chance)
        filled_s = time.perf_counter() - began
        settings = ServerSettings(host_name="bench.example", site=SITE, recovery_wait_s=0.0)

        async def run() -> tuple[list[float], int]:
            async with open_centre(folder, settings, keys, registry=CollectorRegistry()) as centre:
                return await pages(centre, events, chance)

        times, size = asyncio.run(run())
        megabytes = (folder / "centre.sqlite").stat().st_size / 1e6
    cuts = quantiles(times, n=20)
    return {
        "figure": "a page of the feed",
        "events": events,
        "database_mb": round(megabytes),
        "filled_s": round(filled_s),
        "page_events": MOST_PER_PAGE,
        "page_kb": round(size / 1000),
        "p50_ms": round(cuts[9], 1),
        "p95_ms": round(cuts[18], 1),
        "limit_ms": LIMIT_MS,
        "within_limit": cuts[18] <= LIMIT_MS,
    }


def fill(database: Path, events: int, chance: Random) -> None:
    """Append entries such as instructions have, with their tree and the feed's index."""
    engine = writing_engine(database)
    migrate(engine)
    for start in range(0, events, FILL):
        many = range(start, min(start + FILL, events))
        with engine.begin() as connection:
            LOG.append_all(connection, tuple(entry(number, chance) for number in many), NOW)
    engine.dispose()


def entry(number: int, chance: Random) -> Entry:
    """An instruction's entry, as long as they are."""
    unit, merchant = f"R{number}/1/1", f"m{number % MERCHANTS}"
    body = {
        "v": 1, "id": f"{unit}#1", "number": 1, "merchant": merchant, "site": SITE, "unit": unit,
        "authorization": f"R{number}", "order_commitment": chance.randbytes(32).hex(), "kind": "partial",
        "target_total_minor": chance.randrange(100, 10_000), "currency": "EUR", "grade": "used",
        "disposition": "resale", "exception": None, "rule": "refund.table", "reasons": ["refund.used"],
        "images": [chance.randbytes(32).hex() for _ in range(6)], "issued_at": NOW,
        "deductions": [{"code": "grade_used", "amount_minor": 258}], "not_before": NOW, "replaces": None,
    }  # fmt: skip
    content = canonical(body)
    id = f"instruction:{unit}#1"
    return Entry(type=EntryType.REFUND_INSTRUCTION, id=id, body=content, told_to=merchant)


async def pages(centre: Centre, events: int, chance: Random) -> tuple[list[float], int]:
    """Milliseconds of each of many pages, and the bytes of the last."""
    caller = Caller(scope=Scope.SHOP, merchant="m1")
    at = datetime.now(UTC).isoformat()
    key = await centre.writer.submit(lambda c: new_key(c, SITE, caller, "bench", at))
    await centre.checkpoints.now()
    times, size = list[float](), 0
    transport = httpx.ASGITransport(create_app(centre))
    auth, url = {"authorization": f"Bearer {key}"}, "http://bench.example"
    async with httpx.AsyncClient(transport=transport, base_url=url, headers=auth) as http:
        for _ in range(PAGES):
            after = chance.randrange(-1, max(0, events - MERCHANTS * MOST_PER_PAGE))
            began = time.perf_counter()
            answer = await http.get(f"/v1/events?after={after}&limit={MOST_PER_PAGE}")
            times.append((time.perf_counter() - began) * 1000)
            answer.raise_for_status()
            size = len(answer.content)
    return times, size


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS))
