"""Where entries come from: each from a body of its schema, under the id that goes with it."""

import ast
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, Leaf, read_leaf
from inspection.custody.receipt import check_receipt
from inspection.errors import BadMessage
from inspection.messages.entries import LogisticsEntry, PolicyKind, check_body, check_id
from inspection.messages.uplink import ReceiptMessage
from inspection.parcels import Node
from inspection.policy import DEFAULT_POLICY
from server.access import Caller, Scope, new_key
from server.ledger.entries import entry_of
from server.ledger.policies import note_policy, policy_sha256, rules_in_force
from tests.server.conftest import NOON

if TYPE_CHECKING:
    from tests.server.conftest import Site

ROOT = Path(__file__).parents[3]
AT = "2026-05-04T12:00:00.000000Z"
SIGNED_OFF = {"at": AT}
MAKERS = {"server/ledger/entries.py", "server/ingest/service.py"}
"""Bodies of the right schema, and records that a station has signed."""


def test_no_other_place_in_the_centre_makes_an_entry() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "server").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Entry"
    }
    assert found == MAKERS


def test_a_body_under_another_type_is_no_entry() -> None:
    body = LogisticsEntry(merchant="m1", parcel="P-1", event=Node.SIGNED_OFF, at=NOON)
    with pytest.raises(BadMessage, match="a policy entry says PolicyEntry, not LogisticsEntry"):
        entry_of(EntryType.POLICY, body, "x")


async def entries(site: "Site") -> list[Leaf]:
    """The whole log; every centre-made body is checked on the way."""
    centre = site.centre
    head = await centre.reader.run(centre.log.head)
    read = [await centre.reader.run(partial(centre.log.at, seq=seq)) for seq in range(head.size)]
    found = [read_leaf(content) for content in read if content]
    for leaf in found:
        check_id(leaf.type, leaf.id, check_body(leaf.type, canonical(leaf.body)))
    return found


async def test_all_that_a_day_brings_is_entries_of_their_schemas(site: "Site") -> None:
    bench = await site.enrol()
    await site.announce("R1/1/1", "R1/1/2", parcel="P-1")
    answer = await site.http.post("/v1/parcels/P-1/sign-off", json=SIGNED_OFF, headers=site.shop)
    assert answer.status_code == 200, answer.text
    await site.send(bench, bench.signed("R1/1/1"))
    await site.http.post("/v1/stations/st1/revoke", headers=site.console)
    assert [leaf.type.value for leaf in await entries(site)] == [
        "key.add",
        "logistics",
        "verdict",
        "refund.instruction",
        "key.revoke",
    ]


async def test_a_policy_is_noted_when_it_changes_and_only_then(site: "Site") -> None:
    centre, hashes = site.centre, [policy_sha256(DEFAULT_POLICY), "b" * 64]
    note = partial(note_policy, log=centre.log, kind=PolicyKind.REFUND, name="default/1", at=AT)
    told = [
        await centre.writer.submit(partial(note, sha256=sha256))
        for sha256 in (hashes[0], hashes[0], hashes[1], hashes[0])
    ]
    assert told == [0, None, 1, 2]
    found = await entries(site)
    assert [leaf.body["sha256"] for leaf in found] == [hashes[0], hashes[1], hashes[0]]
    assert len({leaf.id for leaf in found}) == 3


def test_the_witnesses_file_is_a_policy_too(tmp_path: Path) -> None:
    assert [kind for kind, _, _ in rules_in_force(tmp_path, DEFAULT_POLICY)] == [PolicyKind.REFUND]
    (tmp_path / "trust.policy").write_text("quorum none\n")
    kinds = [kind for kind, _, _ in rules_in_force(tmp_path, DEFAULT_POLICY)]
    assert kinds == [PolicyKind.REFUND, PolicyKind.TRUST]


# statements


async def stated(
    site: "Site", type: str, token: str, headers: dict[str, str] | None = None, **body: Any
) -> tuple[int, dict[str, Any]]:
    content = {"type": type, "token": token, "body": body}
    answer = await site.http.post("/v1/ledger/statements", json=content, headers=headers or site.console)
    return answer.status_code, answer.json()


def leaf_of(site: "Site", answer: dict[str, Any]) -> Leaf:
    receipt = ReceiptMessage.read(canonical(answer["receipt"])).receipt()
    return check_receipt(receipt, site.centre.keys.log_public, site.centre.log.origin)


@pytest.fixture
async def signed_off(site: "Site") -> "Site":
    """A centre whose entry 0 is a parcel, and entry 1 a station's key."""
    await site.announce("R1/1/1", parcel="P-1")
    await site.http.post("/v1/parcels/P-1/sign-off", json=SIGNED_OFF, headers=site.shop)
    await site.enrol()
    return site


def late() -> dict[str, Any]:
    changes = [{"field": "at", "was": AT, "becomes": "2026-05-04T11:00:00.000000Z"}]
    return {"corrects": 0, "reason": "typing_error", "changes": changes}


