"""The zip: what lies in it, that it is the same every time, and what it no longer shows."""

import base64
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from inspection.custody.canonical import parse_canonical
from inspection.custody.policy import read_policy
from inspection.custody.proof import check_proof, read_proof
from inspection.custody.sealing import opens
from inspection.errors import NotTrusted
from kit.evidence_pack import pack_bytes
from kit.pack.case import EvidenceCase
from tests.kit.pack.cases import Maker, usual

ROOT = Path(__file__).resolve().parents[3]
AGAIN = """
import hashlib
from kit.evidence_pack import pack_bytes
from tests.kit.pack.cases import new_maker, usual
print(hashlib.sha256(pack_bytes(usual(new_maker()).case())).hexdigest())
"""


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_pack_holds_pages_proofs_and_photos(case: EvidenceCase) -> None:
    names = set(unpacked(pack_bytes(case)))
    assert {"bundle.json", "policy", "report.pdf", "verify.html"} <= names
    assert {f"leaves/{at}.json" for at in (0, 6, 7, 8)} <= names
    assert {f"proofs/{at}.tlog-proof" for at in (0, 6, 7, 8)} <= names
    assert sum(name.startswith("photos/") for name in names) == 2


def test_another_process_makes_the_same_bytes(case: EvidenceCase) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "99", "TZ": "Asia/Shanghai"}
    done = subprocess.run(
        [sys.executable, "-c", AGAIN], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == hashlib.sha256(pack_bytes(case)).hexdigest()


def test_a_later_pack_of_the_same_return_is_another(case: EvidenceCase) -> None:
    assert pack_bytes(case) != pack_bytes(replace(case, made_at="2026-02-02T00:00:00.000000Z"))


def test_the_zip_is_stored_without_a_clock(case: EvidenceCase) -> None:
    with zipfile.ZipFile(io.BytesIO(pack_bytes(case))) as archive:
        rows = archive.infolist()
    assert {row.date_time for row in rows} == {(1980, 1, 1, 0, 0, 0)}
    assert {row.compress_type for row in rows} == {zipfile.ZIP_STORED}
    assert {row.external_attr for row in rows} == {0o100644 << 16}
    assert [row.filename for row in rows] == sorted(row.filename for row in rows)


def test_the_bundle_proves_every_entry_and_opens_every_commitment(case: EvidenceCase) -> None:
    files = unpacked(pack_bytes(case))
    bundle = parse_canonical(files["bundle.json"])
    policy = read_policy(bundle["policy"].encode())
    for entry in bundle["entries"]:
        leaf = base64.b64decode(entry["leaf"])
        check_proof(read_proof(entry["proof"].encode()), leaf, policy)
        assert files[f"leaves/{entry['index']}.json"] == leaf
        assert files[f"proofs/{entry['index']}.tlog-proof"] == entry["proof"].encode()
    record = orjson.loads(files["leaves/6.json"])["body"]
    for opening in bundle["openings"]:
        salt = base64.b64decode(opening["salt"])
        assert opens(record["personal"][opening["field"]], salt, opening["value"])
    for image, item in zip(bundle["images"], record["evidence"], strict=True):
        assert hashlib.sha256(files[image["file"]]).hexdigest() == image["sha256"]
        assert opens(item["plaintext_commitment"], base64.b64decode(image["salt"]), image["sha256"])


def test_what_is_erased_stands_in_no_file(maker: Maker) -> None:
    whole = usual(maker).case()
    photo, gone = whole.photos[0], whole.openings[2]
    erased = frozenset({(photo.record, photo.ciphertext_sha256), (gone.record, gone.field)})
    less = replace(whole, photos=whole.photos[1:], openings=whole.openings[:2], erased=erased)
    files = unpacked(pack_bytes(less))
    assert photo.file not in files
    assert not [name for name, content in files.items() if gone.value.encode() in content]
    spelled = (photo.content, base64.b64encode(photo.content), photo.sha256.encode())
    assert not [name for name, content in files.items() if any(each in content for each in spelled)]
    assert len(parse_canonical(files["bundle.json"])["entries"]) == 4


def test_a_checkpoint_that_the_log_did_not_sign_makes_no_pack(case: EvidenceCase) -> None:
    last = case.entries[-1]
    forged = replace(last, proof=last.proof.replace(b"\n9\n", b"\n8\n"))
    with pytest.raises(NotTrusted):
        pack_bytes(replace(case, entries=(*case.entries[:-1], forged)))
