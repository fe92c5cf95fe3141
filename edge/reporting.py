"""Says how the station is: to the page and `/state.json` as a snapshot, to the centre as health."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Protocol

from sqlalchemy import Connection, func, select

from devices.watch import DeviceStatus
from edge import outbox, worklist
from edge.clock import ClockWatch
from edge.database import Database
from edge.faults import Faults
from edge.metrics import StationMetrics
from edge.snapshot import Figures, LightReport, Snapshot, Surroundings, snapshot
from edge.station import Station
from edge.tables import committed
from inspection.messages.station import Birth, Death, DeviceHealth, Health, Presence, PresenceEvent
from inspection.record import FileVersion

FRESH_S = 1.0
"""Figures older than this are read again although nothing was announced."""
MOST_DEVICES = 32
MOST_COUNTS = 24


def read_figures(connection: Connection) -> Figures:
    """All that the journal says, in one transaction."""
    count = select(func.count()).select_from(committed)
    return Figures(
        depth=outbox.depth(connection),
        recent=outbox.recent(connection),
        refused=outbox.refused(connection),
        worklist_size=worklist.size(connection),
        committed_count=connection.execute(count).scalar_one(),
    )


class Reach(Protocol):
    """Whether the centre answers; `edge.sync.Sync` knows."""

    reachable: bool


class Sending(Protocol):
    """What keeps the queue from emptying; `edge.uplink.Uplink` knows."""

    trouble: str | None


class Reporting:
    """Reads every part of a running station."""

    def __init__(
        self,
        *,
        station: Station,
        database: Database,
        sync: Reach,
        uplink: Sending,
        clocks: ClockWatch,
        faults: Faults,
        metrics: StationMetrics,
        policy: FileVersion,
        language: str,
    ) -> None:
        self.station, self.metrics = station, metrics
        self._database, self._sync, self._uplink = database, sync, uplink
        self._clocks, self._faults = clocks, faults
        self._policy, self._language = policy, language
        self._figures: Figures | None = None
        self._read_at: tuple[int, float] = (-1, 0.0)
        self._seq = 0

    async def snapshot(self) -> Snapshot:
        """How things stand now."""
        figures = await self.figures()
        station, at = self.station, self._clocks.now()
        around = Surroundings(
            station=station.place.station,
            site=station.place.site,
            boot=station.place.boot,
            language=self._language,
            tags=station.watch.near(),
            views=station.seeing.views or station.seeing.senses.views,
            devices=station.seeing.senses.snapshot(),
            figures=figures,
            faults=self._faults.snapshot(),
            policy=self._policy,
            light=LightReport(calibrated=station.lighting.calibrated, checked=station.lighting.views),
            clock_state=self._clocks.state(at).value,
            offset_ms=self._clocks.offset_ms(at),
            reachable=self._sync.reachable,
            uplink_trouble=self._uplink.trouble,
            interrupted=station.interrupted,
            now_s=at.wall.timestamp(),
        )
        return snapshot(station.bench, around)

    async def figures(self) -> Figures:
        """The journal's figures, read again when something changed or a second has passed."""
        version, now_s = self.station.changes.version, self._clocks.now().monotonic_ns / 1e9
        if self._figures is None or self._read_at[0] != version or now_s - self._read_at[1] > FRESH_S:
            self._figures = await self._database.run(read_figures)
            self._read_at = (version, now_s)
            self.metrics.queue(self._figures.depth)
        return self._figures

    def birth(self) -> Birth:
        """The first word of this start."""
        return Birth(
            schema="regrade/v1/birth",
            node=self.station.place.station,
            boot=self.station.place.boot,
            seq=self._next(),
            at=self._clocks.now().wall,
            program=version("regrade")[:24],
            devices=self._devices(),
        )

    def death(self) -> Death:
        """The last word of this start."""
        return Death(
            schema="regrade/v1/death",
            node=self.station.place.station,
            boot=self.station.place.boot,
            seq=self._next(),
            at=self._clocks.now().wall,
        )

    def presence(self) -> Presence | None:
        """What tags did since the last time; None where nothing happened."""
        comings = self.station.watch.comings
        events = tuple(
            PresenceEvent(what=event.what.value, epc_hex=event.epc.hex(), place=event.place, at=event.at)
            for event in comings.take()
        )
        if not events:
            return None
        return Presence(
            schema="regrade/v1/presence",
            node=self.station.place.station,
            boot=self.station.place.boot,
            seq=self._next(),
            events=events,
            dropped=comings.dropped,
        )

    async def health(self) -> Health:
        """How things stand, in the centre's words."""
        now = await self.snapshot()
        return Health(
            station=now["station"],
            boot=now["boot"],
            seq=self._next(),
            at=self._clocks.now().wall,
            state=now["state"],
            queue_depth=now["queue_depth"],
            oldest_queued_s=now["oldest_queued_s"],
            refused=self._figures.depth.refused if self._figures else 0,
            inspector_signed_in=now["inspector"] is not None,
            devices=self._devices(),
            faults=now["faults"],
        )

    def _next(self) -> int:
        """One sequence for everything that this start tells."""
        self._seq += 1
        return self._seq - 1

    def _devices(self) -> tuple[DeviceHealth, ...]:
        return tuple(_health_of(status) for status in self.station.seeing.senses.snapshot()[:MOST_DEVICES])


def _health_of(status: DeviceStatus) -> DeviceHealth:
    return DeviceHealth(
        name=status.name,
        driver=status.driver,
        state=status.state.value,
        reason=status.reason,
        readings=status.readings,
        lost=status.lost,
        dropped=status.dropped,
        counts=_bounded(status.counts),
        faults=_bounded(status.faults),
    )


def _bounded(counts: Mapping[str, int]) -> dict[str, int]:
    """The largest of them."""
    return dict(sorted(counts.items(), key=lambda each: -each[1])[:MOST_COUNTS])
