"""Standing, worklist, health and time, against a small centre on loopback."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING

import orjson
import pytest

from edge import journal, worklist
from edge.clock import ClockWatch, Instant
from edge.database import Database
from edge.erasure import Erasing
from edge.errors import KeyCloned
from edge.faults import Faults
from edge.identity import Identity
from edge.sync import HealthAnswer, Heard, Pace, Sync, check_standing
from edge.vault import Vault
from inspection.messages.station import Birth, Death, Health, Presence, PresenceEvent, StationStanding
from inspection.record import ClockState
from link.http import HttpConfig, HttpLink

if TYPE_CHECKING:
    from tests.edge.small_centre import SmallCentre
    from tests.edge.world import World

BOOT = "1" * 32


def standing(key: str, boot: str | None = None, counter: int = 0) -> StationStanding:
    return StationStanding(
        station="st1", site="s1", key=key, boot=boot, counter=counter, centre_time=datetime.now(UTC)
    )


@pytest.fixture
def heard() -> Counter[str]:
    return Counter()


@pytest.fixture
def clocks() -> ClockWatch:
    return ClockWatch()


@pytest.fixture
async def sync(
    centre: "SmallCentre",
    database: Database,
    world: "World",
    heard: Counter[str],
    clocks: ClockWatch,
    faults: Faults,
    vault: Vault,
) -> AsyncIterator[Sync]:
    def hear(name: str) -> Callable[..., None]:
        return lambda *given: heard.update([name])

    async with HttpLink(HttpConfig(base_url=centre.url, attempts=1)) as link:
        yield Sync(
            database=database,
            link=link,
            identity=Identity(key=world.station_key, enrolment=world.enrolment),
            clocks=clocks,
            faults=faults,
            erasing=Erasing(database, vault, faults),
            pace=Pace(worklist_s=0.02, health_s=0.02, standing_s=0.02),
            heard=Heard(new_worklist=hear("worklist"), changed=hear("changed"), cloned=hear("cloned")),
        )


@pytest.mark.parametrize(
    ("boot", "counter", "known"), [(None, 0, None), (BOOT, 4, 4), (BOOT, 3, 4)], ids=["new", "even", "behind"]
)
def test_a_centre_that_knows_no_more_than_we_do_is_fine(
    boot: str | None, counter: int, known: int | None
) -> None:
    check_standing(standing("0" * 32, boot, counter), "0" * 32, known)


@pytest.mark.parametrize(
    ("counter", "known", "said"),
    [(5, 4, "restored"), (1, None, "copy")],
    ids=["an older image", "another start"],
)
def test_a_centre_that_knows_more_means_a_copy(counter: int, known: int | None, said: str) -> None:
    with pytest.raises(KeyCloned, match=said):
        check_standing(standing("0" * 32, BOOT, counter), "0" * 32, known)


def test_another_key_means_enrolling_again() -> None:
    with pytest.raises(KeyCloned, match="another key"):
        check_standing(standing("0" * 32), "1" * 32, None)


async def test_the_worklist_is_taken_in_page_by_page(
    sync: Sync, centre: "SmallCentre", database: Database, site: ModuleType, heard: Counter[str]
) -> None:
    pages = [
        site.page(site.unit(1), cursor=1).model_copy(update={"more": True}),
        site.page(site.unit(2), cursor=2),
    ]
    centre.routes["GET /v1/worklist"] = lambda body: (200, pages.pop(0).to_json())
    await sync.worklist()
    assert database.run_now(worklist.size) == 2
    assert database.run_now(worklist.cursor) == 2
    assert heard["worklist"] == 2


async def test_a_centre_that_says_more_for_ever_is_left_alone(
    sync: Sync, centre: "SmallCentre", site: ModuleType
) -> None:
    asked = Counter[str]()

    def same(body: bytes) -> tuple[int, bytes]:
        asked.update(["page"])
        return 200, site.page(cursor=1).model_copy(update={"more": True}).to_json()

    centre.routes["GET /v1/worklist"] = same
    await sync.worklist()
    assert asked["page"] == 2, "once taken in, once seen not to move"


async def test_a_copied_folder_is_told_and_nothing_is_allowed(
    sync: Sync, centre: "SmallCentre", world: "World", heard: Counter[str], faults: Faults, site: ModuleType
) -> None:
    centre.routes["GET /v1/stations/me"] = lambda body: (
        200,
        standing(world.key_id, "2" * 32, 7).to_json(),
    )
    async with site.running(sync.run(Told(), asyncio.Event())):
        await site.until(lambda: heard["cloned"])
    assert not sync.checked.is_set()
    assert faults.snapshot()["key_cloned"] == 1


class Told:
    """Stands where the reporting would: numbers what it says, and has as much of it as a test wants."""

    def __init__(self, batches: int = 0, healths: float = math.inf) -> None:
        self.seq, self.batches, self.healths = -1, batches, healths

    def _next(self) -> int:
        self.seq += 1
        return self.seq

    def birth(self) -> Birth:
        return Birth(
            schema="regrade/v1/birth",
            node="st1",
            boot=BOOT,
            seq=self._next(),
            at=datetime.now(UTC),
            program="0.3.0",
            devices=(),
        )

    async def health(self) -> Health:
        if not self.healths:
            await asyncio.Event().wait()
        self.healths -= 1
        return Health(
            station="st1",
            boot=BOOT,
            seq=self._next(),
            at=datetime.now(UTC),
            state="idle",
            queue_depth=0,
            oldest_queued_s=0,
            refused=0,
            inspector_signed_in=False,
            devices=(),
            faults={},
        )

    def presence(self) -> Presence | None:
        if not self.batches:
            return None
        self.batches -= 1
        event = PresenceEvent(what="arrive", epc_hex="30ff", place="bench", at=datetime.now(UTC))
        return Presence(
            schema="regrade/v1/presence",
            node="st1",
            boot=BOOT,
            seq=self._next(),
            events=(event,),
            dropped=0,
        )

    def death(self) -> Death:
        return Death(schema="regrade/v1/death", node="st1", boot=BOOT, seq=self._next(), at=datetime.now(UTC))


Answer = tuple[int, bytes]


class Listening:
    """A centre that notes what it is told; `answers` are given once each before it hears well."""

    def __init__(self, centre: "SmallCentre", **answers: list[Answer]) -> None:
        self.heard: list[tuple[str, int]] = []
        for kind in ("birth", "health", "presence", "death"):
            centre.routes[f"POST /v1/stations/{kind}"] = partial(self._hear, kind, answers.get(kind, []))

    def _hear(self, kind: str, answers: list[Answer], body: bytes) -> Answer:
        self.heard.append((kind, orjson.loads(body)["seq"]))
        if answers:
            return answers.pop(0)
        said = HealthAnswer(centre_time=datetime.now(UTC)).to_json()
        return 200, said if kind == "health" else b'{"kept":true}'


LOST: Answer = (0, b"")


async def test_a_start_tells_its_birth_first_and_its_death_last(
    sync: Sync, centre: "SmallCentre", site: ModuleType
) -> None:
    # a third health could be on its way when it ends, and be heard behind the death
    listening, told = Listening(centre), Told(batches=2, healths=2)
    async with site.running(sync.run(told, asyncio.Event())):
        await site.until(lambda: len(listening.heard) >= 5)
    await sync.farewell(told)
    kinds = [kind for kind, _ in listening.heard]
    assert kinds[:5] == ["birth", "health", "presence", "presence", "health"]
    assert (kinds.count("birth"), kinds.count("death"), kinds[-1]) == (1, 1, "death")
    numbers = [seq for _, seq in listening.heard]
    assert numbers == sorted(set(numbers)), "one sequence for everything that a start tells"


async def test_a_batch_whose_answer_was_lost_goes_again_under_its_number(
    sync: Sync, centre: "SmallCentre", site: ModuleType
) -> None:
    listening = Listening(centre, presence=[LOST, (503, b"{}")])
    async with site.running(sync.run(Told(batches=2), asyncio.Event())):
        await site.until(lambda: sum(kind == "presence" for kind, _ in listening.heard) >= 4)
    first, again, once_more, second = [seq for kind, seq in listening.heard if kind == "presence"]
    assert first == again == once_more < second


async def test_no_health_goes_before_the_birth_was_heard(
    sync: Sync, centre: "SmallCentre", site: ModuleType
) -> None:
    listening = Listening(centre, birth=[LOST, (503, b"{}")])
    async with site.running(sync.run(Told(), asyncio.Event())):
        await site.until(lambda: len(listening.heard) >= 4)
    assert [kind for kind, _ in listening.heard[:4]] == ["birth", "birth", "birth", "health"]


async def test_what_the_centre_does_not_want_holds_nothing_up(
    sync: Sync, centre: "SmallCentre", site: ModuleType, faults: Faults
) -> None:
    listening = Listening(centre, birth=[(404, b"{}")], presence=[(422, b"{}")])
    async with site.running(sync.run(Told(batches=2), asyncio.Event())):
        await site.until(lambda: sum(kind == "presence" for kind, _ in listening.heard) >= 2)
    counted = faults.snapshot()
    assert (counted["birth_refused"], counted["presence_refused"]) == (1, 1)


async def test_a_station_stops_at_once_though_the_centre_is_away(sync: Sync, centre: "SmallCentre") -> None:
    listening = Listening(centre, presence=[LOST])
    await sync.farewell(Told(batches=1))
    assert [kind for kind, _ in listening.heard] == ["presence"], "and no death without a birth"


async def test_a_centre_that_comes_back_is_noticed(
    sync: Sync,
    centre: "SmallCentre",
    database: Database,
    world: "World",
    site: ModuleType,
    clocks: ClockWatch,
) -> None:
    database.run_now(partial(journal.begin_boot, boot=BOOT, key=world.key_id, at=site.NOON))
    away = {"now": True}

    def me(body: bytes) -> tuple[int, bytes]:
        return (503, b"{}") if away["now"] else (200, standing(world.key_id, BOOT, 0).to_json())

    def worklist_page(body: bytes) -> tuple[int, bytes]:
        return (0, b"") if away["now"] else (200, site.page().to_json())

    centre.routes = {
        "GET /v1/stations/me": me,
        "GET /v1/worklist": worklist_page,
        "POST /v1/stations/birth": lambda body: (503, b"{}"),
    }
    async with site.running(sync.run(Told(), asyncio.Event())):
        await asyncio.sleep(0.1)
        assert (sync.reachable, sync.checked.is_set()) == (False, False)
        away["now"] = False
        await site.until(lambda: sync.checked.is_set() and database.run_now(worklist.cursor) == 1)
    at = clocks.now()
    assert clocks.state(at) == ClockState.GOOD


def test_an_unknown_clock_is_an_uncertain_one() -> None:
    clocks = ClockWatch()
    at = clocks.now()
    assert (clocks.state(at), clocks.offset_ms(at)) == (ClockState.UNCERTAIN, None)


def test_a_clock_that_jumps_after_it_was_measured_is_noticed() -> None:
    clocks = ClockWatch()
    noon = datetime(2026, 5, 4, 12, tzinfo=UTC)
    measured = Instant(wall=noon, monotonic_ns=0)
    clocks.measure(measured, noon + timedelta(seconds=1), measured)
    later = Instant(wall=noon + timedelta(seconds=60), monotonic_ns=60_000_000_000)
    assert (clocks.state(later), clocks.offset_ms(later)) == (ClockState.GOOD, 1000)
    jumped = Instant(wall=noon + timedelta(hours=1), monotonic_ns=60_000_000_000)
    assert clocks.state(jumped) == ClockState.UNCERTAIN
    assert clocks.is_far_ahead(jumped)
