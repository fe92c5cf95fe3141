"""What a family builds for a unit: skin, canvas, loose parts, camera, and where defects may sit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from datasets.rendered.skin import Bools, Canvas, Floats, Patch, Push, Skin
from inspection.findings import DefectKind

Tone = tuple[float, float, float]
"""Linear RGB, 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of one colour beside the skin, such as a cap or a handle."""

    patch: Patch
    colour: Tone
    rough: float = 0.4
    metal: float = 0.0
    role: str = ""
    """`lost`: gone where a part is missing; `bared`: seen instead, and marked in the mask."""
    pushes: tuple[Push, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A fixed camera; lengths in decimetres."""

    place: tuple[float, float, float]
    target: tuple[float, float, float]
    lens: float = 50.0
    """Millimetres on a 36 mm sensor."""


@dataclass(kw_only=True)
class Item:
    """One unit, ready for defects and for the scene."""

    skin: Skin
    canvas: Canvas
    camera: Camera
    parts: list[Part] = field(default_factory=list)
    places: Mapping[DefectKind, Bools] = field(default_factory=dict)
    """Texels where the middle of a defect of that kind may lie."""
    below: Mapping[str, Tone] = field(default_factory=dict)
    """Linear colours: `torn` under the surface, `deep` inside, `stain` of what it gets stained with."""
    coat: float = 0.0
    """Clear coat, 0..1."""
    sheen: float = 0.0
    shine: float = 0.5
    """Specular level, 0..1; 0.5 is plastic."""
    relief: float = 0.02
    """Height of `canvas.height` = 1, decimetres."""
    lit: bool = False
    """The paint glows (a screen that is on)."""

    @cached_property
    def facing(self) -> Floats:
        """Return the cosine between each texel's normal and the direction of the camera."""
        sight = np.array(self.camera.place, np.float32) - self.skin.where
        sight /= np.maximum(np.linalg.norm(sight, axis=2, keepdims=True), 1e-6)
        cosine: Floats = (self.skin.normals * sight).sum(-1)
        return cosine
