"""A small world to attack: a witnessed log, its archive, an evidence pack, and what a customer holds."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from hashlib import sha256
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType
from inspection.custody.merkle import leaf_hash
from inspection.custody.policy import write_policy
from inspection.custody.proof import TlogProof
from inspection.custody.sealing import commit
from inspection.custody.signing import key_id, public_bytes
from inspection.custody.tiles import TileReader, TreeView
from inspection.messages.base import time_text
from inspection.messages.entries import AccessEntry, AccessWhat, body_bytes
from inspection.messages.uplink import ReceiptMessage
from kit.archive_writer import LogSource, archive_parts
from kit.tree import GrowingTree
from tests.kit.conftest import ORIGIN, Log, image_object

Files = dict[str, bytes]
START = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
WITNESS = "w1.example"
KEPT = (4, 8)
HELD_CHECKPOINT, HELD_RECEIPT = 8, 9
PACKED = (0, 1, 2, 11)
"""The entries of unit R1/1/1 and of its station's key."""
VIEWS = ("top", "left")


def seeded(name: str) -> bytes:
    """32 bytes that are the same in every run."""
    return sha256(name.encode()).digest()


def key(name: str) -> Ed25519PrivateKey:
    """A key that is the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(seeded(name))


def photo(counter: int, view: str) -> bytes:
    """What stands for a JPEG."""
    return b"\xff\xd8" + 20 * seeded(f"photo {counter} {view}")


def image(counter: int, view: str) -> dict[str, Any]:
    """An image as the record names it, really committed to."""
    digest = sha256(photo(counter, view)).hexdigest()
    return image_object(counter) | {
        "ciphertext_sha256": seeded(f"sealed {counter} {view}").hex(),
        "plaintext_commitment": commit(seeded(f"salt {counter} {view}"), digest),
        "view": view,
    }


def verdict(log: Log, counter: int, **changes: Any) -> int:
    """A verdict over two photos and an order."""
    personal = {"order": commit(seeded(f"order {counter}"), f"O-{counter}")}
    evidence = [image(counter, view) for view in VIEWS]
    return log.add_verdict(counter, evidence=evidence, personal=personal, **changes)


def instruction(log: Log, counter: int, **changes: Any) -> int:
    """The instruction that follows from a verdict."""
    order = commit(seeded(f"order {counter}"), f"O-{counter}")
    return log.add_instruction(counter, **{"order_commitment": order} | changes)


def access(log: Log, token: str) -> int:
    body = AccessEntry(by="auditor", scope="auditor", what=AccessWhat.EXPORT, at=START)
    return log.append(EntryType.ACCESS, f"access:{token}", orjson.loads(body_bytes(body)))


def outcome(log: Log, counter: int) -> int:
    unit = f"R{counter}/1/1"
    body = {
        "v": 1,
        "id": f"pay-{counter}",
        "merchant": "m1",
        "instruction": f"{unit}#1",
        "unit": unit,
        "status": "settled",
        "refunded_total_minor": 800,
        "currency": "EUR",
        "happened_at": log.at,
        "matches": True,
        "target_total_minor": 800,
    }
    return log.append(EntryType.REFUND_OUTCOME, f"outcome:m1:pay-{counter}", body)


def revoke(log: Log) -> int:
    name = key_id(public_bytes(log.station))
    body = {"role": "station", "station": "bench1", "site": "s1", "key": name, "reason": None}
    return log.append(EntryType.KEY_REVOKE, f"revoke:{name}", body)


Step = Callable[[Log], int]
STORY: tuple[Step, ...] = (
    lambda log: log.add_key(),
    lambda log: verdict(log, 1),
    lambda log: instruction(log, 1),
    lambda log: log.add_parcel("P1"),
    lambda log: verdict(log, 2),
    lambda log: instruction(log, 2),
    lambda log: access(log, "a1"),
    lambda log: verdict(log, 3),
    lambda log: log.add_parcel("P2"),
    lambda log: verdict(log, 4),
    lambda log: instruction(log, 4),
    lambda log: outcome(log, 1),
    lambda log: verdict(log, 5),
    lambda log: log.add_parcel("P3"),
)


def new_log() -> Log:
    """No entries yet; the keys are the same in every run."""
    return Log(key=key("log"), station=key("station"), witnesses={WITNESS: key("witness")})


def tell(log: Log, story: tuple[Step, ...], late: dict[int, timedelta] | None = None) -> Log:
    """Append a story, an entry a minute; `late` moves the time that single entries state."""
    for step in story:
        at = START + timedelta(minutes=len(log.leaves))
        log.at = time_text(at + (late or {}).get(len(log.leaves), timedelta()))
        step(log)
    return log


def seen_at(size: int) -> int:
    """When the witness sees a log of that size: a second after its last entry."""
    return int((START + timedelta(minutes=size - 1)).timestamp()) + 1


@dataclass(frozen=True, kw_only=True)
class World:
    """A log and everything that leaves the house of it."""

    log: Log
    policy: bytes
    files: Files
    """The archive."""
    pack: Files
    receipts: tuple[bytes, ...]
    """What a customer holds."""
    checkpoints: tuple[bytes, ...]
    proofs: dict[int, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.log.leaves)


def world_of(log: Log, witnessed: bool = True, kept: tuple[int, ...] = KEPT) -> World:
    """Everything of a log; unwitnessed, it is what the holder of the log's key can make alone."""
    mine = log if witnessed else replace(log, witnesses={})
    size = len(log.leaves)
    checkpoint = mine.checkpoint(size, at_s=seen_at(size))
    view = TreeView(size, tiles_of(log))
    proofs = {
        index: TlogProof(index=index, hashes=view.inclusion(index), checkpoint=checkpoint).to_bytes()
        for index in range(size)
    }
    return World(
        log=log,
        policy=write_policy(log.policy()),
        files=archive_of(mine, checkpoint, kept),
        pack=pack_of(log, proofs) if size > max(PACKED) else {},
        receipts=tuple(receipt_of(log, each) for each in (HELD_RECEIPT,) if each < size),
        checkpoints=(log.checkpoint(HELD_CHECKPOINT, at_s=seen_at(HELD_CHECKPOINT)),),
        proofs=proofs,
    )


