"""Endpoints: set, seen, rotated, left alone while they fail, given up, and set going again."""

import base64
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.errors import BadSignature
from inspection.messages.webhook import sign_webhook, verify_webhook
from inspection.messages.webhook_keys import HmacKey, SigningKey, VerifyingKey, read_hmac_key
from kit.receiver import signed_body
from server.access import Caller, Scope
from server.outward.addresses import AddressPolicy
from server.outward.calling import Caller as Calling
from server.refunds import outbox
from server.refunds.breaker import TRIES
from server.refunds.delivery import Courier
from server.refunds.posting import WebhookPost
from server.settings import ServerSettings
from tests.server.conftest import NOON, bearer
from tests.server.refunds.test_delivery import (
    Shop,
    all_in,
    courier,
    inspect,
    let_go,
    listen,
    rows,
    shop,
    until,
)
from tests.server.refunds.test_outcomes import outcome

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

__all__ = ["shop"]
AT = "/v1/refunds/endpoint"
STRIPE: dict[str, Any] = {
    "url": "https://127.0.0.1:9/",
    "mode": "execute",
    "gateway": "stripe",
    "credentials": {"api_key": "sk_test_not_a_secret"},
}


@pytest.fixture
def settings() -> ServerSettings:
    return ServerSettings(
        host_name="centre.test", site="s1", refund_retry_s=(0.01,) * 12, refund_disable_s=200_000.0,
        recovery_wait_s=0.0,
    )  # fmt: skip


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("centre.sqlite*"))


async def step(site: "Site") -> None:
    """Deliver what is due now, one after the other."""
    calling = Calling(AddressPolicy(loopback=True), timeout_s=5)
    made = Courier(site.centre, WebhookPost(calling), lambda _, longest: longest)
    for webhook in await made._prepare(await made._claim()):
        await made._deliver(webhook)
    await calling.close()


async def put(site: "Site", **body: Any) -> httpx.Response:
    return await site.http.put(AT, json=body, headers=site.shop)


async def status(site: "Site") -> dict[str, Any]:
    answer = await site.http.get(AT, headers=site.shop)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def new_key(site: "Site", **body: Any) -> dict[str, Any]:
    answer = await site.http.post(f"{AT}/keys", json=body, headers=site.shop)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def report(site: "Site", key: SigningKey | HmacKey) -> tuple[int, str]:
    body = outcome(site).to_json()
    signed = sign_webhook([key], "msg_1", int(site.clock.moment.timestamp()), body)
    answer = await site.http.post("/v1/refunds/outcomes", content=body, headers={**site.shop, **signed})
    return answer.status_code, answer.json().get("code", "")


