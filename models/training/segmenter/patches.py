"""Drawn defects that are areas: stain, smudge, dent, deformation, tear, hole, chip, missing part, paste.

Same contract as in `lines.py`.
"""

import math

import cv2
import numpy as np
from numpy.random import Generator

from models.training.segmenter.fields import Field, Spot, blob, noise, slopes, smooth, turn
from models.training.segmenter.lines import mixed


def stain(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """A colour that multiplies the ground, with a darker rim, as liquids dry."""
    cover = blob(draw, picture.shape[:2], spot, ragged=draw.uniform(0.2, 0.7), soft=draw.uniform(1, 6))
    rim = np.clip(cover - cv2.erode(cover, np.ones((3, 3)), iterations=2), 0, 1)
    tint = np.array([draw.uniform(0.45, 0.95), draw.uniform(0.35, 0.85), draw.uniform(0.2, 0.8)], np.float32)
    if draw.random() < 0.25:
        tint[:] = draw.uniform(0.4, 0.85)  # water or grease has no colour of its own
    uneven = np.clip(0.75 + 0.3 * noise(draw, picture.shape[:2], spot.radius * 0.5), 0.3, 1)
    depth = np.clip(cover * uneven * np.float32(draw.uniform(0.6, 1.0)) + 0.35 * rim, 0, 1)
    return (picture * (1 - depth[..., None] * (1 - tint))).astype(np.float32), cover


def smudge(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """A greasy patch: blurred, of less contrast, a little lighter or darker, in streaks."""
    cover = blob(draw, picture.shape[:2], spot, ragged=0.5, soft=draw.uniform(4, 12))
    _, across = turn(draw, picture.shape[:2], spot)
    streaks = 0.7 + 0.3 * np.sin(across / draw.uniform(1.5, 4.0) + 2 * noise(draw, picture.shape[:2], 40.0))
    prints = streaks if draw.random() < 0.6 else 0.8 + 0.3 * noise(draw, picture.shape[:2], 6.0)
    blurred = smooth(picture, draw.uniform(1.5, 4.0))
    level = smooth(picture, spot.radius)
    flat = level + (blurred - level) * np.float32(draw.uniform(0.5, 0.9))
    lift = draw.choice([-1, 1], p=[0.3, 0.7]) * draw.uniform(12, 45)
    film = np.clip(flat + np.float32(lift) * np.clip(prints, 0, 1.3)[..., None], 0, 255)
    return mixed(picture, film.astype(np.float32), cover * np.float32(draw.uniform(0.6, 0.95))), cover


def dent(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """A bowl pressed in: the print bends, one side is lit and the other in shade."""
    cover = blob(draw, picture.shape[:2], spot, ragged=draw.uniform(0.05, 0.3), soft=spot.radius * 0.9)
    bowl = smooth(cover, max(1.5, spot.radius * 0.2))
    drawn = bent(picture, bowl, draw.uniform(3, 9) * math.sqrt(spot.radius / 20))
    drawn = shaded(draw, drawn, bowl, draw.uniform(0.12, 0.42))
    if draw.random() < 0.4:
        edge = np.hypot(*slopes(bowl))
        drawn = mixed(drawn, np.float32(240), np.clip(edge * draw.uniform(0.3, 1.2), 0, 0.6))
    return drawn, (bowl > 0.25).astype(np.float32)


def deformation(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """A large part pressed out of shape: strong bending, faint shading."""
    wide = Spot(x=spot.x, y=spot.y, radius=spot.radius * 1.6)
    cover = blob(draw, picture.shape[:2], wide, ragged=0.15, soft=wide.radius)
    ripple = np.float32(0.5) * noise(draw, picture.shape[:2], wide.radius * 0.8)
    bump = smooth(cover * (1 + ripple), 3.0)
    drawn = bent(picture, bump, draw.uniform(8, 22))
    return shaded(draw, drawn, bump, draw.uniform(0.06, 0.28)), (bump > 0.25).astype(np.float32)


def tear(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """A jagged part of the print gone: bare paper or board, a white fibrous rim, a thin shadow."""
    shape = picture.shape[:2]
    cover = blob(draw, shape, spot, ragged=draw.uniform(0.6, 1.0), soft=1.0)
    fibre = noise(draw, shape, 3.0)[..., None]
    bare = _paper(draw) + 10 * fibre + 8 * noise(draw, shape, 15.0)[..., None]
    wide = cv2.dilate(cover, np.ones((3, 3)), iterations=int(draw.integers(1, 3)))
    rim = np.clip(wide - cover, 0, 1)
    drawn = mixed(picture, np.float32(draw.uniform(210, 250)), rim * np.float32(draw.uniform(0.3, 0.95)))
    drawn = mixed(drawn, np.clip(bare, 0, 255).astype(np.float32), cover)
    shift = np.roll(cover, (1, 2), (0, 1))
    drawn = mixed(drawn, np.float32(25), np.clip(cover - shift, 0, 1) * np.float32(0.5))
    return drawn, np.clip(wide, 0, 1)


def hole(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """Dark inside, a lit lower rim, frayed or clean."""
    shape = picture.shape[:2]
    cover = blob(draw, shape, spot, ragged=draw.uniform(0.1, 0.6), soft=1.0)
    inside = np.float32(draw.uniform(3, 55)) + 8 * noise(draw, shape, 10.0)[..., None]
    rim = np.clip(cv2.dilate(cover, np.ones((3, 3)), iterations=1) - cover, 0, 1)
    tone = np.float32(draw.choice([30.0, 235.0]))
    drawn = mixed(picture, tone, rim * np.float32(draw.uniform(0.1, 0.8)))
    depth = smooth(cover, 1.0) * cover
    return mixed(drawn, np.clip(inside, 0, 255).astype(np.float32), depth), cover


def chip(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """A shell broken out: bright or earthen raw material, sharp edge, one side in shade."""
    shape = picture.shape[:2]
    small = Spot(x=spot.x, y=spot.y, radius=spot.radius * 0.75)
    cover = blob(draw, shape, small, ragged=draw.uniform(0.2, 0.5), soft=0.8)
    raw = np.array([draw.uniform(150, 240)] * 3, np.float32) * np.array([1, draw.uniform(0.82, 1), 0.9])
    rough = raw + 18 * noise(draw, shape, 4.0)[..., None]
    drawn = mixed(picture, np.clip(rough, 0, 255).astype(np.float32), cover)
    angle = draw.uniform(0, math.tau)
    right, down = slopes(cover)
    along = math.cos(angle) * right + math.sin(angle) * down
    return np.clip(drawn + np.float32(22) * along[..., None], 0, 255).astype(np.float32), cover


def missing_part(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """A part gone: what is around it closes over, with the flat tone of what lay below."""
    shape = picture.shape[:2]
    along, across = turn(draw, shape, spot)
    stretch = math.exp(draw.uniform(-0.4, 0.4))
    power = float(draw.choice([2.0, 6.0]))
    inside = (np.abs(along) / (spot.radius * stretch)) ** power + (
        np.abs(across) * stretch / spot.radius
    ) ** power
    cover = (inside < 1).astype(np.float32)
    around = (cv2.dilate(cover, np.ones((9, 9))) > 0) & (cover == 0)
    tone = np.median(picture[around], axis=0) if around.any() else np.float32(90)
    ground = tone * draw.uniform(0.55, 1.05) + 5 * noise(draw, shape, 20.0)[..., None]
    soft = smooth(cover, 0.8)
    drawn = mixed(picture, np.clip(ground, 0, 255).astype(np.float32), soft)
    rim = np.clip(cv2.dilate(cover, np.ones((3, 3))) - cv2.erode(cover, np.ones((3, 3))), 0, 1)
    return mixed(drawn, np.float32(30), rim * np.float32(draw.uniform(0.1, 0.6))), cover


def paste(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """A patch of the same picture laid elsewhere (CutPaste) under a noise mask (DRAEM): of no kind."""
    cover = blob(draw, picture.shape[:2], spot, ragged=0.8, soft=1.0)
    height, width = picture.shape[:2]
    moved = np.roll(
        picture, (int(draw.integers(height // 5, height)), int(draw.integers(width // 5, width))), (0, 1)
    )
    if draw.random() < 0.5:
        moved = np.clip(moved * draw.uniform(0.6, 1.4, 3), 0, 255).astype(np.float32)
    return mixed(picture, moved, cover * np.float32(draw.uniform(0.6, 1.0))), cover


def bent(picture: Field, bump: Field, pixels: float) -> Field:
    """The picture drawn towards where the bump falls off, by so many pixels at most."""
    dx, dy = slopes(bump, 5)
    scale = np.float32(pixels) / max(float(np.hypot(dx, dy).max()), 1e-6)
    rows, columns = np.mgrid[: bump.shape[0], : bump.shape[1]].astype(np.float32)
    return np.asarray(
        cv2.remap(
            picture, columns + dx * scale, rows + dy * scale, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        ),
        dtype=np.float32,
    )


def shaded(draw: Generator, picture: Field, bump: Field, depth: float) -> Field:
    """Light from one side over a relief; `depth` is the largest share by which it grows lighter or darker."""
    angle = draw.uniform(0, math.tau)
    dx, dy = slopes(bump)
    slope = math.cos(angle) * dx + math.sin(angle) * dy
    light = (slope * np.float32(depth / max(float(np.abs(slope).max()), 1e-6)))[..., None]
    return np.clip(picture * (1 + light) + 25 * light, 0, 255).astype(np.float32)


def _paper(draw: Generator) -> Field:
    kinds = ((225, 222, 214), (190, 160, 120), (165, 165, 168))
    base = np.array(kinds[int(draw.integers(0, len(kinds)))], np.float32)
    return base * np.float32(draw.uniform(0.8, 1.08))
