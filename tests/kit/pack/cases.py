"""Evidence cases made as a centre makes them: real leaves, proofs, seals and photos, and no centre."""

import base64
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.canonical import canonical
from inspection.custody.checkpoint import Checkpoint, add_signatures, cosign, issue_checkpoint
from inspection.custody.leaf import GENESIS, EntryType, Leaf, leaf_hash_hex
from inspection.custody.merkle import leaf_hash
from inspection.custody.note import Algorithm, note_key
from inspection.custody.policy import TrustedLog, TrustedWitness, TrustPolicy, write_policy
from inspection.custody.proof import TlogProof
from inspection.custody.sealing import commit
from inspection.custody.signing import Domain, key_id, public_bytes, sign
from inspection.custody.tiles import TreeView
from inspection.record import InspectionRecord, read_record
from kit.pack.case import EvidenceCase, PackEntry, PackOpening, PackPhoto
from tests.conftest import RECORD, merged

ORIGIN = "centre.example/site/s1"
UNIT = "R1/1/1"
PPM = 1_000_000
MADE = "2026-02-01T09:30:00.000000Z"
WITNESS = "witness.example/w1"
VIEWS = ("top", "left", "right", "front", "back", "bottom")
VALUES = {"inspector": "i-17", "order": "O-2026-0117", "customer": "C-9001", "note": None, "tag": None}


def seeded(name: str) -> bytes:
    """32 bytes that are the same in every run."""
    return sha256(name.encode()).digest()


