"""Alarms: raised once, shown until a named person clears them, and the clearing stands in the ledger."""

import re
from typing import TYPE_CHECKING

from sqlalchemy import delete

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, read_leaf
from inspection.messages.entries import check_body, check_id
from server.alarms import AlarmKind, raise_alarm, settle_alarm
from server.db.ledger_tables import alarms

if TYPE_CHECKING:
    from tests.server.conftest import Site

AT = "2026-05-04T12:00:00.000000Z"
REASON = {"reason": "The station was set up anew from a backup"}


async def alarm(site: "Site", subject: str = "st1", kind: AlarmKind = AlarmKind.CLONE) -> bool:
    return await site.centre.writer.submit(lambda c: raise_alarm(c, "s1", kind, subject, "two starts", AT))


async def standing(site: "Site", query: str = "") -> list[dict[str, object]]:
    answer = await site.http.get(f"/v1/alarms{query}", headers=site.console)
    assert answer.status_code == 200
    rows: list[dict[str, object]] = answer.json()["alarms"]
    return rows


async def test_an_alarm_is_raised_once_until_it_is_cleared(site: "Site") -> None:
    assert [await alarm(site) for _ in range(3)] == [True, False, False]
    assert [row["subject"] for row in await standing(site)] == ["st1"]
    answer = await site.http.post("/v1/alarms/1/clear", json=REASON, headers=site.console)
    assert answer.status_code == 200
    assert await standing(site) == []
    assert await alarm(site)
    assert [row["id"] for row in await standing(site, "?cleared=true")] == [2, 1]


async def test_alarms_of_other_subjects_and_kinds_stand_beside_each_other(site: "Site") -> None:
    assert await alarm(site)
    assert await alarm(site, "st2")
    assert await alarm(site, "st1", AlarmKind.FORK)
    assert len(await standing(site)) == 3


async def test_who_clears_an_alarm_stands_in_the_ledger_by_name(site: "Site") -> None:
    await alarm(site)
    answer = await site.http.post("/v1/alarms/1/clear", json=REASON, headers=site.console)
    index = answer.json()["leaf_index"]
    content = await site.centre.reader.run(lambda c: site.centre.log.at(c, index))
    assert content is not None
    leaf = read_leaf(content)
    body = check_body(EntryType.APPROVAL, canonical(leaf.body))
    check_id(leaf.type, leaf.id, body)
    assert re.fullmatch("approval:alarm/1/[0-9a-f]{16}", leaf.id)
    assert leaf.body["subject"] == "clone:st1"
    assert leaf.body["by"] == ["test"]
    assert leaf.body["reason"] == REASON["reason"]


async def test_an_alarm_whose_number_was_given_out_before_a_restore_can_be_cleared(site: "Site") -> None:
    for subject in ("st1", "st2"):
        await alarm(site, subject)
        answer = await site.http.post("/v1/alarms/1/clear", json=REASON, headers=site.console)
        assert answer.status_code == 200, answer.text
        await site.centre.writer.submit(lambda c: c.execute(delete(alarms)).rowcount)


async def test_a_cleared_alarm_is_cleared_once_and_an_unknown_one_never(site: "Site") -> None:
    await alarm(site)
    for id, status in ((1, 200), (1, 409), (2, 404)):
        answer = await site.http.post(f"/v1/alarms/{id}/clear", json=REASON, headers=site.console)
        assert answer.status_code == status, answer.text


async def test_an_alarm_whose_reason_ends_by_itself_stands_no_more(site: "Site") -> None:
    await alarm(site, "centre.test/site/s1", AlarmKind.QUORUM_MISSING)
    for expected in (True, False):
        settled = await site.centre.writer.submit(
            lambda c: settle_alarm(c, "s1", AlarmKind.QUORUM_MISSING, "centre.test/site/s1", AT)
        )
        assert settled is expected
    (row,) = await standing(site, "?cleared=true")
    assert row["cleared_by"] == "centre"


async def test_standing_alarms_are_counted_by_kind(site: "Site") -> None:
    await alarm(site)
    await alarm(site, "st2")
    answer = await site.http.get("/metrics", headers=site.console)
    assert 'regrade_alarms{kind="clone"} 2.0' in answer.text
    assert 'regrade_alarms{kind="fork"} 0.0' in answer.text