class TestSettingOne:
    async def test_before_it_is_set_there_is_none(self, site: "Site") -> None:
        assert (await site.http.get(AT, headers=site.shop)).status_code == 404
        assert (await site.http.post(f"{AT}/enable", headers=site.shop)).status_code == 404
        keys = await site.http.post(f"{AT}/keys", json={"use": "sign"}, headers=site.shop)
        assert keys.status_code == 404

    async def test_it_says_what_is_set_and_nothing_secret(self, site: "Site", bench: "Bench") -> None:
        await inspect(site, bench)
        await listen(site, "http://127.0.0.1:9/hook")
        found = await status(site)
        assert (found["mode"], found["circuit"], found["awaiting_checkpoint"]) == ("inform", "closed", 1)
        assert [(key["id"], key["use"], key["algorithm"]) for key in found["keys"]] == [
            ("first", "verify", "v1a")
        ]

    async def test_a_payment_system_is_called_with_what_is_kept_sealed(
        self, site: "Site", tmp_path: Path
    ) -> None:
        answer = await put(site, **STRIPE)
        assert (answer.status_code, answer.json()["gateway"]) == (200, "stripe")
        assert "sk_test" not in answer.text
        again = STRIPE | {"credentials": None}
        assert (await put(site, **again)).status_code == 200
        with sqlite3.connect(tmp_path / "centre.sqlite") as database:
            (kept,) = database.execute("SELECT credentials FROM endpoints").fetchone()
        assert b"sk_test" not in kept
        opened = site.centre.sealer.open(kept, "endpoint/m1/credentials")
        assert b"sk_test_not_a_secret" in opened

    @pytest.mark.parametrize(
        "changes",
        [
            {"gateway": None},
            {"mode": "inform"},
            {"credentials": None},
            {"credentials": {"api_key": "short"}},
            {"credentials": {"api_key": "sk_test_not_a_secret", "other": "x"}},
            {"gateway": "paypal"},
        ],
    )
    async def test_what_does_not_fit_together_is_refused(self, site: "Site", changes: dict[str, Any]) -> None:
        answer = await put(site, **STRIPE | changes)
        assert answer.status_code in (400, 422), answer.text
        assert "sk_test" not in answer.text

    async def test_kept_credentials_go_to_no_other_address(self, site: "Site") -> None:
        await put(site, **STRIPE)
        moved = await put(site, **STRIPE | {"credentials": None, "url": "https://127.0.0.1:10/"})
        assert (moved.status_code, moved.json()["code"]) == (400, "bad_request")

    async def test_one_that_is_paid_here_is_told_nothing(self, site: "Site", bench: "Bench") -> None:
        await inspect(site, bench)
        await put(site, **STRIPE)
        await let_go(site)
        assert await site.centre.reader.run(lambda c: outbox.due_times(c, "s1")) == {}

    async def test_what_was_told_before_is_looked_at_by_a_person(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        shop.answers = [(500, {})] * 3
        await inspect(site, bench)
        await listen(site, shop.url)
        async with courier(site):
            await until(site, lambda found: found[0]["answer"] == "HTTP 500")
        await put(site, **STRIPE)
        held = "SELECT state, reason FROM refunds"
        row = await site.centre.reader.run(lambda c: c.exec_driver_sql(held).one())
        assert tuple(row) == ("held", "needs_approver")


class TestKeys:
    async def test_a_secret_is_shown_once_and_signs_what_is_sent(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        await inspect(site, bench)
        await listen(site, shop.url)
        made = await new_key(site, use="sign")
        assert made["secret"] not in str(await status(site))
        async with courier(site):
            await until(site, all_in("delivered"))
        signed, now = signed_body(*shop.got[0]), site.clock.moment.timestamp()
        verify_webhook(signed, [read_hmac_key(made["secret"])], now)
        verify_webhook(signed, [VerifyingKey(site.centre.keys.webhook_public)], now)

    async def test_two_secrets_sign_while_one_replaces_the_other(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        await inspect(site, bench)
        await listen(site, shop.url)
        old, new = await new_key(site, use="sign"), await new_key(site, use="sign")
        gone = await new_key(site, use="sign")
        retired = await site.http.post(
            f"{AT}/keys/{old['id']}/retire", json={"overlap_hours": 1}, headers=site.shop
        )
        assert retired.json()["not_after"] == "2026-05-04T13:00:00.000000Z"
        assert (await site.http.delete(f"{AT}/keys/{gone['id']}", headers=site.shop)).status_code == 204
        async with courier(site):
            await until(site, all_in("delivered"))
            site.clock.forward(2 * 3600)
            await site.http.post("/v1/refunds/R1%2F1%2F1%231/resend", headers=site.shop)
            await until(site, lambda found: all_in("delivered")(found) and len(shop.got) == 2)
        first, second = (signed_body(*each) for each in shop.got)
        now = site.clock.moment.timestamp()
        for made in (old, new):
            verify_webhook(first, [read_hmac_key(made["secret"])], now - 2 * 3600)
        verify_webhook(second, [read_hmac_key(new["secret"])], now)
        for signed, made, at in ((second, old, now), (first, gone, now - 2 * 3600)):
            with pytest.raises(BadSignature):
                verify_webhook(signed, [read_hmac_key(made["secret"])], at)

    async def test_outcomes_are_believed_by_every_key_in_force(self, site: "Site", bench: "Bench") -> None:
        await inspect(site, bench)
        await let_go(site)
        await listen(site, "http://127.0.0.1:9/hook")
        secret, other = HmacKey(bytes(range(32))), SigningKey(Ed25519PrivateKey.generate())
        await new_key(site, use="verify", key=secret.to_text())
        added = await new_key(site, use="verify", key=other.verifying().to_text())
        assert (added["algorithm"], added["secret"]) == ("v1a", None)
        assert await report(site, secret) == (200, "")
        assert await report(site, other) == (200, "")
        await site.http.post(f"{AT}/keys/{added['id']}/retire", json={"overlap_hours": 1}, headers=site.shop)
        assert await report(site, other) == (200, "")
        site.clock.forward(3601)
        assert await report(site, other) == (403, "signature_expired_key")
        await site.http.delete(f"{AT}/keys/{added['id']}", headers=site.shop)
        assert await report(site, other) == (403, "bad_signature")

    async def test_no_more_than_a_header_holds_are_in_force(self, site: "Site", bench: "Bench") -> None:
        await listen(site, "http://127.0.0.1:9/hook")
        made = [await new_key(site, use="sign") for _ in range(6)]
        full = await site.http.post(f"{AT}/keys", json={"use": "sign"}, headers=site.shop)
        assert (full.status_code, full.json()["code"]) == (409, "too_many_keys")
        await site.http.post(
            f"{AT}/keys/{made[0]['id']}/retire", json={"overlap_hours": 0}, headers=site.shop
        )
        site.clock.forward(1)
        await new_key(site, use="sign")
        assert len((await status(site))["keys"]) == 7

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"use": "sign", "key": "whsec_" + "A" * 44}, "bad_request"),
            ({"use": "verify"}, "bad_request"),
            ({"use": "verify", "key": "whsk_" + "A" * 44}, "bad_key_text"),
            ({"use": "verify", "key": "whsec_" + "A" * 44}, "bad_key_text"),
        ],
    )
    async def test_what_is_no_key_is_refused_without_being_repeated(
        self, site: "Site", body: dict[str, str], code: str
    ) -> None:
        await listen(site, "http://127.0.0.1:9/hook")
        answer = await site.http.post(f"{AT}/keys", json=body, headers=site.shop)
        assert answer.json()["code"] == code
        assert "AAAA" not in answer.text

    async def test_another_merchants_key_is_not_there(self, site: "Site") -> None:
        await listen(site, "http://127.0.0.1:9/hook")
        made = await new_key(site, use="sign")
        other = await bearer(site.centre, Caller(scope=Scope.SHOP, merchant="m2"))
        for answer in (
            await site.http.delete(f"{AT}/keys/{made['id']}", headers=other),
            await site.http.post(f"{AT}/keys/{made['id']}/retire", json={}, headers=other),
        ):
            assert answer.status_code == 404

    async def test_no_secret_lies_open_in_the_database(self, site: "Site", tmp_path: Path) -> None:
        await listen(site, "http://127.0.0.1:9/hook")
        secret = (await new_key(site, use="sign"))["secret"].removeprefix("whsec_")
        content = everything(tmp_path)
        assert secret.encode() not in content
        assert base64.b64decode(secret) not in content


