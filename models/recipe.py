"""How references are compared: one frozen recipe, whose levers can be switched off one by one.

The recipe stands in the header of every bank, for a bank is only good for the way it was made.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Every choice of the comparison; the defaults are plain comparison, all levers off."""

    side: int = 320
    """Pixels; the model sees about side*side of a view, in the camera's own shape."""


PLAIN = Recipe()
"""All levers off."""
DEFAULT = Recipe()
"""What a bank is made with."""

LEVERS: dict[str, str] = {}
"""Name of each lever, which is a field of the recipe, and what it does."""


def without(recipe: Recipe, lever: str) -> Recipe:
    """The recipe with one lever switched off; raises KeyError for a name that is no lever."""
    raise KeyError(lever)
