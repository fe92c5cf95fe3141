"""Why a customer returns something: free text -> a return reason, how sure, or `uncertain`.

Two readers answer, a table of phrases and a model of letter groups; what they say is added up and turned
into shares that were calibrated. Below the share from which sentences that were set apart were read rightly
often enough, nothing is said: then the shop's own code stands, or a person reads it. The answer holds codes
and numbers, never the text.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inspection.claims.codes import MEANINGS, Claim
from inspection.claims.grams import CLAIMS, Logits, Tuning, Weights, shipped
from inspection.claims.plain import plain
from inspection.claims.rules import Hits, find
from inspection.findings import DefectKind
from inspection.returns import ReturnReason

Shares = NDArray[np.float64]

WHOLE_PPM = 1_000_000
SURE_FROM_PPM = 900_000
REASONS = tuple(ReturnReason)
_REASON_OF = np.array([REASONS.index(MEANINGS[claim].reason) for claim in CLAIMS])


class Band(StrEnum):
    """How sure a reading is."""

    SURE = "sure"
    LIKELY = "likely"
    UNCERTAIN = "uncertain"
    """Nothing was read: the shop's own code stands, or a person decides."""


class ReasonReader(Protocol):
    """Says of a text how much speaks for each claim; other models than the letter groups fit in here."""

    @property
    def certain_from(self) -> float:
        """Share of a reason from which it is no longer `uncertain`."""
        ...

    def logits(self, plain: str) -> Logits | None:
        """Return one number per claim, whose exponents are as the chances; None for a text it cannot read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What was made of a text. It carries nothing of the text itself, so that it may be kept and logged."""

    reason: ReturnReason | None
    """None where it is uncertain, and where the text surely gives no reason."""
    claim: Claim | None
    """The likeliest claim of that reason; `no_reason` where the text gives none; None while unclear."""
    share_ppm: int
    """Calibrated chance that the likeliest reason is right, said or not; 0 for a text with nothing in it."""
    likeliest: ReturnReason
    """The likeliest reason, also while uncertain: to be put before a person, never acted on."""
    claims: tuple[Claim, ...] = ()
    """Every claim that a phrase states, in the order of the text."""
    denied: tuple[Claim, ...] = ()
    """What the text rules out, such as "not cracked"."""

    @property
    def uncertain(self) -> bool:
        """Whether the shop's own code or a person decides: unclear, or nothing said of why."""
        return self.reason is None

    @property
    def band(self) -> Band:
        """How sure, in a word."""
        if self.uncertain:
            return Band.UNCERTAIN
        return Band.SURE if self.share_ppm >= SURE_FROM_PPM else Band.LIKELY

    @property
    def kinds(self) -> frozenset[DefectKind]:
        """Defects that the text claims; empty while uncertain."""
        told = () if self.claim is None or self.uncertain else (self.claim, *self.claims)
        return frozenset[DefectKind]().union(*(MEANINGS[claim].kinds for claim in told))


def understand(text: str, weights: Weights | None = None, other: ReasonReader | None = None) -> Understood:
    """Return what a text says of why; any text is answered, in bounded time.

    `other` reads instead of the letter groups where no phrase stands, neither claimed nor denied nor asked
    about: a claimed one is nearly always right, and what is denied another reader would take for said.
    """
    model = weights or shipped()
    read = plain(text)
    if not read:
        return Understood(reason=None, claim=None, share_ppm=0, likeliest=ReturnReason.OTHER)
    hits = find(read)
    if other is not None and hits == Hits() and (said := other.logits(read)) is not None:
        return _answer(shares(said, 1.0), hits, other.certain_from)
    said = model.logits(read) + weigh(hits, model.tuning)
    group = int(bool(hits.claimed))
    return _answer(shares(said, model.tuning.sharpness[group]), hits, model.tuning.certain_from[group])


def weigh(hits: Hits, tuning: Tuning) -> Logits:
    """Return what the phrases of a text add to each claim, and take from it."""
    said = np.zeros(len(CLAIMS), dtype=np.float32)
    for place, claim in enumerate(hits.claimed):
        said[CLAIMS.index(claim)] = tuning.claimed / (1 + place)
    for claim in (*hits.denied, *hits.asked):
        said[CLAIMS.index(claim)] = -tuning.denied
    return said


def shares(logits: Logits, sharpness: float) -> Shares:
    """Return the share of each claim; they add up to one."""
    sharp = (logits - logits.max()) * np.float32(sharpness)
    risen: Shares = np.exp(sharp, dtype=np.float64)
    risen /= risen.sum()
    return risen


def by_reason(claim_shares: Shares) -> Shares:
    """Return the share of each return reason, in the order of `ReturnReason`."""
    whole = np.zeros(len(REASONS))
    np.add.at(whole, _REASON_OF, claim_shares)
    return whole


def _answer(each: Shares, hits: Hits, certain_from: float) -> Understood:
    whole = by_reason(each)
    best = int(whole.argmax())
    certain = whole[best] >= certain_from
    claim = CLAIMS[int(np.where(best == _REASON_OF, each, -1).argmax())]
    return Understood(
        reason=REASONS[best] if certain and claim != Claim.NO_REASON else None,
        claim=claim if certain else None,
        share_ppm=round(float(whole[best]) * WHOLE_PPM),
        likeliest=REASONS[best],
        claims=hits.claimed,
        denied=hits.denied,
    )
