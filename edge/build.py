"""The composition root: puts a station together, runs it in one event loop, ends it in order.

Start: settings and keys are checked, the journal is opened (one process per folder), then the broker,
the devices, the bench, and last everything that talks. End: the page goes first, then the loops, then
the devices, the broker, and last the journal; nothing is written after it is closed.
"""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from devices.config import DeviceConfig
from devices.registry import Surroundings
from devices.supervisor import Supervisor
from edge import outbox
from edge.broker import Broker, BrokerConfig
from edge.broker_files import BrokerUser
from edge.changes import Changes
from edge.clock import ClockWatch
from edge.committing import Committer
from edge.config import StationConfig
from edge.crossing import Seeing
from edge.database import Database
from edge.errors import BadConfig, KeyCloned
from edge.faults import Faults
from edge.identity import Identity
from edge.inputs import Blocked, NewWorklist
from edge.looking import Detectors
from edge.metrics import StationMetrics
from edge.reporting import Reporting
from edge.serving import PageServer
from edge.station import Place, Station
from edge.steps.sign import Desk, policy_version
from edge.sync import Heard, Pace, Sync
from edge.tidying import Tidying
from edge.uplink import LogTrust, Uplink
from edge.vault import Vault
from edge.watch import TagWatch
from edge.web import create_app
from inspection.errors import BadMessage
from inspection.policy import DEFAULT_POLICY, Policy
from inspection.record import InspectionRecord
from link.http import HttpConfig, HttpLink
from link.mqtt import MqttConfig
from link.tls import TlsFiles

log = structlog.get_logger()

STATION_ACCOUNT = "station"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What everything else stands on."""

    folder: Path
    config: StationConfig
    identity: Identity
    boot: str
    registry: CollectorRegistry
    database: Database
    vault: Vault
    clocks: ClockWatch
    faults: Faults
    changes: Changes
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A station that is put together, its bench ready."""

    ground: Ground
    station: Station
    uplink: Uplink
    sync: Sync
    reporting: Reporting
    detectors: Detectors
    executor: ThreadPoolExecutor


@asynccontextmanager
async def open_station(folder: Path, config: StationConfig, identity: Identity) -> AsyncIterator[Running]:
    """Open everything in order and close it in the opposite one; raises SetUpWrong kinds."""
    async with AsyncExitStack() as stack:
        ground = _ground(folder, config, identity, stack.enter_context(Database(folder)))
        account = await _broker(config, folder / "broker", stack)
        surroundings = Surroundings(clock=lambda: ground.clocks.now().wall, mqtt=account)
        senses = Supervisor(config.devices, surroundings=surroundings, registry=ground.registry)
        await stack.enter_async_context(senses)
        link = await stack.enter_async_context(HttpLink(_link_config(config, identity)))
        executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="models"))
        running = _put_together(ground, senses, link, executor)
        await running.station.start()
        yield running


