"""A small log with every kind of leaf, and its parts, for the tests of the kit."""

import base64
import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.checkpoint import Checkpoint, add_signatures, cosign, issue_checkpoint
from inspection.custody.leaf import GENESIS, EntryType, Leaf, leaf_hash_hex
from inspection.custody.merkle import leaf_hash, root_of
from inspection.custody.note import Algorithm, note_key, read_note
from inspection.custody.policy import TrustedLog, TrustedWitness, TrustPolicy
from inspection.custody.receipt import Receipt, issue_receipt
from inspection.custody.signing import Domain, key_id, public_bytes, sign
from inspection.record import InspectionRecord, read_record
from kit.export import Header

ORIGIN = "centre.example/site/s1"
AT = "2026-01-31T08:00:00.000000Z"
AT_S = 1_769_846_400
"""The same in seconds after the epoch."""
SHA = "ab" * 32


@dataclass
class Log:
    """A log that is written as the centre would write it."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    station: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    origin: str = ORIGIN
    leaves: list[bytes] = field(default_factory=list)
    witnesses: dict[str, Ed25519PrivateKey] = field(default_factory=dict)
    """Key name -> key."""
    at: str = AT
    """When the next entry is recorded."""

    @property
    def public(self) -> bytes:
        return public_bytes(self.key)

    def append(
        self, type: EntryType, id: str, body: dict[str, Any], device: dict[str, str] | None = None
    ) -> int:
        prev = leaf_hash_hex(self.leaves[-1]) if self.leaves else GENESIS
        leaf = Leaf(
            log=self.origin,
            seq=len(self.leaves),
            prev=prev,
            type=type,
            id=id,
            recorded_at=self.at,
            body=body,
            device=device,
        )
        self.leaves.append(leaf.to_bytes())
        return leaf.seq

    def add_key(self) -> int:
        public = public_bytes(self.station)
        text = base64.b64encode(public).decode()
        body = {"station": "bench1", "site": "s1", "key": key_id(public), "public_key": text}
        return self.append(EntryType.KEY_ADD, f"key:{key_id(public)}", body)

    def add_instruction(self, counter: int, **changes: Any) -> int:
        """What follows from a verdict of `add_verdict`."""
        body = instruction_object(counter) | changes
        return self.append(EntryType.REFUND_INSTRUCTION, f"instruction:{body['id']}", body)

    def add_parcel(self, parcel: str = "P1") -> int:
        body = {"merchant": "m1", "parcel": parcel, "event": "signed_off", "at": AT}
        return self.append(EntryType.LOGISTICS, f"parcel:m1:{parcel}:signed-off", body)

    def add_verdict(self, counter: int, **changes: Any) -> int:
        record = make_record(self.station, counter, **changes)
        signature = sign(self.station, Domain.RECORD, record.to_bytes())
        device = {"key": record.device.key, "signature": base64.b64encode(signature).decode()}
        return self.append(EntryType.VERDICT, f"verdict:{record.id}", orjson.loads(record.to_bytes()), device)

    def receipt(self, index: int) -> Receipt:
        return issue_receipt(self.key, self.origin, index, self.leaves[index])

    def checkpoint(self, size: int | None = None, *witnesses: Any, at_s: int = AT_S) -> bytes:
        """The log's own signed note over its first entries, or all, with these witnesses' cosignatures."""
        size = len(self.leaves) if size is None else size
        root = root_of([leaf_hash(leaf) for leaf in self.leaves[:size]])
        note = issue_checkpoint(self.key, Checkpoint(origin=self.origin, size=size, root=root))
        text = read_note(note).text
        lines = [cosign(key, name, text, at_s) for name, key in (witnesses or self.witnesses.items())]
        return add_signatures(note, *lines)

    def policy(self) -> TrustPolicy:
        """Trust in this log's key, and in its witnesses where it has any."""
        witnesses = tuple(
            TrustedWitness(name=name.split(".")[0], key=note_key(name, key, Algorithm.COSIGNATURE_ED25519))
            for name, key in self.witnesses.items()
        )
        quorum = witnesses[0].name if witnesses else "none"
        logs = (TrustedLog(key=note_key(self.origin, self.key)),)
        return TrustPolicy(logs=logs, witnesses=witnesses, quorum=quorum)

    def header(self, checkpoint: bytes | None = None, size: int | None = None) -> Header:
        size = len(self.leaves) if size is None else size
        return Header(
            origin=self.origin,
            size=size,
            head=leaf_hash_hex(self.leaves[size - 1]) if size else GENESIS,
            log_public_key=self.public,
            checkpoint=checkpoint or self.checkpoint(size),
        )

    def export(self, leaves: list[bytes] | None = None) -> bytes:
        """The export with the log's own checkpoint, over these leaves or its own."""
        lines = [self.header().to_bytes(), *(self.leaves if leaves is None else leaves)]
        return b"".join(line + b"\n" for line in lines)


