"""What is returned in a soak of refunds, and what must come of it to the cent: pure, from a seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from inspection.messages.catalogue import UnitMessage
from inspection.refund_exceptions import CaseKind, WayOut
from inspection.returns import ReturnReason

INFORM, EXECUTE = "north", "south"
"""The merchants: one is told, for the other the centre pays."""
SKU, CURRENCY, PAID = "MUG-1", "EUR", 1450
USED = 1160
"""What is owed for a used mug: 80 %."""


class Story(StrEnum):
    """What a return is about."""

    WHOLE = "whole"
    SHARED = "shared_payment"
    PARTIAL = "partial"
    CORRECTED_UP = "corrected_up"
    REPEATED = "repeated"
    CORRECTED_DOWN = "corrected_down"
    DUPLICATE = "duplicate_return"
    OVER_REFUND = "over_refund"
    BY_HAND = "refunded_by_hand"
    OTHER_MATTER = "another_refund_of_the_payment"
    WITHOUT_RETURN = "refund_without_return"


WEIGHTS = {
    INFORM: {
        Story.WHOLE: 50, Story.SHARED: 14, Story.PARTIAL: 12, Story.CORRECTED_UP: 6, Story.REPEATED: 6,
        Story.CORRECTED_DOWN: 4, Story.DUPLICATE: 4, Story.WITHOUT_RETURN: 4,
    },
    EXECUTE: {
        Story.WHOLE: 50, Story.SHARED: 16, Story.PARTIAL: 8, Story.CORRECTED_UP: 5, Story.REPEATED: 5,
        Story.CORRECTED_DOWN: 4, Story.DUPLICATE: 3, Story.OVER_REFUND: 3, Story.BY_HAND: 3,
        Story.OTHER_MATTER: 3,
    },
}  # fmt: skip

PLANNED = {
    Story.CORRECTED_DOWN: CaseKind.CORRECTED_AFTER_REFUND,
    Story.OVER_REFUND: CaseKind.OVER_REFUND,
    Story.BY_HAND: CaseKind.ALREADY_REFUNDED,
    Story.OTHER_MATTER: CaseKind.ALREADY_REFUNDED,
    Story.WITHOUT_RETURN: CaseKind.REFUND_WITHOUT_RETURN,
}
"""The case that a story must end in; a duplicate's second unit has one too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One inspection of a unit."""

    message: UnitMessage
    grade: str
    late: bool = False
    """After everything else has settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One unit: its inspections, and what must come of it."""

    unit: str
    merchant: str
    story: Story
    payment: str
    looks: tuple[Look, ...]
    expected_minor: int
    """By the centre's doing."""
    case: CaseKind | None = None

    @property
    def again(self) -> bool:
        """Whether it is the same thing, announced once more: not before the first has come."""
        return self.case is CaseKind.DUPLICATE_RETURN

    @property
    def by_hand_minor(self) -> int:
        """What somebody else pays for it."""
        return PAID if self.story in (Story.BY_HAND, Story.WITHOUT_RETURN) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Everything that is returned."""

    plots: tuple[Plot, ...]
    captured: dict[str, int]
    """By payment, of the merchant for whom the centre pays."""


def write_script(returns: int, seed: int) -> Script:
    """So many returns, half of each merchant."""
    dice = Random(seed)  # a game, not a secret
    plots: list[Plot] = []
    captured: dict[str, int] = {}
    for number in range(1, returns + 1):
        merchant = (INFORM, EXECUTE)[number % 2]
        weights = WEIGHTS[merchant]
        (story,) = dice.choices(list(weights), list(weights.values()))
        own = list(_return(merchant, number, story))
        plots += own
        if merchant == EXECUTE:
            captured |= _captured(own)
    return Script(plots=tuple(plots), captured=captured)


def _captured(plots: Sequence[Plot]) -> dict[str, int]:
    """A payment of all units of its order; too little, or with room for another matter, as it is told."""
    whole, story = PAID * len(plots), plots[0].story
    if story is Story.DUPLICATE:
        whole = PAID
    return {plots[0].payment: {Story.OVER_REFUND: PAID - 1, Story.OTHER_MATTER: 2 * PAID}.get(story, whole)}


def _return(merchant: str, number: int, story: Story) -> Iterator[Plot]:
    """The units of one return."""
    if story is Story.SHARED:
        for line in (1, 2, 3):
            yield _plot(merchant, number, story, line)
        return
    yield _plot(merchant, number, story, 1)
    if story is Story.DUPLICATE:
        yield _plot(merchant, number, story, 1, again=True)


def _plot(merchant: str, number: int, story: Story, line: int, *, again: bool = False) -> Plot:
    grades = {Story.PARTIAL: ("used",), Story.CORRECTED_UP: ("used", "new"), Story.REPEATED: ("new", "new")}
    told = {Story.CORRECTED_DOWN: ("new", "used")} | grades
    looks = [
        Look(
            message=_message(merchant, number, line, inspection, again=again),
            grade=grade,
            late=story is Story.WITHOUT_RETURN
            or (story is Story.CORRECTED_DOWN and inspection == 2)
            or again,
        )
        for inspection, grade in enumerate(told.get(story, ("new",)), 1)
    ]
    nothing = again or story in (Story.OVER_REFUND, Story.BY_HAND, Story.WITHOUT_RETURN)
    owed = 0 if nothing else USED if story is Story.PARTIAL else PAID
    message = looks[0].message
    return Plot(
        unit=message.id,
        merchant=merchant,
        story=story,
        payment=message.payment or "",
        looks=tuple(looks),
        expected_minor=owed,
        case=CaseKind.DUPLICATE_RETURN if again else PLANNED.get(story),
    )


def _message(merchant: str, number: int, line: int, inspection: int, *, again: bool) -> UnitMessage:
    authorization = f"{merchant[0].upper()}{number}{'b' if again else ''}"
    more = {"purpose": "appeal"} if inspection > 1 else {}
    return UnitMessage.model_validate(
        {
            "merchant": merchant,
            "id": f"{authorization}/{line}/1",
            "authorization": authorization,
            "order": f"O-{number}",
            "customer": f"C-{number % 997}",
            "line": line,
            "index": 1,
            "sku": SKU,
            "epc": None,
            "serial": f"{merchant}-{number}-{line}",
            "paid_minor": PAID,
            "currency": CURRENCY,
            "reason": ReturnReason.CHANGED_MIND,
            "payment": f"pi_{merchant}{number}",
            "inspection": inspection,
        }
        | more,
        strict=False,
    )


def way_out(kind: CaseKind, plot: Plot | None) -> WayOut | None:
    """What the person at the console does about a case; None leaves it to be looked at."""
    if kind is CaseKind.NEEDS_APPROVER:
        down = plot is not None and plot.story is Story.CORRECTED_DOWN
        return WayOut.ACCEPT if down else WayOut.APPROVE
    if kind is CaseKind.ALREADY_REFUNDED:
        other = plot is not None and plot.story is Story.OTHER_MATTER
        return WayOut.NOT_THIS if other else WayOut.COUNT_IT
    return {
        CaseKind.LATE_FAILURE: WayOut.SEND_AGAIN,
        CaseKind.REVERSED: WayOut.SEND_AGAIN,
        CaseKind.REJECTED: WayOut.SEND_AGAIN,
        CaseKind.UNDELIVERED: WayOut.SEND_AGAIN,
        CaseKind.REFUND_WITHOUT_RETURN: WayOut.COUNT_IT,
        CaseKind.OVER_REFUND: WayOut.ACCEPT,
        CaseKind.DUPLICATE_RETURN: WayOut.ACCEPT,
        CaseKind.CORRECTED_AFTER_REFUND: WayOut.ACCEPT,
    }.get(kind)


PERHAPS = frozenset(
    {
        CaseKind.LATE_FAILURE,
        CaseKind.REVERSED,
        CaseKind.REJECTED,
        CaseKind.UNKNOWN_OUTCOME,
        CaseKind.NEEDS_APPROVER,
    }
)
"""Cases that faults of the line, or the order of things, may bring; those of late failures are counted."""
