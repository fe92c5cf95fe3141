"""How references are compared: one frozen recipe, whose levers can be switched off one by one.

The recipe stands in the header of every bank, for a bank is only good for the way it was made.
Why these levers, with figures: docs/decisions/0014-how-references-are-compared.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

MAX_ROWS = 4096
"""Of one look's bank: bounds its size, and the time of a comparison when there are many photos."""
FINE_LEVELS = ("f8", "f16")
"""Maps with small cells: marks, edges, prints."""
DEEP_LEVELS = ("f16", "f32")
"""Maps with large surroundings: what a part is, in whatever light it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One way to compare a view: which maps of the backbone, of which picture."""

    levels: tuple[str, ...]
    """Maps that lie side by side in a patch; the first one's cells are the patches."""
    finer: bool
    """Of the finer picture; else of the one that heads see too."""
    share: float
    """Of each photo's patches that stays in the bank."""
    most_rows: int
    """Of all photos together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Every choice of the comparison; the defaults are plain comparison, all levers off."""

    side: int = 320
    """Pixels; the model sees about side*side of a view, in the camera's own shape."""
    fine_side: int = 0
    """Pixels of a second, finer look, at most twice what the camera gave; 0: there is none."""
    deep: bool = False
    """Compare the deep maps beside the fine ones."""
    share: float = 0.10
    """Of each photo's patches that stays in the bank."""
    top: float = 0.0
    """The score is the mean of this share of the map, the largest values of it; 0: the largest one."""
    by_place: bool = True
    """Divide by what is normal at the place; else by what is normal in the view."""

    @property
    def looks(self) -> tuple[Look, ...]:
        """The looks whose maps are averaged; the first one's cells are the cells of the result."""
        looks = [Look(levels=FINE_LEVELS, finer=False, share=self.share, most_rows=MAX_ROWS)]
        if self.deep:
            looks.append(Look(levels=DEEP_LEVELS, finer=False, share=self.share, most_rows=MAX_ROWS))
        if self.fine_side:
            levels = DEEP_LEVELS if self.deep else FINE_LEVELS
            looks.append(Look(levels=levels, finer=True, share=self.share / 2, most_rows=MAX_ROWS // 2))
        return tuple(looks)


PLAIN = Recipe()
"""All levers off."""
DEFAULT = Recipe(fine_side=640, deep=True, share=0.25, top=0.01)
"""What a bank is made with."""

LEVERS: Mapping[str, str] = {
    "finer": "a second look at four times the pixels",
    "deep": "the maps of strides 16 and 32 beside those of 8 and 16",
    "denser": "a quarter of each photo's patches in the bank, not a tenth",
    "top": "the score is the mean of the hundredth of the map that differs most, not the largest value",
    "by_place": "distances are divided by what is normal at the place, not in the view",
}
"""Name of each lever, and what it does."""

OFF: Mapping[str, Mapping[str, int | float | bool]] = {
    "finer": {"fine_side": PLAIN.fine_side},
    "deep": {"deep": PLAIN.deep},
    "denser": {"share": PLAIN.share},
    "top": {"top": PLAIN.top},
    "by_place": {"by_place": False},
}
"""What switches a lever off."""


def without(recipe: Recipe, lever: str) -> Recipe:
    """The recipe with one lever switched off; raises KeyError for a name that is no lever."""
    return replace(recipe, **OFF[lever])  # type: ignore[arg-type]  # a table of fields by name
