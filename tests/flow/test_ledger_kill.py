"""Kill -9 of the centre while stations send: receipts hold, no index is given twice, no checkpoint is undone.

After each restart the whole log is read over HTTP and laid beside every receipt and every checkpoint that
anybody was ever given.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from benchmarks.load import Sender, new_sender
from benchmarks.site import CentreProcess, Site, init_centre, unit
from edge.identity import Identity
from inspection.custody.checkpoint import Checkpoint, open_checkpoint
from inspection.custody.leaf import GENESIS, leaf_hash_hex, read_leaf
from inspection.custody.merkle import leaf_hash, root_of
from inspection.custody.note import Algorithm, VerifierKey
from inspection.messages.uplink import RecordBatch

ROUNDS = 7
SOAK_ROUNDS = int(os.environ.get("REGRADE_SOAK_ROUNDS", "200"))
STATIONS = ("st1", "st2", "st3")
BATCH = 16
STOCK = 500
"""Units announced for a station at a time: more than it can inspect in one round."""
MOST_BATCHES = 12
"""Answered in one round before the kill; a slow machine only takes longer."""
JITTER_S = 0.05
PATIENCE_S = 60.0
KEPT = Path(__file__).resolve().parents[2] / "docs" / "soak"


@dataclass(slots=True, kw_only=True)
class Bench:
    """A station that sends, with what it has not been answered."""

    sender: Sender
    announced: int
    inspected: int = 0
    waiting: RecordBatch | None = None

    async def work(self, http: httpx.AsyncClient, answered: asyncio.Semaphore) -> None:
        """Send batch after batch until the centre is gone or nothing is left."""
        while self.waiting or self.inspected + BATCH <= self.announced:
            if self.waiting is None:
                self.waiting = self.sender.batch(range(self.inspected + 1, self.inspected + BATCH + 1))
                self.inspected += BATCH
            try:
                await self.sender.send(http, self.waiting)
            except httpx.TransportError:
                return
            self.waiting = None
            answered.release()


@dataclass(slots=True, kw_only=True)
class Trial:
    """One centre, its stations, and all that anybody was told."""

    process: CentreProcess
    folder: Path
    key: str
    benches: list[Bench] = field(default_factory=list)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    """By size, as first served."""
    wrong: list[str] = field(default_factory=list)
    rounds: int = 0
    leaves: int = 0

    def site(self, url: str) -> Site:
        """The centre at its address of this start."""
        return Site(folder=self.folder, url=url, console_key=self.key)

    def take(self, note: bytes) -> None:
        """Keep a checkpoint; one that speaks against an earlier one is wrong."""
        told = self.benches[0].sender.identity.enrolment
        key = VerifierKey(name=told.origin, algorithm=Algorithm.ED25519, public_key=told.log_public_key)
        checkpoint = open_checkpoint(note, [key])
        if self.checkpoints.setdefault(checkpoint.size, checkpoint) != checkpoint:
            self.wrong.append(f"two checkpoints of size {checkpoint.size}")


@asynccontextmanager
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as http:
        yield http


async def play(trial: Trial, dice: Random) -> None:
    """One round: start, compare with all that was told, work, and be killed in the middle of it."""
    url = await asyncio.to_thread(trial.process.start)
    await restock(trial, trial.site(url))
    async with client(url) as http:
        trial.wrong += faults(trial, await leaves_of(http, trial.key))
        answered = asyncio.Semaphore(0)
        work = [asyncio.ensure_future(bench.work(http, answered)) for bench in trial.benches]
        watch = asyncio.ensure_future(collect(trial, http))
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(dice.randint(0, MOST_BATCHES)):
                await answered.acquire()
        await asyncio.sleep(dice.uniform(0.0, JITTER_S))
        await asyncio.to_thread(trial.process.kill)
        await asyncio.gather(watch, *work)
    trial.rounds += 1


async def restock(trial: Trial, site: Site) -> None:
    """Enrol the stations once, and let more returns be announced for whoever is short of them."""
    if not trial.benches:
        senders = [await new_sender(site, name, STOCK) for name in STATIONS]
        trial.benches += [Bench(sender=sender, announced=STOCK) for sender in senders]
    for bench in trial.benches:
        if bench.announced - bench.inspected < STOCK // 2:
            more = range(bench.announced + 1, bench.announced + STOCK + 1)
            await site.announce([unit(bench.sender.station, number) for number in more])
            bench.announced += STOCK


async def collect(trial: Trial, http: httpx.AsyncClient) -> None:
    """Take every checkpoint that is served until the centre is gone."""
    while True:
        try:
            answer = await http.get("/site/s1/checkpoint")
        except httpx.TransportError:
            return
        if answer.status_code == 200:
            trial.take(answer.content)
        await asyncio.sleep(0.01)


async def leaves_of(http: httpx.AsyncClient, key: str) -> list[bytes]:
    """The whole log, without the export's header."""
    answer = await http.get("/v1/ledger/export", headers={"authorization": f"Bearer {key}"})
    answer.raise_for_status()
    return answer.content.splitlines()[1:]


