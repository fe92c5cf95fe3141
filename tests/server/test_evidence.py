"""Encrypted images: whole, durable and under their hash, or not there at all."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from server.errors import HashMismatch
from server.evidence.store import EvidenceStore

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

IMAGE = b"sealed" * 1000
NAME = hashlib.sha256(IMAGE).hexdigest()
URL = f"/v1/evidence/{NAME}"


async def test_an_image_is_there_once_it_is_answered(site: "Site", bench: "Bench") -> None:
    assert (await site.http.head(URL, headers=bench.auth)).status_code == 404
    assert (await site.upload(bench, IMAGE)).json() == {
        "ciphertext_sha256": NAME,
        "bytes": len(IMAGE),
        "stored": True,
    }
    assert (await site.http.head(URL, headers=bench.auth)).status_code == 200
    assert site.centre.store.path(NAME).read_bytes() == IMAGE
    assert (await site.upload(bench, IMAGE)).json()["stored"] is False


async def chunks(content: bytes = IMAGE) -> AsyncIterator[bytes]:
    yield content


async def test_what_does_not_fit_its_name_is_not_kept(site: "Site", bench: "Bench") -> None:
    answer = await site.http.put(URL, content=b"other", headers=bench.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, "hash_mismatch")
    answer = await site.http.put(URL, content=chunks(), headers=bench.auth)
    assert (answer.status_code, answer.json()["code"]) == (411, "length_missing")
    for length, status in (("5", 413), ("9999", 422), ("0", 422), ("99999999", 413), ("x", 411)):
        headers = {**bench.auth, "content-length": length}
        answer = await site.http.put(URL, content=chunks(), headers=headers)
        assert answer.status_code == status, (length, answer.text)
    assert not site.centre.store.holds(NAME)
    assert list((site.centre.store.path(NAME).parents[1] / "tmp").iterdir()) == []


@pytest.mark.parametrize("name", ["A" * 64, "a" * 63, "..%2f" + "a" * 59])
async def test_a_name_that_is_no_hash_is_refused(site: "Site", bench: "Bench", name: str) -> None:
    answer = await site.http.put(f"/v1/evidence/{name}", content=IMAGE, headers=bench.auth)
    assert answer.status_code in (400, 404)


async def test_a_station_stores_no_more_than_its_share(site: "Site", bench: "Bench") -> None:
    small = site.centre.settings.model_copy(update={"evidence_quota_bytes": len(IMAGE)})
    object.__setattr__(site.centre, "settings", small)
    assert (await site.upload(bench, IMAGE)).status_code == 200
    answer = await site.upload(bench, b"one more")
    assert (answer.status_code, answer.json()["code"]) == (507, "quota_used")
    assert (await site.upload(await site.enrol("st2"), b"one more")).status_code == 200


async def test_uploads_at_once_share_what_is_left(site: "Site", bench: "Bench") -> None:
    small = site.centre.settings.model_copy(update={"evidence_quota_bytes": 1000})
    object.__setattr__(site.centre, "settings", small)
    images = [bytes([number]) * 900 for number in range(8)]
    answers = await asyncio.gather(*(site.upload(bench, image) for image in images))
    assert sorted(answer.status_code for answer in answers) == [200] + [507] * 7
    assert site.counted("regrade_evidence_bytes_total") == 900


async def test_an_upload_that_fails_gives_its_room_back(site: "Site", bench: "Bench") -> None:
    small = site.centre.settings.model_copy(update={"evidence_quota_bytes": len(IMAGE)})
    object.__setattr__(site.centre, "settings", small)
    wrong = await site.http.put(URL, content=b"x" * len(IMAGE), headers=bench.auth)
    assert wrong.json()["code"] == "hash_mismatch"
    assert (await site.upload(bench, IMAGE)).status_code == 200


async def test_a_crash_between_file_and_row_is_healed_by_sending_again(site: "Site", bench: "Bench") -> None:
    await site.centre.store.put(NAME, chunks(), len(IMAGE))
    assert (await site.http.head(URL, headers=bench.auth)).status_code == 404
    assert (await site.upload(bench, IMAGE)).json()["stored"] is True


async def test_what_a_crash_left_half_written_is_removed_at_the_start(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    (tmp_path / "evidence/tmp/left").write_bytes(b"half")
    EvidenceStore(tmp_path / "evidence")
    assert list((tmp_path / "evidence/tmp").iterdir()) == []
    with pytest.raises(HashMismatch):
        await store.put(NAME, chunks(b"x"), 1)
