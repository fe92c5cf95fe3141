"""Drawn defects that are lines: scratch, crack, crease, opened seal.

Each takes a picture (float32 RGB 0..255) and a spot, and returns the picture with the defect and
the defect's coverage per pixel, 0..1.
"""

import math

import cv2
import numpy as np
from numpy.random import Generator

from models.training.segmenter.fields import Field, Points, Spot, noise, stroke, walk


def scratch(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """A few nearly parallel thin lines, lighter or darker than the ground."""
    angle = draw.uniform(0, math.tau)
    lines = []
    for _ in range(int(draw.integers(1, 6))):
        length = spot.radius * draw.uniform(1.5, 4.5)
        lean = angle + draw.normal(0, 0.12)
        beside = draw.normal(0, spot.radius * 0.35)
        x = spot.x - math.cos(lean) * length / 2 - math.sin(lean) * beside
        y = spot.y - math.sin(lean) * length / 2 + math.cos(lean) * beside
        lines.append(walk(draw, (x, y), lean, length, draw.uniform(0.0, 0.08)))
    width = draw.uniform(0.7, 2.4)
    cover = stroke(picture.shape[:2], lines, width)
    strength = draw.uniform(0.25, 0.85) * (0.75 + 0.25 * noise(draw, picture.shape[:2], 12.0))
    tone = _other_tone(draw, picture, cover)
    return mixed(picture, tone, cover * np.clip(strength, 0.15, 1)), cover


def crack(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """Branches from one point, dark with a light side, as in glass or glaze."""
    shape = picture.shape[:2]
    lines = _branches(draw, spot)
    width = draw.uniform(0.8, 2.2)
    cover = stroke(shape, lines, width)
    shifted = [line + np.float32(draw.uniform(0.8, 1.5)) for line in lines]
    dark = mixed(picture, np.float32(draw.uniform(5, 60)), cover * np.float32(draw.uniform(0.5, 0.95)))
    light = stroke(shape, shifted, width * 0.7) * np.float32(draw.uniform(0.1, 0.7))
    if draw.random() < 0.2:  # backlit glass: the crack shines
        dark, light = mixed(picture, np.float32(235), cover * np.float32(draw.uniform(0.4, 0.9))), light * 0
    return mixed(dark, np.float32(240), light * (1 - cover)), cover


def crease(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """A long fold: light on one side, dark on the other."""
    shape = picture.shape[:2]
    angle, length = draw.uniform(0, math.tau), spot.radius * draw.uniform(3, 6)
    x, y = spot.x - math.cos(angle) * length / 2, spot.y - math.sin(angle) * length / 2
    line = walk(draw, (x, y), angle, length, draw.uniform(0.02, 0.1))
    width = draw.uniform(2.5, 6.0)
    beside = np.array([-math.sin(angle), math.cos(angle)], np.float32) * np.float32(width / 2)
    light = cv2.GaussianBlur(stroke(shape, [line + beside], width), (0, 0), width / 3)
    dark = cv2.GaussianBlur(stroke(shape, [line - beside], width), (0, 0), width / 3)
    depth = draw.uniform(18, 60)
    drawn = picture + np.float32(depth) * (light - dark)[..., None]
    return np.clip(drawn, 0, 255), stroke(shape, [line], width * 2)


def opened_seal(draw: Generator, picture: Field, spot: Spot) -> tuple[Field, Field]:
    """A straight slit, one lip lifted: lighter beside it, a shadow on the other side."""
    shape = picture.shape[:2]
    angle = draw.choice([0.0, math.pi / 2]) + draw.normal(0, 0.12)
    length = spot.radius * draw.uniform(2.5, 5)
    x, y = spot.x - math.cos(angle) * length / 2, spot.y - math.sin(angle) * length / 2
    line = walk(draw, (x, y), angle, length, 0.015)
    width = draw.uniform(1.5, 4.0)
    side = np.array([-math.sin(angle), math.cos(angle)], np.float32) * np.float32(width)
    slit = stroke(shape, [line], width)
    shadow = cv2.GaussianBlur(stroke(shape, [line + side], width * 1.5), (0, 0), 1.5)
    lip = stroke(shape, [line - side], width)
    drawn = mixed(picture, np.float32(draw.uniform(10, 60)), slit * np.float32(draw.uniform(0.6, 0.95)))
    drawn = mixed(drawn, np.float32(20), shadow * (1 - slit) * np.float32(draw.uniform(0.1, 0.4)))
    drawn = mixed(drawn, np.float32(235), lip * (1 - slit) * np.float32(draw.uniform(0.1, 0.5)))
    return drawn, np.clip(slit + lip, 0, 1)


def mixed(picture: Field, tone: Field | np.float32, share: Field) -> Field:
    """The picture with a share of a tone laid over it."""
    over = share[..., None] if share.ndim == 2 else share
    return (picture * (1 - over) + tone * over).astype(np.float32)


def _branches(draw: Generator, spot: Spot) -> list[Points]:
    lines = []
    first = draw.uniform(0, math.tau)
    count = int(draw.integers(1, 7))
    for index in range(count):
        angle = first + index * math.tau / count + draw.normal(0, 0.3)
        length = spot.radius * draw.uniform(0.9, 2.6)
        main = walk(draw, (spot.x, spot.y), angle, length, draw.uniform(0.05, 0.3), step=4.0)
        lines.append(main)
        for _ in range(int(draw.integers(0, 3))):
            at = main[int(draw.integers(0, len(main)))]
            lean = angle + draw.choice([-1, 1]) * draw.uniform(0.4, 1.0)
            lines.append(walk(draw, (float(at[0]), float(at[1])), lean, length * 0.5, 0.2, step=4.0))
    return lines


def _other_tone(draw: Generator, picture: Field, cover: Field) -> np.float32:
    under = picture[cover > 0.2]
    level = float(under.mean()) if under.size else 128.0
    lighter = draw.random() < (0.75 if level < 140 else 0.35)
    return np.float32(
        min(255.0, level + draw.uniform(50, 130)) if lighter else max(0.0, level - draw.uniform(40, 110))
    )