def faults(trial: Trial, leaves: list[bytes]) -> Iterator[str]:
    """What in the log does not fit what was told."""
    before = GENESIS
    for index, content in enumerate(leaves):
        leaf = read_leaf(content)
        if (leaf.seq, leaf.prev) != (index, before):
            yield f"round {trial.rounds}: leaf {index} is number {leaf.seq} or follows another"
        before = leaf_hash_hex(content)
    for bench in trial.benches:
        for index, content in bench.sender.receipts.items():
            if leaves[index : index + 1] != [content]:
                yield f"round {trial.rounds}: what {bench.sender.station} was receipted at {index} is lost"
    hashes = [leaf_hash(content) for content in leaves]
    for size, checkpoint in trial.checkpoints.items():
        if size > len(leaves) or root_of(hashes[:size]) != checkpoint.root:
            yield f"round {trial.rounds}: the log does not continue the checkpoint of size {size}"
    trial.leaves = len(leaves)


async def last_look(trial: Trial) -> None:
    """Start once more, and stop as an operator would."""
    url = await asyncio.to_thread(trial.process.start)
    async with client(url) as http:
        trial.wrong += faults(trial, await leaves_of(http, trial.key))
        await collect_one(trial, http)
    await asyncio.to_thread(trial.process.stop)


async def collect_one(trial: Trial, http: httpx.AsyncClient) -> None:
    answer = await http.get("/site/s1/checkpoint")
    if answer.status_code == 200:
        trial.take(answer.content)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    made = Trial(process=CentreProcess(tmp_path), folder=tmp_path, key=init_centre(tmp_path))
    yield made
    made.process.stop()


@pytest.mark.flow
async def test_what_was_receipted_outlives_every_kill(trial: Trial) -> None:
    dice = Random(20)
    for _ in range(ROUNDS):
        await play(trial, dice)
    await last_look(trial)
    assert trial.wrong == []
    assert sum(len(bench.sender.receipts) for bench in trial.benches) > ROUNDS * BATCH
    assert len(trial.checkpoints) >= 2  # how many were seen is a matter of speed; fewer could not contradict


def test_a_receipt_and_a_checkpoint_without_their_leaf_are_named(tmp_path: Path) -> None:
    station = SimpleNamespace(enrolment=SimpleNamespace(station="st1"))
    sender = Sender(identity=cast(Identity, station), receipts={0: b"{}"})
    signed = Checkpoint(origin="bench.example/site/s1", size=1, root=bytes(32))
    trial = Trial(process=CentreProcess(tmp_path), folder=tmp_path, key="", checkpoints={1: signed})
    trial.benches.append(Bench(sender=sender, announced=0))
    assert list(faults(trial, [])) == [
        "round 0: what st1 was receipted at 0 is lost",
        "round 0: the log does not continue the checkpoint of size 1",
    ]


@pytest.mark.soak
@pytest.mark.flow
async def test_it_outlives_hundreds_of_kills(trial: Trial) -> None:
    dice, began, started = Random(21), time.monotonic(), datetime.now(UTC)
    for _ in range(SOAK_ROUNDS):
        await play(trial, dice)
        write_down(trial, started, time.monotonic() - began)
    await last_look(trial)
    write_down(trial, started, time.monotonic() - began)
    assert trial.wrong == []


def write_down(trial: Trial, started: datetime, seconds: float) -> None:
    """Keep the result so far."""
    receipts = sum(len(bench.sender.receipts) for bench in trial.benches)
    rows = [
        f"# Ledger killed, {started:%Y-%m-%d %H:%M} UTC",
        "",
        f"`kill -9` of the centre under the load of {len(STATIONS)} stations: {trial.rounds} rounds, "
        f"{seconds / 60:.0f} minutes, {trial.leaves} leaves, {receipts} receipts and "
        f"{len(trial.checkpoints)} checkpoints held against the log after each restart.",
        f"Receipts lost, indexes given twice, gaps, checkpoints that do not fit: {len(trial.wrong)}.",
        "",
        *(f"- {line}" for line in trial.wrong),
    ]
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"ledger-{started:%Y-%m-%d-%H%M}.md").write_text("\n".join(rows).rstrip() + "\n")
