"""How many signed records a second one centre process takes over HTTP, every signature checked.

The batches are made, signed and written as HTTP bodies beforehand, and the receipts are checked
afterwards: real stations each have a processor of their own for that. What is measured is the centre,
which still shares the machine's cores with what sends; the CPU time of both is told.
"""

import asyncio
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.load import Sender, new_sender
from benchmarks.site import CentreProcess, Site, init_centre
from inspection.messages.uplink import MAX_BATCH, RecordBatch

STATIONS = 4
BATCHES = 24
LIMIT_PER_S = 1500
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one station will send."""

    sender: Sender
    batches: tuple[RecordBatch, ...]
    contents: tuple[bytes, ...]


def main() -> dict[str, Any]:
    """Records a second beside the limit, and the centre's CPU time for each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key, process = init_centre(folder), CentreProcess(folder)
        try:
            site = Site(folder=folder, url=process.start(), console_key=key)
            return asyncio.run(_measure(site, process.pid))
        finally:
            process.stop()


async def _measure(site: Site, pid: int) -> dict[str, Any]:
    works = [await _prepare(site, f"st{number}") for number in range(1, STATIONS + 1)]
    answers: list[tuple[Work, int, bytes]] = []
    async with httpx.AsyncClient(base_url=site.url, timeout=60) as http:
        spent, ours, started = cpu_s(pid), time.process_time(), time.perf_counter()
        await asyncio.gather(*(_send(http, work, answers) for work in works))
        seconds, spent, ours = time.perf_counter() - started, cpu_s(pid) - spent, time.process_time() - ours
    for work, turn, content in answers:
        work.sender.take(work.batches[turn], content)
    records = STATIONS * BATCHES * MAX_BATCH
    per_s = records / seconds
    return {
        "records": records,
        "records_per_s": round(per_s),
        "limit_per_s": LIMIT_PER_S,
        "centre_cpu_us_per_record": round(spent / records * 1e6),
        "client_cpu_us_per_record": round(ours / records * 1e6),
        "centre_cores": round(spent / seconds, 2),
        "within_limit": per_s >= LIMIT_PER_S,
    }


async def _prepare(site: Site, station: str) -> Work:
    sender = await new_sender(site, station, BATCHES * MAX_BATCH)
    starts = range(1, BATCHES * MAX_BATCH + 1, MAX_BATCH)
    batches = tuple(sender.batch(range(start, start + MAX_BATCH)) for start in starts)
    return Work(sender=sender, batches=batches, contents=tuple(batch.to_json() for batch in batches))


async def _send(http: httpx.AsyncClient, work: Work, answers: list[tuple[Work, int, bytes]]) -> None:
    for turn, content in enumerate(work.contents):
        answer = await http.post("/v1/records", content=content, headers=work.sender.auth)
        answer.raise_for_status()
        answers.append((work, turn, answer.content))


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


if __name__ == "__main__":
    print(main())
