"""The state of one device, as a table, with its counters; what the page and the metrics show."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client import Counter as Metric

from devices.device import Clock, Condition
from devices.driver import Kind

FAULT_SHOWN_S = 3.0
"""A fault that passes by itself, such as noise on the line, is shown for so long."""


class State(StrEnum):
    """How a device is."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"
    """It works, but something was wrong just now."""
    LOST = "lost"


NEXT: Mapping[State, Mapping[str, State]] = {
    State.STARTING: {
        "opened": State.READY,
        "lost": State.LOST,
        "fault": State.STARTING,
        "worked": State.STARTING,
        "passed": State.STARTING,
    },
    State.READY: {
        "worked": State.READY,
        "fault": State.DEGRADED,
        "passed": State.READY,
        "lost": State.LOST,
    },
    State.DEGRADED: {
        "worked": State.READY,
        "fault": State.DEGRADED,
        "passed": State.READY,
        "lost": State.LOST,
    },
    State.LOST: {
        "again": State.STARTING,
        "lost": State.LOST,
        "fault": State.LOST,
        "worked": State.LOST,
        "passed": State.LOST,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatus:
    """What the page shows of one device."""

    name: str
    driver: str
    kind: Kind
    view: str | None
    """Of a camera."""
    state: State
    reason: str | None
    """Code of what is wrong, the key of the words; None where nothing is."""
    sentence: str | None
    """What is wrong, in English, for the log and for whoever repairs it."""
    since: datetime
    """When the state began."""
    last_reading_at: datetime | None
    readings: int
    lost: int
    """How often the link went away."""
    dropped: int = 0
    """Readings that gave way to newer ones before anybody took them."""
    faults: Mapping[str, int]
    """How often each fault was counted, by code."""
    counts: Mapping[str, int]
    """What went over the wire, as far as the driver counts it, such as `frames` and `resyncs`."""
    values: Mapping[str, str]
    """What it said of itself last, such as `temperature_c`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The counters of all devices; made once per registry."""

    readings: Metric
    faults: Metric
    lost: Metric
    ready: Gauge

    @classmethod
    def register(cls, registry: CollectorRegistry) -> "Metrics":
        """Make the metrics in this registry."""
        return cls(
            readings=Metric("regrade_device_readings", "Readings taken", ["device"], registry=registry),
            faults=Metric(
                "regrade_device_faults", "Faults skipped and counted", ["device", "code"], registry=registry
            ),
            lost=Metric("regrade_device_lost", "Links lost", ["device", "code"], registry=registry),
            ready=Gauge("regrade_device_ready", "1 while the device works", ["device"], registry=registry),
        )


class Watch:
    """Keeps the state of one device."""

    def __init__(
        self,
        *,
        name: str,
        driver: str,
        kind: Kind,
        view: str | None,
        clock: Clock,
        metrics: Metrics,
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self.state = State.STARTING
        self.reason: str | None = None
        self.sentence: str | None = None
        self._driver, self._kind, self._view = driver, kind, view
        self._clock = clock
        self._metrics = metrics
        self._changed = changed
        self._since = clock()
        self._last_reading_at: datetime | None = None
        self._readings = 0
        self._lost = 0
        self._dropped = 0
        self._faults: Counter[str] = Counter()
        self._told = Condition()
        self._passing: asyncio.TimerHandle | None = None
        # A label is looked up by a lock and a dictionary: not a thousand times a second.
        self._shown_ready = metrics.ready.labels(name)
        self._counted_readings = metrics.readings.labels(name)
        self._shown_ready.set(0)

    @property
    def works(self) -> bool:
        """Whether the device can be asked."""
        return self.state in (State.READY, State.DEGRADED)

    def opened(self) -> None:
        """The device answers."""
        self._advance("opened", None, None)

    def again(self) -> None:
        """The next attempt begins."""
        if self.state is State.LOST:
            self._advance("again", self.reason, self.sentence)

    def worked(self) -> None:
        """The device gave a reading."""
        self._readings += 1
        self._last_reading_at = self._clock()
        self._counted_readings.inc()
        if self._passing is None:
            self._advance("worked", self.reason, self.sentence)

    def overtaken(self) -> None:
        """A reading gave way to newer ones before anybody took it."""
        self._dropped += 1

    def skipped(self, code: str, sentence: str) -> None:
        """Something was wrong that passes by itself; it was skipped."""
        self._fault(code, sentence)
        self._passing = asyncio.get_running_loop().call_later(FAULT_SHOWN_S, self._passed)

    def failed(self, code: str, sentence: str) -> None:
        """The device could not do what was asked; that stays true until it can again."""
        self._fault(code, sentence)

    def told(self, condition: Condition) -> None:
        """The device said how it is; a trouble is counted when it begins."""
        before, self._told = self._told, condition
        for code, sentence in condition.troubles.items():
            if code not in before.troubles:
                self._counted(code)
                self._advance("fault", code, sentence)
        if self._passing is None:
            self._advance("passed", self.reason, self.sentence)

    def lost(self, code: str, sentence: str) -> None:
        """The link is gone, and with it what the device said."""
        self._told = Condition()
        if self.works:
            self._lost += 1
            self._metrics.lost.labels(self.name, code).inc()
        self._stop_passing()
        self._advance("lost", code, sentence)

    def close(self) -> None:
        """Nobody watches any more."""
        self._stop_passing()
        self._shown_ready.set(0)

    def status(self, counts: Mapping[str, int]) -> DeviceStatus:
        """A snapshot, with what the device counted itself."""
        return DeviceStatus(
            name=self.name,
            driver=self._driver,
            kind=self._kind,
            view=self._view,
            state=self.state,
            reason=self.reason,
            sentence=self.sentence,
            since=self._since,
            last_reading_at=self._last_reading_at,
            readings=self._readings,
            lost=self._lost,
            dropped=self._dropped,
            faults=dict(self._faults),
            counts=dict(counts),
            values=dict(self._told.values),
        )

    def _counted(self, code: str) -> None:
        self._faults[code] += 1
        self._metrics.faults.labels(self.name, code).inc()

    def _fault(self, code: str, sentence: str) -> None:
        self._counted(code)
        self._stop_passing()
        lost = self.state is State.LOST
        self._advance("fault", self.reason if lost else code, self.sentence if lost else sentence)

    def _passed(self) -> None:
        self._passing = None
        self._advance("passed", self.reason, self.sentence)

    def _stop_passing(self) -> None:
        if self._passing is not None:
            self._passing.cancel()
            self._passing = None

    def _advance(self, event: str, reason: str | None, sentence: str | None) -> None:
        state = NEXT[self.state][event]
        if state is State.READY and self._told.troubles:
            state, (reason, sentence) = State.DEGRADED, next(iter(self._told.troubles.items()))
        elif state is State.READY:
            reason = sentence = None
        before = (self.state, self.reason)
        if state is not self.state:
            self._since = self._clock()
        self.state, self.reason, self.sentence = state, reason, sentence
        if (state, reason) != before:
            self._shown_ready.set(state in (State.READY, State.DEGRADED))
            self._changed()