async def run_station(
    folder: Path,
    config: StationConfig,
    identity: Identity,
    listener: socket.socket,
    *,
    page: bool,
    ready: Callable[[str], None],
) -> None:
    """Run until SIGTERM or SIGINT; `ready` is told one line once the page server answers."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_station(folder, config, identity) as running:
        app = create_app(running.reporting)
        if page:
            # imported here: the page's tool kit takes longer to load than the whole station
            from edge.page.bench import add_page

            add_page(app, running.reporting)
        server = PageServer(app)
        serving = asyncio.create_task(server.serve([listener]))
        working = asyncio.create_task(_work(running))
        await _either(server.ready.wait(), serving, working)
        ready(_line(running, listener))
        await _either(stop.wait(), serving, working)
        await _end(server, serving, working)


async def _work(running: Running) -> None:
    """Everything that goes on for ever; the first that fails ends all."""
    ground = running.ground
    told = asyncio.Event()
    tidying = Tidying(ground.database, ground.vault, ground.clocks, ground.config.retention)
    asyncio.get_running_loop().run_in_executor(running.executor, _warm_up, running.detectors)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(running.station.run())
        tasks.create_task(running.uplink.run(running.sync.checked))
        tasks.create_task(running.sync.run(running.reporting.health, told))
        tasks.create_task(tidying.run())
        tasks.create_task(_watch_devices(running.station))
        tasks.create_task(_announce(running.station, told))


async def _watch_devices(station: Station) -> None:
    while True:
        await station.seeing.senses.wait_for_change()
        station.changes.bump()


async def _announce(station: Station, told: asyncio.Event) -> None:
    """Ask for a health message when the state of the bench or of a device changes."""
    before: tuple[object, ...] = ()
    seen = station.changes.version
    while True:
        seen = await station.changes.wait(seen)
        now = (station.bench.state, tuple((d.state, d.reason) for d in station.seeing.senses.snapshot()))
        if now != before:
            before = now
            told.set()


def _warm_up(detectors: Detectors) -> None:
    try:
        detectors.warm_up()
    except Exception as error:  # said again, as a hold, when an item needs the model
        log.warning("model.not_ready", error=type(error).__name__)


async def _either(event: Coroutine[Any, Any, Any], *tasks: asyncio.Task[None]) -> None:
    """Wait for an event; a task that ends before it ends everything, with its error."""
    waiting = asyncio.create_task(event)
    try:
        done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {waiting}:
            await task
    finally:
        waiting.cancel()


async def _end(server: PageServer, serving: asyncio.Task[None], working: asyncio.Task[None]) -> None:
    server.should_exit = True
    await serving
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


def _ground(folder: Path, config: StationConfig, identity: Identity, database: Database) -> Ground:
    vault = Vault(folder / "evidence", identity.enrolment.sealing_public_key, os.urandom)
    vault.drop_orphans(database.run_now(outbox.all_images))
    registry = CollectorRegistry()
    return Ground(
        folder=folder,
        config=config,
        identity=identity,
        boot=os.urandom(16).hex(),
        registry=registry,
        database=database,
        vault=vault,
        clocks=ClockWatch(),
        faults=Faults(registry),
        changes=Changes(),
        policy=read_policy(config.policy),
    )


def _put_together(
    ground: Ground, senses: Supervisor, link: HttpLink, executor: ThreadPoolExecutor
) -> Running:
    detectors = Detectors(ground.config.references, ground.config.threads)
    metrics = StationMetrics(ground.registry)
    uplink = _uplink(ground, link)

    def committed(record: InspectionRecord) -> None:
        metrics.committed(record)
        uplink.wake()

    station = _station(ground, _seeing(ground, senses, detectors, executor), committed)
    sync = _sync(ground, link, station)
    reporting = Reporting(
        station=station,
        database=ground.database,
        sync=sync,
        uplink=uplink,
        clocks=ground.clocks,
        faults=ground.faults,
        metrics=metrics,
        policy=policy_version(ground.policy),
        language=ground.config.language,
    )
    return Running(
        ground=ground,
        station=station,
        uplink=uplink,
        sync=sync,
        reporting=reporting,
        detectors=detectors,
        executor=executor,
    )


def _seeing(ground: Ground, senses: Supervisor, detectors: Detectors, executor: ThreadPoolExecutor) -> Seeing:
    return Seeing(
        senses=senses,
        views=ground.config.views,
        capture_timeout_s=ground.config.timings.capture_timeout_s,
        detector_for=detectors.detector_for,
        executor=executor,
        policy=ground.policy,
    )


def _station(ground: Ground, seeing: Seeing, committed: Callable[[InspectionRecord], None]) -> Station:
    enrolment, timings = ground.identity.enrolment, ground.config.timings
    place = Place(
        station=enrolment.station,
        site=enrolment.site,
        boot=ground.boot,
        key_id=ground.identity.key_id,
        badge_salt=enrolment.badge_salt,
        auto_capture=ground.config.auto_capture,
        settle_s=timings.settle_s,
        sign_out_s=timings.sign_out_s,
    )
    return Station(
        place=place,
        seeing=seeing,
        committer=_committer(ground),
        database=ground.database,
        watch=TagWatch(timings.gone_after_s),
        faults=ground.faults,
        changes=ground.changes,
        clock=ground.clocks.now,
        committed=committed,
    )


def _committer(ground: Ground) -> Committer:
    desk = Desk(
        enrolment=ground.identity.enrolment,
        key_id=ground.identity.key_id,
        boot=ground.boot,
        program=version("regrade"),
        policy=policy_version(ground.policy),
    )
    site_key = ground.identity.enrolment.sealing_public_key
    return Committer(
        key=ground.identity.key,
        desk=desk,
        database=ground.database,
        vault=ground.vault,
        shelf=Vault(ground.folder / "findings", site_key, os.urandom),
        clocks=ground.clocks,
        random=os.urandom,
        limits=ground.config.retention,
    )


def _uplink(ground: Ground, link: HttpLink) -> Uplink:
    enrolment, timings = ground.identity.enrolment, ground.config.timings
    return Uplink(
        database=ground.database,
        vault=ground.vault,
        link=link,
        trust=LogTrust(origin=enrolment.origin, log_public=enrolment.log_public_key),
        clocks=ground.clocks,
        faults=ground.faults,
        changed=ground.changes.bump,
        retry_s=(timings.retry_min_s, timings.retry_max_s),
    )


def _sync(ground: Ground, link: HttpLink, station: Station) -> Sync:
    def cloned(error: KeyCloned) -> None:
        station.post(Blocked(error=error))

    timings = ground.config.timings
    return Sync(
        database=ground.database,
        link=link,
        identity=ground.identity,
        clocks=ground.clocks,
        faults=ground.faults,
        pace=Pace(worklist_s=timings.worklist_s, health_s=timings.health_s),
        heard=Heard(
            new_worklist=lambda: station.post(NewWorklist()), changed=ground.changes.bump, cloned=cloned
        ),
    )


def read_policy(path: Path | None) -> Policy:
    """The site's policy, or the default one; raises BadConfig."""
    if path is None:
        return DEFAULT_POLICY
    try:
        return Policy.from_wire(json.loads(path.read_bytes()))
    except (OSError, ValueError, BadMessage) as error:
        raise BadConfig(f"{path.name}: {error}") from error


