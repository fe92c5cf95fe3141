"""A legal hold keeps a person's data; who set it and who ended it stands in the ledger."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import pytest
from typer.testing import CliRunner

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, read_leaf
from inspection.messages.entries import check_body
from regrade import front_door
from server.setup import init_centre
from server.subjects.holds import first_held_index

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

ANN = {"order": "O-ann-1", "customer": "C-ann-1"}
WANTED = {"merchant": "m1", "customer": "C-ann-1", "reason": "asked_by_customer"}


async def hold(site: "Site", **wanted: Any) -> str:
    body = {"merchant": "m1", "reason": "dispute 17", "by": "Dana"} | wanted
    answer = await site.http.post("/v1/holds", json=body, headers=site.console)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def erase(site: "Site") -> tuple[int, dict[str, Any]]:
    answer = await site.http.post("/v1/subjects/erasures", json=WANTED, headers=site.console)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    "what", [{}, {"unit": "R1/1/1"}, {"customer": "C-ann-1"}], ids=["merchant", "unit", "customer"]
)
async def test_nothing_is_erased_while_a_hold_covers_it(site: "Site", what: dict[str, str]) -> None:
    await site.announce("R1/1/1", "R2/1/1", **ANN)
    kept = await hold(site, **what)
    status, said = await erase(site)
    assert (status, said["code"]) == (409, "on_hold")
    assert kept in said["detail"] and "dispute 17" in said["detail"] and "Dana" in said["detail"]
    body = {"reason": "settled", "by": "Eli"}
    released = await site.http.post(f"/v1/holds/{kept}/release", json=body, headers=site.console)
    assert released.json()["released_by"] == "Eli"
    assert (await erase(site))[0] == 200


@pytest.mark.parametrize("what", [{"unit": "R9/1/1"}, {"customer": "C-other"}], ids=["unit", "customer"])
async def test_a_hold_on_somebody_else_is_in_nobodys_way(site: "Site", what: dict[str, str]) -> None:
    await site.announce("R1/1/1", **ANN)
    await site.announce("R9/1/1", customer="C-other")
    await hold(site, **what)
    assert (await erase(site))[0] == 200


async def test_both_ends_of_a_hold_stand_in_the_ledger(site: "Site") -> None:
    await site.announce("R1/1/1", **ANN)
    kept = await hold(site, customer="C-ann-1")
    await site.http.post(f"/v1/holds/{kept}/release", json={"reason": "settled"}, headers=site.console)
    head = await site.centre.reader.run(site.centre.log.head)
    leaves = [await at(site, index) for index in range(head.size)]
    entries = [leaf for leaf in leaves if leaf.type == EntryType.APPROVAL]
    assert [leaf.body["kind"] for leaf in entries] == ["hold", "release"]
    assert [leaf.body["by"] for leaf in entries] == [["Dana"], ["test"]]
    assert all(check_body(leaf.type, canonical(leaf.body)) for leaf in entries)
    assert "C-ann-1" not in json.dumps([leaf.body for leaf in entries])


async def at(site: "Site", index: int) -> Any:
    leaf = await site.centre.reader.run(lambda c: site.centre.log.at(c, index))
    assert leaf is not None
    return read_leaf(leaf)


async def test_holds_are_listed_without_naming_the_customer(site: "Site") -> None:
    await site.announce("R1/1/1", **ANN)
    kept = await hold(site, customer="C-ann-1")
    listed = await site.http.get("/v1/holds", headers=site.console)
    (row,) = listed.json()["holds"]
    assert (row["id"], row["scope"], row["released_at"]) == (kept, "subject", None)
    assert "C-ann-1" not in listed.text


async def test_what_cannot_be_held_or_released_is_said(site: "Site") -> None:
    body = {"merchant": "m1", "unit": "R99/1/1", "reason": "x"}
    assert (await site.http.post("/v1/holds", json=body, headers=site.console)).status_code == 404
    both = body | {"customer": "C-1"}
    assert (await site.http.post("/v1/holds", json=both, headers=site.console)).status_code == 422
    nobody = await site.http.post(f"/v1/holds/{'0' * 32}/release", json={"reason": "x"}, headers=site.console)
    assert nobody.status_code == 404
    kept = await hold(site)
    for status in (200, 409):
        again = await site.http.post(f"/v1/holds/{kept}/release", json={"reason": "x"}, headers=site.console)
        assert again.status_code == status


async def test_the_first_held_entry_bounds_what_may_be_dropped(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1", "R2/1/1", **ANN)
    await site.send(bench, bench.signed("R1/1/1"), bench.signed("R2/1/1"))
    assert await site.centre.reader.run(lambda c: first_held_index(c, "s1")) is None
    await hold(site, unit="R2/1/1")
    held = await site.centre.reader.run(lambda c: first_held_index(c, "s1"))
    assert held is not None
    leaf = await at(site, held)
    assert leaf.body["unit"]["id"] == "R2/1/1"


@pytest.mark.parametrize(
    "what", [{}, {"unit": "R2/1/1"}, {"customer": "C-ann-1"}], ids=["merchant", "unit", "customer"]
)
async def test_the_sign_off_of_a_held_unit_is_held_too(
    site: "Site", bench: "Bench", what: dict[str, str]
) -> None:
    await site.announce("R1/1/1", customer="C-other", parcel="P-1")
    await site.announce("R2/1/1", **ANN, parcel="P-2")
    sign_off = {"at": "2026-05-04T11:00:00.000000Z"}
    for parcel in ("P-1", "P-2"):
        await site.http.post(f"/v1/parcels/{parcel}/sign-off", json=sign_off, headers=site.shop)
    for inspected in (False, True):
        if inspected:
            await site.send(bench, bench.signed("R1/1/1"), bench.signed("R2/1/1"))
        kept = await hold(site, **what)
        held = await site.centre.reader.run(lambda c: first_held_index(c, "s1"))
        assert held is not None
        assert (await at(site, held)).id == f"parcel:m1:{'P-2' if what else 'P-1'}:signed-off"
        await site.http.post(f"/v1/holds/{kept}/release", json={"reason": "x"}, headers=site.console)


async def test_an_assumed_sign_off_of_a_held_unit_is_held_too(site: "Site", bench: "Bench") -> None:
    await site.announce("R2/1/1", **ANN, parcel="P-2")
    scan = {"at": "2026-05-04T11:00:00.000000Z"}
    await site.http.post("/v1/parcels/P-2/dock-scan", json=scan, headers=site.shop)
    await site.send(bench, bench.signed("R2/1/1"))
    await hold(site, unit="R2/1/1")
    held = await site.centre.reader.run(lambda c: first_held_index(c, "s1"))
    assert held is not None
    assert (await at(site, held)).id == "parcel:m1:P-2:signed-off:assumed"


def test_the_commands_hold_release_and_erase_in_a_stopped_centre(tmp_path: Path) -> None:
    init_centre(tmp_path / "c", "centre.test", "s1")
    run, where = CliRunner(), ["--dir", str(tmp_path / "c")]
    said = ["--merchant", "m1", "--by", "Dana"]
    held = run.invoke(front_door(), ["server", "hold", "add", *where, *said, "--reason", "dispute"])
    assert held.exit_code == 0, held.output
    listed = run.invoke(front_door(), ["server", "hold", "list", *where])
    assert held.stdout.strip() in listed.stdout and "stands" in listed.stdout
    ended = run.invoke(
        front_door(),
        ["server", "hold", "release", held.stdout.strip(), *where, "--reason", "settled", "--by", "Eli"],
    )
    assert ended.exit_code == 0
    nobody = run.invoke(
        front_door(), ["server", "erase", *where, *said, "--customer", "C-1", "--reason", "asked"]
    )
    assert nobody.exit_code != 0
    copied = run.invoke(front_door(), ["server", "backup-keys", str(tmp_path / "out"), *where])
    assert copied.exit_code == 0, copied.output
    assert len(list((tmp_path / "out").iterdir())) == 1
    assert "no such customer" in nobody.stderr


@pytest.mark.parametrize(
    ("asked", "route"),
    [
        (["server", "hold", "list"], "GET /v1/holds"),
        (["ledger", "retain", "--by", "Dana", "--index", "0"], "POST /v1/ledger/retention"),
    ],
)
async def test_a_running_centre_is_asked_over_http_instead(
    site: "Site", tmp_path: Path, asked: list[str], route: str
) -> None:
    (tmp_path / "server.toml").write_text('host_name = "centre.test"\nsite = "s1"\n')
    command = [*asked, "--dir", str(tmp_path)]
    answer = await anyio.to_thread.run_sync(lambda: CliRunner().invoke(front_door(), command))
    assert answer.exit_code != 0
    assert route in answer.stderr
