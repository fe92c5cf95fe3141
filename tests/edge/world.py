"""A small site for the station's tests: real keys, one product, a few units, one inspector.

Also a program: `python world.py FOLDER` commits inspections until it is killed.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge import journal
from edge.clock import Instant, now
from edge.database import Database
from edge.item import Item
from edge.journal import BenchEvent, Commit
from edge.steps.confirm import learnable
from edge.steps.decide import propose
from edge.steps.sign import Desk, Ready, policy_version, sign_record
from edge.vault import Vault
from inspection.custody.sealing import commit as commitment
from inspection.custody.signing import key_id, public_bytes
from inspection.detector import Detection, VersionedFile, ViewScore
from inspection.evidence import ImageQuality
from inspection.findings import Finding
from inspection.grades import Channel, Grade
from inspection.identity.epc import sgtin96_for
from inspection.messages.catalogue import ProductMessage, RecoveryMessage, UnitMessage
from inspection.messages.station import Enrolment, InspectorMessage, WorklistPage
from inspection.policy import DEFAULT_POLICY
from inspection.readings import Frame
from inspection.record import Clock, ClockState
from inspection.returns import ReturnReason
from inspection.verdict import Proposal, confirm

BADGE_SALT = bytes(range(32))
ORIGIN = "centre.test/site/s1"
BADGE = "ANNA-1"
GTIN = "04012345678901"
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Both ends: what the centre holds and what the station holds."""

    log_key: Ed25519PrivateKey
    sealing_key: X25519PrivateKey
    station_key: Ed25519PrivateKey
    enrolment: Enrolment

    @property
    def key_id(self) -> str:
        return key_id(public_bytes(self.station_key))


def new_world() -> World:
    """Fresh keys everywhere."""
    log_key, sealing_key = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
    enrolment = Enrolment(
        station="st1",
        site="s1",
        origin=ORIGIN,
        api_key="station_" + "k" * 40,
        log_public_key=public_bytes(log_key),
        sealing_public_key=sealing_key.public_key().public_bytes_raw(),
        badge_salt=BADGE_SALT,
    )
    return World(
        log_key=log_key,
        sealing_key=sealing_key,
        station_key=Ed25519PrivateKey.generate(),
        enrolment=enrolment,
    )


def product() -> ProductMessage:
    """A mug that sells as new, as open box, and not at all when it is broken."""
    rows = [(Grade.NEW, Channel.RESTOCK, 1500), (Grade.USED, Channel.OPEN_BOX, 900)]
    rows.append((Grade.DAMAGED, Channel.RECYCLE, 0))
    recovery = tuple(RecoveryMessage(grade=g, channel=c, price_minor=p) for g, c, p in rows)
    return ProductMessage(
        merchant="north",
        sku="MUG-1",
        gtin=GTIN,
        title="Mug, white",
        category="tableware",
        currency="EUR",
        list_price_minor=1500,
        recovery=recovery,
    )


def unit(number: int, epc: bytes | None = None, serial: str | None = None) -> UnitMessage:
    """One returned mug."""
    return UnitMessage(
        merchant="north",
        id=f"RMA-{number}/1/1",
        authorization=f"RMA-{number}",
        order=f"O-{number}",
        customer=f"C-{number}",
        line=1,
        index=1,
        sku="MUG-1",
        epc=epc.hex() if epc else None,
        serial=serial,
        paid_minor=1450,
        currency="EUR",
        reason=ReturnReason.CHANGED_MIND,
    )


def tag(number: int) -> bytes:
    """The EPC of the n-th mug."""
    return sgtin96_for(GTIN, number).encode()


def inspector(name: str = "anna", badge: str = BADGE) -> InspectorMessage:
    """Somebody with a badge."""
    return InspectorMessage(
        id=name,
        display_name=name.title(),
        badge_commitment=commitment(BADGE_SALT, badge),
        language="en",
        role="inspector",
    )


def page(*units: UnitMessage, cursor: int = 1, closed: tuple[str, ...] = ()) -> WorklistPage:
    """A worklist with these units."""
    return WorklistPage(
        cursor=cursor,
        more=False,
        products=(product(),),
        units=units,
        closed=closed,
        inspectors=(inspector(),),
        centre_time=datetime.now(UTC),
    )


