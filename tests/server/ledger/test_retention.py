"""Old bodies are withheld by rule, never further than a hold or money allows; every proof stays good."""

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from typer.testing import CliRunner

from inspection.custody.leaf import EntryType, read_leaf
from inspection.custody.merkle import verify_inclusion
from inspection.custody.policy import read_policy
from inspection.custody.proof import read_proof
from inspection.messages.entries import PolicyEntry
from kit.verify_bundle import verify_bundle
from regrade import front_door
from server.errors import RetentionRefused
from server.ledger.fsck import fsck
from server.ledger.retention import Bounds, Retained, RetainFrom, check_bounds, retain, retain_in
from server.ledger.tree import tree_view
from server.refunds import endpoints
from server.settings import ServerSettings
from server.setup import init_centre
from tests.server.conftest import NOON

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site, Tick

DAY = 86_400


@pytest.fixture
def settings() -> ServerSettings:
    return ServerSettings(host_name="centre.test", site="s1", retention_days=30)


def set_endpoint(connection: Connection) -> None:
    endpoints.put(connection, "s1", "m1", url="https://shop.example/", now=NOON)


@pytest.fixture
async def old(site: "Site", bench: "Bench", clock: "Tick") -> int:
    """Five inspections, told to the shop, and then 40 days; returns the log's size before that."""
    await site.announce(*(f"R{number}/1/1" for number in range(5)))
    await site.send(bench, *(bench.signed(f"R{number}/1/1") for number in range(5)))
    await site.centre.writer.submit(set_endpoint)
    await site.centre.writer.submit(
        lambda c: c.exec_driver_sql("UPDATE deliveries SET state = 'delivered'").rowcount
    )
    size = (await site.centre.reader.run(site.centre.log.head)).size
    clock.forward(40 * DAY)
    await site.announce("R9/1/1")
    await site.send(bench, bench.signed("R9/1/1", clock={"device_time": "2026-06-13T12:00:00.000000Z"}))
    await site.centre.writer.submit(
        lambda c: c.exec_driver_sql("UPDATE deliveries SET state = 'delivered'").rowcount
    )
    return size


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("centre.sqlite*"))


async def ask(site: "Site", index: int | None = None, *, drop: bool = False, days: int = 0) -> Retained:
    before = site.clock() - timedelta(days=days) if days else None
    wanted = RetainFrom(index=index, before=before, drop_bodies=drop, by="Dana")
    centre = site.centre
    return await retain_in(centre.writer, centre.log, wanted, centre.settings.retention_days, centre.clock())


async def test_entries_below_the_minimum_are_withheld_and_still_proven(
    site: "Site", bench: "Bench", old: int
) -> None:
    await site.centre.checkpoints.now()
    shown = await site.http.get("/v1/ledger/entries/1", headers=site.console)
    assert shown.status_code == 200
    assert await ask(site, 4) == Retained(min_index=4, dropped=0)
    withheld = await site.http.get("/v1/ledger/entries/1", headers=site.console)
    assert (withheld.status_code, withheld.json()["code"]) == (410, "withheld")
    assert (await site.http.get("/v1/ledger/entries/4", headers=site.console)).status_code == 200
    assert (await site.http.get("/v1/ledger/proofs/1")).status_code == 200


@pytest.mark.parametrize("drop", [False, True], ids=["kept", "dropped"])
async def test_every_proof_stays_good(site: "Site", old: int, drop: bool) -> None:
    centre = site.centre
    kept = await centre.checkpoints.now()
    before = [read_proof((await site.http.get(f"/v1/ledger/proofs/{index}")).content) for index in range(old)]
    hashes = await centre.reader.run(
        lambda c: c.exec_driver_sql("SELECT hash FROM leaves ORDER BY seq").scalars().all()
    )
    await ask(site, old, drop=drop)
    for index, proof in enumerate(before):
        verify_inclusion(hashes[index], index, kept.size, proof.hashes, kept.root)
    now = await centre.checkpoints.now()
    view = await centre.reader.run(lambda c: tree_view(c, "s1", now.size).inclusion(0))
    verify_inclusion(hashes[0], 0, now.size, view, now.root)


