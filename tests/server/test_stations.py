"""Stations: enrolled once by a code, revoked for good, heard of by their health."""

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.leaf import read_leaf
from inspection.custody.signing import Domain, public_bytes, sign
from inspection.messages.station import EnrolmentRequest

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site


async def enrol(
    site: "Site", code: str, key: Ed25519PrivateKey | None = None, /, **changes: Any
) -> httpx.Response:
    key = key or Ed25519PrivateKey.generate()
    signature = sign(key, Domain.ENROLMENT, code.encode())
    request = EnrolmentRequest(code=code, public_key=public_bytes(key), signature=signature)
    content = request.model_copy(update=changes).to_json()
    return await site.http.post("/v1/stations/enrol", content=content)


async def leaf_ids(site: "Site") -> list[str]:
    def read(connection: Any) -> list[str]:
        size = site.centre.log.head(connection).size
        leaves = [site.centre.log.at(connection, seq) for seq in range(size)]
        return [read_leaf(leaf).id for leaf in leaves if leaf]

    return await site.centre.reader.run(read)


async def test_an_enrolled_key_is_in_the_ledger(site: "Site", bench: "Bench") -> None:
    assert await leaf_ids(site) == [f"key:{bench.key_id}"]
    standing = (await site.http.get("/v1/stations/me", headers=bench.auth)).json()
    assert (standing["key"], standing["boot"], standing["counter"]) == (bench.key_id, None, 0)


async def test_a_code_is_good_once(site: "Site") -> None:
    code = await site.code()
    assert (await enrol(site, code)).status_code == 200
    answer = await enrol(site, code)
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_code")


async def test_a_code_is_good_for_fifteen_minutes(site: "Site") -> None:
    code = await site.code()
    site.clock.forward(900)
    assert (await enrol(site, code)).json()["code"] == "bad_code"


async def test_a_code_that_nobody_made_is_refused(site: "Site") -> None:
    assert (await enrol(site, "AAAA-AAAA-AAAA-AAAA")).json()["code"] == "bad_code"


async def test_a_failed_proof_does_not_use_the_code_up(site: "Site") -> None:
    code = await site.code()
    for changes in ({"signature": bytes(64)}, {"public_key": bytes(32)}, {"public_key": b"\xff" * 32}):
        answer = await enrol(site, code, None, **changes)
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
    assert (await enrol(site, code)).status_code == 200


async def test_a_key_is_enrolled_once_and_the_code_stays_good(site: "Site", bench: "Bench") -> None:
    code = await site.code("st2")
    assert (await enrol(site, code, bench.key)).status_code == 409
    assert (await enrol(site, code)).status_code == 200


async def test_enrolling_again_locks_the_old_api_key_out_at_once(site: "Site", bench: "Bench") -> None:
    other = await site.enrol("st2")
    renewed = await site.enrol("st1")
    assert (await site.http.get("/v1/stations/me", headers=bench.auth)).status_code == 401
    standing = (await site.http.get("/v1/stations/me", headers=renewed.auth)).json()
    assert standing["key"] == renewed.key_id
    assert (await site.http.get("/v1/stations/me", headers=other.auth)).status_code == 200


async def test_a_failed_enrolment_locks_nobody_out(site: "Site", bench: "Bench") -> None:
    code = await site.code("st1")
    assert (await enrol(site, code, bench.key)).status_code == 409
    assert (await site.http.get("/v1/stations/me", headers=bench.auth)).status_code == 200


async def test_guessing_is_slowed_down(site: "Site") -> None:
    answers = [await enrol(site, "AAAA-AAAA-AAAA-AAAA") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert answers[-1].headers["retry-after"] == "60"


async def test_another_sites_station_is_not_enrolled_here(site: "Site") -> None:
    body = {"station": "st1", "site": "s9"}
    assert (await site.http.post("/v1/stations/codes", json=body, headers=site.console)).status_code == 404


async def test_a_revoked_station_is_out_at_once(site: "Site", bench: "Bench") -> None:
    answer = await site.http.post("/v1/stations/st1/revoke", headers=site.console)
    assert answer.json() == {"revoked": [bench.key_id]}
    assert (await site.http.get("/v1/stations/me", headers=bench.auth)).status_code == 401
    assert await leaf_ids(site) == [f"key:{bench.key_id}", f"revoke:{bench.key_id}"]
    assert (await site.http.post("/v1/stations/st1/revoke", headers=site.console)).status_code == 404


def health(station: str = "st1") -> dict[str, Any]:
    return {
        "station": station, "boot": "1" * 32, "seq": 1, "at": "2026-05-04T12:00:00.000000Z", "state": "idle",
        "queue_depth": 0, "oldest_queued_s": 0, "refused": 0, "inspector_signed_in": False, "devices": [],
        "faults": {},
    }  # fmt: skip


async def test_health_is_answered_with_the_time(site: "Site", bench: "Bench") -> None:
    answer = await site.http.post("/v1/stations/health", json=health(), headers=bench.auth)
    assert answer.json() == {
        "centre_time": "2026-05-04T12:00:00.000000Z",
        "ledger_size": 1,
        "recovering_from": None,
    }
    other = await site.http.post("/v1/stations/health", json=health("st2"), headers=bench.auth)
    assert (other.status_code, other.json()["code"]) == (403, "wrong_scope")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"scope": "shop", "merchant": "m1", "label": "x"}, 201),
        ({"scope": "auditor", "label": "x"}, 201),
        ({"scope": "shop", "label": "x"}, 400),
        ({"scope": "auditor", "merchant": "m1", "label": "x"}, 400),
        ({"scope": "shop", "merchant": "m9", "label": "x"}, 404),
        ({"scope": "station", "label": "x"}, 422),
    ],
)
async def test_a_key_has_one_scope(site: "Site", body: dict[str, Any], status: int) -> None:
    answer = await site.http.post("/v1/keys", json=body, headers=site.console)
    assert answer.status_code == status, answer.text
    if status == 201:
        assert answer.json()["api_key"].startswith(f"{body['scope']}_")


async def test_whoever_names_a_person_for_the_console_stands_in_the_ledger(site: "Site") -> None:
    made = await site.http.post(
        "/v1/keys", json={"scope": "console", "label": "Ms Lin"}, headers=site.console
    )
    head = await site.centre.reader.run(site.centre.log.head)
    leaf = await site.centre.reader.run(lambda c: site.centre.log.at(c, head.size - 1))
    assert leaf is not None
    entry = read_leaf(leaf)
    assert (entry.type, entry.body["kind"], entry.body["reason"]) == (
        "approval",
        "statement",
        "console key for Ms Lin",
    )
    assert made.json()["api_key"].encode() not in leaf
    await site.http.post("/v1/keys", json={"scope": "auditor", "label": "audit"}, headers=site.console)
    assert (await site.centre.reader.run(site.centre.log.head)).size == head.size
