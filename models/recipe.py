"""How references are compared: one frozen recipe, whose levers can be switched off one by one.

The recipe stands in the header of every bank, for a bank is only good for the way it was made.
Why these levers, with figures: docs/decisions/0014-how-references-are-compared.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

MAX_ROWS = 4096
"""Of one look's bank: bounds its size, and the time of a comparison when there are many photos."""
PLAIN_LEVELS = ("f8", "f16")
"""Side by side: marks, edges, prints."""
MIDDLE, DEEP = ("f16",), ("f32",)
"""Each by itself: a part and what is near it; what the whole is, in whatever light it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One way to compare a view: which maps of the backbone, of which picture."""

    levels: tuple[str, ...]
    """Maps that lie side by side in a patch; the first one's cells are the patches."""
    finer: bool
    """Of the finer picture; else of the one that heads see too."""
    direction: bool
    """Patches are brought to one length: which features are strong counts, not how strong they are."""
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
    """Pixels of a second, finer picture, at most twice what the camera gave, for the views where it
    tells marks apart that the first one does not (`learning.py`); 0: for none."""
    apart: bool = False
    """Compare the maps of strides 16 and 32, each by itself, not those of 8 and 16 side by side."""
    small: bool = False
    """Compare those of 8 and 16 side by side too, where the others are compared apart."""
    direction: bool = False
    """Compare the patches once more by their direction alone."""
    share: float = 0.10
    """Of each photo's patches that stays in the bank; the few of stride 32 are worth four times that."""
    top: float = 0.0
    """The score is the mean of this share of the map, the largest values of it; 0: the largest one."""
    by_place: bool = True
    """Divide by what is normal at the place; else by what is normal in the view."""

    @property
    def looks(self) -> tuple[Look, ...]:
        """The looks whose maps are averaged; those of the finer picture stand last."""
        return self.whole_looks + self.finer_looks

    @property
    def whole_looks(self) -> tuple[Look, ...]:
        """The looks at the picture that heads see too."""
        looks = [self._look(PLAIN_LEVELS)] if self.small or not self.apart else []
        if self.apart:
            looks += [self._look(MIDDLE), self._look(DEEP, share=min(1.0, 4 * self.share))]
        if self.direction:
            looks.append(self._look(MIDDLE, direction=True))
        return tuple(looks)

    @property
    def finer_looks(self) -> tuple[Look, ...]:
        """The looks at the finer picture."""
        if not self.fine_side:
            return ()
        looks = [self._look(MIDDLE if self.apart else PLAIN_LEVELS, finer=True)]
        if self.direction:
            looks.append(self._look(MIDDLE, finer=True, direction=True))
        return tuple(looks)

    def _look(
        self,
        levels: tuple[str, ...],
        *,
        finer: bool = False,
        direction: bool = False,
        share: float | None = None,
    ) -> Look:
        """One look; a finer one has four times the patches, and keeps half of the share."""
        kept = self.share if share is None else share
        parts = 2 if finer else 1
        return Look(
            levels=levels,
            finer=finer,
            direction=direction,
            share=kept / parts,
            most_rows=MAX_ROWS // parts,
        )


PLAIN = Recipe()
"""All levers off."""
DEFAULT = Recipe(fine_side=640, apart=True, small=True, direction=True, share=0.25, top=0.01)
"""What a bank is made with."""
QUICK = replace(DEFAULT, fine_side=0, small=False)
"""The same without what costs most, the finer picture and the smallest cells: a fifth of the time for
nearest neighbours. Enough for large defects; small ones on plain goods are told less well."""
RECIPES: Mapping[str, Recipe] = {"default": DEFAULT, "quick": QUICK}
"""What the bank of a view may be made with, by name."""

LEVERS: Mapping[str, str] = {
    "finer": "looks at four times the pixels, in the views where they tell drawn marks apart",
    "apart": "the maps of strides 16 and 32, each by itself, in place of those of 8 and 16 side by side",
    "small": "the maps of strides 8 and 16 side by side, beside those",
    "direction": "the maps of stride 16 once more, by the direction of the features alone",
    "denser": "a quarter of each photo's patches in the bank, not a tenth",
    "top": "the score is the mean of the hundredth of the map that differs most, not the largest value",
    "by_place": "distances are divided by what is normal at the place, not in the view",
}
"""Name of each lever, and what it does."""

OFF: Mapping[str, Mapping[str, int | float | bool]] = {
    "finer": {"fine_side": PLAIN.fine_side},
    "apart": {"apart": PLAIN.apart},
    "small": {"small": PLAIN.small},
    "direction": {"direction": PLAIN.direction},
    "denser": {"share": PLAIN.share},
    "top": {"top": PLAIN.top},
    "by_place": {"by_place": False},
}
"""What switches a lever off."""


def without(recipe: Recipe, lever: str) -> Recipe:
    """The recipe with one lever switched off; raises KeyError for a name that is no lever."""
    return replace(recipe, **OFF[lever])  # type: ignore[arg-type]  # a table of fields by name
