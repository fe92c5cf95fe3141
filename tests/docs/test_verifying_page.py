"""The worked example of docs/verifying.md, typed into a shell, with a small log of fixed keys."""

import base64
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.canonical import canonical
from inspection.custody.checkpoint import Checkpoint, issue_checkpoint
from inspection.custody.leaf import GENESIS, EntryType, Leaf, leaf_hash_hex
from inspection.custody.merkle import leaf_hash, root_of
from inspection.custody.note import note_key
from inspection.custody.receipt import issue_receipt
from inspection.custody.signing import Domain, key_id, public_bytes, sign
from inspection.messages.uplink import ReceiptMessage
from kit.archive_writer import LogSource, archive_parts, write_zip
from kit.export import Header
from kit.report import CANNOT_EXCLUDE, SAYS
from kit.verify import Doubt
from kit.walk import Rule

PAGE = "docs/verifying.md"
ORIGIN = "centre.example/site/s1"
AT = "2026-01-31T08:00:00.000000Z"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STATION_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
Table = Callable[[str, str], list[dict[str, str]]]


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def append(leaves: list[bytes], type: EntryType, id: str, body: dict[str, Any], **more: Any) -> None:
    prev = leaf_hash_hex(leaves[-1]) if leaves else GENESIS
    seq = len(leaves)
    leaf = Leaf(log=ORIGIN, seq=seq, prev=prev, type=type, id=id, recorded_at=AT, body=body, **more)
    leaves.append(leaf.to_bytes())


def small_log(record_value: Callable[..., dict[str, Any]]) -> list[bytes]:
    """A station's key, then three verdicts of it."""
    public = public_bytes(STATION_KEY)
    key, boot = key_id(public), "1" * 32
    leaves: list[bytes] = []
    added = {"role": "station", "station": "bench-1", "site": "s1", "key": key, "public_key": text(public)}
    append(leaves, EntryType.KEY_ADD, f"key:{key}", added)
    for counter in (1, 2, 3):
        device = {"key": key, "boot": boot, "counter": counter}
        record = record_value(device=device, unit={"id": f"R{counter}/1/1"})
        signature = text(sign(STATION_KEY, Domain.RECORD, canonical(record)))
        signed = {"key": key, "signature": signature}
        append(leaves, EntryType.VERDICT, f"verdict:{key}/{boot}/{counter}", record, device=signed)
    return leaves


def header_of(leaves: list[bytes]) -> Header:
    root = root_of([leaf_hash(leaf) for leaf in leaves])
    checkpoint = Checkpoint(origin=ORIGIN, size=len(leaves), root=root)
    return Header(
        origin=ORIGIN,
        size=len(leaves),
        head=leaf_hash_hex(leaves[-1]),
        log_public_key=public_bytes(LOG_KEY),
        checkpoint=issue_checkpoint(LOG_KEY, checkpoint),
    )


def source_of(leaves: list[bytes]) -> LogSource:
    hashes = [leaf_hash(leaf) for leaf in leaves]
    return LogSource(
        header=header_of(leaves),
        policy=None,
        checkpoints=lambda: [(2, header_of(leaves[:2]).checkpoint)],
        lines=lambda page: leaves[page.start : page.stop],
        tile=lambda level, index, width: b"".join(hashes[:width]),
    )


@pytest.fixture
def desk(tmp_path: Path, record_value: Callable[..., dict[str, Any]]) -> Path:
    """The auditor's folder: an export and the receipt of entry 2."""
    leaves = small_log(record_value)
    lines = (header_of(leaves).to_bytes(), *leaves)
    (tmp_path / "ledger.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (tmp_path / "policy").write_text(f"log {note_key(ORIGIN, LOG_KEY).to_text()}\nquorum none\n")
    with (tmp_path / "ledger.zip").open("wb") as file:
        write_zip(file, archive_parts(source_of(leaves)))
    receipt = ReceiptMessage.of(issue_receipt(LOG_KEY, ORIGIN, 2, leaves[2]))
    (tmp_path / "receipt.json").write_bytes(receipt.to_json())
    return tmp_path


def typed(block: str) -> list[tuple[str, str]]:
    """Each `$ command` of a block with what is shown below it."""
    parts = block.removeprefix("$ ").split("\n$ ")
    return [(part.partition("\n")[0], part.partition("\n")[2].strip()) for part in parts]


def test_the_worked_example_comes_out_as_written(
    desk: Path, blocks: Callable[[str], list[Any]], shell_env: dict[str, str]
) -> None:
    env = shell_env | {"LOGKEY": text(public_bytes(LOG_KEY))}
    shown = [pair for block in blocks(PAGE) if block.kind == "console" for pair in typed(block.text)]
    assert len(shown) >= 8
    for command, expected in shown:
        done = subprocess.run(
            ["sh", "-c", command], cwd=desk, env=env, capture_output=True, text=True, check=False
        )
        assert (done.stdout + done.stderr).strip() == expected, command


def test_the_key_in_the_example_is_the_logs(page: Callable[[str], str]) -> None:
    assert f"LOGKEY={text(public_bytes(LOG_KEY))}" in page(PAGE)


def test_every_rule_stands_in_the_table_with_the_words_that_are_printed(table: Table) -> None:
    shown = {row["rule"]: row["printed"] for row in table(PAGE, "rules")}
    assert shown == {rule.value: SAYS[rule] for rule in Rule}


def test_every_doubt_stands_in_the_table_with_the_words_that_are_printed(table: Table) -> None:
    shown = {row["doubt"]: row["printed: this check cannot exclude"] for row in table(PAGE, "doubts")}
    assert shown == {doubt.value: CANNOT_EXCLUDE[doubt] for doubt in Doubt}


def test_the_answer_for_programs_has_the_fields_that_the_page_names(
    desk: Path, table: Table, shell_env: dict[str, str]
) -> None:
    words = ["regrade", "verify", "log", "ledger.jsonl", "--json"]
    env = shell_env | {"HOME": os.fspath(desk)}
    done = subprocess.run(words, cwd=desk, env=env, capture_output=True, text=True, check=True)
    assert list(json.loads(done.stdout)) == [row["field"] for row in table(PAGE, "json")]
