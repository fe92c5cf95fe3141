"""What a bank's file holds of a product's parts: plain values for its header, numbers behind it."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from inspection.findings import Region, Severity
from models.backbone import Matrix
from models.parts import Part, PartBank

Ppm = Annotated[int, Field(ge=0, le=1_000_000)]
Wide = Annotated[int, Field(ge=1, le=1_000_000)]
Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PartRow(BaseModel):
    """One part on a view: its box in millionths of width and height."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=64)]
    left_ppm: Ppm
    top_ppm: Ppm
    width_ppm: Wide
    height_ppm: Wide
    severity: Severity = Severity.MAJOR

    @property
    def part(self) -> Part:
        """The part as the models know it."""
        return Part(
            name=self.name,
            region=Region(
                left_ppm=self.left_ppm,
                top_ppm=self.top_ppm,
                width_ppm=self.width_ppm,
                height_ppm=self.height_ppm,
            ),
            severity=self.severity,
        )


class FittedPart(PartRow):
    """One part with what its good photos measured; the rows of numbers stand behind the header."""

    mean: Number
    spread: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    freedom: Annotated[int, Field(ge=1)]

    def bank(self, rows: Matrix) -> PartBank:
        """With its rows, photos x length."""
        return PartBank(part=self.part, rows=rows, mean=self.mean, spread=self.spread, freedom=self.freedom)


def fitted(bank: PartBank) -> FittedPart:
    """What the header holds of a part."""
    region = bank.part.region
    return FittedPart(
        name=bank.part.name,
        left_ppm=region.left_ppm,
        top_ppm=region.top_ppm,
        width_ppm=region.width_ppm,
        height_ppm=region.height_ppm,
        severity=bank.part.severity,
        mean=bank.mean,
        spread=bank.spread,
        freedom=bank.freedom,
    )


def rows_of(banks: Sequence[PartBank]) -> Matrix:
    """parts x photos x length; empty without parts."""
    return np.stack([bank.rows for bank in banks]) if banks else np.zeros((0, 0, 0), np.float32)
