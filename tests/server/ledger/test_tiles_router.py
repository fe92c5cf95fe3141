"""The log over HTTP: what is published, in which widths, to whom, and what of it is noted."""

import base64

import pytest
from sqlalchemy import select

from inspection.custody.checkpoint import Checkpoint, open_checkpoint
from inspection.custody.leaf import EntryType, read_leaf
from inspection.custody.merkle import leaf_hash, root_of, verify_inclusion
from inspection.custody.note import note_key
from inspection.custody.proof import read_proof
from inspection.custody.tiles import TreeView, read_bundle, tile_path
from inspection.messages.entries import AccessEntry
from server.access import Caller, Scope
from server.centre import Centre
from server.db.ledger_tables import leaves, ledger_state
from server.ledger.log import Entry
from server.ledger.standing import LogState, set_state
from tests.server.conftest import Site, bearer

AT = "2026-05-04T12:00:00.000000Z"


async def grow(centre: Centre, count: int, merchant: str | None = "m1") -> None:
    """Append entries; those of a merchant name it."""
    size = (await centre.reader.run(centre.log.head)).size
    body = b'{"merchant":"%s"}' % merchant.encode() if merchant else b"{}"
    entries = tuple(Entry(type=EntryType.LOGISTICS, id=f"n{size + at}", body=body) for at in range(count))
    await centre.writer.submit(lambda c: centre.log.append_all(c, entries, AT))


async def published(centre: Centre, count: int) -> Checkpoint:
    await grow(centre, count)
    return await opened(centre)


async def opened(centre: Centre) -> Checkpoint:
    kept = await centre.checkpoints.now()
    return open_checkpoint(kept.note, [note_key(centre.log.origin, centre.keys.log)])


async def auditor(centre: Centre) -> dict[str, str]:
    return await bearer(centre, Caller(scope=Scope.AUDITOR))


async def accesses(centre: Centre) -> list[AccessEntry]:
    chosen = select(leaves.c.leaf).where(leaves.c.type == EntryType.ACCESS.value).order_by(leaves.c.seq)
    found = await centre.reader.run(lambda c: list(c.execute(chosen).scalars()))
    return [AccessEntry.model_validate(read_leaf(leaf).body, strict=False) for leaf in found]


async def test_the_origin_is_the_address_of_the_checkpoint(site: Site, centre: Centre) -> None:
    await grow(centre, 3)
    answer = await site.http.get(f"/{centre.log.origin.partition('/')[2]}/checkpoint")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    found = open_checkpoint(answer.content, [note_key(centre.log.origin, centre.keys.log)])
    assert (found.origin, found.size) == (centre.log.origin, 3)


async def test_every_old_checkpoint_stays_to_be_had(site: Site, centre: Centre) -> None:
    for size in (2, 5, 9):
        await published(centre, size - (await centre.reader.run(centre.log.head)).size)
    for size in (2, 5, 9):
        answer = await site.http.get(f"/site/s1/checkpoint/{size}")
        assert answer.text.split("\n")[1] == str(size)
    assert (await site.http.get("/site/s1/checkpoint/4")).status_code == 404


async def test_a_whole_tree_can_be_rebuilt_from_its_tiles(site: Site, centre: Centre) -> None:
    checkpoint = await published(centre, 600)
    contents: dict[tuple[int, int], bytes] = {}
    for level, index, width in ((0, 0, 256), (0, 1, 256), (0, 2, 88), (1, 0, 2)):
        answer = await site.http.get(f"/site/s1/{tile_path(level, index, width)}")
        assert answer.status_code == 200, answer.text
        assert "immutable" in answer.headers["cache-control"]
        contents[level, index] = answer.content
    view = TreeView(600, lambda level, index, width: contents[level, index][: width * 32])
    assert view.root() == checkpoint.root


