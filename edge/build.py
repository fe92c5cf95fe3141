"""The composition root: puts a station together from its settings and its identity.

The journal is opened first (one process per folder), then the broker, the devices, the line to the
centre and the bench; they are closed in the opposite order, so nothing is written after the journal.
"""

import json
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from devices.config import DeviceConfig
from devices.driver import Surroundings
from devices.presence.places import places_of
from devices.registry import DRIVERS
from devices.supervisor import Supervisor
from edge import journal, outbox
from edge.broker import Broker, BrokerConfig
from edge.broker_files import BrokerUser
from edge.changes import Changes
from edge.clock import ClockWatch
from edge.committing import Committer
from edge.config import StationConfig
from edge.crossing import Seeing
from edge.database import Database
from edge.erasure import Erasing
from edge.errors import BadConfig, KeyCloned
from edge.faults import Faults
from edge.identity import Identity
from edge.inputs import Blocked, NewWorklist
from edge.looking import Detectors, read_models
from edge.metrics import StationMetrics
from edge.references import References, Shelf
from edge.refill import Refill
from edge.reporting import Reporting
from edge.station import Place, Station
from edge.steps.sign import Desk, policy_version
from edge.succession import Succession
from edge.sync import Heard, Lacking, Pace, Sync
from edge.uplink import LogTrust, Uplink
from edge.vault import Vault
from edge.watch import TagWatch
from edge.window import Triggers
from inspection.errors import BadMessage
from inspection.policy import DEFAULT_POLICY, Policy
from inspection.record import InspectionRecord
from link.http import HttpConfig, HttpLink
from link.mqtt import MqttConfig
from link.tls import TlsFiles
from models.registry import Registry

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
    models: Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A station that is put together, its bench ready."""

    ground: Ground
    station: Station
    uplink: Uplink
    sync: Sync
    references: References
    reporting: Reporting
    detectors: Detectors
    executor: ThreadPoolExecutor
    broker_port: int | None
    """Where the station's own broker listens; None without one."""


@asynccontextmanager
async def open_station(folder: Path, config: StationConfig, identity: Identity) -> AsyncIterator[Running]:
    """Open everything in order and close it in the opposite one; raises SetUpWrong kinds, or ModelRefused."""
    async with AsyncExitStack() as stack:
        ground = _ground(folder, config, identity, stack.enter_context(Database(folder)))
        account = await _broker(config, folder / "broker", stack)
        surroundings = Surroundings(clock=lambda: ground.clocks.now().wall, mqtt=account)
        senses = Supervisor(config.devices, surroundings=surroundings, registry=ground.registry)
        await stack.enter_async_context(senses)
        link = await stack.enter_async_context(HttpLink(_link_config(config, identity)))
        executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="models"))
        running = _put_together(ground, senses, link, executor, account.port if account else None)
        await running.station.start()
        yield running


def _ground(folder: Path, config: StationConfig, identity: Identity, database: Database) -> Ground:
    vault = Vault(folder / "evidence", identity.enrolment.sealing_public_key, os.urandom)
    vault.drop_orphans(database.run_now(outbox.all_images), since=database.run_now(journal.first_start))
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
        models=read_models(config),
    )


def _put_together(
    ground: Ground,
    senses: Supervisor,
    link: HttpLink,
    executor: ThreadPoolExecutor,
    broker_port: int | None,
) -> Running:
    detectors = Detectors(ground.config.references, ground.models, ground.config.threads)
    metrics = StationMetrics(ground.registry)
    refill = Refill(ground.database, link, ground.faults)
    uplink = _uplink(ground, link, refill)

    def committed(record: InspectionRecord) -> None:
        metrics.committed(record)
        uplink.wake()

    station = _station(ground, _seeing(ground, senses, detectors, executor), committed)

    async def lacking(ledger_size: int | None, recovering_from: int | None) -> None:
        if await refill.heard(ledger_size, recovering_from):
            uplink.wake()

    sync = _sync(ground, link, station, lacking)
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
        references=_references(ground, link, station),
        reporting=reporting,
        detectors=detectors,
        executor=executor,
        broker_port=broker_port,
    )


