"""What a site's owner decided beforehand: channels, margins, refund shares. Data, with an id.

A policy carries no price: those are the merchant's and stand in the catalogue. `to_wire`
gives whole numbers and text only, so its canonical bytes can be hashed and signed.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from inspection.deductions import DeductionCode
from inspection.errors import BadMessage
from inspection.grades import Channel, Condition, Grade
from inspection.returns import ReturnReason

WHOLE_PPM = 1_000_000
LONGEST_UNDO_S = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeChannels:
    """By which ways a grade may leave the bench."""

    grade: Grade
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryPolicy:
    """What differs for one category."""

    category: str
    restock_from: Condition
    """Worst condition that may be sold as new again."""
    barred: tuple[Channel, ...] = ()
    """Channels that this category never takes, such as recycling of unsold apparel in the EU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRow:
    """What is owed for a grade and a return reason, as a share of the price paid."""

    grade: Grade
    reason: ReturnReason
    share_ppm: int
    """0..1,000,000."""

    def __post_init__(self) -> None:
        if not 0 <= self.share_ppm <= WHOLE_PPM:
            raise ValueError(f"a refund share must be 0..{WHOLE_PPM} ppm: {self.share_ppm}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductionRow:
    """What is proposed where a person deducts something by its code."""

    code: DeductionCode
    share_ppm: int
    """Of a whole refund, 0..1,000,000."""

    def __post_init__(self) -> None:
        if not 0 <= self.share_ppm <= WHOLE_PPM:
            raise ValueError(f"a deduction must be 0..{WHOLE_PPM} ppm: {self.share_ppm}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version of the rules that are a site's choice."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    """Name and version, such as `default/1`; changes with every change below."""
    channels: tuple[GradeChannels, ...]
    refunds: tuple[RefundRow, ...]
    """A pair without a row is paid back in full: nobody loses money by an omission."""
    categories: tuple[CategoryPolicy, ...] = ()
    restock_from: Condition = Condition.A_PLUS
    """Where the category says nothing: only what was never opened is sold as new."""
    repair_down_to: Condition = Condition.D
    """Worst condition that is worth a repair."""
    margin_ppm: int = 20_000
    """Two options nearer than this share of the list price are a close call."""
    clear_share_ppm: int = 600_000
    """A likeliest grade below this is a close call."""
    hold_when_close: bool = False
    """True: a close call is held for a supervisor; False: it is only said."""
    undo_s: int = 10
    """How long a verdict may be taken back before anybody is told to move money on it, in seconds."""
    deductions: tuple[DeductionRow, ...] = ()
    """What a person may deduct by code, as a share of a whole refund."""
    stop_confidence_ppm: int = 200_000
    """From this confidence on a finding stops a unit; low, for a missed leak costs more."""

    def __post_init__(self) -> None:
        if not 0 <= self.undo_s <= LONGEST_UNDO_S:
            raise ValueError(f"undo_s must be 0..{LONGEST_UNDO_S} seconds: {self.undo_s}")

    def channels_for(self, grade: Grade, category: str) -> tuple[Channel, ...]:
        """Return the ways open to a grade of a category."""
        named = next((row.channels for row in self.channels if row.grade == grade), ())
        special = self._category(category)
        return tuple(c for c in named if special is None or c not in special.barred)

    def restock_limit(self, category: str) -> Condition:
        """Return the worst condition of a category that is sold as new again."""
        special = self._category(category)
        return self.restock_from if special is None else special.restock_from

    def refund_share_ppm(self, grade: Grade, reason: ReturnReason) -> int:
        """Return the share of the price paid that is owed, 0..1,000,000."""
        rows = (row.share_ppm for row in self.refunds if (row.grade, row.reason) == (grade, reason))
        return next(rows, WHOLE_PPM)

    def to_wire(self) -> dict[str, Any]:
        """Return text, whole numbers, lists and dicts only: what the policy's hash is taken of."""
        wire: dict[str, Any] = _WIRE.dump_python(self, mode="json")
        return wire

    @staticmethod
    def from_wire(wire: object) -> "Policy":
        """Read back `to_wire`; raises BadMessage and names the first field that is wrong."""
        try:
            return _WIRE.validate_python(wire)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "policy"
            raise BadMessage(f"no policy: {where}: {first['msg']}") from error

    def _category(self, category: str) -> CategoryPolicy | None:
        return next((row for row in self.categories if row.category == category), None)


_WIRE = TypeAdapter(Policy)

_CUSTOMER_CHANGED = (ReturnReason.CHANGED_MIND, ReturnReason.WRONG_SIZE)

DEFAULT_POLICY = Policy(
    id="default/1",
    channels=(
        GradeChannels(
            grade=Grade.NEW,
            channels=(
                Channel.RESTOCK,
                Channel.OPEN_BOX,
                Channel.VENDOR_RETURN,
                Channel.LIQUIDATE,
                Channel.DONATE,
            ),
        ),
        GradeChannels(
            grade=Grade.USED,
            channels=(
                Channel.OPEN_BOX,
                Channel.VENDOR_RETURN,
                Channel.LIQUIDATE,
                Channel.REFURBISH,
                Channel.DONATE,
                Channel.PARTS,
                Channel.RECYCLE,
            ),
        ),
        GradeChannels(
            grade=Grade.DAMAGED,
            channels=(Channel.VENDOR_RETURN, Channel.REFURBISH, Channel.PARTS, Channel.RECYCLE),
        ),
    ),
    refunds=(
        *(RefundRow(grade=Grade.USED, reason=reason, share_ppm=800_000) for reason in _CUSTOMER_CHANGED),
        RefundRow(grade=Grade.USED, reason=ReturnReason.OTHER, share_ppm=800_000),
        *(RefundRow(grade=Grade.DAMAGED, reason=reason, share_ppm=0) for reason in _CUSTOMER_CHANGED),
        RefundRow(grade=Grade.DAMAGED, reason=ReturnReason.OTHER, share_ppm=500_000),
    ),
    categories=(
        CategoryPolicy(category="apparel", restock_from=Condition.A),
        CategoryPolicy(category="tableware", restock_from=Condition.A),
        CategoryPolicy(category="carton", restock_from=Condition.A),
    ),
    deductions=(
        DeductionRow(code=DeductionCode.MISSING_PART, share_ppm=200_000),
        DeductionRow(code=DeductionCode.MISSING_ACCESSORY, share_ppm=100_000),
        DeductionRow(code=DeductionCode.MISSING_PACKAGING, share_ppm=50_000),
        DeductionRow(code=DeductionCode.CLEANING, share_ppm=100_000),
        DeductionRow(code=DeductionCode.REPAIR, share_ppm=300_000),
        DeductionRow(code=DeductionCode.LATE, share_ppm=100_000),
    ),
)
"""What a new site starts with; the shares are an example that the site's owner replaces."""