def receipt_of(log: Log, index: int) -> bytes:
    return ReceiptMessage.of(log.receipt(index)).to_json()


def tiles_of(log: Log) -> TileReader:
    tiles: dict[tuple[int, int], bytes] = {}
    tree = GrowingTree(on_tile=lambda level, index, content: tiles.update({(level, index): content}))
    tree.add_all(map(leaf_hash, log.leaves))
    tree.finish()
    return lambda level, index, width: tiles[level, index][: 32 * width]


def archive_of(log: Log, checkpoint: bytes, kept: tuple[int, ...]) -> Files:
    size = len(log.leaves)
    source = LogSource(
        header=log.header(checkpoint),
        policy=write_policy(log.policy()),
        checkpoints=lambda: [(n, log.checkpoint(n, at_s=seen_at(n))) for n in kept if n < size],
        lines=lambda page: log.leaves[page.start : page.stop],
        tile=tiles_of(log),
    )
    return {name: b"".join(content) for name, content in archive_parts(source)}


def pack_of(log: Log, proofs: dict[int, bytes], indexes: tuple[int, ...] = PACKED) -> Files:
    """The evidence pack of unit R1/1/1."""
    entries = [
        {"index": index, "leaf": text(log.leaves[index]), "proof": proofs[index].decode()}
        for index in indexes
    ]
    record = orjson.loads(log.leaves[1])["id"].removeprefix("verdict:")
    opened = {"record": record, "field": "order", "salt": text(seeded("order 1")), "value": "O-1"}
    bundle = {
        "v": 1,
        "kind": "regrade-evidence",
        "origin": ORIGIN,
        "unit": "R1/1/1",
        "merchant": "m1",
        "made_at": time_text(START),
        "policy": write_policy(log.policy()).decode(),
        "entries": entries,
        "openings": [opened],
        "images": [image_row(record, 1, view) for view in VIEWS],
    }
    return pack_files(bundle) | {f"photos/{view}-1.jpg": photo(1, view) for view in VIEWS}


def image_row(record: str, counter: int, view: str) -> dict[str, Any]:
    return {
        "record": record,
        "view": view,
        "file": f"photos/{view}-{counter}.jpg",
        "media_type": "image/jpeg",
        "sha256": sha256(photo(counter, view)).hexdigest(),
        "ciphertext_sha256": seeded(f"sealed {counter} {view}").hex(),
        "salt": text(seeded(f"salt {counter} {view}")),
    }


def pack_files(bundle: dict[str, Any]) -> Files:
    """bundle.json and the copies of what is in it."""
    files = {"bundle.json": canonical(bundle), "policy": bundle["policy"].encode(), "report.pdf": b"%PDF"}
    for entry in bundle["entries"]:
        files[f"leaves/{entry['index']}.json"] = base64.b64decode(entry["leaf"])
        files[f"proofs/{entry['index']}.tlog-proof"] = entry["proof"].encode()
    return files


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@cache
def true_world() -> World:
    """What really happened."""
    return world_of(tell(new_log(), STORY))


@cache
def large_world() -> World:
    """The same with so many parcels that there are full tiles and two levels."""
    parcels = tuple(partial(Log.add_parcel, parcel=f"L{number}") for number in range(250))
    return world_of(tell(new_log(), STORY + parcels))