def _seeing(ground: Ground, senses: Supervisor, detectors: Detectors, executor: ThreadPoolExecutor) -> Seeing:
    return Seeing(
        senses=senses,
        views=ground.config.views,
        capture_timeout_s=ground.config.timings.capture_timeout_s,
        frames_per_view=ground.config.frames_per_view,
        frame_gap_s=ground.config.timings.frame_gap_s,
        detector_for=detectors.detector_for,
        executor=executor,
        policy=ground.policy,
        references=ground.config.references,
        light_check_s=ground.config.timings.light_check_s,
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
        watch=_watch(ground.config),
        faults=ground.faults,
        changes=ground.changes,
        clock=ground.clocks.now,
        committed=committed,
    )


def _watch(config: StationConfig) -> TagWatch:
    return TagWatch(
        config.timings.gone_after_s,
        places=places_of(config.places, config.devices),
        triggers=Triggers(config.trigger, config.trigger_weight_g),
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


def _uplink(ground: Ground, link: HttpLink, refill: Refill) -> Uplink:
    enrolment, timings = ground.identity.enrolment, ground.config.timings
    return Uplink(
        database=ground.database,
        vault=ground.vault,
        link=link,
        trust=LogTrust.of(enrolment),
        clocks=ground.clocks,
        faults=ground.faults,
        refill=refill,
        succession=Succession(ground.folder, enrolment, link, ground.faults),
        changed=ground.changes.bump,
        retry_s=(timings.retry_min_s, timings.retry_max_s),
    )


def _sync(ground: Ground, link: HttpLink, station: Station, lacking: Lacking) -> Sync:
    def cloned(error: KeyCloned) -> None:
        station.post(Blocked(error=error))

    timings = ground.config.timings
    return Sync(
        database=ground.database,
        link=link,
        identity=ground.identity,
        clocks=ground.clocks,
        faults=ground.faults,
        erasing=Erasing(ground.database, ground.vault, ground.faults),
        pace=Pace(worklist_s=timings.worklist_s, health_s=timings.health_s),
        heard=Heard(
            new_worklist=lambda: station.post(NewWorklist()),
            changed=ground.changes.bump,
            cloned=cloned,
            lacking=lacking,
        ),
    )


def _references(ground: Ground, link: HttpLink, station: Station) -> References:
    config = ground.config
    shelf = Shelf(
        root=config.references,
        backbone_sha256=ground.models.backbone().manifest.sha256,
        most_bytes=config.retention.references_bytes,
        least_free_bytes=config.retention.free_disk_bytes,
    )
    return References(
        database=ground.database,
        link=link,
        shelf=shelf,
        faults=ground.faults,
        bench_free=station.free,
        every_s=config.timings.references_s,
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
            host=config.broker_host,
            port=config.broker_port,
            url=config.broker_url,
            users=broker_users(config.devices),
        )
    )
    await stack.enter_async_context(broker)
    return broker.account(STATION_ACCOUNT)


def broker_users(devices: tuple[DeviceConfig, ...]) -> tuple[BrokerUser, ...]:
    """One account per device, which may use its own topics only, and the station's, which listens."""
    spoken = {each.name: _topics(DRIVERS[each.driver].topics, each) for each in devices}
    heard = {each.name: _topics(DRIVERS[each.driver].commands, each) for each in devices}
    own = BrokerUser(
        name=STATION_ACCOUNT,
        subscribe=tuple(topic for topics in spoken.values() for topic in topics),
        publish=tuple(topic for topics in heard.values() for topic in topics),
    )
    users = (BrokerUser(name=name, publish=spoken[name], subscribe=heard[name]) for name in spoken)
    return (own, *(user for user in users if user.publish or user.subscribe))


def _topics(of: Callable[[DeviceConfig], tuple[str, ...]] | None, device: DeviceConfig) -> tuple[str, ...]:
    return of(device) if of is not None else ()
