"""A small folder of objects, drawn here: grey discs, the bad ones with a dark patch and its mask."""

from pathlib import Path

import cv2
import numpy as np
import pytest

SIDE = 96


def disc(seed: int, *, patch: bool) -> tuple[bytes, bytes]:
    """A picture and its mask."""
    rng = np.random.default_rng(seed)
    picture = np.full((SIDE, SIDE, 3), 90, np.uint8)
    cv2.circle(picture, (48, 48), 34, (190, 180, 170), -1)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    if patch:
        left, top = (int(n) for n in rng.integers(30, 50, 2))
        picture[top : top + 16, left : left + 16] = (20, 30, 90)
        mask[top : top + 16, left : left + 16] = 255
    noisy = picture.astype(np.float32) + rng.normal(0, 4, picture.shape)
    jpeg = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8))[1]
    return jpeg.tobytes(), cv2.imencode(".png", mask)[1].tobytes()


def write_object(folder: Path, *, good: int, bad: int, masks: bool) -> Path:
    for number in range(good + bad):
        is_bad = number >= good
        kind = folder / ("patch" if is_bad else "good")
        kind.mkdir(parents=True, exist_ok=True)
        picture, mask = disc(number, patch=is_bad)
        (kind / f"item{number // 2:02d}_{number:03d}.jpg").write_bytes(picture)
        if masks and is_bad:
            (kind / f"item{number // 2:02d}_{number:03d}_mask.png").write_bytes(mask)
    return folder


@pytest.fixture(scope="session")
def discs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two objects, one with masks; never written to by a test."""
    root = tmp_path_factory.mktemp("objects")
    write_object(root / "masked", good=12, bad=4, masks=True)
    write_object(root / "plain", good=11, bad=3, masks=False)
    return root