async def test_dropped_bodies_are_in_no_file_and_the_rest_is_there(
    site: "Site", old: int, tmp_path: Path
) -> None:
    leaf = await site.centre.reader.run(lambda c: site.centre.log.at(c, 2))
    last = await site.centre.reader.run(lambda c: site.centre.log.at(c, old))
    assert leaf is not None and last is not None
    done = await ask(site, old, drop=True)
    assert done == Retained(min_index=old, dropped=old - 1)
    found = everything(tmp_path)
    assert leaf not in found and last in found
    assert (await ask(site, old, drop=True)).dropped == 0, "asking again changes nothing"


async def test_bodies_that_a_crash_left_in_the_files_are_gone_once_it_is_asked_again(
    site: "Site", old: int, tmp_path: Path
) -> None:
    centre = site.centre
    leaf = await centre.reader.run(lambda c: centre.log.at(c, 2))
    wanted = RetainFrom(index=old, drop_bodies=True, by="Dana")
    await centre.writer.submit(lambda c: retain(c, centre.log, wanted, 30, site.clock()))
    assert leaf is not None and leaf in everything(tmp_path), "committed, and not rewritten"
    assert (await ask(site, old, drop=True)).dropped == 0
    assert leaf not in everything(tmp_path)


async def test_a_younger_return_is_still_proven_by_its_stations_old_key(site: "Site", old: int) -> None:
    await ask(site, old, drop=True)
    answer = await site.http.get("/v1/returns/R9/1/1/evidence-pack", headers=site.shop)
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        report = verify_bundle(archive.read("bundle.json"), {}, read_policy(archive.read("policy")))
    assert report.verified
    older = await site.http.get("/v1/returns/R1/1/1/evidence-pack", headers=site.shop)
    assert (older.status_code, older.json()["code"]) == (410, "withheld")


async def test_what_needs_a_dropped_body_is_said(site: "Site", old: int) -> None:
    await ask(site, old, drop=True)
    export = await site.http.get("/v1/ledger/export", headers=site.console)
    assert export.status_code == 200
    assert len(export.content.splitlines()) > old
    resent = await site.http.post("/v1/refunds/R1/1/1%231/resend", headers=site.console)
    assert (resent.status_code, resent.json()["code"]) == (410, "withheld")


async def test_the_change_stands_in_the_ledger_with_a_name(site: "Site", old: int) -> None:
    await ask(site, 3)
    head = await site.centre.reader.run(site.centre.log.head)
    leaf = await site.centre.reader.run(lambda c: site.centre.log.at(c, head.size - 1))
    assert leaf is not None
    entry = read_leaf(leaf)
    body = PolicyEntry.model_validate(entry.body, strict=False)
    assert (entry.type, body.min_index, body.bodies_dropped, body.by) == (EntryType.POLICY, 3, False, "Dana")


async def test_a_date_means_the_first_entry_of_that_day_on(site: "Site", old: int) -> None:
    assert (await ask(site, days=35)).min_index == old


async def test_it_is_never_lowered(site: "Site", old: int) -> None:
    await ask(site, 3)
    with pytest.raises(RetentionRefused, match="never undone"):
        await ask(site, 2)


async def test_what_is_too_young_held_or_owed_stays(site: "Site", old: int) -> None:
    with pytest.raises(RetentionRefused, match="younger"):
        await ask(site, old + 1)
    body = {"merchant": "m1", "unit": "R2/1/1", "reason": "dispute"}
    await site.http.post("/v1/holds", json=body, headers=site.console)
    with pytest.raises(RetentionRefused, match="legal hold"):
        await ask(site, old)
    await site.centre.writer.submit(
        lambda c: c.exec_driver_sql("UPDATE deliveries SET state = 'queued' WHERE unit = 'R1/1/1'").rowcount
    )
    with pytest.raises(RetentionRefused, match="still to be told"):
        await ask(site, 3)


