"""From a durable entry to the refund request on the wire, at 100 returns a second, checkpoint included.

`python -m benchmarks.refund_latency [SECONDS]` runs a centre as a process of its own, with the settings that
it has by itself but without the seconds in which a bench may take its verdict back. It sends it one signed
record after the other at that pace, and takes the webhooks on loopback. The clock starts with the time that
the instruction's entry carries, which is before its commit, and ends when the request has arrived whole.
"""

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.load import Sender, new_sender
from benchmarks.site import MERCHANT, Site, new_site
from inspection.policy import DEFAULT_POLICY

RATE, SECONDS = 100, 60
AT_ONCE = replace(DEFAULT_POLICY, id="bench/1", undo_s=0)
LIMIT_S = 1.5
STATIONS = 10
"""Each sends its next record when the one before is receipted, as a station does."""
PATIENCE_S = 30.0
ISSUED = b'"issued_at":"'
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@dataclass(slots=True)
class Receiver:
    """Takes webhooks and notes how old each one's instruction is when it is here."""

    ages: dict[str, float] = field(default_factory=dict)
    """Seconds by webhook id, of the first time it came."""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request on one line."""
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        body = await reader.readexactly(int(fields[b"content-length"]))
        came = time.time()
        start = body.index(ISSUED) + len(ISSUED)
        issued = datetime.fromisoformat(body[start : start + 27].decode()).timestamp()
        self.ages.setdefault(fields[b"webhook-id"].decode(), came - issued)
        writer.write(OK)
        await writer.drain()
        writer.close()


def main() -> dict[str, Any]:
    """Percentiles beside the limit."""
    return measure(SECONDS)


def measure(seconds: int) -> dict[str, Any]:
    """As `main`, for so many seconds."""
    load = round(os.getloadavg()[0], 1)
    with (
        tempfile.TemporaryDirectory(prefix="regrade-latency-") as name,
        new_site(Path(name), AT_ONCE) as site,
    ):
        ages, sent_s = asyncio.run(_run(site, seconds))
    cuts = quantiles(ages, n=100)
    return {
        "figure": "durable entry to refund request on the wire",
        "load_before": load,
        "returns": len(ages),
        "returns_per_s": round(len(ages) / sent_s, 1),
        "p50_s": round(cuts[49], 2),
        "p95_s": round(cuts[94], 2),
        "p99_s": round(cuts[98], 2),
        "limit_s": LIMIT_S,
        "within_limit": cuts[94] <= LIMIT_S and len(ages) / sent_s >= RATE * 0.98,
    }


async def _run(site: Site, seconds: int) -> tuple[list[float], float]:
    count, receiver = RATE * seconds, Receiver()
    senders = [await new_sender(site, f"st{number}", count // STATIONS) for number in range(1, STATIONS + 1)]
    bodies = _bodies(senders, count)
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0)
    await _listen(site, server.sockets[0].getsockname()[1])
    sent_s = await _send(site.url, bodies)
    async with asyncio.timeout(PATIENCE_S):
        while len(receiver.ages) < count:  # noqa: ASYNC110 - the receiver has no news to tell
            await asyncio.sleep(0.1)
    server.close()
    return list(receiver.ages.values()), sent_s


def _bodies(senders: list[Sender], count: int) -> list[tuple[dict[str, str], bytes]]:
    """One signed record for each request, the stations in turn; made beforehand."""
    numbers = range(1, count // len(senders) + 1)
    return [(sender.auth, sender.batch([number]).to_json()) for number in numbers for sender in senders]


async def _listen(site: Site, port: int) -> None:
    asked = {"scope": "shop", "merchant": MERCHANT, "label": "bench-shop"}
    key = (await site.call("POST", "/v1/keys", asked))["api_key"]
    endpoint = {"url": f"http://127.0.0.1:{port}/"}
    await site.call("PUT", "/v1/refunds/endpoint", endpoint, key)


async def _send(url: str, bodies: list[tuple[dict[str, str], bytes]]) -> float:
    """Send at the pace, whatever the answers take; returns the seconds from the first to the last answer."""
    lines = [await Line.open(url) for _ in range(STATIONS)]
    began, under_way = time.perf_counter(), set[asyncio.Task[None]]()
    for number, (auth, content) in enumerate(bodies):
        wait_s = began + number / RATE - time.perf_counter()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        under_way.add(asyncio.create_task(lines[number % STATIONS].post(auth, content)))
        under_way = {task for task in under_way if not task.done() or task.result()}
    await asyncio.gather(*under_way)
    took_s = time.perf_counter() - began
    for line in lines:
        line.writer.close()
    return took_s


@dataclass(slots=True, kw_only=True)
class Line:
    """One station's line, kept open: a library's client would take more of the machine than the centre."""

    host: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """A station's records come in their order."""

    @classmethod
    async def open(cls, url: str) -> "Line":
        """Open a line to the centre."""
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        return cls(host=host, reader=reader, writer=writer)

    async def post(self, auth: dict[str, str], content: bytes) -> None:
        """Send one batch of one record; raises RuntimeError unless it is receipted."""
        head = f"POST /v1/records HTTP/1.1\r\nhost: {self.host}\r\ncontent-length: {len(content)}\r\n"
        named = "".join(f"{name}: {value}\r\n" for name, value in auth.items())
        async with self.turn:
            self.writer.write(f"{head}{named}\r\n".encode() + content)
            answer = (await self.reader.readuntil(b"\r\n\r\n")).lower()
            length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            said = await self.reader.readexactly(length)
        if b'"kind":"receipt"' not in said:
            raise RuntimeError(f"a record was not taken: {said[:200]!r}")


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
