"""The state of a bench as plain JSON values: what `/state.json` answers and the page draws.

Pure: everything is passed in. No badge, no full order number, no key ever stands in it.
"""

from dataclasses import dataclass
from typing import Any, TypedDict

from devices.watch import DeviceStatus
from edge.bench import Bench
from edge.item import Item
from edge.outbox import Depth, Recent, RefusedRow
from edge.steps.light import ViewLight
from edge.steps.sign import verdict_statement
from edge.watch import Near
from inspection.detector import Detection
from inspection.findings import Finding
from inspection.grading import weight_off
from inspection.journey import HoldReason, State
from inspection.operator import BINS, BinMark
from inspection.reasons import codes
from inspection.record import FileVersion

SHOWN_OF_ORDER = 4


class Snapshot(TypedDict):
    """All keys; the system's other parts rely on these names."""

    station: str
    site: str
    boot: str
    state: str
    hold: dict[str, str] | None
    notice: dict[str, str | int] | None
    inspector: str | None
    language: str
    unit: dict[str, Any] | None
    tags: list[dict[str, Any]]
    weight: dict[str, Any] | None
    image_faults: list[dict[str, str]]
    exception: str | None
    pending_grade: str | None
    proposal: dict[str, Any] | None
    findings: list[dict[str, Any]]
    verdict: dict[str, Any] | None
    bin: dict[str, str] | None
    views: list[str]
    frames: list[str]
    committed: list[dict[str, Any]]
    committed_count: int
    devices: list[dict[str, Any]]
    queue_depth: int
    held: int
    oldest_queued_s: int
    pending_images: int
    refused: list[dict[str, str]]
    faults: dict[str, int]
    worklist_size: int
    models: dict[str, Any]
    clock: dict[str, Any]
    light: dict[str, Any]
    centre_reachable: bool
    uplink_trouble: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the journal says, read in one transaction."""

    depth: Depth
    recent: tuple[Recent, ...]
    refused: tuple[RefusedRow, ...]
    worklist_size: int
    committed_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LightReport:
    """What is known of the light on the bench."""

    calibrated: tuple[str, ...]
    """Views with a calibration."""
    checked: tuple[ViewLight, ...]
    """As they were last found good, or accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything around the bench."""

    station: str
    site: str
    boot: str
    language: str
    tags: tuple[Near, ...]
    views: tuple[str, ...]
    devices: tuple[DeviceStatus, ...]
    figures: Figures
    faults: dict[str, int]
    policy: FileVersion
    light: LightReport
    clock_state: str
    offset_ms: int | None
    reachable: bool
    uplink_trouble: str | None
    interrupted: str | None
    now_s: float


def snapshot(bench: Bench, around: Surroundings) -> Snapshot:
    """Put the two together."""
    item, depth = bench.item, around.figures.depth
    return Snapshot(
        station=around.station,
        site=around.site,
        boot=around.boot,
        state=bench.state.value,
        hold=_hold(bench, around.interrupted),
        notice={"code": bench.notice.code, "serial": bench.notice.serial} if bench.notice else None,
        inspector=bench.person.id if bench.person else None,
        language=bench.person.language if bench.person else around.language,
        unit=_unit(item) if item else None,
        tags=[_tag(near) for near in around.tags],
        weight=_weight(item) if item else None,
        image_faults=_image_faults(bench, item),
        exception=item.exception.value if item and item.exception else None,
        pending_grade=item.pending_grade.value if item and item.pending_grade else None,
        proposal=_proposal(item) if item else None,
        findings=[_finding(finding) for finding in _findings(item)],
        verdict=verdict_statement(item.verdict).model_dump(mode="json") if item and item.verdict else None,
        bin=_bin(BINS[item.verdict.disposition]) if item and item.verdict else None,
        views=list(around.views),
        frames=[frame.view for frame in item.frames] if item else [],
        committed=[_recent(each) for each in around.figures.recent],
        committed_count=around.figures.committed_count,
        devices=[_device(status) for status in around.devices],
        queue_depth=depth.queued,
        held=depth.held,
        oldest_queued_s=max(0, round(around.now_s - depth.oldest_at)) if depth.oldest_at else 0,
        pending_images=depth.pending_images,
        refused=[{"unit": r.unit, "reason": r.reason, "detail": r.detail} for r in around.figures.refused],
        faults=around.faults,
        worklist_size=around.figures.worklist_size,
        models=_models(around.policy, item.detection if item else None),
        clock={"state": around.clock_state, "offset_ms": around.offset_ms},
        light=_light(around.light, bench),
        centre_reachable=around.reachable,
        uplink_trouble=around.uplink_trouble,
    )


def masked(order: str) -> str:
    """Only the end of an order number: enough to compare with a slip, too little to look it up."""
    return "***" + order[-SHOWN_OF_ORDER:] if len(order) > SHOWN_OF_ORDER else "***"


def _hold(bench: Bench, interrupted: str | None) -> dict[str, str] | None:
    if bench.hold is not None:
        return {"reason": bench.hold.reason.value, "detail": bench.hold.detail}
    # Of the item that lies there now nothing was interrupted: the page may look while its step still runs.
    told = interrupted if bench.item is None else None
    return {"reason": "interrupted", "detail": told} if told else None


def _unit(item: Item) -> dict[str, Any]:
    unit, product = item.expected.unit, item.expected.product
    return {
        "id": unit.id,
        "merchant": item.expected.merchant,
        "sku": product.sku,
        "title": product.title,
        "category": product.category,
        "reason": unit.reason.value,
        "paid_minor": unit.paid_minor,
        "currency": unit.currency,
        "order_masked": masked(unit.order),
        "deadline": unit.deadline.isoformat() if unit.deadline else None,
        "inspection": item.expected.inspection,
        "purpose": item.expected.purpose.value,
        "identified_by": item.identified_by,
    }


def _weight(item: Item) -> dict[str, Any] | None:
    """The newest weight beside the product's own; `fits` is None where one of them is not known."""
    if not item.weights:
        return None
    weight, product = item.weights[-1], item.expected.product
    off = weight_off(product, weight.weight_g)
    return {
        "as_sent": weight.as_sent,
        "grams": weight.weight_g,
        "expected_g": product.weight_g,
        "tolerance_g": product.weight_tolerance_g,
        "fits": None if off is None else abs(off) <= 1,
    }


