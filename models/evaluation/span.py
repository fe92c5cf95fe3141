"""A figure with its interval, as it is kept in a file."""

from pydantic import BaseModel, ConfigDict

from models.evaluation.bootstrap import Estimate

DIGITS = 4


class Span(BaseModel):
    """A figure with its 95 % interval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    low: float
    high: float


def span_of(estimate: Estimate) -> Span | None:
    """A figure with its interval, rounded."""
    ends = estimate.interval
    if estimate.value is None or ends is None:
        return None
    return Span(value=round(estimate.value, DIGITS), low=round(ends[0], DIGITS), high=round(ends[1], DIGITS))
