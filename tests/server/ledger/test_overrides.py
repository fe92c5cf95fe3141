"""Two persons, by name, may let go what waits for witnesses; one alone may not."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from inspection.custody.leaf import read_leaf
from inspection.messages.entries import ApprovalKind, check_body
from server.access import Caller, Scope, new_key
from server.keys import ServerKeys, read_keys
from server.ledger.overrides import PROPOSAL_LIFE
from server.ledger.trust import FILE_NAME, own_key

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site
    from tests.server.ledger.conftest import Cosigner

URL = "/v1/ledger/overrides"
REASON = "the witness has been down since Friday"


@pytest.fixture
def keys(tmp_path: Path, cosigners: list["Cosigner"]) -> ServerKeys:
    """A centre that goes by a witness which nobody asks in these tests."""
    made, witness = read_keys(tmp_path), cosigners[0]
    log = own_key("centre.test/site/s1", made.log_public).to_text()
    (tmp_path / FILE_NAME).write_text(
        f"log {log}\nwitness a {witness.key.to_text()} {witness.url}\nquorum a\n"
    )
    return made


async def person(site: "Site", name: str, scope: Scope = Scope.CONSOLE) -> dict[str, str]:
    caller, at = Caller(scope=scope), site.centre.now()
    key = await site.centre.writer.submit(lambda c: new_key(c, site.centre.site, caller, name, at))
    return {"authorization": f"Bearer {key}"}


async def waiting(site: "Site", bench: "Bench", *units: str) -> None:
    for unit in units:
        await site.announce(unit)
        (answer,) = (await site.send(bench, bench.signed(unit))).results
        assert answer.kind == "receipt", answer


async def states(site: "Site") -> list[str]:
    answer = await site.http.get("/v1/refunds", headers=site.shop)
    return [row["state"] for row in answer.json()["instructions"]]


async def propose(site: "Site", who: dict[str, str], **more: Any) -> httpx.Response:
    return await site.http.post(URL, json={"reason": REASON, **more}, headers=who)


async def approve(site: "Site", who: dict[str, str], proposed: httpx.Response) -> httpx.Response:
    assert proposed.status_code == 202, proposed.text
    return await site.http.post(f"{URL}/{proposed.json()['id']}/approval", headers=who)


async def test_one_proposes_another_approves_and_both_stand_in_the_ledger(
    site: "Site", bench: "Bench"
) -> None:
    await waiting(site, bench, "R1/1/1", "R2/1/1")
    wei, ada = await person(site, "Wei Zhang"), await person(site, "Ada King")
    proposed = await propose(site, wei)
    assert await states(site) == ["awaiting_checkpoint"] * 2
    done = await approve(site, ada, proposed)
    assert await states(site) == ["queued"] * 2
    content = await site.centre.reader.run(lambda c: site.centre.log.at(c, done.json()["leaf_seq"]))
    assert content is not None
    leaf = read_leaf(content)
    body: Any = check_body(leaf.type, orjson.dumps(leaf.body))
    assert (body.kind, body.by, body.reason) == (ApprovalKind.OVERRIDE, ("Wei Zhang", "Ada King"), REASON)
    assert body.subject == f"awaiting-witness/before/{proposed.json()['before']}"


async def test_the_same_person_with_another_key_is_still_one_person(site: "Site", bench: "Bench") -> None:
    await waiting(site, bench, "R1/1/1")
    proposed = await propose(site, await person(site, "Ada King"))
    for name in ("Ada King", "ada king", " ADA KING "):
        refused = await approve(site, await person(site, name), proposed)
        assert (refused.status_code, refused.json()["code"]) == (403, "second_person_needed")
    assert await states(site) == ["awaiting_checkpoint"]


async def test_what_came_after_the_proposal_goes_on_waiting(site: "Site", bench: "Bench") -> None:
    await waiting(site, bench, "R1/1/1")
    proposed = await propose(site, await person(site, "Ada"))
    await waiting(site, bench, "R2/1/1")
    await approve(site, await person(site, "Wei"), proposed)
    assert await states(site) == ["queued", "awaiting_checkpoint"]


async def test_one_instruction_alone_may_be_let_go(site: "Site", bench: "Bench") -> None:
    await waiting(site, bench, "R1/1/1", "R2/1/1")
    proposed = await propose(site, await person(site, "Ada"), instruction="R2/1/1#1")
    done = await approve(site, await person(site, "Wei"), proposed)
    assert await states(site) == ["awaiting_checkpoint", "queued"]
    again = await propose(site, await person(site, "Ada"), instruction="R2/1/1#1")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert done.json()["instruction"] == "R2/1/1#1"


async def test_approving_twice_is_one_entry_and_a_third_person_is_told_who_did(
    site: "Site", bench: "Bench"
) -> None:
    await waiting(site, bench, "R1/1/1")
    wei = await person(site, "Wei")
    proposed = await propose(site, await person(site, "Ada"))
    first, second = await approve(site, wei, proposed), await approve(site, wei, proposed)
    assert first.json() == second.json()
    third = await approve(site, await person(site, "Lin"), proposed)
    assert (third.status_code, "Wei approved" in third.text) == (409, True)


async def test_a_proposal_does_not_wait_for_ever(site: "Site", bench: "Bench") -> None:
    await waiting(site, bench, "R1/1/1")
    proposed = await propose(site, await person(site, "Ada"))
    site.clock.forward(PROPOSAL_LIFE.total_seconds() + 1)
    late = await approve(site, await person(site, "Wei"), proposed)
    assert (late.status_code, "older than an hour" in late.text) == (409, True)


async def test_only_people_at_the_console_decide_and_auditors_see_it(site: "Site", bench: "Bench") -> None:
    await waiting(site, bench, "R1/1/1")
    auditor = await person(site, "Auditor", Scope.AUDITOR)
    assert (await propose(site, auditor)).status_code == 403
    assert (await propose(site, site.shop)).status_code == 403
    proposed = await propose(site, await person(site, "Ada"))
    assert (await approve(site, auditor, proposed)).status_code == 403
    (shown,) = (await site.http.get(URL, headers=auditor)).json()["overrides"]
    assert (shown["proposed_by"], shown["approved_by"]) == ("Ada", None)


async def test_without_anything_that_waits_there_is_nothing_to_let_go(site: "Site", bench: "Bench") -> None:
    ada = await person(site, "Ada")
    assert (await propose(site, ada)).status_code == 409
    assert (await propose(site, ada, instruction="R9/1/1#1")).status_code == 404
    assert (await site.http.post(f"{URL}/nothing/approval", headers=ada)).status_code == 404
    assert (await site.http.post(URL, json={"reason": ""}, headers=ada)).status_code in (400, 422)
