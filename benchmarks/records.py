"""From a station's outbox to signed receipts: how many records a second, through real processes.

`python -m benchmarks.records` starts a centre as a process of its own, enrols a station, fills the
station's outbox with signed records and lets its uplink send them over HTTP until every receipt is
checked and kept. Once with the images at the centre already, once with one encrypted 40 kB image
per record to send. Everything is durable before it is answered (SQLite FULL, fsync), on both sides.
"""

import asyncio
import json
import os
import tempfile
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from benchmarks.site import Site, new_site, product, unit
from edge import journal
from edge.clock import ClockWatch, Instant, now
from edge.database import Database
from edge.faults import Faults
from edge.identity import Identity, read_identity
from edge.item import Item
from edge.journal import Commit
from edge.steps.decide import propose
from edge.steps.sign import Desk, Ready, policy_version, sign_record
from edge.uplink import LogTrust, Uplink
from edge.vault import SealedImage, Vault
from inspection.detector import Detection, VersionedFile, ViewScore
from inspection.evidence import ImageQuality
from inspection.messages.catalogue import UnitMessage
from inspection.messages.station import InspectorMessage
from inspection.policy import DEFAULT_POLICY
from inspection.readings import Frame
from inspection.record import Clock, ClockState
from inspection.verdict import Proposal, confirm
from link.http import HttpConfig, HttpLink

LIMIT_PER_S = 300
RECORDS = 2000
PICTURED = 500
IMAGE_BYTES = 40_000
PERSON = InspectorMessage(
    id="anna", display_name="Anna", badge_commitment="0" * 64, language="en", role="inspector"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One station's folder, opened."""

    identity: Identity
    database: Database
    vault: Vault
    boot: str


def main() -> dict[str, Any]:
    """Both figures beside the limit."""
    with tempfile.TemporaryDirectory() as folder, new_site(Path(folder)) as site:
        plain = asyncio.run(_measure(site, "plain", RECORDS, images=False))
        pictured = asyncio.run(_measure(site, "pictured", PICTURED, images=True))
    return {
        "figure": "records from outbox to checked receipt",
        "records_per_s": plain,
        "records_with_image_per_s": pictured,
        "limit_per_s": LIMIT_PER_S,
        "within_limit": plain >= LIMIT_PER_S,
    }


async def _measure(site: Site, station: str, count: int, *, images: bool) -> float:
    folder = await site.enrol(station)
    units = [unit(station, number) for number in range(1, count + 1)]
    await site.announce(units)
    identity = read_identity(folder)
    with Database(folder) as database:
        vault = Vault(folder / "evidence", identity.enrolment.sealing_public_key, os.urandom)
        bench = Bench(identity=identity, database=database, vault=vault, boot=os.urandom(16).hex())
        _fill(bench, units, images=images)
        return round(count / await _drain(bench, site.url), 1)


async def _drain(bench: Bench, url: str) -> float:
    """Seconds until every record has its receipt."""
    enrolment = bench.identity.enrolment
    async with HttpLink(HttpConfig.model_validate({"base_url": url, "key": enrolment.api_key})) as link:
        uplink = Uplink(
            database=bench.database,
            vault=bench.vault,
            link=link,
            trust=LogTrust.of(enrolment),
            clocks=ClockWatch(),
            faults=Faults(CollectorRegistry()),
        )
        started = time.perf_counter()
        while (done := await uplink.round()).tried:
            if done.settled != done.tried:
                raise RuntimeError(f"{done.tried - done.settled} were not settled: {uplink.trouble}")
        return time.perf_counter() - started


def _fill(bench: Bench, units: list[UnitMessage], *, images: bool) -> None:
    """Commit one inspection of each unit in one transaction: filling is not what is measured."""
    at = now().wall
    bench.database.run_now(partial(journal.begin_boot, boot=bench.boot, key=bench.identity.key_id, at=at))
    commits = [_commit(bench, number, each, images=images) for number, each in enumerate(units, 1)]
    with bench.database.engine.begin() as connection:
        for commit in commits:
            journal.commit_inspection(connection, commit)


def _commit(bench: Bench, counter: int, returned: UnitMessage, *, images: bool) -> Commit:
    at = now()
    frame = new_frame(at)
    pictures: tuple[SealedImage, ...] = (bench.vault.seal(frame),) if images else ()
    ready = ready_item(returned, frame, counter, at, pictures)
    signed = sign_record(bench.identity.key, desk_of(bench.identity, bench.boot), ready, os.urandom)
    return Commit(
        record=signed.record,
        signed=signed.envelope,
        sha256=signed.sha256,
        images=pictures,
        events=(),
        at=at.wall,
    )


def new_frame(at: Instant) -> Frame:
    """A picture of nothing, which compresses as badly as a real one."""
    content = os.urandom(IMAGE_BYTES)
    return Frame(view="top", camera="cam", content=content, media_type="image/jpeg", captured_at=at.wall)


def ready_item(
    returned: UnitMessage, frame: Frame, counter: int, at: Instant, images: tuple[SealedImage, ...] = ()
) -> Ready:
    """A unit whose verdict stands: the inspector confirmed what was proposed."""
    item = _proposed(returned, frame)
    if item.proposal is None:
        raise RuntimeError("the item has no proposal")
    return Ready(
        item=item,
        verdict=confirm(item.proposal),
        person=PERSON,
        images=images,
        counter=counter,
        clock=Clock(state=ClockState.GOOD, device_time=at.wall, monotonic_ns=at.monotonic_ns, offset_ms=0),
        total_ms=9000,
    )


def desk_of(identity: Identity, boot: str) -> Desk:
    """What a station's records of one start have in common."""
    return Desk(
        enrolment=identity.enrolment,
        key_id=identity.key_id,
        boot=boot,
        program="bench",
        policy=policy_version(DEFAULT_POLICY),
    )


def _proposed(returned: UnitMessage, frame: Frame) -> Item:
    """A unit that looks like its references."""
    detection = Detection(
        findings=(),
        views=(ViewScore(view="top", score=0.2, limit=1.0, p_value_ppm=500_000),),
        quality={"top": ImageQuality(sharpness=800.0, brightness=120.0)},
        models=(VersionedFile(name="efficientnet-lite0", sha256="a" * 64),),
        bank=VersionedFile(name="north/MUG-1", sha256="b" * 64),
        model_ms=40.0,
        total_ms=50.0,
    )
    expected = returned.expected(product().product())
    proposal = propose(expected, detection, DEFAULT_POLICY, None)
    if not isinstance(proposal, Proposal):
        raise TypeError(proposal)
    item = Item(expected=expected, identified_by="barcode", seen=now())
    return replace(item, frames=(frame,), detection=detection, proposal=proposal)


if __name__ == "__main__":
    print(json.dumps(main()))
