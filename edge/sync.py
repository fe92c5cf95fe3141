"""What the station asks and tells the centre besides records: standing, worklist, health, time.

The standing is asked once per start, before anything is sent. The key's last (boot, counter) at the
centre must be one that this journal knows and has reached: more than that means that a copy of this
folder ran elsewhere or that this one was restored from an old image. Counters would be used twice,
so the station stops until it is enrolled again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from edge import journal, worklist
from edge.clock import ClockWatch
from edge.database import Database
from edge.erasure import Erasing
from edge.errors import DiskFull, KeyCloned
from edge.faults import Faults
from edge.identity import Identity
from inspection.errors import BadMessage
from inspection.messages.base import Count, Message, Utc
from inspection.messages.station import Birth, Death, Health, Presence, StationStanding, WorklistPage
from link.errors import LinkError, Refused
from link.http import HttpLink

log = structlog.get_logger()

FAREWELL_S = 2.0
"""How long a station that stops waits for the centre."""
MOST_PAGES = 200
"""Pages taken in one go; a centre that says `more` for ever is left alone until the next poll."""


class HealthAnswer(Message):
    """What the centre answers to health: its time, and what its ledger lacks."""

    centre_time: Utc
    ledger_size: Count | None = None
    recovering_from: Count | None = None


class Reports(Protocol):
    """What the station says of itself; `edge.reporting.Reporting` writes it."""

    def birth(self) -> Birth:
        """The first word of this start."""
        ...

    async def health(self) -> Health:
        """How things stand."""
        ...

    def presence(self) -> Presence | None:
        """What tags did since the last time."""
        ...

    def death(self) -> Death:
        """The last word of this start."""
        ...


Lacking = Callable[[int | None, int | None], Awaitable[None]]


async def nothing_lacks(ledger_size: int | None, recovering_from: int | None) -> None:
    """For a station that gives nothing back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between the questions."""

    worklist_s: float
    health_s: float
    standing_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Whom to tell what was heard."""

    new_worklist: Callable[[], None]
    changed: Callable[[], None]
    """The centre came back or went away."""
    cloned: Callable[[KeyCloned], None]
    lacking: Lacking = nothing_lacks
    """How long the centre's ledger is, and from where on it lacks something."""


def check_standing(standing: StationStanding, own_key: str, known_counter: int | None) -> None:
    """Raise KeyCloned unless the centre's last counter is one that this journal has reached."""
    if standing.key != own_key:
        raise KeyCloned("the centre knows this station by another key: enrol it again")
    if standing.boot is None:
        return
    if known_counter is None:
        raise KeyCloned(
            "the centre has records of a start that this folder does not know: a copy of it ran elsewhere, "
            "or its journal is gone; enrol this station again"
        )
    if standing.counter > known_counter:
        raise KeyCloned(
            f"the centre has record {standing.counter} of a start of which this folder knows "
            f"{known_counter}: "
            "it was restored from an older image; enrol this station again"
        )


