"""The feed and the replay: nothing of another merchant, nothing unsigned, and the same bytes as were sent."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from inspection.custody.leaf import EntryType, read_leaf
from kit.feed import FeedItem, catch_up, read_page
from server.access import Caller, Scope
from server.ledger.retention import RetainFrom, retain_in
from server.refunds.gate import Gate, set_gate
from server.settings import ServerSettings
from server.subjects.schemas import ErasureRequest
from tests.server.conftest import bearer
from tests.server.refunds.test_delivery import (
    Shop,
    all_in,
    courier,
    inspect,
    inspect_again,
    let_go,
    listen,
    rows,
    shop,
    until,
)

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

__all__ = ["shop"]


@pytest.fixture
def settings() -> ServerSettings:
    return ServerSettings(
        host_name="centre.test", site="s1", refund_retry_s=(0.01,) * 3, recovery_wait_s=0.0, retention_days=1
    )


async def feed(site: "Site", path: str = "", who: dict[str, str] | None = None) -> httpx.Response:
    return await site.http.get(f"/v1/events{path}", headers=who or site.shop)


async def told(site: "Site", bench: "Bench", *units: str) -> list[int]:
    """Inspect these units, let a checkpoint cover them, and return where their instructions stand."""
    for unit in units:
        await inspect(site, bench, unit)
    await let_go(site)
    return [item["index"] for item in (await feed(site, "?limit=1000")).json()["events"]]


async def replay(site: "Site", who: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    answer = await site.http.post("/v1/refunds/replay", json=body, headers=who or site.shop)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestTheFeed:
    async def test_pages_hold_the_leaves_as_they_were_hashed(self, site: "Site", bench: "Bench") -> None:
        indexes = await told(site, bench, "R1/1/1", "R2/1/1", "R3/1/1")
        assert len(indexes) == 3
        first = await feed(site, "?limit=2")
        page = read_page(first.content)
        assert (page.cursor, page.more, first.headers["content-type"]) == (
            indexes[1],
            True,
            "application/json",
        )
        rest = read_page((await feed(site, f"?after={page.cursor}&limit=2")).content)
        assert ([item.index for item in rest.items], rest.more) == (indexes[2:], False)
        for item in page.items + rest.items:
            kept = await site.centre.reader.run(lambda c, at=item.index: site.centre.log.at(c, at))  # type: ignore[misc]
            assert item.leaf == kept
            assert read_leaf(item.leaf or b"").type == EntryType.REFUND_INSTRUCTION

    async def test_whoever_is_up_to_date_gets_an_empty_page(self, site: "Site", bench: "Bench") -> None:
        (index,) = await told(site, bench, "R1/1/1")
        answer = (await feed(site, f"?after={index}")).json()
        assert answer == {"events": [], "cursor": index, "more": False}

    async def test_another_merchant_hears_nothing(self, site: "Site", bench: "Bench") -> None:
        (index,) = await told(site, bench, "R1/1/1")
        other = await bearer(site.centre, Caller(scope=Scope.SHOP, merchant="m2"))
        assert (await feed(site, who=other)).json()["events"] == []
        assert (await feed(site, f"/{index}", other)).status_code == 404
        assert (await feed(site, f"/{index - 1}")).status_code == 404

    async def test_what_no_checkpoint_covers_is_not_shown(self, site: "Site", bench: "Bench") -> None:
        await inspect(site, bench)
        assert (await feed(site)).json()["events"] == []
        await site.centre.checkpoints.now()
        assert len((await feed(site)).json()["events"]) == 1

    async def test_with_a_quorum_it_shows_what_that_has_seen(self, site: "Site", bench: "Bench") -> None:
        (index,) = await told(site, bench, "R1/1/1")
        for covered, shown in ((index, 0), (index + 1, 1)):
            gate = Gate(required=True, covered=covered)
            await site.centre.writer.submit(lambda c, gate=gate: set_gate(c, "s1", gate))  # type: ignore[misc]
            assert len((await feed(site)).json()["events"]) == shown
            assert (await feed(site, f"/{index}")).status_code == (200 if shown else 404)

    async def test_what_is_withheld_keeps_its_place(self, site: "Site", bench: "Bench") -> None:
        (index,) = await told(site, bench, "R1/1/1")
        site.clock.forward(3 * 86_400)
        await site.announce("R9/1/1")
        wanted = RetainFrom(index=index + 1, drop_bodies=True, by="Dana")
        centre = site.centre
        await inspect(site, bench, "R9/1/1", clock={"device_time": "2026-05-07T12:00:00.000000Z"})
        await retain_in(centre.writer, centre.log, wanted, 1, centre.clock())
        assert (await feed(site)).json()["events"][0] == {"index": index, "entry": None}
        answer = await feed(site, f"/{index}")
        assert (answer.status_code, answer.json()["code"]) == (410, "withheld")

    async def test_one_event_is_the_very_body_that_was_sent(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        await inspect(site, bench)
        await listen(site, shop.url)
        async with courier(site):
            await until(site, all_in("delivered"))
        (item,) = (await feed(site)).json()["events"]
        pulled = await feed(site, f"/{item['index']}")
        assert pulled.content == shop.got[0][1]

    async def test_a_body_that_is_pulled_first_is_the_one_that_is_sent_later(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        (index,) = await told(site, bench, "R1/1/1")
        pulled = await feed(site, f"/{index}")
        assert pulled.status_code == 200, pulled.text
        await listen(site, shop.url)
        async with courier(site):
            await until(site, all_in("delivered"))
        assert shop.got[0][1] == pulled.content

    async def test_a_body_that_was_pulled_goes_with_its_customer(self, site: "Site", bench: "Bench") -> None:
        (index,) = await told(site, bench, "R1/1/1")
        await feed(site, f"/{index}")
        wanted = ErasureRequest(merchant="m1", customer="C-1", reason="asked_by_customer")
        await site.centre.eraser.erase(wanted, "Dana")
        answer = await feed(site, f"/{index}")
        assert (answer.status_code, answer.json()["code"]) == (410, "erased")

    @pytest.mark.parametrize("query", ["?limit=1001", "?limit=0", "?after=-2", "?after=x"])
    async def test_a_page_is_bounded(self, site: "Site", query: str) -> None:
        assert (await feed(site, query)).status_code == 400


class TestTheReplay:
    async def test_a_range_of_indexes_goes_again_with_the_same_bytes(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        for number in range(3):
            await inspect(site, bench, f"R{number}/1/1")
        await listen(site, shop.url)
        async with courier(site):
            await until(site, all_in("delivered"))
            first, second, _ = [item["index"] for item in (await feed(site)).json()["events"]]
            answer = await replay(site, first_index=first, last_index=second)
            assert answer == {"replayed": 2, "left_alone": 0, "more": False, "last_index": second}
            await until(site, lambda found: all_in("delivered")(found) and len(shop.got) == 5)
        sent: dict[str, set[bytes]] = {}
        for headers, body in shop.got:
            sent.setdefault(headers["webhook-id"], set()).add(body)
        assert [len(bodies) for bodies in sent.values()] == [1, 1, 1]

    async def test_a_range_of_time_goes_again_and_of_one_order_one_after_the_other(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        begun = site.clock.moment
        await inspect(site, bench)
        await listen(site, shop.url)
        async with courier(site):
            await until(site, all_in("delivered"))
            await inspect_again(site, bench, 2)
            await until(site, all_in("delivered"))
        ends: dict[str, Any] = {"since": _text(begun), "until": _text(site.clock.moment)}
        assert (await replay(site, **ends))["replayed"] == 2
        assert [row["state"] for row in await rows(site)] == ["queued", "behind"]
        again = await replay(site, **ends)
        assert (again["replayed"], again["left_alone"]) == (0, 2)
        later = _text(site.clock.moment + timedelta(days=1))
        assert (await replay(site, since=later, until=later))["last_index"] == -1

    async def test_dead_letters_are_listed_and_go_again(
        self, site: "Site", bench: "Bench", shop: Shop
    ) -> None:
        shop.answers = [(500, {})] * 4
        await inspect(site, bench)
        await listen(site, shop.url)
        async with courier(site):
            await until(site, all_in("dead"))
            dead = await site.http.get("/v1/refunds?state=dead", headers=site.shop)
            assert len(dead.json()["instructions"]) == 1
            none = await site.http.get("/v1/refunds?state=queued", headers=site.shop)
            assert none.json()["instructions"] == []
            assert (await replay(site, site.console, first_index=0, last_index=1000))["replayed"] == 1
            await until(site, all_in("delivered"))
        odd = await site.http.get("/v1/refunds?state=lost", headers=site.shop)
        assert odd.status_code == 400

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"first_index": 1},
            {"first_index": 0, "last_index": 3, "since": "2026-05-04T12:00:00.000000Z"},
            {"first_index": -1, "last_index": 3},
        ],
    )
    async def test_a_range_has_both_ends_and_one_kind(self, site: "Site", body: dict[str, Any]) -> None:
        answer = await site.http.post("/v1/refunds/replay", json=body, headers=site.shop)
        assert answer.status_code == 422

    async def test_another_merchants_are_not_replayed(self, site: "Site", bench: "Bench") -> None:
        other = await bearer(site.centre, Caller(scope=Scope.SHOP, merchant="m2"))
        assert (await replay(site, other, first_index=0, last_index=99))["last_index"] == -1
        named = {"first_index": 0, "last_index": 9, "merchant": "m1"}
        answer = await site.http.post("/v1/refunds/replay", json=named, headers=other)
        assert answer.status_code == 403


def _text(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


async def test_the_kit_goes_on_from_the_cursor_until_nothing_is_left(site: "Site", bench: "Bench") -> None:
    indexes = await told(site, bench, "R1/1/1", "R2/1/1", "R3/1/1")
    answers: dict[str, bytes] = {}
    after = -1
    for _ in range(3):  # what it will ask for, fetched beforehand: it knows no event loop
        path = f"/v1/events?after={after}&limit=1"
        answers[path] = (await site.http.get(path, headers=site.shop)).content
        after = read_page(answers[path]).cursor
    found: list[FeedItem] = list(catch_up(answers.__getitem__, limit=1))
    assert [item.index for item in found] == indexes