async def test_a_correction_stands_beside_what_it_corrects_and_names_its_author(signed_off: "Site") -> None:
    status, answer = await stated(signed_off, "correction", "c-1", **late())
    assert status == 200, answer
    leaf = leaf_of(signed_off, answer)
    assert (leaf.id, leaf.seq, leaf.body["by"]) == ("correction:c-1", 2, "test")
    assert leaf.body["corrected_id"] == "parcel:m1:P-1:signed-off"
    assert (await entries(signed_off))[0].body["at"] == AT


async def test_the_same_statement_again_is_the_same_entry(signed_off: "Site") -> None:
    approval = {"kind": "statement", "subject": "autonomy/kitchen", "reason": "audited"}
    for type, body in (("correction", late()), ("approval", approval)):
        first = await stated(signed_off, type, "c-1", **body)
        signed_off.clock.forward(60)
        assert await stated(signed_off, type, "c-1", **body) == first
    assert len(await entries(signed_off)) == 4


async def test_another_statement_under_a_used_token_is_refused(signed_off: "Site") -> None:
    await stated(signed_off, "correction", "c-1", **late())
    status, problem = await stated(signed_off, "correction", "c-1", **late() | {"reason": "carrier_error"})
    assert (status, problem["code"]) == (409, "duplicate_id")


@pytest.mark.parametrize(
    ("type", "body", "status", "detail"),
    [
        ("correction", late() | {"corrects": 7}, 404, "there is no entry 7"),
        ("correction", late() | {"corrects": 1}, 409, "entry 1 is a key.add"),
        ("correction", late() | {"corrects": "0"}, 400, "names no entry by its index"),
        ("correction", late() | {"corrects": True}, 400, "names no entry by its index"),
        ("correction", late() | {"by": "Somebody else"}, 400, "by is filled in by the centre"),
        ("correction", late() | {"changes": []}, 422, "changes"),
        ("correction", late() | {"changes": [{"field": "at", "was": "x", "becomes": "y"}]}, 409, "not say"),
        ("correction", late() | {"changes": [{"field": "a.b", "was": "x", "becomes": "y"}]}, 409, "no field"),
        ("reversal", {"reverses": 0, "reason": "wrong"}, 409, "entry 0 is a logistics"),
        ("verdict", {}, 403, "states no verdict"),
        ("erasure", {}, 403, "states no erasure"),
        ("approval", {"kind": "hold", "subject": "x", "reason": "y"}, 400, "a route of its own"),
        ("approval", {"kind": "statement", "at": "x"}, 400, "at is filled in by the centre"),
        ("approval", {"kind": "override", "subject": "x", "reason": "y"}, 422, "two persons"),
        ("autonomy", {"category": "kitchen", "grade": "new"}, 422, "level"),
    ],
)
async def test_a_statement_that_cannot_be_is_refused_and_says_why(
    signed_off: "Site", type: str, body: dict[str, Any], status: int, detail: str
) -> None:
    got, problem = await stated(signed_off, type, "s-1", **body)
    assert (got, detail in problem["detail"]) == (status, True), problem
    assert len(await entries(signed_off)) == 2


async def test_an_unknown_type_of_statement_is_refused(site: "Site") -> None:
    status, problem = await stated(site, "gossip", "s-1")
    assert (status, problem["code"]) == (422, "bad_message")
    assert "type" in problem["detail"]


async def test_a_statement_longer_than_a_leaf_is_refused(signed_off: "Site") -> None:
    changes = [{"field": "at", "was": AT, "becomes": "x" * 64}] * 17  # more than one may have
    status, problem = await stated(signed_off, "correction", "s-1", **late() | {"changes": changes})
    assert (status, problem["code"]) == (422, "bad_message")


async def test_an_autonomy_level_is_reversed_by_its_index(site: "Site") -> None:
    level: dict[str, Any] = {"category": "kitchen", "grade": "new", "level": "normal"}
    await stated(site, "autonomy", "a-1", **level, threshold_ppm=990_000, reason="audit.passed")
    status, answer = await stated(site, "reversal", "r-1", reverses=0, reason="audit.failed")
    assert status == 200
    assert leaf_of(site, answer).body["reversed_id"] == "autonomy:a-1"


async def test_a_station_states_its_own_calibrations_and_nothing_else(site: "Site") -> None:
    bench = await site.enrol()
    body = {"device": "scale1", "kind": "scale", "sha256": "a" * 64, "calibrated_at": AT}
    own = await stated(site, "calibration", "k-1", bench.auth, station="st1", **body)
    other = await stated(site, "calibration", "k-2", bench.auth, station="st2", **body)
    level = await stated(site, "autonomy", "k-3", bench.auth)
    assert (own[0], other[0], level[0]) == (200, 403, 403)
    assert leaf_of(site, own[1]).body["by"] == "station st1"


async def test_a_key_without_a_name_states_nothing(site: "Site") -> None:
    caller = Caller(scope=Scope.CONSOLE)
    key = await site.centre.writer.submit(lambda c: new_key(c, "s1", caller, " ", AT))
    status, problem = await stated(site, "autonomy", "a-1", {"authorization": f"Bearer {key}"})
    assert (status, "has no label" in problem["detail"]) == (400, True)
