"""What a camera may do to a picture: light, noise, blur, JPEG; and mirrored or nearer views."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from models.images import Pixels
from models.training.segmenter.fields import smooth


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A part of a picture, perhaps mirrored."""

    top: int
    left: int
    height: int
    width: int
    mirrored: bool

    def cut(self, pixels: Pixels) -> Pixels:
        """The part of a picture or mask, H x W or H x W x 3."""
        part = pixels[self.top : self.top + self.height, self.left : self.left + self.width]
        return np.ascontiguousarray(part[:, ::-1] if self.mirrored else part)


def some_crop(draw: Generator, height: int, width: int) -> Crop:
    """Between 62 % and all of each side, of the picture's own shape."""
    share = draw.uniform(0.62, 1.0)
    rows, columns = round(height * share), round(width * share)
    return Crop(
        top=int(draw.integers(0, height - rows + 1)),
        left=int(draw.integers(0, width - columns + 1)),
        height=rows,
        width=columns,
        mirrored=bool(draw.random() < 0.5),
    )


def relit(draw: Generator, pixels: Pixels) -> Pixels:
    """The same scene by another lamp and camera."""
    lamp = draw.uniform(0.88, 1.12) * draw.uniform(0.96, 1.04, 3).astype(np.float32)
    picture = np.power(pixels.astype(np.float32) / 255, np.float32(draw.uniform(0.85, 1.18))) * lamp
    if draw.random() < 0.4:
        picture = smooth(picture, draw.uniform(0.3, 0.9))
    grain = draw.normal(0, draw.uniform(0, 0.015), picture.shape)
    shown = np.clip((picture + grain) * 255, 0, 255).astype(np.uint8)
    return packed(shown, int(draw.integers(55, 95))) if draw.random() < 0.5 else shown


def packed(pixels: Pixels, quality: int) -> Pixels:
    """What JPEG of a quality leaves of a picture."""
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)


def moved(draw: Generator, pixels: Pixels) -> Pixels:
    """Another shot of the same unit laid down again: up to 3 pixels, 1.2 degrees and 1.5 % beside."""
    height, width = pixels.shape[:2]
    turned = cv2.getRotationMatrix2D(
        (width / 2, height / 2), draw.uniform(-1.2, 1.2), draw.uniform(0.985, 1.015)
    )
    beside = np.hstack([np.zeros((2, 2)), draw.uniform(-3, 3, (2, 1))])
    shifted = cv2.warpAffine(pixels, turned + beside, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(shifted, dtype=np.uint8)
