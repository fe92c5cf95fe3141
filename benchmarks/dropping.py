"""A dropped file of 50 MB: rows a second, and how much memory the centre needs while it reads.

`python -m benchmarks.dropping` opens a centre, drops one file of returns and reads it. Every batch is durable
before the next one is read (SQLite FULL, fsync). Told is the peak of the process, and how much of it came
with the file: that must not grow with the file.
"""

import asyncio
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from inspection.messages.catalogue import ProductMessage
from server.catalogue.repository import add_merchant, put_products
from server.centre import open_centre
from server.keys import make_keys
from server.returns.dropping.watcher import Watcher
from server.settings import ServerSettings

MIB = 1024 * 1024
FILE_BYTES = 50 * MIB
ROWS_PER_S = 500
GROWTH_MIB = 100
"""Budgets: at least so many rows, at most so much memory on top."""
HEAD = "id,authorization,order,customer,line,index,sku,paid_minor,currency,reason,reason_text,serial,batch\n"
PRODUCT = ProductMessage(
    merchant="m1",
    sku="MUG-1",
    gtin="04012345678901",
    title="Mug",
    category="tableware",
    currency="EUR",
    list_price_minor=1500,
)


def lines(length: int) -> Iterator[str]:
    """Rows of about 140 bytes until the file is full; one in a thousand is bad."""
    yield HEAD
    written, number = len(HEAD), 0
    while True:
        number += 1
        sku = "JUG-1" if number % 1000 == 0 else "MUG-1"
        row = (
            f"R{number}/1/1,R{number},O-{number},C-{number % 5000},1,1,{sku},1450,EUR,defective,"
            f"arrived with a crack in the handle and a stain {number},S{number:08d},B-{number // 5000}\n"
        )
        written += len(row)
        if written > length:
            return
        yield row


async def read(folder: Path, length: int) -> tuple[int, float, float, float]:
    """Rows, seconds, and the process's peak before and behind the file in MiB."""
    inbox = folder / "drop" / "m1"
    inbox.mkdir(parents=True)
    settings = ServerSettings(
        host_name="bench.test", site="s1", returns_drop_dir=folder / "drop", drop_settle_s=0
    )
    async with open_centre(folder, settings, make_keys(folder), registry=CollectorRegistry()) as centre:
        await centre.writer.submit(lambda c: add_merchant(c, "s1", "m1", "Bench", centre.now()))
        await centre.writer.submit(lambda c: put_products(c, "s1", (PRODUCT,)))
        with (inbox / "returns.csv").open("w") as file:
            rows = sum(1 for _ in map(file.write, lines(length))) - 1
        before, start = peak_mib(), time.perf_counter()
        await Watcher(centre, folder / "drop").turn()
        return rows, time.perf_counter() - start, before, peak_mib()


def peak_mib() -> float:
    """The largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> dict[str, Any]:
    """The figure beside its limits; a length in MiB may be given in REGRADE_BENCH_MIB."""
    length = int(os.environ.get("REGRADE_BENCH_MIB", FILE_BYTES // MIB)) * MIB
    with tempfile.TemporaryDirectory() as folder:
        rows, seconds, before, behind = asyncio.run(read(Path(folder), length))
    return {
        "figure": "a dropped file, from its row to a durable unit",
        "file_mib": length // MIB,
        "rows": rows,
        "rows_per_s": round(rows / seconds),
        "peak_mib": round(behind),
        "growth_mib": round(behind - before),
        "limit_rows_per_s": ROWS_PER_S,
        "limit_growth_mib": GROWTH_MIB,
        "within_limit": rows / seconds >= ROWS_PER_S and behind - before <= GROWTH_MIB,
    }


if __name__ == "__main__":
    print(main())
