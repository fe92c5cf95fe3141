"""Counters at the centre: what was passed over is explained, what is early waits, clones are told."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from sqlalchemy import Connection

from inspection.custody.leaf import read_leaf
from inspection.messages.base import time_text
from inspection.messages.uplink import (
    HeldMessage,
    ReceiptMessage,
    RefusalMessage,
    RefusalReason,
    SignedRecord,
)
from inspection.record import ClockState
from server.db.engine import writing_engine
from server.db.migrate import alembic_config, migrate
from server.ingest import judging, repository
from server.ingest.judging import clock_of
from server.stations.counters import Known, Passed, counters_page, explain
from tests.server.conftest import NOON
from tests.server.statements import statements

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

HOUR = timedelta(hours=1)


@pytest.fixture
async def bench(site: "Site") -> "Bench":
    await site.announce("R1/1/1", "R1/1/2", "R1/1/3", "R1/1/4")
    return await site.enrol()


def clock(at: Any) -> dict[str, Any]:
    return {"clock": {"device_time": time_text(at)}}


def resigned(bench: "Bench", counter: int) -> SignedRecord:
    """Another record under a number that was used."""
    before, bench.counter = bench.counter, counter - 1
    signed = bench.signed("R1/1/3")
    bench.counter = before
    return signed


async def answer_of(site: "Site", bench: "Bench", signed: SignedRecord) -> object:
    (answer,) = (await site.send(bench, signed)).results
    return answer


async def gaps(site: "Site", station: str = "st1") -> list[dict[str, Any]]:
    answer = await site.http.get(f"/v1/stations/{station}/counters", headers=site.console)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["gaps"]
    return rows


def brief(rows: list[dict[str, Any]]) -> list[tuple[int, int, str]]:
    return [(row["first"], row["last"], row["standing"]) for row in rows]


async def alarms(site: "Site") -> list[tuple[str, str]]:
    answer = await site.http.get("/v1/alarms", headers=site.console)
    return [(row["kind"], row["subject"]) for row in answer.json()["alarms"]]


async def test_a_record_from_the_future_is_neither_taken_nor_refused(site: "Site", bench: "Bench") -> None:
    signed = bench.signed("R1/1/1", **clock(NOON + HOUR))
    held = await answer_of(site, bench, signed)
    assert isinstance(held, HeldMessage)
    assert held.submission_sha256 == signed.submission_sha256("st1")
    assert held.retry_after_s == 55 * 60
    assert (await site.centre.reader.run(site.centre.log.head)).size == 1, "only the station's key"
    assert site.counted("regrade_held_total") == 1


async def test_a_record_that_waited_is_taken_when_its_time_has_come(site: "Site", bench: "Bench") -> None:
    signed = bench.signed("R1/1/1", **clock(NOON + HOUR))
    await answer_of(site, bench, signed)
    site.clock.forward(55 * 60)
    assert isinstance(await answer_of(site, bench, signed), ReceiptMessage)
    assert await gaps(site) == []


async def test_records_behind_one_that_waits_go_ahead_and_it_follows_later(
    site: "Site", bench: "Bench"
) -> None:
    early = bench.signed("R1/1/1", **clock(NOON + HOUR))
    await answer_of(site, bench, early)
    assert isinstance(await answer_of(site, bench, bench.signed("R1/1/2")), ReceiptMessage)
    assert brief(await gaps(site)) == [(1, 1, "held")]
    bench.boot, bench.counter = "2" * 32, 0
    assert isinstance(await answer_of(site, bench, bench.signed("R1/1/3")), ReceiptMessage)
    site.clock.forward(3600)
    assert isinstance(await answer_of(site, bench, early), ReceiptMessage)
    assert isinstance(await answer_of(site, bench, bench.signed("R1/1/4")), ReceiptMessage)
    assert (await gaps(site), await alarms(site)) == ([], [])


async def test_a_whole_start_that_waits_is_no_clone_when_the_next_one_has_begun(
    site: "Site", bench: "Bench"
) -> None:
    early = [bench.signed(f"R1/1/{n}", **clock(NOON + HOUR)) for n in (1, 2)]
    bench.boot, bench.counter = "2" * 32, 0
    results = (await site.send(bench, *early, bench.signed("R1/1/3"))).results
    assert [answer.kind for answer in results] == ["held", "held", "receipt"]
    site.clock.forward(3600)
    results = (await site.send(bench, *early, bench.signed("R1/1/4"))).results
    assert [answer.kind for answer in results] == ["receipt"] * 3
    assert (await gaps(site), await alarms(site)) == ([], [])


async def test_other_bytes_under_the_number_of_a_record_that_waits_are_refused(
    site: "Site", bench: "Bench"
) -> None:
    await answer_of(site, bench, bench.signed("R1/1/1", **clock(NOON + HOUR)))
    bench.counter = 0
    refused = await answer_of(site, bench, bench.signed("R1/1/2"))
    assert isinstance(refused, RefusalMessage)
    assert refused.reason is RefusalReason.COUNTER_REUSED
    assert await alarms(site) == [("clone", "st1")]


async def test_a_refused_copy_of_a_record_that_waits_settles_nothing(site: "Site", bench: "Bench") -> None:
    early = bench.signed("R1/1/1", (b"image",), **clock(NOON + HOUR))
    await answer_of(site, bench, early)
    await answer_of(site, bench, bench.signed("R1/1/2"))
    bare = early.model_copy(update={"image_keys": ()})
    wrong = early.openings[0].model_copy(update={"value": "O-2"})
    other = resigned(bench, counter=1)
    for copy in (bare, early.model_copy(update={"openings": (wrong,)}), other):
        assert isinstance(await answer_of(site, bench, copy), RefusalMessage)
    site.clock.forward(3600)
    assert isinstance(await answer_of(site, bench, early), ReceiptMessage)


async def test_a_record_that_waited_for_a_return_that_was_withdrawn_waits_no_longer(
    site: "Site", bench: "Bench"
) -> None:
    early = bench.signed("R1/1/1", **clock(NOON + HOUR))
    await answer_of(site, bench, early)
    await site.http.post("/v1/returns/R1/1/1/cancel", headers=site.shop)
    assert isinstance(await answer_of(site, bench, early), RefusalMessage)
    await answer_of(site, bench, bench.signed("R1/1/2"))
    assert brief(await gaps(site)) == [(1, 1, "refused")]


async def test_a_record_that_waits_twice_is_counted_once(site: "Site", bench: "Bench") -> None:
    signed = bench.signed("R1/1/1", **clock(NOON + 24 * HOUR))
    for _ in range(2):
        held = await answer_of(site, bench, signed)
        assert isinstance(held, HeldMessage)
        assert held.retry_after_s == 3600
    assert brief(await gaps(site)) == [(1, 1, "held")]


async def test_beyond_the_most_that_may_wait_a_record_from_the_future_is_refused(
    site: "Site", bench: "Bench", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "MOST_HELD", 1)
    first, second = (bench.signed(f"R1/1/{n}", **clock(NOON + HOUR)) for n in (1, 2))
    results = (await site.send(bench, first, second, first)).results
    assert [answer.kind for answer in results] == ["held", "refusal", "held"]
    assert brief(await gaps(site)) == [(1, 1, "held")]


async def test_what_a_key_signed_before_its_revocation_and_sent_after_it_is_refused_by_name(
    site: "Site", bench: "Bench"
) -> None:
    waiting = bench.signed("R1/1/1")
    await site.http.post("/v1/stations/st1/revoke", headers=site.console)
    renewed = await site.enrol()
    refused = await answer_of(site, renewed, waiting)
    assert isinstance(refused, RefusalMessage)
    assert refused.reason is RefusalReason.REVOKED_KEY


async def test_a_number_passed_over_is_missing_between_its_neighbours(site: "Site", bench: "Bench") -> None:
    first = await answer_of(site, bench, bench.signed("R1/1/1"))
    bench.counter = 4
    second = await answer_of(site, bench, bench.signed("R1/1/2"))
    assert isinstance(first, ReceiptMessage)
    assert isinstance(second, ReceiptMessage)
    (gap,) = await gaps(site)
    assert brief([gap]) == [(2, 4, "missing")]
    assert (gap["before"], gap["after"], gap["boot"]) == (first.index, second.index, bench.boot)
    assert await gaps(site, "st2") == []


async def test_a_number_that_was_refused_is_explained_by_its_refusal(site: "Site", bench: "Bench") -> None:
    await site.send(bench, bench.signed("R1/1/1"), bench.signed("nobody/1/1"), bench.signed("nobody/1/2"))
    bench.counter += 1
    await site.send(bench, bench.signed("R1/1/2"))
    rows = await gaps(site)
    assert brief(rows) == [(2, 3, "refused"), (4, 4, "missing")]
    assert rows[0]["reasons"] == ["unknown_unit"]


async def test_a_forged_record_explains_no_gap(site: "Site", bench: "Bench") -> None:
    await site.send(bench, bench.signed("R1/1/1"))
    forged = bench.signed("R1/1/2").model_copy(update={"signature": bytes(64)})
    await site.send(bench, forged, bench.signed("R1/1/3"))
    assert brief(await gaps(site)) == [(2, 2, "missing")]


async def test_an_older_start_that_records_raises_the_clone_alarm_once(site: "Site", bench: "Bench") -> None:
    await site.send(bench, bench.signed("R1/1/1"))
    bench.boot = "2" * 32
    await site.send(bench, bench.signed("R1/1/2"))
    bench.boot = "1" * 32
    await site.send(bench, bench.signed("R1/1/3"), bench.signed("R1/1/4"))
    assert await alarms(site) == [("clone", "st1")]


async def test_two_starts_that_begin_in_one_batch_are_both_known(site: "Site", bench: "Bench") -> None:
    first = bench.signed("R1/1/1")
    bench.boot = "2" * 32
    await site.send(bench, first, bench.signed("R1/1/2"))
    bench.boot = "1" * 32
    refused = await answer_of(site, bench, bench.signed("R1/1/3"))
    assert isinstance(refused, RefusalMessage)
    assert refused.reason is RefusalReason.COUNTER_BACKWARDS


async def health(site: "Site", bench: "Bench", boot: str) -> None:
    body = {
        "station": "st1", "boot": boot * 32, "seq": 1, "at": time_text(NOON), "state": "idle",
        "queue_depth": 0, "oldest_queued_s": 0, "refused": 0, "inspector_signed_in": False, "devices": [],
        "faults": {},
    }  # fmt: skip
    answer = await site.http.post("/v1/stations/health", json=body, headers=bench.auth)
    assert answer.status_code == 200, answer.text


async def test_a_station_that_starts_again_and_again_raises_nothing(site: "Site", bench: "Bench") -> None:
    for boot in "1112234":
        await health(site, bench, boot)
    assert await alarms(site) == []


async def test_two_starts_whose_health_comes_in_turn_raise_the_clone_alarm(
    site: "Site", bench: "Bench"
) -> None:
    for boot in "1212":
        await health(site, bench, boot)
    assert await alarms(site) == [("clone", "st1")]
    body = {"reason": "The old machine is switched off"}
    await site.http.post("/v1/alarms/1/clear", json=body, headers=site.console)
    await health(site, bench, "2")
    assert await alarms(site) == []
    await health(site, bench, "1")
    assert await alarms(site) == [("clone", "st1")]


async def test_a_time_long_past_is_recorded_and_marked_and_decides_nothing(
    site: "Site", bench: "Bench"
) -> None:
    receipt = await answer_of(site, bench, bench.signed("R1/1/1", **clock(NOON - timedelta(days=400))))
    assert isinstance(receipt, ReceiptMessage)
    assert read_leaf(receipt.leaf).recorded_at == time_text(NOON)
    answer = await site.http.get("/v1/returns/R1/1/1", headers=site.shop)
    (verdict,) = answer.json()["verdicts"]
    assert (verdict["clock"], verdict["recorded_at"]) == ("uncertain", time_text(NOON))


def test_a_clock_counts_as_good_only_where_both_sides_say_so(bench: "Bench") -> None:
    for state, behind, wanted in (
        ("good", timedelta(0), ClockState.GOOD),
        ("good", judging.FAR_BEHIND, ClockState.GOOD),
        ("good", judging.FAR_BEHIND + timedelta(seconds=1), ClockState.UNCERTAIN),
        ("uncertain", timedelta(0), ClockState.UNCERTAIN),
    ):
        record = bench.record("R1/1/1", clock={"device_time": time_text(NOON - behind), "state": state})
        assert clock_of(record, NOON) is wanted


def test_a_gap_wider_than_anybody_could_count_is_explained_at_once() -> None:
    passed = Passed(key="a" * 32, boot="b" * 32, first=1, last=2**53 - 2, found_at="")
    known = Known(recorded={7: 70, 2**53 - 1: 71}, held=frozenset({9, 10}), refused={10**9: "upgrade"})
    rows = [(row.first, row.last, row.standing, row.before, row.after) for row in explain(passed, known)]
    assert rows == [
        (1, 6, "missing", None, 70),
        (8, 8, "missing", 70, 71),
        (9, 10, "held", 70, 71),
        (11, 10**9 - 1, "missing", 70, 71),
        (10**9, 10**9, "refused", 70, 71),
        (10**9 + 1, 2**53 - 2, "missing", 70, 71),
    ]


async def test_what_is_known_of_a_start_is_read_once_for_all_its_gaps(site: "Site", bench: "Bench") -> None:
    bench.counter = 4
    await answer_of(site, bench, bench.signed("R1/1/1"))
    bench.counter = 9
    await answer_of(site, bench, bench.signed("R1/1/2"))

    def read(connection: Connection) -> tuple[int, int]:
        with statements(connection) as asked:
            found = len(counters_page(connection, "s1", "st1").gaps)
        return found, len([text for text in asked if "FROM records" in text])

    assert await site.centre.reader.run(read) == (2, 1)


def test_a_database_of_the_version_before_gets_the_gaps_that_nobody_looked_for(tmp_path: Path) -> None:
    engine = writing_engine(tmp_path / "old.sqlite")
    start = f"{'a' * 32}/{'b' * 32}"
    row = (
        "INSERT INTO records (site,leaf_seq,inspection,announced,id,sha256,merchant,unit,sku,station,kind,"
        "grade,disposition,channel,recorded_at) VALUES "
        "('s1',?,1,x'',?,'','m1',?,'MUG-1','st1','confirm','new','resale','restock',?)"
    )
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "v0002")
        for seq, counter in enumerate((1, 2, 6)):
            values = (seq, f"{start}/{counter}", f"R{counter}/1/1", time_text(NOON))
            connection.exec_driver_sql(row, values)
    migrate(engine)
    with engine.begin() as connection:
        (gap,) = counters_page(connection, "s1", "st1").gaps
    engine.dispose()
    assert (gap.first, gap.last, gap.standing, gap.before, gap.after) == (3, 5, "missing", 1, 2)
