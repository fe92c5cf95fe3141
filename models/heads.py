"""What a head sees of one view, and what it answers: the place where models meet the pipeline.

The backbone runs once; its maps, the comparison with the references and the item's place are
handed to each head. A head adds Findings and nothing else, so it can be taken away again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inspection.detector import VersionedFile
from inspection.findings import Finding
from models.images import Pixels
from models.reference import Comparison
from models.session import Tensor

Mask = NDArray[np.bool_]
"""H x W; true where something is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """One view after the gate, the backbone and the comparison."""

    view: str
    pixels: Pixels
    """H x W x 3, RGB, as the backbone saw it; region boxes are shares of this picture."""
    maps: Mapping[str, Tensor]
    """Backbone outputs by name (`f4` `f8` `f16` `f32`), each C x rows x columns."""
    comparison: Comparison | None
    """None where the view has no references."""
    item: Mask | None
    """Where the item lies, in `pixels`; None where it was not located."""
    mm_per_pixel: float | None
    """Scale of `pixels` on the bench; None where the bench was not calibrated."""


class Head(Protocol):
    """A model behind the backbone that names what it finds."""

    @property
    def version(self) -> VersionedFile:
        """Name and hash of the model file, for the record."""
        ...

    def find(self, sight: Sight) -> Sequence[Finding]:
        """Findings in one view; raises ModelFailed, and never guesses on numbers that are not finite."""
        ...
