"""The supervisors' page: what needs somebody, in both languages, from a database that it cannot change."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from nicegui.testing import User

from inspection.messages.station import Health
from inspection.words.catalog import words
from server.centre import DATABASE, Centre
from server.console.board import FRESH_S, Board
from server.console.overview import StationRow, read_overview
from server.console.page import build_pages
from server.console.view import age, deadline, heard, language_of, station_standing, wants_somebody

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site, Tick

EN = words("en")


@pytest.fixture
async def board(centre: Centre, clock: "Tick", tmp_path: Path) -> AsyncIterator[Board]:
    made = Board(tmp_path / DATABASE, "s1", clock)
    yield made
    made.close()


def in_chinese(user: User) -> None:
    """Browse as somebody who reads Chinese first."""
    user.http_client.headers["accept-language"] = "zh-CN,zh;q=0.9,en;q=0.8"


async def again(board: Board) -> None:
    """Let the next look read anew."""
    board._tried_at -= FRESH_S


def health(**changes: Any) -> dict[str, Any]:
    said = {
        "station": "st1", "boot": "1" * 32, "seq": 1, "at": "2026-05-04T12:00:00.000000Z", "state": "idle",
        "queue_depth": 3, "oldest_queued_s": 9, "refused": 0, "inspector_signed_in": True,
        "faults": {"no_match": 4},
        "devices": [{"name": "reader", "driver": "uhfreader", "state": "lost", "reason": "link_lost"}],
    }  # fmt: skip
    return said | changes


async def test_the_page_shows_stations_units_verdicts_and_refunds(
    user: User, board: Board, site: "Site", bench: "Bench"
) -> None:
    await site.announce("R1/1/1")
    await site.announce("R2/1/1", deadline="2026-05-04T11:30:00.000000Z")
    await site.send(bench, bench.signed("R1/1/1"), bench.signed("nobody/1"))
    await site.http.post("/v1/stations/health", json=health(), headers=bench.auth)
    build_pages(board, "s1")
    in_chinese(user)
    await user.open("/")
    for text in ("主管控制台", "R2/1/1", "超时 30 分钟", "R1/1/1", "使用过", "st1", "reader", "3 条待上传"):
        await user.should_see(text)
    user.find("English").click()
    for text in (
        "Supervisor console",
        "30 min late",
        "Used",
        "3 waiting to be sent",
        "Not connected",
        "3 entries",
        "Waiting for an item",
        "heard just now",
        "No return fits this item",
        "×4",
        "Confirmed",
        "The centre does not know this return",
        "changes nothing",
    ):
        await user.should_see(text)


async def test_a_card_shows_what_each_device_counted_and_what_tags_came_and_went(
    user: User, board: Board, site: "Site", bench: "Bench"
) -> None:
    counted = {"readings": 12_815, "lost": 3, "dropped": 4, "counts": {"frames": 12_820, "bad_checks": 2}}
    noon = "2026-05-04T12:00:00.000000Z"
    gate = {"name": "gate", "driver": "uhfreader", "state": "ready", "reason": None} | counted
    await site.http.post("/v1/stations/health", json=health(devices=[gate]), headers=bench.auth)
    said = {"schema": "regrade/v1/presence", "node": "st1", "boot": "1" * 32, "seq": 2, "dropped": 7}
    events = [
        {"what": what, "epc_hex": "3066c4409047e140075bcd15", "place": place, "at": noon}
        for what, place in (("arrive", "shelf"), ("move", "bench"), ("depart", "bench"))
    ]
    answer = await site.http.post("/v1/stations/presence", json=said | {"events": events}, headers=bench.auth)
    assert answer.status_code == 200, answer.text
    build_pages(board, "s1")
    await user.open("/")
    for text in ("12,815", "bad checks 2", "dropped 4", "lost 3×"):
        await user.should_see(text)
    for text in ("…5bcd15 left bench", "…5bcd15 moved to bench", "…5bcd15 came to shelf"):
        await user.should_see(text)
    in_chinese(user)
    await user.open("/")
    for text in ("校验错误 2", "…5bcd15 离开 bench", "另有 7 条未上报"):
        await user.should_see(text)


async def test_a_station_that_was_stopped_is_not_called_silent(
    user: User, board: Board, site: "Site", bench: "Bench"
) -> None:
    await site.http.post("/v1/stations/health", json=health(), headers=bench.auth)
    said = {"schema": "regrade/v1/death", "node": "st1", "boot": "1" * 32, "seq": 2}
    said["at"] = "2026-05-04T12:00:00.000000Z"
    await site.http.post("/v1/stations/death", json=said, headers=bench.auth)
    site.clock.forward(600)
    build_pages(board, "s1")
    await user.open("/")
    await user.should_see("Stopped")
    await user.should_not_see("Silent")


async def test_a_verdict_of_an_uncertain_clock_says_so(
    user: User, board: Board, site: "Site", bench: "Bench"
) -> None:
    await site.announce("R1/1/1")
    build_pages(board, "s1")
    await site.send(bench, bench.signed("R1/1/1", clock={"state": "uncertain"}))
    await user.open("/")
    await user.should_see("Clock uncertain")


async def test_the_page_speaks_the_language_of_the_browser(user: User, board: Board) -> None:
    build_pages(board, "s1")
    await user.open("/")
    await user.should_see("Supervisor console")
    in_chinese(user)
    await user.open("/")
    await user.should_see("主管控制台")


async def test_the_page_renews_itself(user: User, board: Board, site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    build_pages(board, "s1")
    in_chinese(user)
    await user.open("/")
    await user.should_see("还没有结论")
    await site.send(bench, bench.signed("R1/1/1", (b"image",)))
    await again(board)
    await user.should_see("图片上传中")


async def test_a_page_without_a_centre_says_what_to_do(user: User, tmp_path: Path) -> None:
    board = Board(tmp_path / "nothing.sqlite", "s1")
    build_pages(board, "s1")
    in_chinese(user)
    await user.open("/")
    await user.should_see("启动中心后，本页自动恢复")
    board.close()


async def test_what_was_seen_stays_when_the_centre_cannot_be_read(
    centre: Centre, board: Board, tmp_path: Path
) -> None:
    assert (await board.look()).stale_s is None
    board.close()
    (tmp_path / DATABASE).rename(tmp_path / "away")
    await again(board)
    seen = await board.look()
    assert seen.overview is not None
    assert seen.stale_s is not None
    (tmp_path / "away").rename(tmp_path / DATABASE)
    await again(board)
    assert (await board.look()).stale_s is None


async def test_refunds_are_counted_by_where_they_stand(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1", "R2/1/1", "R3/1/1")
    await site.send(bench, *(bench.signed(unit) for unit in ("R1/1/1", "R2/1/1")))
    await site.announce("R1/1/1", inspection=2, purpose="appeal")
    again_inspected = bench.signed("R1/1/1", unit={"inspection": 2, "purpose": "appeal"})
    await site.send(bench, again_inspected, bench.signed("R3/1/1", (b"not here yet",)))
    moment = site.clock.moment
    seen = await site.centre.reader.run(lambda c: read_overview(c, "s1", moment))
    assert seen.refunds == {"awaiting_checkpoint": 2, "behind": 1}
    assert (seen.inspected, seen.expected, [row.told for row in seen.verdicts]) == (
        4,
        0,
        [False, True, True, True],
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h 0 min"), (90_061, "1 d 1 h")],
)
def test_a_span_of_time_is_said_in_whole_words(seconds: float, said: str) -> None:
    assert age(EN, seconds) == said


@pytest.mark.parametrize(
    ("left_s", "expected"),
    [
        (None, ("○", "soft", "no deadline yet")),
        (0, ("✕", "bad", "0 s late")),
        (3600, ("▲", "warn", "1 h 0 min left")),
        (3601, ("●", "good", "1 h 0 min left")),
    ],
)
def test_a_deadline_has_a_shape_and_a_word(left_s: float | None, expected: tuple[str, str, str]) -> None:
    assert deadline(EN, left_s) == expected


@pytest.mark.parametrize(
    ("heard_s", "standing"), [(None, "new"), (0, "live"), (15, "live"), (16, "silent"), (900, "silent")]
)
def test_a_station_is_judged_by_the_age_of_its_health(heard_s: float | None, standing: str) -> None:
    assert station_standing(StationRow(id="st1", heard_s=heard_s, health=None)) == standing


@pytest.mark.parametrize(("heard_s", "said"), [(None, ""), (5, "heard just now"), (9, "heard 9 s ago")])
def test_the_age_of_a_health_is_said(heard_s: float | None, said: str) -> None:
    assert heard(EN, heard_s) == said


@pytest.mark.parametrize(
    ("heard_s", "changes", "wants"),
    [
        (1, {"devices": []}, False),
        (16, {"devices": []}, True),
        (1, {"devices": [], "state": "held"}, True),
        (1, {}, True),
    ],
)
def test_a_station_that_is_silent_stopped_or_lacks_a_device_comes_first(
    heard_s: float, changes: dict[str, Any], wants: bool
) -> None:
    said = Health.read(orjson.dumps(health(**changes)))
    assert wants_somebody(StationRow(id="st1", heard_s=heard_s, health=said)) is wants


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
        ("zh", "zh_CN"),
        ("ZH-Hant-TW", "zh_CN"),
        ("en-GB,zh;q=0.9", "en"),
        ("en;q=0.5, zh;q=0.7", "zh_CN"),
        ("de,zh;q=nonsense", "en"),
        ("zhx", "en"),
        (",;", "en"),
        ("", "en"),
    ],
)
def test_chinese_is_spoken_where_the_browser_puts_it_first(accepted: str, language: str) -> None:
    assert language_of(accepted) == language
