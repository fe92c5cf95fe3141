"""bundle.json: the part of an evidence pack that a program checks."""

from typing import Any

from inspection.custody.canonical import canonical
from inspection.custody.note import write_base64
from kit.pack.case import EvidenceCase, PackEntry, PackOpening, PackPhoto

BUNDLE_VERSION = 1
BUNDLE_KIND = "regrade-evidence"


def bundle_bytes(case: EvidenceCase) -> bytes:
    """The canonical JSON of a case; the same case gives the same bytes."""
    return canonical(
        {
            "v": BUNDLE_VERSION,
            "kind": BUNDLE_KIND,
            "origin": case.origin,
            "unit": case.unit,
            "merchant": case.merchant,
            "made_at": case.made_at,
            "policy": case.policy.decode(),
            "entries": [_entry(entry) for entry in case.entries],
            "openings": [_opening(opening) for opening in case.openings],
            "images": [_image(photo) for photo in case.photos],
        }
    )


def _entry(entry: PackEntry) -> dict[str, Any]:
    return {"index": entry.read().seq, "leaf": write_base64(entry.leaf), "proof": entry.proof.decode()}


def _opening(opening: PackOpening) -> dict[str, Any]:
    return {
        "record": opening.record,
        "field": opening.field,
        "salt": write_base64(opening.salt),
        "value": opening.value,
    }


def _image(photo: PackPhoto) -> dict[str, Any]:
    return {
        "record": photo.record,
        "view": photo.view,
        "file": photo.file,
        "media_type": photo.media_type,
        "sha256": photo.sha256,
        "ciphertext_sha256": photo.ciphertext_sha256,
        "salt": write_base64(photo.salt),
    }
