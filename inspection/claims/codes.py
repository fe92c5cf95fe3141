"""The claims that are told apart, the return reason of each, and what an inspection could see of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from inspection.findings import DefectKind
from inspection.grades import ReturnException
from inspection.returns import ReturnReason

K, X = DefectKind, ReturnException


class Claim(StrEnum):
    """What the customer says, finer than the return reason. The order is that of the model's columns."""

    CRACKED = "cracked"
    SCRATCHED = "scratched"
    DENTED = "dented"
    STAINED = "stained"
    TORN = "torn"
    LEAKING = "leaking"
    BROKEN = "broken"
    """Damaged, and not said how."""
    OWN_DAMAGE = "own_damage"
    """Damaged by the customer, as the customer says."""
    SWOLLEN_BATTERY = "swollen_battery"
    PACKAGE_DAMAGED = "package_damaged"
    DOES_NOT_WORK = "does_not_work"
    POOR_QUALITY = "poor_quality"
    MISSING_PART = "missing_part"
    WRONG_ITEM = "wrong_item"
    NOT_AS_DESCRIBED = "not_as_described"
    COUNTERFEIT = "counterfeit"
    USED_BEFORE = "used_before"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    DOES_NOT_FIT = "does_not_fit"
    CHANGED_MIND = "changed_mind"
    ORDERED_BY_MISTAKE = "ordered_by_mistake"
    FOUND_CHEAPER = "found_cheaper"
    LATE = "late"
    NO_REASON = "no_reason"
    """A greeting, a question, a wish: nothing about why."""


class Sight(StrEnum):
    """What a bench with cameras can say of a claim."""

    SHOWS = "shows"
    """What is claimed can be seen, or its absence."""
    INTACT = "intact"
    """The item is claimed to be in order: damage is news."""
    HIDDEN = "hidden"
    """No picture shows it; damage is still news."""


class ClaimCheck(StrEnum):
    """How a claim and an inspection stand to each other."""

    AGREES = "agrees"
    """What was claimed was found, or nothing was claimed and nothing found."""
    NOT_FOUND = "not_found"
    """A defect was claimed that pictures show, and they do not show it."""
    FOUND_OTHER = "found_other"
    """Something else was found than what was claimed."""
    FOUND_UNCLAIMED = "found_unclaimed"
    """Damage was found on an item that was claimed to be in order, or whose state was not the claim."""
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What one claim comes to."""

    reason: ReturnReason
    sight: Sight
    kinds: frozenset[DefectKind] = frozenset()
    """Defects any of which bears the claim out."""
    exceptions: frozenset[ReturnException] = frozenset()
    """Exceptions any of which bears the claim out."""


def _shows(reason: ReturnReason, *kinds: DefectKind, exceptions: tuple[ReturnException, ...] = ()) -> Meaning:
    return Meaning(reason=reason, sight=Sight.SHOWS, kinds=frozenset(kinds), exceptions=frozenset(exceptions))


def _intact(reason: ReturnReason) -> Meaning:
    return Meaning(reason=reason, sight=Sight.INTACT)


def _hidden(reason: ReturnReason, *kinds: DefectKind) -> Meaning:
    return Meaning(reason=reason, sight=Sight.HIDDEN, kinds=frozenset(kinds))


R = ReturnReason
BREAKAGE = (K.CRACK, K.CHIP, K.BROKEN_GLASS, K.DENT, K.DEFORMATION, K.TEAR, K.HOLE, K.MISSING_PART)
MEANINGS: Mapping[Claim, Meaning] = {
    Claim.CRACKED: _shows(R.DAMAGED_IN_TRANSIT, K.CRACK, K.CHIP, K.BROKEN_GLASS),
    Claim.SCRATCHED: _shows(R.DAMAGED_IN_TRANSIT, K.SCRATCH),
    Claim.DENTED: _shows(R.DAMAGED_IN_TRANSIT, K.DENT, K.DEFORMATION),
    Claim.STAINED: _shows(R.DEFECTIVE, K.STAIN, K.SMUDGE),
    Claim.TORN: _shows(R.DEFECTIVE, K.TEAR, K.HOLE),
    Claim.LEAKING: _shows(R.DAMAGED_IN_TRANSIT, K.LEAK),
    Claim.BROKEN: _shows(R.DAMAGED_IN_TRANSIT, *BREAKAGE),
    Claim.OWN_DAMAGE: _shows(R.OTHER, *BREAKAGE, K.SCRATCH, K.STAIN, K.LEAK),
    Claim.SWOLLEN_BATTERY: _shows(R.DEFECTIVE, K.SWOLLEN_BATTERY, K.DEFORMATION),
    Claim.PACKAGE_DAMAGED: _hidden(
        R.DAMAGED_IN_TRANSIT, K.DENT, K.TEAR, K.HOLE, K.CREASE, K.DEFORMATION, K.STAIN
    ),
    Claim.DOES_NOT_WORK: _hidden(R.DEFECTIVE),
    Claim.POOR_QUALITY: _hidden(R.DEFECTIVE),
    Claim.MISSING_PART: _shows(R.NOT_AS_DESCRIBED, K.MISSING_PART, exceptions=(X.MISSING_PART, X.EMPTY_BOX)),
    Claim.WRONG_ITEM: _shows(R.NOT_AS_DESCRIBED, exceptions=(X.WRONG_ITEM, X.WRONG_SERIAL)),
    Claim.NOT_AS_DESCRIBED: _hidden(R.NOT_AS_DESCRIBED),
    Claim.COUNTERFEIT: _hidden(R.NOT_AS_DESCRIBED),
    Claim.USED_BEFORE: _hidden(R.NOT_AS_DESCRIBED, K.OPENED_SEAL, K.SMUDGE),
    Claim.TOO_SMALL: _hidden(R.WRONG_SIZE),
    Claim.TOO_LARGE: _hidden(R.WRONG_SIZE),
    Claim.DOES_NOT_FIT: _hidden(R.WRONG_SIZE),
    Claim.CHANGED_MIND: _intact(R.CHANGED_MIND),
    Claim.ORDERED_BY_MISTAKE: _intact(R.CHANGED_MIND),
    Claim.FOUND_CHEAPER: _intact(R.CHANGED_MIND),
    Claim.LATE: _intact(R.OTHER),
    Claim.NO_REASON: _hidden(R.OTHER),
}
