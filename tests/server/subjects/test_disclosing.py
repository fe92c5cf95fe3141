"""One field is told to one recipient: provable by itself, stated in the ledger, and nothing else opened."""

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, read_leaf
from inspection.custody.policy import read_policy
from inspection.custody.proof import check_proof, read_proof
from inspection.custody.sealing import opens
from inspection.messages.entries import AccessEntry
from inspection.record import read_record
from kit.bundle import read_bundle
from kit.verify_bundle import verify_bundle
from server.access import Caller, Scope
from server.errors import NotWitnessed
from server.subjects import disclosing
from server.subjects.keys import FILE_NAME
from server.subjects.schemas import Disclosure, DisclosureRequest
from tests.server.quorum import let_witness_see, with_quorum

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

CONSOLE = Caller(scope=Scope.CONSOLE, label="test")
WANTED = {"field": "order", "to": "court of Utrecht", "reason": "dispute"}


@pytest.fixture
async def record(site: "Site", bench: "Bench") -> str:
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("R1/1/1"))
    return f"{bench.key_id}/{bench.boot}/1"


async def disclose(site: "Site", record: str, **changes: Any) -> httpx.Response:
    url = f"/v1/records/{record}/disclosures"
    return await site.http.post(url, json=WANTED | changes, headers=site.console)


async def test_a_disclosed_field_is_proven_without_the_rest(site: "Site", record: str) -> None:
    answer = await disclose(site, record)
    assert answer.status_code == 200, answer.text
    told = Disclosure.read(answer.content)
    bundle = read_bundle(told.bundle)
    policy = read_policy(bundle.policy.encode())
    assert verify_bundle(told.bundle, {}, policy).problems == ()
    leaf = bundle.entries[-1].leaf
    check_proof(read_proof(told.proof.encode()), leaf, policy)
    statement = read_record(canonical(read_leaf(leaf).body))
    assert statement.personal.order is not None
    assert opens(statement.personal.order, told.salt, told.value) and told.value == "O-1"
    assert [(each.field, each.value) for each in bundle.openings] == [("order", "O-1")]
    assert bundle.images == () and told.entry_index == bundle.entries[-1].index


async def test_a_changed_value_no_longer_verifies(site: "Site", record: str) -> None:
    told = Disclosure.read((await disclose(site, record)).content)
    value = json.loads(told.bundle)
    value["openings"][0]["value"] = "O-2"
    policy = read_policy(value["policy"].encode())
    assert verify_bundle(canonical(value), {}, policy).problems != ()


async def test_a_disclosure_waits_for_the_quorum_and_then_holds_under_it(site: "Site", record: str) -> None:
    centre, wanted = with_quorum(site.centre), DisclosureRequest.model_validate(WANTED)
    with pytest.raises(NotWitnessed):
        await disclosing.disclose(centre, CONSOLE, record, wanted)
    await let_witness_see(centre)
    told = await disclosing.disclose(centre, CONSOLE, record, wanted)
    policy = read_policy(read_bundle(told.bundle).policy.encode())
    assert policy.detects_forks
    assert verify_bundle(told.bundle, {}, policy).problems == ()
    accepted = check_proof(read_proof(told.proof.encode()), read_bundle(told.bundle).entries[-1].leaf, policy)
    assert [each.name for each in accepted.cosigned] == ["finance"]
    assert b"127.0.0.1" not in told.bundle


async def test_that_the_station_was_revoked_is_told_too(site: "Site", record: str) -> None:
    before = Disclosure.read((await disclose(site, record)).content)
    await site.http.post("/v1/stations/st1/revoke", headers=site.console)
    told = Disclosure.read((await disclose(site, record)).content)
    bundle = read_bundle(told.bundle)
    types = [read_leaf(each.leaf).type for each in bundle.entries]
    assert types == [EntryType.KEY_ADD, EntryType.VERDICT, EntryType.KEY_REVOKE]
    policy = read_policy(bundle.policy.encode())
    assert verify_bundle(told.bundle, {}, policy).problems == ()
    assert told.entry_index == before.entry_index == bundle.entries[1].index
    assert told.proof == bundle.entries[1].proof, "of the verdict, not of the newest entry"


async def test_who_asked_for_whom_and_why_stands_in_the_ledger_first(site: "Site", record: str) -> None:
    before = await site.centre.reader.run(site.centre.log.head)
    await disclose(site, record)
    leaf = await site.centre.reader.run(lambda c: site.centre.log.at(c, before.size))
    assert leaf is not None
    entry = read_leaf(leaf)
    body = AccessEntry.model_validate(entry.body, strict=False)
    assert (entry.type, body.what.value, body.by) == (EntryType.ACCESS, "disclosure", "test")
    assert (body.record, body.field, body.recipient) == (record, "order", "court of Utrecht")
    assert body.reason == "dispute" and "O-1" not in leaf.decode()


@pytest.mark.parametrize(
    ("field", "status", "code"),
    [("note", 404, "not_found"), ("customer", 404, "not_found"), ("colour", 422, "bad_message")],
)
async def test_what_was_never_given_is_said(
    site: "Site", record: str, field: str, status: int, code: str
) -> None:
    answer = await disclose(site, record, field=field)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_unknown_record_and_an_erased_field_are_told_apart(site: "Site", record: str) -> None:
    unknown = await disclose(site, f"{'0' * 32}/{'1' * 32}/9")
    assert unknown.status_code == 404
    erasing = {"merchant": "m1", "customer": "C-1", "reason": "asked"}
    erased = await site.http.post("/v1/subjects/erasures", json=erasing, headers=site.console)
    assert erased.status_code == 200, erased.text
    answer = await disclose(site, record)
    assert (answer.status_code, answer.json()["code"]) == (410, "erased")


async def test_a_field_whose_key_is_lost_is_not_called_erased(
    site: "Site", record: str, tmp_path: Path
) -> None:
    subjects = site.centre.eraser.subjects
    subjects.destroy(subjects.secrets.customer("m1", "C-1"))
    with sqlite3.connect(tmp_path / FILE_NAME) as file:
        file.execute("DELETE FROM destroyed")  # so nobody has destroyed it: it is missing
    file.close()
    answer = await disclose(site, record)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "lost with the key store" in answer.json()["detail"]


async def test_a_shop_opens_nothing_this_way(site: "Site", record: str) -> None:
    answer = await site.http.post(f"/v1/records/{record}/disclosures", json=WANTED, headers=site.shop)
    assert answer.status_code == 403