def make_record(station: Ed25519PrivateKey, counter: int, **changes: Any) -> InspectionRecord:
    content = record_object(key_id(public_bytes(station)), counter)
    for name, value in changes.items():
        content[name] = content[name] | value if isinstance(value, dict) else value
    return read_record(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))


GRADED = {"grade": "used", "condition": "B", "disposition": "resale", "channel": "open_box"}


def image_object(counter: int) -> dict[str, Any]:
    return {
        "ciphertext_sha256": hashlib.sha256(str(counter).encode()).hexdigest(),
        "bytes": 1234,
        "media_type": "image/jpeg",
        "plaintext_commitment": SHA,
        "view": "top",
        "captured_at": AT,
        "quality": {"sharpness": 300, "brightness": 120},
    }


def record_object(key: str, counter: int) -> dict[str, Any]:
    commitments = dict.fromkeys(("inspector", "order", "customer", "note", "tag"))
    timings = ("identify_ms", "capture_ms", "model_ms", "grade_ms", "person_ms", "total_ms")
    return {
        "v": 1,
        "origin": ORIGIN,
        "merchant": "m1",
        "site": "s1",
        "station": "bench1",
        "device": {"key": key, "boot": "0" * 32, "counter": counter},
        "unit": {
            "id": f"R{counter}/1/1",
            "sku": "MUG-1",
            "inspection": 1,
            "purpose": "first",
            "identified_by": "rfid",
        },
        "findings": [],
        "findings_file": None,
        "machine_ppm": [100_000, 800_000, 100_000],
        "final_ppm": [0, 1_000_000, 0],
        "proposal": {"shown": True, "rule": "value.best", **GRADED},
        "verdict": {
            "kind": "confirm",
            "rule": "value.best",
            "reasons": [],
            "exception": None,
            "override_reason": None,
            "role": "inspector",
            **GRADED,
        },
        "versions": {
            "program": "0.1.0",
            "policy": {"name": "default/1", "sha256": SHA},
            "models": [],
            "bank": None,
        },
        "timings": dict.fromkeys(timings, 5),
        "evidence": [image_object(counter)],
        "clock": {"state": "good", "device_time": AT, "monotonic_ns": 1, "offset_ms": 0},
        "personal": {**commitments, "order": SHA},
    }


def instruction_object(counter: int) -> dict[str, Any]:
    """The body of an instruction as it stands in the ledger."""
    unit = f"R{counter}/1/1"
    return {
        "v": 1,
        "id": f"{unit}#1",
        "number": 1,
        "merchant": "m1",
        "site": "s1",
        "unit": unit,
        "authorization": f"R{counter}",
        "order_commitment": SHA,
        "kind": "partial",
        "target_total_minor": 800,
        "currency": "EUR",
        "grade": "used",
        "disposition": "resale",
        "exception": None,
        "rule": "refund.share",
        "reasons": [],
        "images": [],
        "issued_at": AT,
    }


def small_log() -> Log:
    """Twelve entries: a key, verdicts, and what follows from them."""
    log = Log()
    log.add_key()
    for counter in range(1, 6):
        log.add_verdict(counter)
        log.add_instruction(counter)
    log.add_parcel()
    return log


@pytest.fixture(scope="session")
def log() -> Log:
    """One log for all tests that only read it."""
    return small_log()


@pytest.fixture
def fresh_log() -> Callable[[], Log]:
    """Make a log that a test may go on writing."""
    return small_log


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 1, 31, 8, 0, tzinfo=UTC)


@pytest.fixture
def stranger() -> Ed25519PrivateKey:
    """A key that nobody enrolled."""
    return Ed25519PrivateKey.from_private_bytes(os.urandom(32))


@pytest.fixture
def opened() -> Callable[[bytes], io.BytesIO]:
    return io.BytesIO