def photo_of(view: str, width: int = 640, height: int = 480) -> bytes:
    """A JPEG of a thing on a bench: enough to see that a page shows it."""
    image = np.full((height, width, 3), 226, np.uint8)
    shade = (40 * VIEWS.index(view) + 60) % 200
    cv2.rectangle(image, (width // 5, height // 5), (4 * width // 5, 4 * height // 5), (shade, 120, 160), -1)
    cv2.line(image, (width // 3, height // 3), (width // 2, height // 2), (30, 30, 30), 3)
    cv2.putText(image, view, (width // 4, 3 * height // 4), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (255,) * 3, 3)
    return bytes(cv2.imencode(".jpg", image)[1])


def base64_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@dataclass(kw_only=True)
class Log:
    """A log as a centre writes it, with one enrolled station."""

    key: Ed25519PrivateKey
    station: Ed25519PrivateKey
    leaves: list[bytes] = field(default_factory=list)

    @property
    def station_key(self) -> str:
        return key_id(public_bytes(self.station))

    def append(self, type: EntryType, id: str, body: dict[str, Any], signature: bytes | None = None) -> int:
        device = {"key": self.station_key, "signature": base64_text(signature)} if signature else None
        leaf = Leaf(
            log=ORIGIN,
            seq=len(self.leaves),
            prev=leaf_hash_hex(self.leaves[-1]) if self.leaves else GENESIS,
            type=type,
            id=id,
            recorded_at=f"2026-01-31T08:00:{len(self.leaves):02}.000000Z",
            body=body,
            device=device,
        )
        self.leaves.append(leaf.to_bytes())
        return leaf.seq

    def enrol(self) -> int:
        public = base64_text(public_bytes(self.station))
        body: dict[str, Any] = {"role": "station", "station": "st1", "site": "s1", "key": self.station_key}
        body |= {"public_key": public, "name": None}
        return self.append(EntryType.KEY_ADD, f"key:{self.station_key}", body)

    def record(self, counter: int, changes: dict[str, Any]) -> InspectionRecord:
        device = {"device": {"key": self.station_key, "boot": seeded("boot").hex()[:32], "counter": counter}}
        return read_record(canonical(merged(merged(RECORD, device), changes)))

    def verdict(self, record: InspectionRecord) -> int:
        content = record.to_bytes()
        signature = sign(self.station, Domain.RECORD, content)
        return self.append(EntryType.VERDICT, f"verdict:{record.id}", orjson.loads(content), signature)


@dataclass
class Maker:
    """Builds one case step by step."""

    log: Log
    unit: str = UNIT
    merchant: str = "m1"
    openings: list[PackOpening] = field(default_factory=list)
    photos: list[PackPhoto] = field(default_factory=list)
    mine: list[int] = field(default_factory=list)

    def verdict(self, *views: str, counter: int = 1, **changes: Any) -> InspectionRecord:
        """A signed verdict with these photos and with openings of its personal fields."""
        return self.verdict_of({view: photo_of(view) for view in views}, counter, **changes)

    def verdict_of(self, shots: dict[str, bytes], counter: int = 1, **changes: Any) -> InspectionRecord:
        """As `verdict`, with photos of one's own by view."""
        personal = {
            name: commit(seeded(name), value) if value is not None else None for name, value in VALUES.items()
        }
        base: dict[str, Any] = {
            "unit": {"id": self.unit, "inspection": counter},
            "evidence": [self._evidence(view, content) for view, content in shots.items()],
            "personal": personal,
        }
        record = self.log.record(counter, {"findings": []} | merged(base, changes))
        self.mine.append(self.log.verdict(record))
        self._keep(record, shots)
        return record

    def _evidence(self, view: str, content: bytes) -> dict[str, Any]:
        return {
            "ciphertext_sha256": sha256(b"sealed" + content).hexdigest(),
            "bytes": len(content) + 28,
            "media_type": "image/jpeg",
            "plaintext_commitment": commit(seeded(view), sha256(content).hexdigest()),
            "view": view,
            "captured_at": "2026-01-31T08:00:00.000000Z",
            "quality": {"sharpness": 300, "brightness": 120},
        }

    def _keep(self, record: InspectionRecord, shots: dict[str, bytes]) -> None:
        for item, (view, content) in zip(record.evidence, shots.items(), strict=True):
            self.photos.append(
                PackPhoto(
                    record=record.id,
                    view=view,
                    media_type=item.media_type,
                    ciphertext_sha256=item.ciphertext_sha256,
                    salt=seeded(view),
                    content=content,
                )
            )
        for name, value in VALUES.items():
            if value is not None:
                self.openings.append(
                    PackOpening(record=record.id, field=name, salt=seeded(name), value=value)
                )

    def refund(self, record: InspectionRecord, number: int = 1) -> None:
        """The instruction that follows from a verdict, and what the shop reported of it."""
        verdict = record.verdict
        body = {
            "v": 1,
            "id": f"{self.unit}#{number}",
            "number": number,
            "merchant": record.merchant,
            "site": record.site,
            "unit": self.unit,
            "authorization": "R1",
            "order_commitment": record.personal.order,
            "kind": "partial",
            "target_total_minor": 4500,
            "currency": "CNY",
            "grade": verdict.grade.value,
            "disposition": verdict.disposition.value,
            "exception": None,
            "rule": "refund.share",
            "reasons": ["share_of_paid"],
            "images": [item.ciphertext_sha256 for item in record.evidence],
            "issued_at": "2026-01-31T08:00:02.000000Z",
        }
        self._add(EntryType.REFUND_INSTRUCTION, f"instruction:{self.unit}#{number}", body)
        outcome = {name: body[name] for name in ("v", "merchant", "unit", "currency", "target_total_minor")}
        outcome |= {
            "id": f"pay-{number}",
            "instruction": body["id"],
            "status": "settled",
            "refunded_total_minor": 4500,
            "happened_at": "2026-01-31T09:00:00.000000Z",
            "matches": True,
        }
        self._add(EntryType.REFUND_OUTCOME, f"outcome:{record.merchant}:pay-{number}", outcome)

    def _add(self, type: EntryType, id: str, body: dict[str, Any]) -> None:
        self.mine.append(self.log.append(type, id, body))

    def case(
        self, *witnesses: Ed25519PrivateKey, witnessed_at_s: int = 1_769_900_000, **changes: Any
    ) -> EvidenceCase:
        """The case, proven in the log as it stands and cosigned by these witnesses, all of them needed."""
        prover = Prover(log=self.log, witnesses=witnesses, witnessed_at_s=witnessed_at_s)
        whole = EvidenceCase(
            origin=ORIGIN,
            unit=self.unit,
            merchant=self.merchant,
            title="Blue mug",
            made_at=MADE,
            policy=write_policy(prover.policy()),
            entries=prover.entries([0, *self.mine]),
            openings=tuple(self.openings),
            photos=tuple(self.photos),
            masked=False,
        )
        return replace(whole, **changes)


@dataclass(frozen=True, kw_only=True)
class Prover:
    """Proofs of a log's entries in its newest checkpoint."""

    log: Log
    witnessed_at_s: int = 1_769_900_000
    witnesses: tuple[Ed25519PrivateKey, ...]

    def policy(self) -> TrustPolicy:
        """The log's key, and a quorum of the first witness if there is one."""
        keys = [
            note_key(f"{WITNESS}{at or ''}", key, Algorithm.COSIGNATURE_ED25519)
            for at, key in enumerate(self.witnesses)
        ]
        return TrustPolicy(
            logs=(TrustedLog(key=note_key(ORIGIN, self.log.key)),),
            witnesses=tuple(
                TrustedWitness(name=f"finance{at or ''}", key=key) for at, key in enumerate(keys)
            ),
            quorum="finance" if keys else "none",
        )

    def entries(self, indexes: list[int]) -> tuple[PackEntry, ...]:
        """The entries at these indexes."""
        view = self._view()
        note = issue_checkpoint(self.log.key, Checkpoint(origin=ORIGIN, size=view.size, root=view.root()))
        text = note.decode().rpartition("\n\n")[0] + "\n"
        note = add_signatures(
            note,
            *(
                cosign(key, f"{WITNESS}{at or ''}", text, self.witnessed_at_s)
                for at, key in enumerate(self.witnesses)
            ),
        )
        proofs = (TlogProof(index=at, hashes=view.inclusion(at), checkpoint=note) for at in indexes)
        return tuple(PackEntry(leaf=self.log.leaves[p.index], proof=p.to_bytes()) for p in proofs)

    def _view(self) -> TreeView:
        hashes = b"".join(leaf_hash(leaf) for leaf in self.log.leaves)
        return TreeView(len(self.log.leaves), lambda level, index, width: hashes)


def new_maker() -> Maker:
    """A log with a station's key, other units' verdicts before, and keys that never change."""
    log = Log(
        key=Ed25519PrivateKey.from_private_bytes(seeded("log")),
        station=Ed25519PrivateKey.from_private_bytes(seeded("station")),
    )
    log.enrol()
    for counter in range(40, 45):
        log.verdict(log.record(counter, {"unit": {"id": f"R{counter}/1/1"}}))
    return Maker(log)


FINDING = ["scratch", "front", "minor", 912_000, 12_000, 0, -1, [300_000, 300_000, 220_000, 220_000]]


RENDERED = Path(__file__).resolve().parents[3] / "datasets" / "rendered"
ITEM = 1
"""In a mask: the item itself; more is a defect."""


def box_of(picture: str) -> list[int]:
    """Where the defects of a rendered picture are, in ppm."""
    mask = cv2.imread(str(RENDERED / "masks" / f"{picture}.png"), cv2.IMREAD_GRAYSCALE)
    assert mask is not None
    left, top, width, height = cv2.boundingRect((mask > ITEM).astype(np.uint8))
    tall, wide = mask.shape
    return [left * PPM // wide, top * PPM // tall, width * PPM // wide, height * PPM // tall]


def shown(maker: Maker) -> Maker:
    """A phone with a cracked front, as the pictures of the docs show it."""
    maker.unit, maker.merchant = "RMA-20417/1/1", "blue"
    crack, scratch = "phone/5/041_damaged", "phone/5/040_damaged"
    shots = {
        view: (RENDERED / "pictures" / f"{picture}.jpg").read_bytes()
        for view, picture in {"top": crack, "left": scratch}.items()
    }
    verdict = {"grade": "damaged", "condition": "D", "disposition": "repair", "channel": "refurbish"}
    record = maker.verdict_of(
        shots,
        unit={"sku": "PHONE-X5"},
        merchant="blue",
        versions={"policy": {"sha256": seeded("policy").hex()}},
        verdict={**verdict, "reasons": ["electronics:crack.front.major"]},
        final_ppm=[0, 0, PPM],
        findings=[
            ["crack", "front", "major", 962_000, 16_941, 0, 0, box_of(crack)],
            ["scratch", "front", "major", 878_000, 9_747, 1, 0, box_of(scratch)],
        ],
    )
    maker.refund(record)
    return maker


def usual(maker: Maker) -> Maker:
    """Two photos, one finding, a refund."""
    maker.refund(maker.verdict("top", "left", findings=[FINDING]))
    return maker