def _image_faults(bench: Bench, item: Item | None) -> list[dict[str, str]]:
    if item is None or bench.state != State.RECAPTURE:
        return []
    return [{"view": view, "fault": fault.value} for view, fault in item.image_faults]


def _light(light: LightReport, bench: Bench) -> dict[str, Any]:
    """`not_calibrated`, `unchecked`, `drifted`, `accepted` or `good`, and each view as last checked."""
    accepted = any(one.accepted_by for one in light.checked)
    held = bench.hold is not None and bench.hold.reason == HoldReason.LIGHT_DRIFT
    rows = (
        (not light.calibrated, "not_calibrated"),
        (held, "drifted"),
        (not light.checked, "unchecked"),
        (accepted, "accepted"),
    )
    views = [
        {
            "view": one.view,
            "calibrated_at": one.calibrated_at.isoformat(),
            "mm_per_pixel": round(one.mm_per_pixel, 4),
            "brightness": round(one.brightness, 3),
            "drifts": [drift.value for drift in one.drifts],
        }
        for one in light.checked
    ]
    return {"state": next((state for holds, state in rows if holds), "good"), "views": views}


def _proposal(item: Item) -> dict[str, Any] | None:
    proposal = item.proposal
    if proposal is None:
        return None
    grading, decision = proposal.grading, proposal.decision
    shares = grading.shares
    return {
        "grade": grading.grade.value,
        "condition": grading.condition.value if grading.condition else None,
        "disposition": decision.disposition.value,
        "channel": decision.channel.value,
        "rule": decision.rule.value,
        "shares_ppm": [shares.new, shares.used, shares.damaged] if shares else None,
        "reasons": list(codes((*decision.reasons, *grading.reasons))),
    }


def _findings(item: Item | None) -> tuple[Finding, ...]:
    if item is None:
        return ()
    if item.proposal is not None:
        return item.proposal.grading.findings
    return item.detection.findings if item.detection else ()


def _finding(finding: Finding) -> dict[str, Any]:
    box = finding.region
    return {
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "view": finding.view,
        "region_ppm": [box.left_ppm, box.top_ppm, box.width_ppm, box.height_ppm] if box else None,
        "confidence_ppm": finding.confidence_ppm,
    }


def _bin(mark: BinMark) -> dict[str, str]:
    return {"letter": mark.letter, "color": mark.color, "shape": mark.shape}


def _recent(recent: Recent) -> dict[str, Any]:
    return {
        "unit": recent.unit,
        "grade": recent.grade,
        "disposition": recent.disposition,
        "ledger_index": recent.ledger_index,
        "seconds": round(recent.seconds, 1),
        "state": recent.state,
    }


def _tag(near: Near) -> dict[str, Any]:
    return {"epc_hex": near.epc.hex(), "known": near.known, "sort": near.sort, "place": near.place}


def _device(status: DeviceStatus) -> dict[str, Any]:
    return {
        "name": status.name,
        "driver": status.driver,
        "kind": status.kind,
        "state": status.state,
        "reason": status.reason,
        "says": dict(status.values),
    }


def _models(policy: FileVersion, detection: Detection | None) -> dict[str, Any]:
    return {
        "policy": policy.model_dump(),
        "models": [{"name": m.name, "sha256": m.sha256} for m in detection.models] if detection else [],
        "bank": {"name": detection.bank.name, "sha256": detection.bank.sha256}
        if detection and detection.bank
        else None,
    }
