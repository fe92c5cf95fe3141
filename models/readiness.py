"""The readiness card: what a SKU's references prove, and what they cannot show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from inspection.autonomy import error_upper_bound
from inspection.detector import VersionedFile
from models.backbone import Backbone
from models.bankfile import ViewBank
from models.calibration import MIN_SHOTS, UNIT_FALSE_ALARM, calibrate
from models.errors import NoReferences
from models.images import read_header
from models.store import ReferenceStore

FEW_SHOTS = 8
"""With fewer photos the limit lies far out (Student's t with few degrees of freedom)."""
CELL_PIXELS = 8
"""Side of one cell of the comparison, in pixels of the model's picture."""
BLIND = ("other_views", "small", "kind", "wear", "pose")
"""Codes of what no comparison with good photos can see (words: `blind.<code>`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewReadiness:
    """One view's figures; those after `shots` are None while it has too few photos."""

    view: str
    shots: int
    limit: float | None = None
    median_left_out: float | None = None
    """Leave-one-out score in shares of the limit."""
    largest_left_out: float | None = None
    false_alarms: int | None = None
    """Photos beyond the limit that the other photos alone would have set."""
    false_alarm_bound: float | None = None
    """The rate that these photos exclude with 95 % confidence, 0..1 (Clopper and Pearson)."""
    least_pixels: int | None = None
    """Side of one cell in pixels of the first photo: smaller marks are averaged away."""
    bank_sha256: str | None = None

    @property
    def missing(self) -> int:
        """Photos still needed before anything is compared."""
        return max(0, MIN_SHOTS - self.shots)

    @property
    def few(self) -> bool:
        """Whether there are so few that only a large difference passes the limit."""
        return self.bank_sha256 is not None and self.shots < FEW_SHOTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The card of one SKU."""

    merchant: str
    sku: str
    views: tuple[ViewReadiness, ...]
    backbone: VersionedFile
    unit_false_alarm: float = UNIT_FALSE_ALARM
    blind: tuple[str, ...] = BLIND


def readiness(store: ReferenceStore, backbone: Backbone, sku: str) -> Readiness:
    """The card of a SKU; raises NoReferences for one that nothing was enrolled under."""
    views = store.views(sku)
    if not views:
        raise NoReferences(f"no references of {sku!r} here: add good photos first")
    return Readiness(
        merchant=store.merchant,
        sku=sku,
        views=tuple(view_readiness(store, backbone, sku, view) for view in views),
        backbone=backbone.version,
    )


def view_readiness(store: ReferenceStore, backbone: Backbone, sku: str, view: str) -> ViewReadiness:
    """The figures of one view."""
    shots = store.count(sku, view)
    found = store.bank(sku, view, backbone_sha256=backbone.version.sha256)
    if found is None:
        return ViewReadiness(view=view, shots=shots)
    scores = found.bank.leave_one_out
    limit = found.bank.calibration.limit()
    alarms = cross_checked_alarms(scores)
    return ViewReadiness(
        view=view,
        shots=shots,
        limit=limit,
        median_left_out=median(scores) / limit,
        largest_left_out=max(scores) / limit,
        false_alarms=alarms,
        false_alarm_bound=error_upper_bound(alarms, len(scores)),
        least_pixels=cell_side(store, sku, view, found),
        bank_sha256=found.sha256,
    )


def cross_checked_alarms(scores: Sequence[float]) -> int:
    """How many scores lie beyond the limit that the others set: no photo judges itself."""
    if len(scores) <= MIN_SHOTS:
        return 0
    return sum(
        score > calibrate([*scores[:index], *scores[index + 1 :]]).limit()
        for index, score in enumerate(scores)
    )


def cell_side(store: ReferenceStore, sku: str, view: str, bank: ViewBank) -> int:
    """One cell's side in pixels of the camera's own picture."""
    header = read_header(store.photos(sku, view)[0].content)
    longer, shown = max(header.width, header.height), max(bank.header.width, bank.header.height)
    return max(1, round(CELL_PIXELS * longer / shown))


def as_object(card: Readiness) -> Mapping[str, object]:
    """The card as plain values, for JSON."""
    return {
        "merchant": card.merchant,
        "sku": card.sku,
        "unit_false_alarm": card.unit_false_alarm,
        "blind": list(card.blind),
        "backbone": {"name": card.backbone.name, "sha256": card.backbone.sha256},
        "views": [{name: getattr(view, name) for name in VIEW_FIELDS} for view in card.views],
    }


VIEW_FIELDS = (
    "view",
    "shots",
    "missing",
    "few",
    "limit",
    "median_left_out",
    "largest_left_out",
    "false_alarms",
    "false_alarm_bound",
    "least_pixels",
    "bank_sha256",
)