def _link_config(config: StationConfig, identity: Identity) -> HttpConfig:
    return HttpConfig(
        base_url=config.centre,
        key=SecretStr(identity.enrolment.api_key),
        tls=TlsFiles(ca_file=config.ca_file) if config.ca_file else None,
        timeout_s=config.timings.http_timeout_s,
        attempts=1,  # uplink and sync have patience of their own, and must be able to stop at once
    )


async def _broker(config: StationConfig, folder: Path, stack: AsyncExitStack) -> MqttConfig | None:
    if config.broker == "none":
        return None
    broker = Broker(
        BrokerConfig(
            kind=config.broker,
            folder=folder,
            port=config.broker_port,
            url=config.broker_url,
            users=broker_users(config.devices),
        )
    )
    await stack.enter_async_context(broker)
    return broker.account(STATION_ACCOUNT)


def broker_users(devices: tuple[DeviceConfig, ...]) -> tuple[BrokerUser, ...]:
    """One account per device, which may publish to its own topic, and the station's, which listens."""
    topics = {device.name: device.topic for device in devices if device.driver == "impinj"}
    own = BrokerUser(name=STATION_ACCOUNT, subscribe=tuple(topics.values()))
    return (own, *(BrokerUser(name=name, publish=(topic,)) for name, topic in topics.items()))


def _line(running: Running, listener: socket.socket) -> str:
    place = running.station.place
    return f"station {place.station} ready on http://127.0.0.1:{listener.getsockname()[1]}"