class TestFailing:
    async def test_after_failures_in_a_row_one_is_tried_and_the_rest_wait(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        for number in range(8):
            await inspect(site, bench, f"R{number}/1/1")
        await let_go(site)
        shop.answers = [(503, {})] * 9
        await listen(site, shop.url)
        await step(site)
        assert (len(shop.got), (await status(site))["circuit"]) == (8, "open")
        site.clock.forward(1)
        await step(site)
        assert len(shop.got) == 8
        site.clock.forward(1000)
        await step(site)
        assert len(shop.got) == 9
        site.clock.forward(1000)
        for gone in (10, 17):
            await step(site)
            assert len(shop.got) == gone
        assert all_in("delivered")(await rows(site))
        assert (await status(site))["circuit"] == "closed"
        assert site.counted("regrade_refund_endpoint_changes_total", to="opened") == 1
        assert site.counted("regrade_refund_endpoint_changes_total", to="closed") == 1

    async def test_a_probe_that_finds_nobody_costs_the_instruction_no_attempt(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        await inspect(site, bench)
        await let_go(site)
        shop.answers = [None] * 30
        await listen(site, shop.url)
        for _ in range(20):
            await step(site)
            site.clock.forward(1000)
        (row,) = await rows(site)
        assert (len(shop.got), row["state"], row["attempts"]) == (20, "queued", TRIES)

    async def test_one_that_takes_nothing_for_days_is_given_up_and_loses_nothing(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        await inspect(site, bench)
        await let_go(site)
        shop.answers = [(500, {})] * 2
        await listen(site, shop.url)
        await step(site)
        site.clock.forward(200_001)
        await step(site)
        assert (await status(site))["disabled_at"] is not None
        await inspect(site, bench, "R2/1/1")
        await let_go(site)
        site.clock.forward(7200)
        await step(site)
        assert (len(shop.got), (await status(site))["queued"]) == (2, 2)
        assert site.counted("regrade_refund_endpoint_changes_total", to="disabled") == 1
        alarms = (await site.http.get("/v1/alarms", headers=site.console)).json()["alarms"]
        assert [(alarm["kind"], alarm["subject"]) for alarm in alarms] == [("endpoint_disabled", "m1")]
        answer = await site.http.post(f"{AT}/enable", headers=site.shop)
        assert answer.json()["disabled_at"] is None
        await step(site)
        assert all_in("delivered")(await rows(site))
        assert shop.ids() == ["R1/1/1#1"] * 3 + ["R2/1/1#1"]
        assert (await site.http.get("/v1/alarms", headers=site.console)).json()["alarms"] == []

    async def test_enabling_brings_forward_what_waits_for_its_turn(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        await inspect(site, bench)
        shop.answers = [(500, {"retry-after": "80000"})]
        await listen(site, shop.url)
        async with courier(site):
            await until(site, lambda found: found[0]["answer"] == "HTTP 500")
            await site.http.post(f"{AT}/enable", headers=site.shop)
            await until(site, all_in("delivered"))
        assert site.clock.moment < NOON + timedelta(seconds=80_000)
