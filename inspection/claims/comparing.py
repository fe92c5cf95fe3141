"""What a customer claimed, beside what an inspection found: a flag for a person, never a rule about money.

Nothing here is asked when a refund is worked out. A claim that was not found may be a fault that no camera
sees, a text misread, or a picture that missed it; the answer sets them side by side, and a person looks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from inspection.claims.codes import MEANINGS, Claim, ClaimCheck, Sight
from inspection.claims.understanding import Understood
from inspection.findings import DefectKind, Zone
from inspection.grades import Grade, ReturnException
from inspection.grading import COUNTS_FROM_PPM
from inspection.reasons import MAX_REASONS, Reason, ReasonCode, Rule, because

WEAR = frozenset({DefectKind.OPENED_SEAL, DefectKind.SMUDGE, DefectKind.CREASE, DefectKind.DEVIATION})
"""What is no damage by itself: traces of unpacking and trying on, and a difference without a name."""
OTHER_THING = frozenset({ReturnException.WRONG_ITEM, ReturnException.WRONG_SERIAL, ReturnException.EMPTY_BOX})
"""Exceptions that say that the thing on the bench is not what was sold."""


class Seen(Protocol):
    """One finding, of an inspection or of a record."""

    @property
    def kind(self) -> DefectKind:
        """What kind of defect."""
        ...

    @property
    def zone(self) -> Zone:
        """Where on the item."""
        ...

    @property
    def confidence_ppm(self) -> int:
        """How likely it holds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What an inspection says, as far as a claim can be held against it."""

    grade: Grade
    findings: Sequence[Seen] = ()
    exception: ReturnException | None = None
    all_views: bool = True
    """Whether every view was photographed; what was not looked at was not found missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The answer, with its reasons in codes; `inspection/words` turns them into sentences."""

    check: ClaimCheck
    reasons: tuple[Reason, ...]

    @property
    def needs_look(self) -> bool:
        """Whether a person should see claim and pictures side by side."""
        return self.check in (ClaimCheck.NOT_FOUND, ClaimCheck.FOUND_OTHER, ClaimCheck.FOUND_UNCLAIMED)


def compare(understood: Understood, seen: Inspected) -> Comparison:
    """Hold a claim against an inspection; pure, and without any effect on what is owed."""
    if understood.claim is None or understood.uncertain:
        return _answer(ClaimCheck.CANNOT_TELL, _why(ReasonCode.CLAIM_UNCERTAIN))
    claims = tuple(dict.fromkeys((understood.claim, *understood.claims)))
    by_exception = _by_exception(claims, seen.exception)
    if by_exception:
        return by_exception
    if seen.grade == Grade.UNGRADED:
        return _answer(ClaimCheck.CANNOT_TELL, _why(ReasonCode.UNGRADED))
    borne_out = _borne_out(claims, seen)
    if borne_out:
        return _answer(ClaimCheck.AGREES, *borne_out)
    sights = {MEANINGS[claim].sight for claim in claims}
    if Sight.SHOWS in sights:
        shown = [claim for claim in claims if MEANINGS[claim].sight == Sight.SHOWS]
        return _not_borne_out(shown, seen)
    return _nothing_to_see(claims[0], seen, intact=sights == {Sight.INTACT})


def _by_exception(claims: Iterable[Claim], exception: ReturnException | None) -> Comparison | None:
    """An exception of the bench speaks whether or not the unit was graded."""
    if exception is None:
        return None
    for claim in claims:
        if exception in MEANINGS[claim].exceptions:
            agreed = _why(ReasonCode.CLAIM_EXCEPTION, claim=claim, exception=exception)
            return _answer(ClaimCheck.AGREES, agreed)
    if exception in OTHER_THING:
        return _answer(ClaimCheck.FOUND_OTHER, _why(ReasonCode.EXCEPTION, exception=exception))
    return None


def _borne_out(claims: Iterable[Claim], seen: Inspected) -> tuple[Reason, ...]:
    """One reason for each claim that a finding bears out."""
    found = []
    for claim in claims:
        package = claim == Claim.PACKAGE_DAMAGED
        for finding in _counted(seen):
            if finding.kind in MEANINGS[claim].kinds and (finding.zone == Zone.PACKAGING) == package:
                found.append(_why(ReasonCode.CLAIM_SEEN, claim=claim, kind=finding.kind))
                break
    return tuple(found)


def _not_borne_out(claims: Sequence[Claim], seen: Inspected) -> Comparison:
    """What pictures would show was claimed, and no finding shows it."""
    kinds = _damage(seen)
    if kinds:
        others = (_why(ReasonCode.CLAIM_OTHER_SEEN, claim=claims[0], kind=kind) for kind in kinds)
        return _answer(ClaimCheck.FOUND_OTHER, *others)
    missing = (_why(ReasonCode.CLAIM_NOT_SEEN, claim=claim) for claim in claims)
    return _unless_sure(seen) or _answer(ClaimCheck.NOT_FOUND, *missing)


def _nothing_to_see(claim: Claim, seen: Inspected, *, intact: bool) -> Comparison:
    """No picture shows what was claimed; damage is news all the same."""
    kinds = _damage(seen)
    if kinds:
        news = (_why(ReasonCode.CLAIM_DAMAGE_NEW, claim=claim, kind=kind) for kind in kinds)
        return _answer(ClaimCheck.FOUND_UNCLAIMED, *news)
    if seen.grade == Grade.DAMAGED:
        return _answer(
            ClaimCheck.FOUND_UNCLAIMED,
            _why(ReasonCode.CLAIM_DAMAGE_NEW, claim=claim, kind=DefectKind.DEVIATION),
        )
    if not intact:
        return _answer(ClaimCheck.CANNOT_TELL, _why(ReasonCode.CLAIM_NOT_VISIBLE, claim=claim))
    return _unless_sure(seen) or _answer(ClaimCheck.AGREES, _why(ReasonCode.CLAIM_INTACT, claim=claim))


def _unless_sure(seen: Inspected) -> Comparison | None:
    """Why that nothing was found says nothing; None where it does."""
    if _unnamed(seen):
        return _answer(ClaimCheck.CANNOT_TELL, _why(ReasonCode.CLAIM_UNNAMED))
    if not seen.all_views:
        return _answer(ClaimCheck.CANNOT_TELL, _why(ReasonCode.CLAIM_VIEW_MISSING))
    return None


def _counted(seen: Inspected) -> list[Seen]:
    return [finding for finding in seen.findings if finding.confidence_ppm >= COUNTS_FROM_PPM]


def _damage(seen: Inspected) -> list[DefectKind]:
    """Named kinds of damage to the item itself, each once; its carton is not the item."""
    kinds = (f.kind for f in _counted(seen) if f.zone != Zone.PACKAGING and f.kind not in WEAR)
    return list(dict.fromkeys(kinds))


def _unnamed(seen: Inspected) -> bool:
    """Whether something differs of which nobody knows what it is."""
    return seen.grade == Grade.DAMAGED or any(f.kind == DefectKind.DEVIATION for f in _counted(seen))


def _why(code: ReasonCode, **params: str) -> Reason:
    return because(Rule.CLAIM_COMPARED, code, **params)


def _answer(check: ClaimCheck, *reasons: Reason) -> Comparison:
    return Comparison(check=check, reasons=reasons[:MAX_REASONS])
