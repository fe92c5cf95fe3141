"""Instructions on their way: to a real HTTP server on loopback that misbehaves as refund systems do."""

import asyncio
import base64
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.leaf import read_leaf
from inspection.custody.signing import public_bytes
from inspection.messages.refund import InstructionEvent, RefundInstruction
from inspection.messages.uplink import RefusalMessage, RefusalReason
from inspection.messages.webhook_keys import VerifyingKey
from kit.receiver import Trust, check_event, signed_body
from server.keys import ServerKeys, make_keys, rotate_webhook_key
from server.outward.addresses import AddressPolicy
from server.outward.calling import Caller as Calling
from server.refunds import outbox
from server.refunds.delivery import Courier
from server.refunds.places import Places
from server.refunds.posting import WebhookPost
from server.refunds.releasing import Release

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

Answer = tuple[int, dict[str, str]] | None
"""Status and headers; None closes the line without an answer."""
OK: Answer = (200, {})
KEY = Ed25519PrivateKey.generate()
FREE = Places(most=8, taken={})


@dataclass
class Shop:
    """A refund system: remembers what it got, and answers as it is told."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    """Taken one by one; then everything is fine."""

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]


def handler(shop: Shop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["content-length"])
            body = self.rfile.read(size)
            if len(body) < size:  # whoever sent it was stopped in the middle
                self.close_connection = True
                return
            shop.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            answer = shop.answers.pop(0) if shop.answers else OK
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer[0])
            for name, value in {"content-length": "0", **answer[1]}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    server.block_on_close = False  # a line that a failed test left open must not hold up the others
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


async def listen(site: "Site", url: str) -> None:
    body = {"url": url, "outcome_public_key": base64.b64encode(public_bytes(KEY)).decode()}
    answer = await site.http.put("/v1/refunds/endpoint", json=body, headers=site.shop)
    assert answer.status_code == 200, answer.text


@asynccontextmanager
async def courier(site: "Site") -> AsyncIterator[Courier]:
    calling = Calling(AddressPolicy(loopback=True), timeout_s=5)
    made = Courier(site.centre, WebhookPost(calling), lambda _, longest: longest)
    tasks = [
        asyncio.create_task(each)
        for each in (made.run(), Release(site.centre).run(), site.centre.checkpoints.run(0.02))
    ]
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await calling.close()


async def let_go(site: "Site") -> None:
    """A checkpoint covers all that was instructed."""
    await site.centre.checkpoints.now()
    await Release(site.centre).now()


async def rows(site: "Site") -> list[dict[str, Any]]:
    answer = await site.http.get("/v1/refunds", headers=site.shop)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["instructions"]
    return found


async def until(site: "Site", done: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """Move the clock until the instructions look as wanted."""
    async with asyncio.timeout(60):
        while not done(found := await rows(site)):
            site.clock.forward(0.02)
            site.centre.deliveries_due.set()
            await asyncio.sleep(0.005)
    return found


def all_in(state: str) -> Callable[[list[dict[str, Any]]], bool]:
    return lambda found: bool(found) and all(row["state"] == state for row in found)


def trust(site: "Site") -> Trust:
    keys = site.centre.keys
    return Trust(
        webhook_keys=(VerifyingKey(keys.webhook_public),),
        log_key=keys.log_public,
        origin=site.centre.log.origin,
        merchant="m1",
    )


async def inspect(site: "Site", bench: "Bench", unit: str = "R1/1/1", **changes: Any) -> None:
    await site.announce(unit)
    (answer,) = (await site.send(bench, bench.signed(unit, **changes))).results
    assert answer.kind == "receipt", answer


async def inspect_again(site: "Site", bench: "Bench", number: int) -> None:
    """The unit that `inspect` inspected, as an appeal, and new this time."""
    again = {"inspection": number, "purpose": "appeal"}
    await site.announce("R1/1/1", **again)
    (answer,) = (await site.send(bench, bench.signed("R1/1/1", unit=again, verdict=NEW))).results
    assert answer.kind == "receipt", answer


async def test_what_arrives_can_be_believed_offline(site: "Site", bench: "Bench", shop: Shop) -> None:
    await inspect(site, bench)
    await listen(site, shop.url)
    async with courier(site):
        await until(site, all_in("delivered"))
    headers, body = shop.got[0]
    event = check_event(signed_body(headers, body), trust(site), site.clock.moment.timestamp())
    assert (event.instruction.target_total_minor, event.instruction.currency) == (4000, "CNY")
    assert event.instruction.order == "O-1"


class TestDuringARotation:
    @pytest.fixture
    def keys(self, tmp_path: Path) -> ServerKeys:
        make_keys(tmp_path)
        return rotate_webhook_key(tmp_path)

    async def test_a_shop_that_knows_either_key_believes(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        await inspect(site, bench)
        await listen(site, shop.url)
        async with courier(site):
            await until(site, all_in("delivered"))
        signed = signed_body(*shop.got[0])
        for key in site.centre.keys.webhook_signers:
            knows = replace(trust(site), webhook_keys=(key.verifying(),))
            check_event(signed, knows, site.clock.moment.timestamp())


async def test_the_leaf_holds_no_order_but_its_commitment(site: "Site", bench: "Bench") -> None:
    await inspect(site, bench)
    content = await site.centre.reader.run(lambda c: site.centre.log.at(c, 2))
    assert content is not None
    leaf = read_leaf(content)
    assert leaf.id == "instruction:R1/1/1#1"
    assert "order" not in leaf.body
    assert len(leaf.body["order_commitment"]) == 64


async def test_a_failing_shop_gets_it_again_under_the_same_id(
    site: "Site", bench: "Bench", shop: Shop
) -> None:
    shop.answers = [(500, {}), None, (302, {"location": "http://127.0.0.1:1/"})]
    await inspect(site, bench)
    await listen(site, shop.url)
    async with courier(site):
        (row,) = await until(site, all_in("delivered"))
    assert shop.ids() == ["R1/1/1#1"] * 4
    assert (row["attempts"], row["answer"]) == (4, "HTTP 200")
    assert site.counted("regrade_refund_deliveries_total", result="retry") == 3


async def test_the_end_of_the_schedule_is_a_dead_letter_that_can_be_sent_again(
    site: "Site", bench: "Bench", shop: Shop
) -> None:
    shop.answers = [(500, {"content-length": "0"})] * 4
    await inspect(site, bench)
    await listen(site, shop.url)
    async with courier(site):
        await until(site, all_in("dead"))
        answer = await site.http.post("/v1/refunds/R1%2F1%2F1%231/resend", headers=site.shop)
        assert answer.json() == {"instruction": "R1/1/1#1", "state": "queued"}
        await until(site, all_in("delivered"))
    assert len(shop.got) == 5


async def test_a_retry_waits_as_long_as_the_shop_asks(site: "Site", bench: "Bench", shop: Shop) -> None:
    shop.answers = [(503, {"retry-after": "600"})]
    await inspect(site, bench)
    await listen(site, shop.url)
    async with courier(site):
        await until(site, lambda found: found[0]["answer"] == "HTTP 503")
        due = await site.centre.reader.run(lambda c: outbox.due_times(c, "s1"))
        assert due["m1"] - site.clock.moment.timestamp() > 590
        site.clock.forward(600)
        await until(site, all_in("delivered"))


async def test_a_gone_endpoint_keeps_what_is_owed_until_it_is_set_anew(
    site: "Site", bench: "Bench", shop: Shop
) -> None:
    shop.answers = [(410, {})]
    await inspect(site, bench)
    await listen(site, shop.url)
    async with courier(site):
        (row,) = await until(site, lambda found: found[0]["answer"] == "HTTP 410")
        assert (row["state"], row["attempts"]) == ("queued", 0)
        await listen(site, shop.url)
        await until(site, all_in("delivered"))


async def test_without_an_endpoint_it_waits(site: "Site", bench: "Bench") -> None:
    await inspect(site, bench)
    await let_go(site)
    async with courier(site) as made:
        assert await made._claim() == []
    assert (await rows(site))[0]["state"] == "queued"


async def test_a_higher_number_never_overtakes(site: "Site", bench: "Bench", shop: Shop) -> None:
    shop.answers = [(500, {}), (500, {})]
    await inspect(site, bench)
    await inspect_again(site, bench, 2)
    resent = await site.http.post("/v1/refunds/R1%2F1%2F1%232/resend", headers=site.shop)
    assert resent.json()["state"] == "behind"
    await let_go(site)
    assert [row["state"] for row in await rows(site)] == ["queued", "behind"]
    await listen(site, shop.url)
    async with courier(site):
        found = await until(site, all_in("delivered"))
    assert shop.ids() == ["R1/1/1#1"] * 3 + ["R1/1/1#2"]
    assert [row["instruction"]["target_total_minor"] for row in found] == [4000, 5000]


async def test_a_resent_lower_number_lets_nothing_past_the_one_on_its_way(
    site: "Site", bench: "Bench", shop: Shop
) -> None:
    await inspect(site, bench)
    await listen(site, shop.url)
    async with courier(site):
        await until(site, all_in("delivered"))
    for inspection in (2, 3):
        await inspect_again(site, bench, inspection)
    await let_go(site)
    await site.http.post("/v1/refunds/R1%2F1%2F1%231/resend", headers=site.shop)
    now = site.clock.moment.timestamp()
    first, _ = await site.centre.writer.submit(lambda c: outbox.claim(c, "s1", now, FREE, 45.0))
    assert first.instruction == "R1/1/1#1"
    await site.centre.writer.submit(lambda c: outbox.delivered(c, "s1", [(first, "HTTP 200")], "now"))
    assert [row["state"] for row in await rows(site)] == ["delivered", "queued", "behind"]


NEW = {"grade": "new", "condition": "A"}


async def test_a_delivery_that_a_crash_cut_off_goes_again(site: "Site", bench: "Bench", shop: Shop) -> None:
    await inspect(site, bench)
    await let_go(site)
    await listen(site, shop.url)
    now = site.clock.moment.timestamp()
    jobs = await site.centre.writer.submit(lambda c: outbox.claim(c, "s1", now, FREE, 45.0))
    assert [job.instruction for job in jobs] == ["R1/1/1#1"]
    assert await site.centre.writer.submit(lambda c: outbox.claim(c, "s1", now + 44, FREE, 45.0)) == []
    site.clock.forward(46)
    async with courier(site):
        await until(site, all_in("delivered"))


async def test_images_first_then_the_shop_hears_of_it(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("R1/1/1", (b"one", b"two")))
    await site.upload(bench, b"one")
    assert await rows(site) == []
    await site.upload(bench, b"two")
    (row,) = await rows(site)
    assert len(RefundInstruction.model_validate_json(json.dumps(row["instruction"])).images) == 2
    await site.upload(bench, b"two")
    assert len(await rows(site)) == 1


async def test_an_earlier_inspection_whose_images_come_late_is_not_told(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("R1/1/1", (b"one",)))
    await inspect_again(site, bench, 2)
    await site.upload(bench, b"one")
    (row,) = await rows(site)
    assert (row["instruction"]["id"], row["instruction"]["target_total_minor"]) == ("R1/1/1#1", 5000)


async def test_a_verdict_is_priced_by_what_was_announced_when_it_was_recorded(
    site: "Site", bench: "Bench"
) -> None:
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("R1/1/1", (b"one",)))
    again = {"inspection": 2, "purpose": "appeal", "authorization": "RMA-9", "order": "O-9"}
    await site.announce("R1/1/1", **again, paid_minor=900, currency="EUR", reason="defective")
    await site.upload(bench, b"one")
    (row,) = await rows(site)
    told = row["instruction"]
    assert (told["target_total_minor"], told["currency"]) == (4000, "CNY")
    assert (told["authorization"], told["order"]) == ("R1", "O-1")


async def test_what_is_recorded_is_told_though_the_next_inspection_is_withdrawn(
    site: "Site", bench: "Bench"
) -> None:
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("R1/1/1", (b"one",)))
    await site.announce("R1/1/1", inspection=2, purpose="appeal")
    answer = await site.http.post("/v1/returns/R1/1/1/cancel", headers=site.shop)
    assert answer.json()["state"] == "cancelled"
    await site.upload(bench, b"one")
    (row,) = await rows(site)
    assert (row["instruction"]["id"], row["instruction"]["target_total_minor"]) == ("R1/1/1#1", 4000)


async def test_a_withdrawn_return_is_refused_and_owed_nothing(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    await site.http.post("/v1/returns/R1/1/1/cancel", headers=site.shop)
    (answer,) = (await site.send(bench, bench.signed("R1/1/1"))).results
    assert isinstance(answer, RefusalMessage)
    assert answer.reason is RefusalReason.UNKNOWN_UNIT
    assert await rows(site) == []


async def test_an_escalated_unit_is_told_as_held(site: "Site", bench: "Bench") -> None:
    held = {"kind": "escalate", "grade": "ungraded", "condition": None, "disposition": "hold",
            "channel": "hold_area", "rule": "hold.escalated"}  # fmt: skip
    await inspect(site, bench, verdict=held, final_ppm=None)
    (row,) = await rows(site)
    assert (row["instruction"]["kind"], row["instruction"]["target_total_minor"]) == ("hold", 0)


async def test_an_event_is_read_back(site: "Site", bench: "Bench", shop: Shop) -> None:
    await inspect(site, bench)
    await listen(site, shop.url)
    async with courier(site):
        await until(site, all_in("delivered"))
    assert InstructionEvent.read(shop.got[0][1]).instruction.number == 1