async def test_a_held_unit_keeps_its_pack_however_far_retention_goes(
    site: "Site", bench: "Bench", clock: "Tick"
) -> None:
    await site.announce("R0/1/1")
    await site.announce("R1/1/1", parcel="P-1")
    await site.http.post(
        "/v1/parcels/P-1/sign-off", json={"at": "2026-05-04T11:00:00.000000Z"}, headers=site.shop
    )
    await site.send(bench, bench.signed("R0/1/1"), bench.signed("R1/1/1"))
    clock.forward(40 * DAY)
    body = {"merchant": "m1", "unit": "R1/1/1", "reason": "dispute"}
    await site.http.post("/v1/holds", json=body, headers=site.console)
    with pytest.raises(RetentionRefused, match="legal hold") as refused:
        await ask(site, 3, drop=True)
    furthest = int(str(refused.value).split()[1])
    await ask(site, furthest, drop=True)
    pack = await site.http.get("/v1/returns/R1/1/1/evidence-pack", headers=site.shop)
    assert pack.status_code == 200, pack.text


async def test_without_a_policy_nothing_is_withheld(site: "Site", old: int) -> None:
    wanted = RetainFrom(index=1, by="Dana")
    with pytest.raises(RetentionRefused, match="retention_days"):
        await site.centre.writer.submit(
            lambda c: retain(c, site.centre.log, wanted, None, site.centre.clock())
        )


async def test_an_index_or_a_date_and_not_both(site: "Site", old: int) -> None:
    for wanted in (RetainFrom(by="D"), RetainFrom(index=1, before=site.clock(), by="D")):
        with pytest.raises(RetentionRefused, match="either"):
            await retain_in(site.centre.writer, site.centre.log, wanted, 30, site.clock())


@given(
    index=st.integers(0, 120),
    now_at=st.integers(0, 50),
    old_enough=st.integers(0, 120),
    held=st.none() | st.integers(0, 120),
    owed=st.none() | st.integers(0, 120),
)
def test_what_is_allowed_is_within_every_bound(
    index: int, now_at: int, old_enough: int, held: int | None, owed: int | None
) -> None:
    allowed = now_at <= index <= min(old_enough, *(each for each in (held, owed) if each is not None), 120)
    bounds = Bounds(now_at=now_at, old_enough=old_enough, held=held, owed=owed)
    if allowed:
        check_bounds(index, bounds)
    else:
        with pytest.raises(RetentionRefused):
            check_bounds(index, bounds)


async def test_a_ledger_without_its_old_bodies_is_found_sound(site: "Site", old: int) -> None:
    await site.centre.checkpoints.now()
    await ask(site, old, drop=True)
    await site.centre.checkpoints.now()
    found = await site.centre.reader.run(lambda c: fsck(c, site.centre.log))
    assert found.faults == []


async def test_a_running_centre_is_asked_over_http(site: "Site", old: int) -> None:
    asked = {"index": 3, "by": "Dana"}
    answer = await site.http.post("/v1/ledger/retention", json=asked, headers=site.console)
    assert (answer.status_code, answer.json()) == (200, {"min_index": 3, "dropped": 0})
    lower = await site.http.post("/v1/ledger/retention", json={"index": 2}, headers=site.console)
    assert (lower.status_code, lower.json()["code"]) == (409, "retention_refused")
    neither = await site.http.post("/v1/ledger/retention", json={"by": "Dana"}, headers=site.console)
    assert neither.status_code == 422
    shop = await site.http.post("/v1/ledger/retention", json=asked, headers=site.shop)
    assert shop.status_code == 403


def test_the_command_withholds_in_a_stopped_centre(tmp_path: Path) -> None:
    init_centre(tmp_path / "c", "centre.test", "s1")
    asked = ["ledger", "retain", "--dir", str(tmp_path / "c"), "--by", "Dana", "--before", "2020-01-01"]
    refused = CliRunner().invoke(front_door(), asked)
    assert refused.exit_code != 0 and "retention_days" in refused.stderr
    with (tmp_path / "c" / "server.toml").open("a") as file:
        file.write("retention_days = 30\n")
    done = CliRunner().invoke(front_door(), asked)
    assert done.exit_code == 0, done.output
    assert "entries below 0 are withheld; 0 bodies were dropped" in done.stdout
