"""Banks and photos: files first, then sets whose versions only rise, and nothing of another merchant."""

import asyncio
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from inspection.custody.leaf import read_leaf
from inspection.messages.references import (
    PublishedReferences,
    ReferenceBank,
    ReferencePage,
    ReferencePhoto,
    ReferenceSet,
)
from server.access import Caller, Scope, new_key
from server.references import repository, service

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

BANK = b"bank" * 1000
PHOTO = b"photo" * 100
BACKBONE = "b" * 64


def name(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def references(sku: str = "MUG-1", bank: bytes | None = BANK, **changes: Any) -> ReferenceSet:
    photos = (PHOTO,) if bank else ()
    wanted = ReferenceSet(
        merchant="m1",
        sku=sku,
        view="top",
        bank=ReferenceBank(sha256=name(bank), bytes=len(bank), backbone_sha256=BACKBONE) if bank else None,
        photos=tuple(ReferencePhoto(sha256=name(each), bytes=len(each)) for each in photos),
    )
    return wanted.model_copy(update=changes)


class Desk:
    """Whoever makes references."""

    def __init__(self, site: "Site", auth: dict[str, str]) -> None:
        self.site, self.auth = site, auth

    async def send(self, content: bytes, merchant: str = "m1") -> httpx.Response:
        url = f"/v1/reference-files/{merchant}/{name(content)}"
        return await self.site.http.put(url, content=content, headers=self.auth)

    async def publish(self, wanted: ReferenceSet) -> httpx.Response:
        return await self.site.http.put("/v1/references", content=wanted.to_json(), headers=self.auth)

    async def published(self, wanted: ReferenceSet, *files: bytes) -> PublishedReferences:
        for each in files:
            assert (await self.send(each)).status_code == 200
        answer = await self.publish(wanted)
        assert answer.status_code == 200, answer.text
        return PublishedReferences.read(answer.content)


async def desk_of(site: "Site", merchant: str | None) -> Desk:
    caller = Caller(scope=Scope.REFERENCES, merchant=merchant)
    key = await site.centre.writer.submit(lambda c: new_key(c, "s1", caller, "photo desk", site.centre.now()))
    return Desk(site, {"authorization": f"Bearer {key}"})


@pytest.fixture
async def desk(site: "Site") -> Desk:
    return await desk_of(site, "m1")


def tighten(site: "Site", **settings: int) -> None:
    object.__setattr__(site.centre, "settings", site.centre.settings.model_copy(update=settings))


async def listed(site: "Site", auth: dict[str, str], after: int = 0) -> ReferencePage:
    answer = await site.http.get("/v1/references", params={"after": after}, headers=auth)
    assert answer.status_code == 200, answer.text
    return ReferencePage.read(answer.content)


async def test_a_set_is_published_and_a_station_takes_its_files(
    site: "Site", bench: "Bench", desk: Desk
) -> None:
    published = await desk.published(references(), BANK, PHOTO)
    assert (published.published_by, published.published_at) == ("photo desk", site.clock.moment)
    assert published.version == round(site.clock.moment.timestamp() * 1000)
    page = await listed(site, bench.auth)
    assert (page.newest, page.more, page.published) == (published.version, False, (published,))
    assert (await listed(site, bench.auth, published.version)).published == ()
    url = f"/v1/reference-files/m1/{name(BANK)}"
    assert (await site.http.head(url, headers=bench.auth)).status_code == 200
    whole = await site.http.get(url, headers=bench.auth)
    assert (whole.content, whole.headers["content-length"]) == (BANK, str(len(BANK)))
    rest = await site.http.get(url, headers={**bench.auth, "range": "bytes=3000-"})
    assert (rest.status_code, rest.content) == (206, BANK[3000:])
    assert rest.headers["content-range"] == f"bytes 3000-{len(BANK) - 1}/{len(BANK)}"


async def test_what_is_published_and_withdrawn_stands_in_the_ledger(site: "Site", desk: Desk) -> None:
    first = await desk.published(references(), BANK, PHOTO)
    await desk.published(references())
    second = await desk.published(references(bank=None, photos=()))
    found = await site.centre.reader.run(
        lambda c: site.centre.log.find(c, (f"model:{first.version}", f"model:{second.version}"))
    )
    bodies = [read_leaf(place.leaf).body for place in found.values()]
    assert [(body["event"], body["photos"], body["by"]) for body in bodies] == [
        ("published", 1, "photo desk"),
        ("withdrawn", 0, "photo desk"),
    ]
    assert (await site.centre.reader.run(site.centre.log.head)).size == 2


async def test_versions_rise_and_only_the_newest_stands(site: "Site", bench: "Bench", desk: Desk) -> None:
    first = await desk.published(references(), BANK, PHOTO)
    again = await desk.published(references())
    assert again == first, "the same set changes nothing"
    other = await desk.published(references("MUG-2"))
    second = await desk.published(references(bank=b"another"), b"another")
    assert first.version < other.version < second.version
    assert (await listed(site, bench.auth)).published == (other, second)
    site.clock.forward(-3600)
    third = await desk.published(references())
    assert third.version > second.version, "also where the clock was set back"


async def test_a_set_that_is_withdrawn_is_announced_as_such(site: "Site", bench: "Bench", desk: Desk) -> None:
    await desk.published(references(), BANK, PHOTO)
    gone = await desk.published(references(bank=None))
    assert (await listed(site, bench.auth)).published == (gone,)
    assert gone.references.bank is None


async def test_a_set_whose_files_are_not_stored_is_not_published(site: "Site", desk: Desk) -> None:
    answer = await desk.publish(references())
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "2 files of the set are not stored" in answer.json()["detail"]
    for each in (BANK, PHOTO):
        await desk.send(each)
    bank = ReferenceBank(sha256=name(BANK), bytes=7, backbone_sha256=BACKBONE)
    answer = await desk.publish(references().model_copy(update={"bank": bank}))
    assert f"has {len(BANK)} bytes, the set says 7" in answer.json()["detail"]


@pytest.mark.parametrize(
    "changes",
    [
        {"view": "Top view"},
        {"sku": "MUG 1"},
        {"bank": None},
        {"surprise": 1},
        {"photos": [{"sha256": "0" * 64, "bytes": 33 * 1024 * 1024}]},
        {"photos": [{"sha256": "0" * 64, "bytes": 1}] * 2},
        {"photos": [{"sha256": f"{number:064x}", "bytes": 1} for number in range(65)]},
        {"bank": {"sha256": "0" * 64, "bytes": 65 * 1024 * 1024, "backbone_sha256": BACKBONE}},
    ],
)
async def test_a_set_that_is_none_is_refused(site: "Site", desk: Desk, changes: dict[str, Any]) -> None:
    body = references().model_dump(mode="json") | changes
    answer = await site.http.put("/v1/references", json=body, headers=desk.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_message")


async def test_a_file_that_does_not_fit_its_name_is_not_kept(site: "Site", desk: Desk) -> None:
    url = f"/v1/reference-files/m1/{name(BANK)}"
    answer = await site.http.put(url, content=BANK[:-1], headers=desk.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, "hash_mismatch")
    cut = {**desk.auth, "content-length": str(len(BANK))}
    answer = await site.http.put(url, content=chunk(BANK[:-1]), headers=cut)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_taken")
    answer = await site.http.put(url, content=chunk(BANK), headers=desk.auth)
    assert (answer.status_code, answer.json()["code"]) == (411, "length_missing")
    assert (await site.http.head(url, headers=desk.auth)).status_code == 404
    assert list((site.centre.references.path(name(BANK)).parents[1] / "tmp").iterdir()) == []


async def chunk(content: bytes) -> Any:
    yield content


async def test_files_are_bounded_each_and_together(site: "Site", desk: Desk) -> None:
    tighten(site, reference_limit_bytes=len(BANK), reference_quota_bytes=len(BANK) + 10)
    answer = await desk.send(BANK + b"x")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert (await desk.send(BANK)).json()["stored"] is True
    assert (await desk.send(BANK)).json()["stored"] is False
    answer = await desk.send(PHOTO)
    assert (answer.status_code, answer.json()["code"]) == (507, "quota_used")
    answers = await asyncio.gather(*(desk.send(bytes([number]) * 8) for number in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [507] * 5


async def test_no_more_views_than_allowed(site: "Site", desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_SETS", 1)
    await desk.published(references(), BANK, PHOTO)
    answer = await desk.publish(references("MUG-2"))
    assert (answer.status_code, answer.json()["code"]) == (507, "quota_used")
    await desk.published(references(bank=None))


async def test_another_merchants_key_neither_writes_nor_reads(
    site: "Site", bench: "Bench", desk: Desk
) -> None:
    published = await desk.published(references(), BANK, PHOTO)
    other = await desk_of(site, "m2")
    for answer in (
        await other.publish(references()),
        await other.send(b"x", "m1"),
        await site.http.get(f"/v1/reference-files/m1/{name(BANK)}", headers=other.auth),
        await site.http.get("/v1/references", params={"merchant": "m1"}, headers=other.auth),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_scope")
    assert (await listed(site, other.auth)).published == ()
    assert (await listed(site, (await desk_of(site, None)).auth)).published == (published,)
    unknown = references().model_copy(update={"merchant": "m3"})
    answer = await (await desk_of(site, None)).publish(unknown)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_file_of_one_merchant_is_not_there_for_another(
    site: "Site", bench: "Bench", desk: Desk
) -> None:
    await desk.send(BANK)
    answer = await site.http.get(f"/v1/reference-files/m2/{name(BANK)}", headers=bench.auth)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_neither_a_station_nor_a_shop_makes_references(
    site: "Site", bench: "Bench", desk: Desk
) -> None:
    for auth in (bench.auth, site.shop, site.console):
        answer = await site.http.put("/v1/references", content=references().to_json(), headers=auth)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_scope")


async def test_the_files_of_old_versions_go_and_those_of_kept_ones_stay(site: "Site", desk: Desk) -> None:
    tighten(site, references_kept=2)
    banks = [bytes([number]) * 50 for number in range(4)]
    for bank in banks:
        await desk.published(references(bank=bank), bank, PHOTO)
        site.clock.forward(timedelta(days=2).total_seconds())
    await desk.send(b"never named")
    await desk.published(references("MUG-2", banks[3]))
    held = [site.centre.references.holds(name(bank)) for bank in banks]
    assert held == [False, False, True, True]
    assert site.centre.references.holds(name(b"never named")), "its set may still come"
    used = await site.centre.reader.run(lambda c: repository.used_bytes(c, "s1", "m1"))
    assert used == 2 * 50 + len(PHOTO) + len(b"never named")


async def test_a_file_that_two_merchants_stored_goes_with_the_last(site: "Site", desk: Desk) -> None:
    await site.http.post("/v1/merchants", json={"id": "m2", "name": "Green"}, headers=site.console)
    other = await desk_of(site, "m2")
    await desk.send(b"shared")
    await other.send(b"shared", "m2")
    site.clock.forward(timedelta(days=2).total_seconds())
    await desk.published(references(), BANK, PHOTO)
    assert site.centre.references.holds(name(b"shared"))
    assert (
        await site.http.head(f"/v1/reference-files/m1/{name(b'shared')}", headers=desk.auth)
    ).status_code == 404
    await other.published(references(bank=None).model_copy(update={"merchant": "m2"}))
    assert not site.centre.references.holds(name(b"shared"))


async def test_the_catalogue_comes_in_pages(
    site: "Site", bench: "Bench", desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PAGE", 2)
    sent = [await desk.published(references(f"MUG-{number}"), BANK, PHOTO) for number in range(5)]
    got: list[PublishedReferences] = []
    after, more = 0, True
    while more:
        page = await listed(site, bench.auth, after)
        got, after, more = [*got, *page.published], page.published[-1].version, page.more
    assert got == sent


async def test_a_key_for_references_is_made_by_the_console(site: "Site") -> None:
    for merchant, status in (("m1", 201), (None, 201), ("m9", 404)):
        body = {"scope": "references", "merchant": merchant, "label": "photo desk"}
        answer = await site.http.post("/v1/keys", json=body, headers=site.console)
        assert answer.status_code == status, answer.text
    body = {"scope": "auditor", "merchant": "m1", "label": "x"}
    assert (await site.http.post("/v1/keys", json=body, headers=site.console)).status_code == 400
