"""What all readers that publish JSON over MQTT have in common: from messages of their topics to readings."""

from abc import ABC, abstractmethod
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Literal, Self

from devices.device import Clock, CountFault, Report
from devices.feed import Feed
from devices.rfid.event_numbers import EventNumbers
from devices.rfid.json_events import CodeEvent, Event, Fault, InputEvent, Mark, OtherEvent, TagEvent
from devices.rfid.lateness import Lateness
from inspection.readings import TagRead, Trigger
from link.inbox import Message
from link.mqtt import MqttConfig

MOST_REMEMBERED = 1024
MOST_COUNTERS = 16
"""Readers that may share a topic, and kinds of events that each counts."""

MOST_READS = 8
"""An event may stand for several reads since the last report; more than these tell nothing more."""

Level = Literal["high", "low"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A reader as its topics know it."""

    name: str
    topics: tuple[str, ...]
    host: str | None = None
    """Take events of this reader only; None takes all of the topics."""
    input_active: Level = "high"
    silent_after_s: float | None = None
    """Lost when it says nothing for so long; None where a reader without a tag is silent."""


class EventReader(ABC):
    """A TagReader over MQTT; a reader's own class reads its messages."""

    def __init__(self, about: Publisher, mqtt: MqttConfig, *, clock: Clock, count: CountFault) -> None:
        self._about = about
        self._feed = Feed(about.name, about.topics, mqtt, count)
        self._clock = clock
        self._count = count
        self._lateness: OrderedDict[str | None, Lateness] = OrderedDict()
        self._numbers: OrderedDict[tuple[str, str | None], EventNumbers] = OrderedDict()
        self._once: OrderedDict[str, None] = OrderedDict()
        self._own: Counter[str] = Counter()

    @property
    def counts(self) -> Mapping[str, int]:
        """What came over the broker, and `events_lost` where the reader counts its events."""
        return self._feed.counts + self._own

    async def __aenter__(self) -> Self:
        await self._feed.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._feed.__aexit__(*exc)

    async def reads(self) -> AsyncIterator[Report]:
        """Yield what it reports; raises LinkLost when the broker, or the reader behind it, is gone."""
        async for message in self._feed.messages(self._about.silent_after_s):
            for report in self.reports(message):
                yield report

    @abstractmethod
    def events(self, payload: bytes) -> list[Event | Fault]:
        """What a message says."""

    def other(self, event: OtherEvent) -> Iterator[Report]:
        """What follows from an event that is neither a tag, an input nor a code."""
        return iter(())

    def code(self, event: CodeEvent) -> Iterator[Report]:
        """What follows from a barcode."""
        return iter(())

    def reports(self, message: Message) -> Iterator[Report]:
        """What one message leads to."""
        if message.retain:  # of some other hour: the tag it names may have left the bench long ago
            self._count("retained_message", "an old message that the broker kept was passed over")
            return
        for event in self.events(message.payload):
            if isinstance(event, Fault):
                self._count(event.reason, event.sentence)
            elif self._is_ours(event.mark) and not self._came_before(event):
                yield from self._report(event, message.received_at)

    def _report(self, event: Event, received_at: datetime) -> Iterator[Report]:
        if isinstance(event, OtherEvent):
            yield from self.other(event)
            return
        seen_at = self._seen_at(event.mark, received_at)
        if seen_at is None:
            return
        match event:
            case TagEvent():
                yield from repeat(self._read(event, seen_at), min(event.reads, MOST_READS))
            case InputEvent():
                active = event.high == (self._about.input_active == "high")
                yield Trigger(source=self._about.name, input=event.input, active=active, seen_at=seen_at)
            case CodeEvent():
                yield from self.code(event)

    def _read(self, event: TagEvent, seen_at: datetime) -> TagRead:
        return TagRead(
            epc=event.epc,
            reader=self._about.name,
            antenna=event.antenna,
            rssi_dbm=event.rssi_dbm,
            seen_at=seen_at,
            reader_time=event.mark.time,
            pc=event.pc,
        )

    def _is_ours(self, mark: Mark) -> bool:
        if self._about.host in (None, mark.host):
            return True
        self._count("other_host", f"an event of {mark.host}, not of {self._about.host}")
        return False

    def _seen_at(self, mark: Mark, received_at: datetime) -> datetime | None:
        """When it happened, on the station's clock; None for what came late, which is counted."""
        if mark.time is None:
            return self._clock()
        clock = self._lateness.setdefault(mark.host, Lateness())
        if len(self._lateness) > MOST_COUNTERS:
            self._lateness.popitem(last=False)
        seen_at = clock.seen_at(received_at=received_at, reader_time=mark.time)
        if seen_at is None:
            self._count("late_read", f"an event of {mark.time.isoformat()} came late")
        return seen_at

    def _came_before(self, event: Event) -> bool:
        mark = event.mark
        if mark.number is not None:
            twice = self._is_counted(event, mark.number)
        else:
            twice = mark.once is not None and mark.once in self._once
        if mark.once is not None:
            self._once[mark.once] = None
            if len(self._once) > MOST_REMEMBERED:
                self._once.popitem(last=False)
        if twice:
            self._count("event_twice", f"an event was sent twice: {mark.number or mark.once}")
        return twice

    def _is_counted(self, event: Event, number: int) -> bool:
        kind = "management" if isinstance(event, OtherEvent | InputEvent) else "data"
        numbers = self._numbers.setdefault((kind, event.mark.host), EventNumbers())
        if len(self._numbers) > MOST_COUNTERS:
            self._numbers.popitem(last=False)
        verdict = numbers.take(number, event.mark.once or "")
        if verdict.lost:
            self._own["events_lost"] += verdict.lost
            self._count("events_lost", f"{verdict.lost} events before number {number} did not come")
        return verdict.twice and event.mark.once is not None
