"""Asks the heads about one view, and puts what they say together with what differs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from inspection.findings import Finding
from models.heads import Head, Sight
from models.naming import explains, fuse


@runtime_checkable
class Guesses(Protocol):
    """A head that also tells what it is unsure of, and how sure it must be where there are no references."""

    def quiet_ppm(self, sight: Sight) -> int:
        """Confidence from which a finding counts where nothing is compared."""
        ...

    def confirmed_ppm(self, finding: Finding) -> int:
        """Confidence of one of its findings where something differs too."""
        ...


def named_by(heads: Sequence[Head], sight: Sight, differences: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings of one view: what heads name, and the differences that none of them explains."""
    if not heads:
        return tuple(differences)
    named = [finding for head in heads for finding in _told(head, sight, differences)]
    return fuse(differences, named)


def _told(head: Head, sight: Sight, differences: Sequence[Finding]) -> list[Finding]:
    """What one head says: all of it, or of one that guesses what explains a difference.

    Beside references a guess alone counts for nothing. Of real bottles that differed in nothing, half had
    been called damaged by guesses; the limit that good photos set is the better witness of where.
    """
    found = list(head.find(sight))
    if not isinstance(head, Guesses):
        return found
    if sight.comparison is None:
        return [one for one in found if one.confidence_ppm >= head.quiet_ppm(sight)]
    there = [one for one in found if any(explains(one, difference) for difference in differences)]
    return [replace(one, confidence_ppm=max(one.confidence_ppm, head.confirmed_ppm(one))) for one in there]
