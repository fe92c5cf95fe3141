"""The condition head at run time: a small logistic model over findings, scores and weight; numpy only.

    logit(grade) = log(raw share of the grade) + intercept + weights . standardised features
    shares       = softmax(logits / temperature)

The fixed map's shares are where it starts: without a verdict it would repeat them, and each confirmed
verdict moves it away. Its answer calibrates the shares; it never sets a grade.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from inspection.detector import Case, VersionedFile
from inspection.grades import GradeShares
from models.errors import ModelRefused
from models.features import NAMES, Numbers, features, log_shares
from models.manifest import ModelKind, load_model

LEAST_PPM, MOST_PPM = 1_000, 998_000
"""No verdict of others makes a unit certain."""
MAX_BYTES = 8 * 1024 * 1024

Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]
Row = Annotated[tuple[Number, ...], Field(max_length=128)]


class HeadFile(BaseModel):
    """What a head's file holds; `models/training/head.py` writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1]
    features: Annotated[tuple[str, ...], Field(max_length=64)]
    categories: Annotated[tuple[str, ...], Field(max_length=64)]
    """Those that it learnt from; about every other category it says nothing."""
    mean: Row
    spread: Annotated[tuple[Annotated[float, Field(gt=0, le=1e6)], ...], Field(max_length=128)]
    intercept: Annotated[tuple[Number, ...], Field(min_length=3, max_length=3)]
    weights: Annotated[tuple[Row, ...], Field(min_length=3, max_length=3)]
    """By grade (new, used, damaged): one weight per feature, then one per category."""
    temperature: Annotated[float, Field(gt=0.05, le=100)]
    fitted_days: Annotated[tuple[str, ...], Field(max_length=4_000)]
    """Days whose verdicts it has seen: they prove nothing about it."""
    fitted_items: Annotated[tuple[str, ...], Field(max_length=200_000)]
    """The same for items: the first 16 digits of the SHA-256 of their ids, sorted."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        columns = len(self.features) + len(self.categories)
        sizes = {len(self.mean) - len(self.features), len(self.spread) - len(self.features)}
        if sizes != {0} or any(len(row) != columns for row in self.weights):
            raise ValueError("the numbers do not fit the features")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionHead:
    """A head ready to answer."""

    file: HeadFile
    version: VersionedFile

    def answers(self, case: Case) -> bool:
        """Whether it has learnt from this category, and the case has what it needs."""
        return case.category in self.file.categories and bool(case.views)

    def shares(self, case: Case) -> GradeShares | None:
        """The chances of the grades; None where the case or the answer is no number."""
        chances = softmax(logits(self.file, case) / self.file.temperature)
        return to_ppm(chances) if np.isfinite(chances).all() else None


def logits(file: HeadFile, case: Case) -> Numbers:
    """One number per grade, before the temperature."""
    row = columns(case, file.categories)
    count = len(file.features)
    row[:count] = (row[:count] - np.asarray(file.mean)) / np.asarray(file.spread)
    found: Numbers = log_shares(case.raw) + np.asarray(file.intercept) + np.asarray(file.weights) @ row
    return found


def columns(case: Case, categories: tuple[str, ...]) -> Numbers:
    """The features, and a one in the column of the category."""
    own = [float(case.category == category) for category in categories]
    return np.concatenate([features(case), np.asarray(own, dtype=np.float64)])


def softmax(values: Numbers) -> Numbers:
    """Chances along the last axis."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    found: Numbers = powers / powers.sum(axis=-1, keepdims=True)
    return found


def to_ppm(chances: Numbers) -> GradeShares:
    """Whole ppm that add up, each kept between 0.1 % and 99.8 %; the likeliest takes the rest."""
    ppm = [max(LEAST_PPM, min(MOST_PPM, round(float(chance) * 1_000_000))) for chance in chances]
    ppm[ppm.index(max(ppm))] += 1_000_000 - sum(ppm)
    return GradeShares(new=ppm[0], used=ppm[1], damaged=ppm[2])


def load_head(folder: Path) -> ConditionHead:
    """Read a head's folder; raises ModelRefused when it is not what was published, or for another program."""
    manifest, content = load_model(folder)
    if manifest.kind is not ModelKind.CONDITION_HEAD or len(content) > MAX_BYTES:
        raise ModelRefused(f"model {folder} is no condition head")
    try:
        file = HeadFile.model_validate_json(content)
    except ValidationError as error:
        raise ModelRefused(f"model {folder}: {error.errors()[0]['msg']}") from error
    if file.features != NAMES:
        raise ModelRefused(f"model {folder} was trained on other features: train the condition head again")
    return ConditionHead(file=file, version=manifest.version)
