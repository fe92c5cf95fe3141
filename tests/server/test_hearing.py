"""What a station tells of itself: each message counts once, in whatever order, and copies are seen."""

from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, func, select

from server.alarms import standing_alarms
from server.console.overview import StationRow, read_overview
from server.console.view import station_standing
from server.db.tables import presence_batches
from server.stations.hearing import BATCHES_KEPT

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

TAG = "3066c4409047e140075bcd15"
AT = "2026-05-04T12:00:00.000000Z"


def device(**changes: Any) -> dict[str, Any]:
    said = {"name": "gate", "driver": "uhfreader", "state": "ready", "reason": None, "readings": 812}
    return said | {"counts": {"frames": 815, "bad_checks": 2, "resyncs": 1}} | changes


def birth(seq: int = 0, boot: str = "1", **changes: Any) -> dict[str, Any]:
    said = {"schema": "regrade/v1/birth", "node": "st1", "boot": boot * 32, "seq": seq, "at": AT}
    return said | {"program": "0.3.0", "devices": [device()]} | changes


def health(seq: int = 1, boot: str = "1", **changes: Any) -> dict[str, Any]:
    said = {
        "station": "st1", "boot": boot * 32, "seq": seq, "at": AT, "state": "idle", "queue_depth": 0,
        "oldest_queued_s": 0, "refused": 0, "inspector_signed_in": False, "devices": [device()], "faults": {},
    }  # fmt: skip
    return said | changes


def death(seq: int = 9, boot: str = "1") -> dict[str, Any]:
    return {"schema": "regrade/v1/death", "node": "st1", "boot": boot * 32, "seq": seq, "at": AT}


def event(what: str = "arrive", place: str = "bench", tag: str = TAG) -> dict[str, Any]:
    return {"what": what, "epc_hex": tag, "place": place, "at": AT}


def presence(seq: int = 2, boot: str = "1", *events: dict[str, Any], dropped: int = 0) -> dict[str, Any]:
    said = {"schema": "regrade/v1/presence", "node": "st1", "boot": boot * 32, "seq": seq}
    return said | {"events": events or [event()], "dropped": dropped}


async def tell(site: "Site", bench: "Bench", *messages: dict[str, Any]) -> list[bool | None]:
    """What was kept of each; None of a health, whose answer says other things."""
    kept = []
    for said in messages:
        kind = said["schema"].rpartition("/")[2] if "schema" in said else "health"
        answer = await site.http.post(f"/v1/stations/{kind}", json=said, headers=bench.auth)
        assert answer.status_code == 200, answer.text
        kept.append(answer.json().get("kept"))
    return kept


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("centre.sqlite*"))


async def row(site: "Site") -> StationRow:
    moment = site.clock.moment
    (found,) = (await site.centre.reader.run(lambda c: read_overview(c, "s1", moment))).stations
    return found


async def alarms(site: "Site") -> list[tuple[str, str]]:
    rows = await site.centre.reader.run(lambda c: standing_alarms(c, "s1"))
    return [(alarm.kind, alarm.subject) for alarm in rows]


async def page(site: "Site") -> dict[str, Any]:
    answer = await site.http.get("/v1/stations/st1/presence", headers=site.console)
    found: dict[str, Any] = answer.json()
    return found


async def test_a_birth_is_kept_once_and_names_the_program(site: "Site", bench: "Bench") -> None:
    assert await tell(site, bench, birth(), birth()) == [True, False]
    assert (await row(site)).program == "0.3.0"
    assert await alarms(site) == []


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
async def test_of_health_in_any_order_the_newest_stays(
    site: "Site", bench: "Bench", order: tuple[int, ...]
) -> None:
    await tell(site, bench, *(health(seq, queue_depth=seq) for seq in (*order, *order)))
    seen = (await row(site)).health
    assert seen is not None
    assert seen.queue_depth == 3
    assert await alarms(site) == []


async def test_the_counters_of_each_device_are_kept(site: "Site", bench: "Bench") -> None:
    await tell(site, bench, health(devices=[device(lost=3, dropped=4)]))
    seen = (await row(site)).health
    assert seen is not None
    [gate] = seen.devices
    assert (gate.readings, gate.lost, gate.dropped, gate.counts["bad_checks"]) == (812, 3, 4, 2)


async def test_a_new_start_counts_from_the_beginning(site: "Site", bench: "Bench") -> None:
    await tell(site, bench, birth(), health(7, queue_depth=7), health(1, "2", queue_depth=1))
    seen = (await row(site)).health
    assert seen is not None
    assert (seen.boot, seen.queue_depth) == ("2" * 32, 1)


async def test_an_older_start_changes_nothing_but_raises_the_alarm(site: "Site", bench: "Bench") -> None:
    await tell(site, bench, birth(0, "1"), birth(0, "2", program="0.4.0"), health(1, "2"))
    late = [birth(5, "1"), health(6, "1"), presence(7, "1"), death(8, "1")]
    assert await tell(site, bench, *late) == [False, None, False, False]
    seen = await row(site)
    assert (seen.program, seen.health and seen.health.boot, seen.stopped) == ("0.4.0", "2" * 32, False)
    assert (await page(site))["events"] == []
    assert await alarms(site) == [("clone", "st1")]


