"""Surfaces that carry a painted canvas: patches in space, and what is painted on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""Single precision wherever it is kept."""
Bools = NDArray[np.bool_]
Mapped = Callable[[Floats, Floats], Floats]
"""s, t in 0..1 (right, up as a person sees the patch) to points (..., 3)."""
Push = Callable[[Floats], Floats]
"""Points (N, 3) to moved points (N, 3)."""
SIDE = 640
"""Texels of a canvas along each side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A sheet of quads and the box of the canvas that it wears."""

    name: str
    shape: Mapped
    box: tuple[float, float, float, float]
    """Left, bottom, right, top on the canvas, 0..1."""
    across: int = 90
    up: int = 90
    """Quads along s and t."""

    def cells(self) -> tuple[slice, slice]:
        """Return the rows and columns of the canvas that belong to the patch."""
        left, bottom, right, top = (round(edge * SIDE) for edge in self.box)
        return slice(bottom, top), slice(left, right)

    def points(self) -> Floats:
        """Return where the patch's texels lie, (rows, columns, 3)."""
        rows, columns = self.cells()
        height, width = rows.stop - rows.start, columns.stop - columns.start
        s, t = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
        return self.shape(s.astype(np.float32), t.astype(np.float32)).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """Vertices (N, 3), quads (M, 4) and texture coordinates (N, 2)."""

    vertices: Floats
    quads: NDArray[np.int32]
    uv: Floats


def sheet(patch: Patch) -> Mesh:
    """Return the mesh of one patch."""
    s, t = np.meshgrid(np.linspace(0, 1, patch.across + 1), np.linspace(0, 1, patch.up + 1))
    points = patch.shape(s.astype(np.float32), t.astype(np.float32)).reshape(-1, 3)
    left, bottom, right, top = patch.box
    inset = 0.5 / SIDE
    u = left + inset + s * (right - left - 2 * inset)
    v = bottom + inset + t * (top - bottom - 2 * inset)
    corner = (np.arange(patch.up)[:, None] * (patch.across + 1) + np.arange(patch.across)).reshape(-1, 1)
    quads = corner + np.array([0, 1, patch.across + 2, patch.across + 1])
    return Mesh(
        vertices=points.astype(np.float32),
        quads=quads.astype(np.int32),
        uv=np.stack([u, v], -1).reshape(-1, 2).astype(np.float32),
    )


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """Return several meshes as one."""
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes])
    return Mesh(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        quads=np.concatenate([mesh.quads + start for mesh, start in zip(meshes, starts, strict=False)]),
        uv=np.concatenate([mesh.uv for mesh in meshes]),
    )


@dataclass(kw_only=True)
class Skin:
    """The patches of one item, and where in space every texel of its canvas lies."""

    patches: tuple[Patch, ...]

    @cached_property
    def where(self) -> Floats:
        """Points (SIDE, SIDE, 3); far away where nothing wears the canvas."""
        points = np.full((SIDE, SIDE, 3), 1e3, np.float32)
        for patch in self.patches:
            points[patch.cells()] = patch.points()
        return points

    @cached_property
    def normals(self) -> Floats:
        """Outward directions (SIDE, SIDE, 3)."""
        normals = np.zeros((SIDE, SIDE, 3), np.float32)
        for patch in self.patches:
            points = self.where[patch.cells()]
            normal = np.cross(np.gradient(points, axis=1), np.gradient(points, axis=0))
            normals[patch.cells()] = normal / np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-9)
        return normals

    @cached_property
    def owner(self) -> NDArray[np.int8]:
        """The number of the patch that wears each texel (SIDE, SIDE); -1 for none."""
        owner = np.full((SIDE, SIDE), -1, np.int8)
        for number, patch in enumerate(self.patches):
            owner[patch.cells()] = number
        return owner

    def worn(self, *names: str) -> NDArray[np.bool_]:
        """Return which texels belong to the named patches."""
        worn = np.zeros((SIDE, SIDE), bool)
        for patch in self.patches:
            worn[patch.cells()] |= patch.name in names
        return worn

    def mesh(self, pushes: Sequence[Push]) -> Mesh:
        """Return the whole surface with every push applied in turn."""
        mesh = joined([sheet(patch) for patch in self.patches])
        vertices = mesh.vertices
        for push in pushes:
            vertices = push(vertices)
        return Mesh(vertices=vertices.astype(np.float32), quads=mesh.quads, uv=mesh.uv)


@dataclass(kw_only=True)
class Canvas:
    """What is painted on a skin; arrays (SIDE, SIDE), row 0 at the bottom."""

    paint: Floats = field(default_factory=lambda: np.full((SIDE, SIDE, 3), 0.5, np.float32))
    """Linear RGB."""
    rough: Floats = field(default_factory=lambda: np.full((SIDE, SIDE), 0.6, np.float32))
    metal: Floats = field(default_factory=lambda: np.zeros((SIDE, SIDE), np.float32))
    height: Floats = field(default_factory=lambda: np.zeros((SIDE, SIDE), np.float32))
    """Relief too fine for the mesh, for shading alone."""
    values: NDArray[np.uint8] = field(default_factory=lambda: np.ones((SIDE, SIDE), np.uint8))
    """Mask values: 1 the item, 10 and more a defect."""
    pushes: list[Push] = field(default_factory=list)

    def copy(self) -> "Canvas":
        """Return a canvas of its own to paint a defect on."""
        return Canvas(
            paint=self.paint.copy(),
            rough=self.rough.copy(),
            metal=self.metal.copy(),
            height=self.height.copy(),
            values=self.values.copy(),
            pushes=list(self.pushes),
        )