def detection(*, score: float = 0.2, findings: tuple[Finding, ...] = ()) -> Detection:
    """What a detector says of a mug that looks like its references, or less so."""
    view = ViewScore(view="top", score=score, limit=1.0, p_value_ppm=400_000 if score < 1 else 10)
    return Detection(
        findings=findings,
        views=(view,),
        quality={"top": ImageQuality(sharpness=812.4, brightness=120.2)},
        models=(VersionedFile(name="lite0", sha256="a" * 64),),
        bank=VersionedFile(name="north/MUG-1", sha256="b" * 64),
        model_ms=41.0,
        total_ms=52.0,
    )


def frame(content: bytes = b"\xff\xd8\xff a picture") -> Frame:
    """A picture as a camera sent it."""
    return Frame(view="top", camera="cam", content=content, media_type="image/jpeg", captured_at=NOON)


def item(number: int, at: Instant, *, seen: Detection | None = None) -> Item:
    """A mug whose proposal stands."""
    expected = unit(number, epc=bytes([0x30, *[0] * 10, number % 256])).expected(product().product())
    proposal = propose(expected, seen or detection(), DEFAULT_POLICY, None)
    if not isinstance(proposal, Proposal):
        raise TypeError(proposal)
    known = Item(expected=expected, identified_by="rfid", seen=at, epc=expected.unit.epc)
    return replace(known, frames=(frame(),), detection=seen or detection(), proposal=proposal)


def desk(world: World, boot: str) -> Desk:
    """What all records of one start share."""
    return Desk(
        enrolment=world.enrolment,
        key_id=world.key_id,
        boot=boot,
        program="0.1.0",
        policy=policy_version(DEFAULT_POLICY),
    )


def make_commit(world: World, vault: Vault, boot: str, counter: int, number: int, images: int = 1) -> Commit:
    """Everything one inspection leaves behind, really sealed and signed."""
    at = now()
    done = item(number, at)
    frames = [replace(frame(b"%d/%d" % (counter, index)), view=f"view{index}") for index in range(images)]
    sealed = tuple(vault.seal(each) for each in frames)
    if done.proposal is None:
        raise TypeError("the item has no proposal")
    clock = Clock(state=ClockState.GOOD, device_time=at.wall, monotonic_ns=at.monotonic_ns, offset_ms=3)
    verdict = confirm(done.proposal)
    ready = Ready(
        item=done,
        verdict=verdict,
        person=inspector(),
        images=sealed,
        counter=counter,
        clock=clock,
        total_ms=12_345,
    )
    signed = sign_record(world.station_key, desk(world, boot), ready, os.urandom)
    event = BenchEvent(at=at.wall, event="commit", state="committed", unit=done.unit_id)
    return Commit(
        record=signed.record,
        signed=signed.envelope,
        sha256=signed.sha256,
        images=sealed,
        events=(event, event),
        at=at.wall,
        confirmed=learnable(done, verdict, at.wall.date()),
    )


async def until(condition: Callable[[], object], within_s: float = 60.0) -> None:
    """Wait for something that happens by itself; fails after a while."""
    for _ in range(round(within_s / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError(f"not within {within_s:g} s")


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let something run for ever beside the test, and end it with the test."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _commit_for_ever(folder: Path) -> None:
    world, boot = new_world(), os.urandom(16).hex()
    vault = Vault(folder / "evidence", world.enrolment.sealing_public_key, os.urandom)
    with Database(folder) as database:
        await database.run(partial(journal.begin_boot, boot=boot, key=world.key_id, at=NOON))
        counter, first = 0, int.from_bytes(os.urandom(4))
        while True:
            counter += 1
            done = make_commit(world, vault, boot, counter, first + counter, images=3)
            await database.run(partial(journal.commit_inspection, commit=done))
            print(counter, flush=True)


if __name__ == "__main__":
    asyncio.run(_commit_for_ever(Path(sys.argv[1])))
