"""What `regrade grade` says, as plain values for JSON."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from inspection.catalogue import Product
from inspection.detector import Detection, ViewScore
from inspection.findings import Finding
from inspection.grading import Grading

if TYPE_CHECKING:
    from models.heads import Sight

WHOLE_PPM = 1_000_000


def graded_object(
    sku: str, detection: Detection, grading: Grading, view_mm2: Mapping[str, float]
) -> dict[str, Any]:
    """Everything of one unit: grade, reasons, findings, scores, quality, versions, timings."""
    return {
        "sku": sku,
        "grade": grading.grade.value,
        "condition": grading.condition.value if grading.condition else None,
        "shares_ppm": (
            {name: getattr(grading.shares, name) for name in ("new", "used", "damaged")}
            if grading.shares
            else None
        ),
        "reasons": [{"rule": str(r.rule), "code": r.code.value, **dict(r.params)} for r in grading.reasons],
        "findings": [finding_object(finding, view_mm2) for finding in grading.findings],
        "views": [view_object(view) for view in detection.views],
        "quality": {
            view: {
                "sharpness": round(quality.sharpness, 1),
                "brightness": round(quality.brightness, 1),
                "faults": [fault.value for fault in quality.faults],
            }
            for view, quality in detection.quality.items()
        },
        "models": [{"name": model.name, "sha256": model.sha256} for model in detection.models],
        "bank": {"name": detection.bank.name, "sha256": detection.bank.sha256} if detection.bank else None,
        "model_ms": round(detection.model_ms, 1),
        "total_ms": round(detection.total_ms, 1),
    }


def view_areas(sights: Iterable["Sight"]) -> dict[str, float]:
    """Square millimetres of the bench that each view shows, for the views whose scale is known."""
    return {
        sight.view: sight.pixels.shape[0] * sight.pixels.shape[1] * sight.mm_per_pixel**2
        for sight in sights
        if sight.mm_per_pixel is not None
    }


def area_mm2(finding: Finding, view_mm2: Mapping[str, float]) -> int | None:
    """The finding's area as it would lie on the bench; None where the view's scale is not known."""
    whole = view_mm2.get(finding.view)
    return None if whole is None else round(whole * finding.area_ppm / WHOLE_PPM)


def finding_object(finding: Finding, view_mm2: Mapping[str, float]) -> dict[str, Any]:
    """One finding; the region's box in ppm of the view: left, top, width, height."""
    region = finding.region
    return {
        "kind": finding.kind.value,
        "zone": finding.zone.value,
        "severity": finding.severity.value,
        "confidence_ppm": finding.confidence_ppm,
        "view": finding.view,
        "area_ppm": finding.area_ppm,
        "area_mm2": area_mm2(finding, view_mm2),
        "source": finding.source,
        "region_ppm": (
            [region.left_ppm, region.top_ppm, region.width_ppm, region.height_ppm] if region else None
        ),
    }


def view_object(view: ViewScore) -> dict[str, Any]:
    """One view's score beside its limit."""
    return {
        "view": view.view,
        "score": round(view.score, 4),
        "limit": round(view.limit, 4),
        "p_value_ppm": view.p_value_ppm,
    }


def unpriced(merchant: str, sku: str, category: str) -> Product:
    """A product of which only the category is known: enough for a grade, not for a disposition."""
    return Product(
        merchant=merchant,
        sku=sku,
        gtin="0" * 14,
        title=sku,
        category=category,
        currency="XXX",
        list_price_minor=0,
        recovery=(),
    )
