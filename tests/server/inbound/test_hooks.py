"""Webhooks of others: each step in its order, and nothing of what fails one is parsed, kept or remembered."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.errors import BadMessage
from inspection.messages.webhook import sign_webhook
from inspection.messages.webhook_keys import HmacKey, SigningKey
from server.bodies import announced
from server.centre import Centre
from server.errors import Busy
from server.inbound import matching, repository, router, sources
from server.inbound.hooks import About, Taken, Unmatched, VerifiedHook
from server.inbound.matching import match
from server.inbound.schemes import SHOPIFY, STANDARD
from server.inbound.sources import SOURCES, Source
from server.settings import ServerSettings

if TYPE_CHECKING:
    from tests.server.conftest import Site

SECRET = HmacKey(hashlib.sha256(b"first").digest())
NEWER = HmacKey(hashlib.sha256(b"second").digest())
PAIR = SigningKey(Ed25519PrivateKey.generate())
SHOPIFY_SECRET = "shpss_0123456789abcdef"
BODY = b'{"parcel": "P-1"}'


@dataclass
class Notes:
    """A handler that remembers what it was handed, and answers as it is told."""

    took: list[VerifiedHook] = field(default_factory=list)
    answers: list[Taken | Unmatched | Exception] = field(default_factory=list)

    async def take(self, centre: Centre, merchant: str, hook: VerifiedHook) -> Taken | Unmatched:
        self.took.append(hook)
        answer = self.answers.pop(0) if self.answers else Taken()
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    return settings.model_copy(update={"inbound_waiting": 2})


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Notes:
    handler = Notes()
    rows = {
        "notes": Source(name="notes", scheme=STANDARD, handler=handler),
        "shopify": Source(name="shopify", scheme=SHOPIFY, handler=handler),
    }
    monkeypatch.setattr(sources, "SOURCES", {**SOURCES, **rows})
    monkeypatch.setattr(matching, "SOURCES", {**SOURCES, **rows})
    return handler


async def set_key(site: "Site", text: str, source: str = "notes", overlap_s: int = 600) -> httpx.Response:
    body = {"key": text, "overlap_s": overlap_s}
    return await site.http.put(f"/v1/hooks/{source}", json=body, headers=site.shop)


def signed(
    site: "Site", body: bytes = BODY, *, id: str = "msg_1", key: HmacKey | SigningKey = SECRET, age_s: int = 0
) -> dict[str, str]:
    return sign_webhook((key,), id, int(site.clock.moment.timestamp()) - age_s, body)


async def post(
    site: "Site", headers: dict[str, str], body: bytes = BODY, *, merchant: str = "m1", source: str = "notes"
) -> httpx.Response:
    return await site.http.post(f"/v1/hooks/{merchant}/{source}", content=body, headers=headers)


def code(answer: httpx.Response) -> str:
    found: str = answer.json().get("code", answer.json().get("state"))
    return found


async def remembered(site: "Site") -> int:
    def count(c: Any) -> int:
        found: int = c.exec_driver_sql("SELECT count(*) FROM inbound_hooks").scalar()
        return found

    return await site.centre.reader.run(count)


@pytest.mark.parametrize("key", [SECRET, PAIR], ids=["v1", "v1a"])
async def test_a_signed_webhook_is_taken_once_and_answered_again(
    site: "Site", notes: Notes, key: HmacKey | SigningKey
) -> None:
    text = key.verifying().to_text() if isinstance(key, SigningKey) else key.to_text()
    assert (await set_key(site, text)).status_code == 200
    first = await post(site, signed(site, key=key))
    assert (first.status_code, first.json()) == (200, {"hook": "msg_1", "state": "taken"})
    site.clock.forward(3600)
    again = await post(site, signed(site, key=key))
    assert (again.status_code, again.json()) == (200, first.json())
    assert [(hook.merchant, hook.id, hook.body) for hook in notes.took] == [("m1", "msg_1", BODY)]
    assert site.counted("regrade_hooks_total", source="notes", result="taken") == 1
    assert site.counted("regrade_hooks_total", source="notes", result="again") == 1


async def test_a_used_id_with_another_body_is_refused_for_ever(site: "Site", notes: Notes) -> None:
    await set_key(site, SECRET.to_text())
    await post(site, signed(site))
    site.clock.forward(400 * 86_400)
    answer = await post(site, signed(site, b"{}"), b"{}")
    assert (answer.status_code, code(answer)) == (409, "hook_reused")
    assert len(notes.took) == 1


@pytest.mark.parametrize(
    ("change", "status", "refusal"),
    [
        ({"key": NEWER}, 403, "bad_signature"),
        ({"key": PAIR}, 403, "bad_signature"),
        ({"age_s": 301}, 403, "webhook_stale"),
        ({"age_s": -301}, 403, "webhook_early"),
        ({"body": b"{}"}, 403, "bad_signature"),
        ({"id": ""}, 403, "bad_webhook_header"),
    ],
)
async def test_what_its_signature_does_not_admit_leaves_no_trace(
    site: "Site", notes: Notes, change: dict[str, Any], status: int, refusal: str
) -> None:
    await set_key(site, SECRET.to_text())
    headers = signed(site, **{"id": "msg_1"} | {k: v for k, v in change.items() if v})
    headers |= {"webhook-id": ""} if "id" in change else {}
    answer = await post(site, headers)
    assert (answer.status_code, code(answer)) == (status, refusal)
    assert (notes.took, await remembered(site)) == ([], 0)
    assert site.counted("regrade_hooks_total", source="notes", result="refused") == 1


async def test_one_merchants_key_opens_nothing_of_anothers(site: "Site", notes: Notes) -> None:
    await set_key(site, SECRET.to_text())
    await site.http.post("/v1/merchants", json={"id": "m2", "name": "Red"}, headers=site.console)
    known = await post(site, signed(site), merchant="m2")
    unknown = await post(site, signed(site), merchant="nobody")
    assert (known.status_code, code(known)) == (403, "bad_signature")
    assert known.json() == unknown.json()
    assert await remembered(site) == 0


async def test_ten_megabytes_are_refused_before_a_key_is_looked_up(
    site: "Site", notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a key was looked up")

    monkeypatch.setattr(repository, "key_rows", never)
    for size in (10 * 1024 * 1024, router.MOST_BYTES + 1):
        body = b"x" * size
        answer = await post(site, signed(site, body), body)
        assert (answer.status_code, code(answer)) == (413, "too_large")


async def test_a_body_of_unknown_length_is_cut_off_at_the_bound(site: "Site", notes: Notes) -> None:
    async def chunks() -> Any:
        for _ in range(5):
            yield b"x" * 64 * 1024

    answer = await site.http.post("/v1/hooks/m1/notes", content=chunks(), headers=signed(site))
    assert (answer.status_code, code(answer)) == (413, "too_large")


async def test_a_largest_body_passes(site: "Site", notes: Notes) -> None:
    await set_key(site, SECRET.to_text())
    body = b"x" * router.MOST_BYTES
    assert (await post(site, signed(site, body), body)).status_code == 200


async def test_the_steps_come_in_their_order(
    site: "Site", notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    await set_key(site, SECRET.to_text())

    def noting(name: str, real: Any) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            order.append(name)
            return real(*args, **more)

        return call

    monkeypatch.setattr(router, "announced", noting("size", announced))
    monkeypatch.setattr(repository, "key_rows", noting("key", repository.key_rows))
    scheme = type(STANDARD)
    monkeypatch.setattr(scheme, "prove", noting("signature", scheme.prove))
    monkeypatch.setattr(repository, "begin", noting("id", repository.begin))
    notes.answers.append(BadMessage("no"))
    await post(site, signed(site))
    assert order == ["size", "key", "signature", "id"]
    assert len(notes.took) == 1


async def test_an_old_key_is_good_for_its_overlap_then_refused_by_name(site: "Site", notes: Notes) -> None:
    await set_key(site, SECRET.to_text())
    site.clock.forward(1)
    answer = await set_key(site, NEWER.to_text(), overlap_s=600)
    keys = answer.json()["keys"]
    assert [key["not_after"] for key in keys] == [None, "2026-05-04T12:10:01.000000Z"]
    assert SECRET.to_text() not in answer.text
    site.clock.forward(599)
    assert (await post(site, signed(site))).status_code == 200
    site.clock.forward(2)
    late = await post(site, signed(site, id="msg_2"))
    assert (late.status_code, code(late)) == (403, "signature_expired_key")
    assert (await post(site, signed(site, id="msg_2", key=NEWER))).status_code == 200


async def test_keys_are_bounded_and_those_past_their_overlap_make_room(site: "Site", notes: Notes) -> None:
    texts = [HmacKey(hashlib.sha256(bytes([n])).digest()).to_text() for n in range(10)]
    for text in texts[:8]:
        assert (await set_key(site, text)).status_code == 200
    full = await set_key(site, texts[8])
    assert (full.status_code, code(full)) == (409, "too_many_keys")
    site.clock.forward(700)
    assert len((await set_key(site, texts[9])).json()["keys"]) == 8


@pytest.mark.parametrize(
    ("source", "text", "status", "refusal"),
    [
        ("notes", "whsec_AAAAAAAAAAAAAAAA", 422, "bad_key_text"),
        ("notes", "not a key at all", 422, "bad_key_text"),
        ("shopify", "with blanks in the middle", 422, "bad_key_text"),
        ("nowhere", SECRET.to_text(), 404, "unknown_source"),
    ],
)
async def test_a_key_that_is_none_is_refused_and_never_repeated(
    site: "Site", notes: Notes, source: str, text: str, status: int, refusal: str
) -> None:
    answer = await set_key(site, text, source)
    assert (answer.status_code, code(answer)) == (status, refusal)
    assert text not in answer.text


async def test_a_copy_of_the_database_holds_no_key(site: "Site", notes: Notes, tmp_path: Any) -> None:
    await set_key(site, SECRET.to_text())
    held = b"".join(path.read_bytes() for path in tmp_path.glob("centre.sqlite*"))
    assert SECRET.secret not in held
    assert SECRET.to_text().encode() not in held


async def test_a_refused_body_frees_its_id_and_a_busy_centre_keeps_it(site: "Site", notes: Notes) -> None:
    await set_key(site, SECRET.to_text())
    notes.answers += [BadMessage("no"), Busy("full")]
    assert code(await post(site, signed(site))) == "bad_message"
    assert await remembered(site) == 0
    later = await post(site, signed(site))
    assert (later.status_code, code(later), later.headers["retry-after"]) == (503, "busy", "1")
    assert code(await post(site, signed(site, b"{}"), b"{}")) == "hook_reused"
    assert code(await post(site, signed(site))) == "taken"


async def test_a_crash_between_the_id_and_its_effect_loses_nothing(site: "Site", notes: Notes) -> None:
    await set_key(site, SECRET.to_text())
    notes.answers.append(RuntimeError("killed"))
    assert (await post(site, signed(site))).status_code == 500
    assert code(await post(site, signed(site))) == "taken"
    assert len(notes.took) == 2


WAITS = Unmatched(about=About.PARCEL, name="P-1")


async def waiting(site: "Site", **query: Any) -> list[dict[str, Any]]:
    answer = await site.http.get("/v1/inbound/waiting", params=query, headers=site.console)
    found: list[dict[str, Any]] = answer.json()["waiting"]
    return found


async def test_what_matches_nothing_waits_until_it_is_announced(site: "Site", notes: Notes) -> None:
    await set_key(site, SECRET.to_text())
    notes.answers.append(WAITS)
    answer = await post(site, signed(site))
    assert (answer.status_code, code(answer)) == (202, "waiting")
    assert (await post(site, signed(site))).status_code == 202
    assert await match(site.centre) == 0
    rows = await waiting(site, merchant="m1")
    assert [(row["about"], row["name"], row["hook"]) for row in rows] == [("parcel", "P-1", "msg_1")]
    assert await waiting(site, merchant="m2") == []
    await site.announce("R1/1/1", parcel="P-1")
    assert await match(site.centre) == 1
    assert (notes.took[-1].body, notes.took[-1].sent_at) == (BODY, notes.took[0].sent_at)
    assert (await waiting(site), code(await post(site, signed(site)))) == ([], "taken")
    assert site.counted("regrade_hooks_waiting") == 0


@pytest.mark.parametrize("about", [About.UNIT, About.PARCEL])
async def test_it_waits_for_its_own_merchants_alone(site: "Site", notes: Notes, about: About) -> None:
    await set_key(site, SECRET.to_text())
    name = "R1/1/1" if about is About.UNIT else "P-1"
    notes.answers.append(Unmatched(about=about, name=name))
    await post(site, signed(site))
    await site.announce("R2/1/1", parcel="P-2")
    assert await match(site.centre) == 0
    await site.announce("R1/1/1", parcel="P-1")
    assert await match(site.centre) == 1


async def test_the_queue_is_bounded_and_nothing_in_it_is_put_out(site: "Site", notes: Notes) -> None:
    await set_key(site, SECRET.to_text())
    notes.answers += [WAITS] * 4
    for n in range(2):
        assert (await post(site, signed(site, id=f"m{n}"))).status_code == 202
    full = await post(site, signed(site, id="m2"))
    assert (full.status_code, code(full), full.headers["retry-after"]) == (503, "queue_full", "300")
    assert [row["hook"] for row in await waiting(site)] == ["m0", "m1"]
    number = (await waiting(site))[0]["number"]
    cleared = await site.http.post(
        "/v1/inbound/waiting/clear", json={"numbers": [number, 99]}, headers=site.console
    )
    assert cleared.json() == {"cleared": 1}
    assert code(await post(site, signed(site, id="m0"))) == "cleared"
    assert (await post(site, signed(site, id="m2"))).status_code == 202
    assert site.counted("regrade_problems_total", code="queue_full") == 1


async def test_what_is_refused_when_its_time_comes_stays_to_be_seen(site: "Site", notes: Notes) -> None:
    await set_key(site, SECRET.to_text())
    notes.answers += [WAITS, BadMessage("no")]
    await post(site, signed(site))
    await site.announce("R1/1/1", parcel="P-1")
    assert [await match(site.centre), await match(site.centre)] == [1, 0]
    assert [row["refused"] for row in await waiting(site)] == ["bad_message"]
    assert code(await post(site, signed(site))) == "refused"


async def test_what_never_matches_is_tried_a_few_times_only(site: "Site", notes: Notes) -> None:
    await set_key(site, SECRET.to_text())
    notes.answers += [WAITS] * 20
    await post(site, signed(site))
    await site.announce("R1/1/1", parcel="P-1")
    tried = [await match(site.centre) for _ in range(8)]
    assert sum(tried) == repository.MOST_TRIES
    assert [row["refused"] for row in await waiting(site)] == ["unmatched"]


def shopify(body: bytes, id: str = "w1", secret: str = SHOPIFY_SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
        "X-Shopify-Webhook-Id": id,
        "X-Shopify-Topic": "refunds/create",
        "X-Shopify-Shop-Domain": "blue.myshopify.com",
        "X-Shopify-Triggered-At": "2020-01-01T00:00:00Z",
    }


async def test_shopify_signs_the_body_alone_so_the_body_is_remembered_too(site: "Site", notes: Notes) -> None:
    await set_key(site, SHOPIFY_SECRET, "shopify")
    body = json.dumps({"id": 1}).encode()
    assert code(await post(site, shopify(body), body, source="shopify")) == "taken"
    replayed = await post(site, shopify(body, id="w2"), body, source="shopify")
    assert replayed.json() == {"hook": "w1", "state": "taken"}
    other = await post(site, shopify(b"{}", id="w1"), b"{}", source="shopify")
    assert code(other) == "hook_reused"
    assert [(hook.id, hook.sent_at) for hook in notes.took] == [("w1", None)]
    assert notes.took[0].told["x-shopify-topic"] == "refunds/create"
    assert await remembered(site) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"X-Shopify-Hmac-Sha256": ""},
        {"X-Shopify-Hmac-Sha256": "AAAA"},
        {"X-Shopify-Hmac-Sha256": base64.b64encode(bytes(32)).decode()},
        {"X-Shopify-Webhook-Id": ""},
        {"X-Shopify-Webhook-Id": "a b"},
    ],
)
async def test_shopify_with_a_wrong_header_is_refused(
    site: "Site", notes: Notes, change: dict[str, str]
) -> None:
    await set_key(site, SHOPIFY_SECRET, "shopify")
    answer = await post(site, shopify(BODY) | change, source="shopify")
    assert (answer.status_code, notes.took) == (403, [])


async def test_shopifys_old_secret_is_refused_by_name(site: "Site", notes: Notes) -> None:
    await set_key(site, SHOPIFY_SECRET, "shopify")
    await set_key(site, "shpss_another_secret_42", "shopify", overlap_s=0)
    site.clock.forward(1)
    assert code(await post(site, shopify(BODY), source="shopify")) == "signature_expired_key"


async def test_a_body_that_no_handler_knows_leaves_no_trace(site: "Site") -> None:
    await set_key(site, SHOPIFY_SECRET, "shopify")
    answer = await post(site, shopify(BODY), source="shopify")
    assert (answer.status_code, code(answer)) == (422, "bad_message")
    assert await remembered(site) == 0