@pytest.mark.parametrize(
    "place",
    [
        "tile/0/002.p/87",
        "tile/0/002.p/89",
        "tile/0/002",
        "tile/0/000.p/5",
        "tile/0/003",
        "tile/1/000",
        "tile/2/000.p/1",
        "tile/63/000",
        "tile/64/000",
        "tile/0/2",
        "tile/0/x002/000",
        "tile/0/002.p/0",
        "tile/0/002.p/256",
        "tile/../keys.json",
        "tile/",
    ],
)
async def test_no_tile_leaves_that_no_checkpoint_has(site: Site, centre: Centre, place: str) -> None:
    await published(centre, 600)
    await grow(centre, 200)
    answer = await site.http.get(f"/site/s1/{place}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_another_site_has_no_log_here(site: Site, centre: Centre) -> None:
    await published(centre, 3)
    for place in ("checkpoint", "checkpoint/3", "tile/0/000.p/3"):
        assert (await site.http.get(f"/site/s2/{place}")).status_code == 404


async def test_an_auditor_reads_bundles_and_each_read_is_an_entry(site: Site, centre: Centre) -> None:
    checkpoint = await published(centre, 5)
    answer = await site.http.get("/site/s1/tile/entries/000.p/5", headers=await auditor(centre))
    assert answer.status_code == 200, answer.text
    entries = read_bundle(answer.content, 5)
    assert root_of([leaf_hash(entry) for entry in entries]) == checkpoint.root
    (noted,) = await accesses(centre)
    assert (noted.by, noted.scope, noted.what, noted.first, noted.last) == ("test", "auditor", "bundle", 0, 4)


async def test_a_shop_reads_a_bundle_only_where_all_of_it_is_its_own(site: Site, centre: Centre) -> None:
    await published(centre, 4)
    answer = await site.http.get("/site/s1/tile/entries/000.p/4", headers=site.shop)
    assert answer.status_code == 200
    await grow(centre, 1, merchant=None)
    await centre.checkpoints.now()
    size = (await centre.reader.run(centre.log.head)).size
    answer = await site.http.get(f"/site/s1/tile/entries/000.p/{size}", headers=site.shop)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_scope")
    assert "/v1/ledger/entries/" in answer.json()["detail"]


async def test_an_entry_comes_with_a_proof_that_holds(site: Site, centre: Centre) -> None:
    await grow(centre, 300)
    answer = await site.http.get("/v1/ledger/entries/257", headers=site.shop)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    leaf, proof = base64.b64decode(said["leaf"]), read_proof(said["proof"].encode())
    known = open_checkpoint(proof.checkpoint, [note_key(centre.log.origin, centre.keys.log)])
    verify_inclusion(leaf_hash(leaf), 257, known.size, proof.hashes, known.root)
    assert read_leaf(leaf).seq == proof.index == said["index"] == 257
    public = await site.http.get("/v1/ledger/proofs/257")
    assert read_proof(public.content).index == 257


async def test_a_shop_does_not_see_another_merchants_entry(site: Site, centre: Centre) -> None:
    await grow(centre, 1, merchant="m2")
    answer = await site.http.get("/v1/ledger/entries/0", headers=site.shop)
    assert answer.status_code == 404
    assert await accesses(centre) == []
    assert (await site.http.get("/v1/ledger/entries/0", headers=await auditor(centre))).status_code == 200


async def test_a_proof_beyond_the_newest_checkpoint_is_not_there(site: Site, centre: Centre) -> None:
    await published(centre, 3)
    await grow(centre, 1)
    answer = await site.http.get("/v1/ledger/proofs/3")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "newest has 3" in answer.json()["detail"]


async def test_reads_are_bounded_for_each_key(site: Site, centre: Centre) -> None:
    await published(centre, 1)
    headers = await auditor(centre)
    for _ in range(centre.settings.reads_per_minute):
        centre.readers.take(Caller(scope=Scope.AUDITOR, label="test"))
    answer = await site.http.get("/v1/ledger/entries/0", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_often")
    assert (await site.http.get("/v1/ledger/entries/0", headers=site.shop)).status_code == 200


async def test_below_the_minimum_index_bodies_are_withheld_and_proofs_are_not(
    site: Site, centre: Centre
) -> None:
    await published(centre, 300)
    await centre.writer.submit(
        lambda c: c.execute(
            ledger_state.insert().values(site="s1", state="open", reason="", min_index=256, changed_at=AT)
        )
    )
    headers = await auditor(centre)
    for place in ("/site/s1/tile/entries/000", "/v1/ledger/entries/255"):
        answer = await site.http.get(place, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (410, "withheld")
    assert (await site.http.get("/site/s1/tile/entries/001.p/44", headers=headers)).status_code == 200
    assert (await site.http.get("/v1/ledger/proofs/3")).status_code == 200
    assert (await site.http.get("/site/s1/tile/0/000")).status_code == 200


async def test_a_frozen_ledger_stays_readable(site: Site, centre: Centre) -> None:
    await published(centre, 3)
    await centre.writer.submit(lambda c: set_state(c, "s1", LogState.FROZEN, "a test", AT))
    headers = await auditor(centre)
    assert (await site.http.get("/v1/ledger/entries/1", headers=headers)).status_code == 200
    assert (await site.http.get("/site/s1/checkpoint")).status_code == 200
    assert await accesses(centre) == []


async def test_a_recovering_ledger_shows_no_older_checkpoint(site: Site, centre: Centre) -> None:
    await published(centre, 3)
    await centre.writer.submit(lambda c: set_state(c, "s1", LogState.RECOVERING, "a test", AT))
    answer = await site.http.get("/site/s1/checkpoint")
    assert (answer.status_code, answer.json()["code"]) == (503, "recovering")
    assert answer.headers["retry-after"] == "10"