class Sync:
    """The talk with the centre that is no record."""

    def __init__(
        self,
        *,
        database: Database,
        link: HttpLink,
        identity: Identity,
        clocks: ClockWatch,
        faults: Faults,
        erasing: Erasing,
        pace: Pace,
        heard: Heard,
    ) -> None:
        self._database, self._link, self._identity = database, link, identity
        self._clocks, self._faults, self._pace, self._heard = clocks, faults, pace, heard
        self._erasing = erasing
        self._one_at_a_time = asyncio.Lock()
        self._born = False
        self._untold: Presence | None = None
        self.reachable = False
        self.checked = asyncio.Event()
        """Set once the centre has confirmed that this key is ours alone."""

    async def run(self, reports: Reports, told: asyncio.Event) -> None:
        """Ask and tell for ever; `told` asks for a health message before its time."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._poll_standing())
            tasks.create_task(self._poll_worklist())
            tasks.create_task(self._tell_all(reports, told))

    async def standing(self) -> None:
        """Ask once; raises KeyCloned or LinkError."""
        asked = self._clocks.now()
        answer = await self._link.get("/v1/stations/me")
        standing = StationStanding.read(answer.content)
        self._clocks.measure(asked, standing.centre_time, self._clocks.now())
        known = None
        if standing.boot is not None:
            known = await self._database.run(partial(journal.known_counter, boot=standing.boot))
        check_standing(standing, self._identity.key_id, known)
        await self._heard.lacking(standing.ledger_size, standing.recovering_from)
        self.checked.set()

    async def worklist(self) -> None:
        """Take in everything that changed since the cursor; raises LinkError, BadMessage or DiskFull."""
        async with self._one_at_a_time:
            await self._take_pages()
            await self._erasing.finish()

    async def catch_up(self) -> None:
        """Hear what was erased before anything is sent; raises LinkError or DiskFull.

        What must not be sent again is gone once it was heard; files and old bytes are left to the poll, so
        that a disk without room to rewrite the journal holds up no record.
        """
        try:
            async with self._one_at_a_time:
                await self._take_pages()
        except BadMessage as error:
            self._faults.count(error.code)

    async def _take_pages(self) -> None:
        for _ in range(MOST_PAGES):
            after = await self._database.run(worklist.cursor)
            asked = self._clocks.now()
            answer = await self._link.get("/v1/worklist", params={"after": after})
            page = WorklistPage.read(answer.content)
            self._clocks.measure(asked, page.centre_time, self._clocks.now())
            if page.cursor != after:
                await self._database.run(partial(worklist.apply, page=page))
                self._heard.new_worklist()
            if not page.more or page.cursor <= after:
                return

    async def tell(self, health: Health) -> None:
        """Say how the station is; raises LinkError or BadMessage."""
        asked = self._clocks.now()
        answer = await self._link.post("/v1/stations/health", health.model_dump(mode="json"))
        said = HealthAnswer.read(answer.content)
        self._clocks.measure(asked, said.centre_time, self._clocks.now())
        await self._heard.lacking(said.ledger_size, said.recovering_from)

    async def tell_all_once(self, reports: Reports) -> None:
        """Birth before everything else of a start, then how it is, then what tags did; raises LinkError."""
        if not self._born:
            await self._say("birth", reports.birth())
            self._born = True
        await self.tell(await reports.health())
        await self._tell_presence(reports)

    async def _poll_standing(self) -> None:
        while not self.checked.is_set():
            try:
                await self._asked(self.standing())
            except KeyCloned as error:
                self._faults.count(error.code)
                self._heard.cloned(error)
                return
            if not self.checked.is_set():
                await asyncio.sleep(self._pace.standing_s)

    async def _poll_worklist(self) -> None:
        while True:
            await self._asked(self.worklist())
            await asyncio.sleep(self._pace.worklist_s)

    async def farewell(self, reports: Reports) -> None:
        """Say that this start ends, if the centre listens; it waits for nothing long."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self._tell_presence(reports)
                if self._born:
                    await self._say("death", reports.death())
        except (TimeoutError, LinkError) as error:
            log.info("centre.not_told", error=str(error))

    async def _tell_all(self, reports: Reports, told: asyncio.Event) -> None:
        while True:
            told.clear()
            await self._asked(self.tell_all_once(reports))
            try:
                async with asyncio.timeout(self._pace.health_s):
                    await told.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(min(0.2, self._pace.health_s))  # several changes make one message

    async def _tell_presence(self, reports: Reports) -> None:
        """Tell all batches; one whose answer was lost goes again under its number, before any newer one."""
        while batch := self._untold or reports.presence():
            self._untold = batch
            await self._say("presence", batch)
            self._untold = None

    async def _say(self, what: str, said: Message) -> None:
        """Tell one thing; what the centre does not want is counted and not told again."""
        try:
            await self._link.post(f"/v1/stations/{what}", said.model_dump(mode="json", by_alias=True))
        except Refused:
            self._faults.count(f"{what}_refused")

    async def _asked(self, question: Awaitable[None]) -> None:
        """Wait for one exchange; what fails is counted and asked again later."""
        before = self.reachable
        try:
            await question
            self.reachable = True
        except LinkError as error:
            self.reachable = isinstance(error, Refused)
            self._faults.count(f"centre_{error.code}")
            log.info("centre.away", code=error.code)
        except (BadMessage, DiskFull) as error:
            self._faults.count(error.code)
        if self.reachable != before:
            self._heard.changed()
