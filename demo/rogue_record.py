"""A record as the intruder makes it up: well formed, so that only the intended fault is in it."""

from datetime import UTC, datetime
from typing import Any

from inspection.messages.base import time_text
from inspection.policy import DEFAULT_POLICY

NOTHING = "0" * 64


def record_of(
    *,
    origin: str,
    site: str,
    station: str,
    key: str,
    boot: str,
    sku: str,
    merchant: str,
    unit: str,
    counter: int,
    at: datetime | None = None,
    image: str | None = None,
) -> dict[str, Any]:
    """The JSON object of a record that hands a unit on: it can move no money."""
    now = time_text(at or datetime.now(UTC))
    held = {"grade": "ungraded", "condition": None, "disposition": "hold", "channel": "hold_area"}
    return {
        "v": 1,
        "origin": origin,
        "merchant": merchant,
        "site": site,
        "station": station,
        "device": {"key": key, "boot": boot, "counter": counter},
        "unit": {"id": unit, "sku": sku, "inspection": 1, "purpose": "first", "identified_by": "barcode"},
        "findings": [],
        "findings_file": None,
        "machine_ppm": None,
        "final_ppm": None,
        "proposal": None,
        "verdict": {
            **held,
            "kind": "escalate",
            "rule": "hold.escalated",
            "reasons": ["escalated"],
            "exception": None,
            "override_reason": None,
            "role": "inspector",
        },
        "versions": {
            "program": "0.1.0",
            "policy": {"name": DEFAULT_POLICY.id, "sha256": NOTHING},
            "models": [],
            "bank": None,
        },
        "timings": dict.fromkeys(TIMINGS, 1),
        "evidence": [_image(image, now)] if image else [],
        "clock": {"state": "good", "device_time": now, "monotonic_ns": 1, "offset_ms": 0},
        "personal": dict.fromkeys(("inspector", "order", "customer", "note", "tag")),
    }


TIMINGS = ("identify_ms", "capture_ms", "model_ms", "grade_ms", "person_ms", "total_ms")


def _image(sha256: str, at: str) -> dict[str, Any]:
    return {
        "ciphertext_sha256": sha256,
        "bytes": 1000,
        "media_type": "image/jpeg",
        "plaintext_commitment": NOTHING,
        "view": "top",
        "captured_at": at,
        "quality": {"sharpness": 100, "brightness": 100},
    }