@pytest.mark.parametrize(
    "twice",
    [
        (health(3), health(3, queue_depth=1)),
        (birth(3), birth(3, program="0.9.9")),
        (presence(3), presence(3, "1", event("depart"))),
    ],
    ids=["health", "birth", "presence"],
)
async def test_two_machines_that_woke_from_one_image_are_seen_by_their_numbers(
    site: "Site", bench: "Bench", twice: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    await tell(site, bench, *twice)
    assert await alarms(site) == [("clone", "st1")]


async def test_a_station_that_stops_says_so_and_is_not_silent(site: "Site", bench: "Bench") -> None:
    await tell(site, bench, birth(), health(1), death(9))
    site.clock.forward(3600)
    seen = await row(site)
    assert (seen.stopped, station_standing(seen)) == (True, "stopped")


async def test_a_station_that_crashes_is_silent_after_a_while(site: "Site", bench: "Bench") -> None:
    await tell(site, bench, birth(), health(1))
    assert station_standing(await row(site)) == "live"
    site.clock.forward(16)
    assert station_standing(await row(site)) == "silent"


async def test_what_comes_behind_a_death_does_not_bring_a_start_back(site: "Site", bench: "Bench") -> None:
    assert await tell(site, bench, birth(), death(9), death(9), birth(0), health(8), presence(7)) == [
        True, True, False, False, None, False,
    ]  # fmt: skip
    assert (await row(site)).stopped
    assert (await page(site))["events"] == []
    await tell(site, bench, presence(0, "2"))
    assert not (await row(site)).stopped


async def test_a_batch_counts_once_however_often_and_in_whatever_order_it_comes(
    site: "Site", bench: "Bench"
) -> None:
    second, first = presence(5, "1", event("depart")), presence(2, "1", event("arrive"))
    assert await tell(site, bench, second, first, second, first) == [True, True, False, False]
    assert len((await page(site))["events"]) == 2
    assert await alarms(site) == []


async def test_the_same_number_of_another_start_is_another_batch(site: "Site", bench: "Bench") -> None:
    assert await tell(site, bench, presence(2, "1"), presence(2, "2")) == [True, True]
    assert len((await page(site))["events"]) == 2


async def test_events_are_shown_newest_first_without_the_number_of_a_tag(
    site: "Site", bench: "Bench", tmp_path: Path
) -> None:
    moved = (event("arrive"), event("move", "shelf"), event("depart", "shelf"))
    await tell(site, bench, presence(2, "1", *moved, dropped=3))
    found = await page(site)
    assert [(each["what"], each["place"], each["tag"]) for each in found["events"]] == [
        ("depart", "shelf", "5bcd15"),
        ("move", "shelf", "5bcd15"),
        ("arrive", "bench", "5bcd15"),
    ]
    assert found["dropped"] == 3
    assert TAG.encode() not in everything(tmp_path)


async def test_no_digest_tells_which_of_a_thousand_tags_it_was(site: "Site", bench: "Bench") -> None:
    def digests(connection: Connection) -> list[bytes]:
        return list(connection.execute(select(presence_batches.c.digest)).scalars())

    others = (event(tag=TAG), event(tag="ff" * 9 + TAG[-6:]))
    await tell(site, bench, *(presence(seq, "1", each) for seq, each in enumerate(others)))
    first, second = await site.centre.reader.run(digests)
    assert first == second, "all but the end of an EPC is as if it had not been there"


async def test_the_ring_is_bounded_and_what_left_it_does_not_come_back(site: "Site", bench: "Bench") -> None:
    await tell(site, bench, *(presence(seq) for seq in range(1, BATCHES_KEPT + 11)))

    def count(connection: Connection) -> int:
        return connection.execute(select(func.count()).select_from(presence_batches)).scalar_one()

    assert await site.centre.reader.run(count) == BATCHES_KEPT
    assert await tell(site, bench, presence(3)) == [False]


async def test_events_of_yesterday_are_gone(site: "Site", bench: "Bench") -> None:
    await tell(site, bench, presence(2))
    site.clock.forward(90_000)
    assert (await page(site))["events"] == []
    await tell(site, bench, presence(3, "1", event("depart")))
    assert [each["what"] for each in (await page(site))["events"]] == ["depart"]


async def test_a_station_that_is_gone_for_good_leaves_nothing_behind(site: "Site", bench: "Bench") -> None:
    await tell(site, bench, presence(2))
    site.clock.forward(90_000)
    await tell(site, bench, birth(0, "2"))
    left = await site.centre.reader.run(lambda c: c.execute(select(presence_batches)).all())
    assert left == []


@pytest.mark.parametrize("said", [birth(), death(), presence()], ids=["birth", "death", "presence"])
async def test_no_station_speaks_for_another(site: "Site", bench: "Bench", said: dict[str, Any]) -> None:
    kind = said["schema"].rpartition("/")[2]
    other = said | {"node": "st2"}
    answer = await site.http.post(f"/v1/stations/{kind}", json=other, headers=bench.auth)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_scope")


async def test_a_program_whose_name_is_more_than_a_version_is_refused(site: "Site", bench: "Bench") -> None:
    said = birth(program='1" onclick="alert(1)')
    answer = await site.http.post("/v1/stations/birth", json=said, headers=bench.auth)
    assert answer.status_code == 422, "it would have stood among the properties of the console's card"


@pytest.mark.parametrize(
    "wrong",
    [
        presence(2, "1", *[event()] * 257),
        presence(2) | {"events": []},
        presence(2, "1", event(tag="XYZ")),
        presence(2, "1", event(place="a place")),
        presence(2, "1", event("linger")),
        presence(-1),
    ],
    ids=["too many", "none", "no hex", "no name", "no such event", "no number"],
)
async def test_a_batch_that_is_none_is_refused_by_name(
    site: "Site", bench: "Bench", wrong: dict[str, Any]
) -> None:
    answer = await site.http.post("/v1/stations/presence", json=wrong, headers=bench.auth)
    assert answer.status_code == 422
    assert (await page(site))["events"] == []
