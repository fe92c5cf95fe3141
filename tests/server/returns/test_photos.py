"""A customer's photos: only those that the unit names, sealed under their key, gone with it."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import select

from server.db.return_tables import claim_photos

if TYPE_CHECKING:
    from tests.server.conftest import Site

PHOTO = b"\xff\xd8\xff\xe0" + b"a cracked mug " * 100
SHA = hashlib.sha256(PHOTO).hexdigest()
URL = f"/v1/returns/R1/1/1/photos/{SHA}"


async def put(site: "Site", content: bytes = PHOTO, url: str = URL) -> httpx.Response:
    return await site.http.put(url, content=content, headers=site.shop)


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "claims").rglob("*") if path.is_file()]


async def test_a_photo_is_sealed_and_comes_back(site: "Site", tmp_path: Path) -> None:
    await site.announce("R1/1/1", photos=[SHA])
    first, again = await put(site), await put(site)
    assert first.json() == {"sha256": SHA, "bytes": len(PHOTO), "stored": True}, first.text
    assert again.json()["stored"] is False
    (file,) = files(tmp_path)
    assert b"cracked mug" not in file.read_bytes()
    answer = await site.http.get(URL, headers=site.shop)
    assert (answer.content, answer.headers["content-type"]) == (PHOTO, "image/jpeg")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_it_goes_with_its_customer(site: "Site", tmp_path: Path) -> None:
    await site.announce("R1/1/1", photos=[SHA])
    await put(site)
    wanted = {"merchant": "m1", "customer": "C-1", "reason": "request"}
    answer = await site.http.post("/v1/subjects/erasures", json=wanted, headers=site.console)
    assert answer.is_success, answer.text
    assert files(tmp_path) == []
    assert await site.centre.reader.run(lambda c: c.execute(select(claim_photos)).all()) == []
    assert (await site.http.get(URL, headers=site.shop)).status_code == 410
    assert (await put(site)).status_code == 410


@pytest.mark.parametrize(
    ("content", "sha256", "status", "code"),
    [
        (PHOTO + b"x", SHA, 422, "hash_mismatch"),
        (PHOTO, "ab" * 32, 404, "not_found"),
        (b"GIF89a...", hashlib.sha256(b"GIF89a...").hexdigest(), 422, "not_taken"),
        (b"", SHA, 422, "not_taken"),
        (b"\xff\xd8\xff" + bytes(8 * 1024 * 1024), SHA, 413, "too_large"),
    ],
)
async def test_what_is_no_photo_of_the_unit_is_refused(
    site: "Site", tmp_path: Path, content: bytes, sha256: str, status: int, code: str
) -> None:
    named = [SHA] if sha256 == "ab" * 32 else [sha256]
    await site.announce("R1/1/1", photos=named)
    answer = await put(site, content, f"/v1/returns/R1/1/1/photos/{sha256}")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert files(tmp_path) == []


async def test_a_body_without_its_length_is_refused(site: "Site") -> None:
    await site.announce("R1/1/1", photos=[SHA])

    async def chunks() -> AsyncIterator[bytes]:
        yield PHOTO

    answer = await site.http.put(URL, content=chunks(), headers=site.shop)
    assert answer.json()["code"] == "length_missing"


async def test_a_shop_that_has_used_its_share_is_told(site: "Site") -> None:
    object.__setattr__(site.centre.settings, "photo_quota_bytes", len(PHOTO) - 1)
    await site.announce("R1/1/1", photos=[SHA])
    assert (await put(site)).json()["code"] == "quota_used"


async def test_a_unit_that_went_to_another_customer_shows_no_photo_of_the_first(site: "Site") -> None:
    await site.announce("R1/1/1", photos=[SHA])
    await put(site)
    await site.announce("R1/1/1", photos=[SHA], customer="C-2")
    assert (await site.http.get(URL, headers=site.shop)).status_code == 404
    assert (await put(site)).json()["stored"] is True
    assert (await site.http.get(URL, headers=site.shop)).content == PHOTO


async def test_a_photo_larger_than_other_bodies_is_taken(site: "Site") -> None:
    large = PHOTO + bytes(3 * 1024 * 1024)
    name = hashlib.sha256(large).hexdigest()
    await site.announce("R1/1/1", photos=[name])
    answer = await put(site, large, f"/v1/returns/R1/1/1/photos/{name}")
    assert answer.json()["stored"] is True


async def test_only_a_shop_sends_and_reads_them(site: "Site") -> None:
    await site.announce("R1/1/1", photos=[SHA])
    for call in (
        site.http.put(URL, content=PHOTO, headers=site.console),
        site.http.get(URL, headers=site.console),
    ):
        assert (await call).status_code == 403


async def test_a_file_that_was_lost_may_be_sent_again(site: "Site", tmp_path: Path) -> None:
    await site.announce("R1/1/1", photos=[SHA])
    await put(site)
    files(tmp_path)[0].unlink()
    assert (await site.http.get(URL, headers=site.shop)).status_code == 404
    assert (await put(site)).json()["stored"] is True
    assert (await site.http.get(URL, headers=site.shop)).content == PHOTO
