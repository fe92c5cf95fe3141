"""A small folder of objects, drawn here: grey discs, the bad ones with a dark patch and its mask."""

from pathlib import Path

import cv2
import numpy as np
import orjson
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
    """`good/` and `patch/`, two pictures of one item each."""
    for number in range(good + bad):
        is_bad = number >= good
        write_picture(folder / ("patch" if is_bad else "good"), number, patch=is_bad, mask=masks and is_bad)
    return folder


def write_picture(kind: Path, number: int, *, patch: bool, mask: bool = False) -> None:
    kind.mkdir(parents=True, exist_ok=True)
    picture, drawn = disc(number, patch=patch)
    name = f"item{number // 2:02d}_{number:03d}"
    (kind / f"{name}.jpg").write_bytes(picture)
    if mask:
        (kind / f"{name}_mask.png").write_bytes(drawn)


@pytest.fixture(scope="session")
def discs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two objects, one with masks; never written to by a test."""
    root = tmp_path_factory.mktemp("objects")
    write_object(root / "masked", good=12, bad=4, masks=True)
    write_object(root / "plain", good=11, bad=3, masks=False)
    return root


@pytest.fixture(scope="session")
def public_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like that of the public sets, with a few discs in each; no frozen set in it."""
    root = tmp_path_factory.mktemp("data")
    write_object(root / "bottle", good=9, bad=3, masks=False)
    kinds = {"good": 8, "no_label": 2, "deformed": 2}
    for kind, count in kinds.items():
        for number in range(count):
            write_picture(root / "filled_bottle" / kind, number + 20, patch=kind != "good")
    for name in ("milk", "juice"):
        for number in range(7):
            write_picture(root / "grocery_package" / name, number + 40, patch=False)
    return root


@pytest.fixture(scope="session")
def renders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like `datasets/rendered` with one held-out object and one of training."""
    root = tmp_path_factory.mktemp("rendered")
    bench = np.full((SIDE, SIDE, 3), 90, np.uint8)
    (root / "pictures" / "mug" / "bench").mkdir(parents=True)
    (root / "pictures/mug/bench/rig4.jpg").write_bytes(cv2.imencode(".jpg", bench)[1].tobytes())
    (root / "benches.jsonl").write_bytes(
        orjson.dumps({"picture": "pictures/mug/bench/rig4.jpg", "family": "mug", "rig": 4}) + b"\n"
    )
    grades = ["new"] * 8 + ["used"] * 2 + ["damaged"] * 2
    lines = [render_line(root, number, grade) for number, grade in enumerate(grades)]
    lines.append(orjson.dumps({**orjson.loads(lines[0]), "object": "mug-1", "split": "train"}))
    (root / "index.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return root


def render_line(root: Path, number: int, grade: str) -> bytes:
    """One picture with its mask (0 bench, 1 item, from 10 defects) and its line of the index."""
    picture, drawn = disc(number + 60, patch=grade != "new")
    name = f"mug/6/{number:03d}_{grade}"
    for kind in ("pictures", "masks"):
        (root / kind / "mug" / "6").mkdir(parents=True, exist_ok=True)
    (root / f"pictures/{name}.jpg").write_bytes(picture)
    defect = cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert defect is not None
    coded = np.where(defect > 0, 15, 1).astype(np.uint8)
    (root / f"masks/{name}.png").write_bytes(cv2.imencode(".png", coded)[1].tobytes())
    return orjson.dumps(
        {
            "picture": f"pictures/{name}.jpg", "mask": f"masks/{name}.png", "sha256": "0" * 64,
            "family": "mug", "category": "tableware", "object": "mug-6", "split": "held_out", "rig": 4,
            "number": number, "role": "reference" if number < 5 else "unit", "grade": grade, "seed": 1,
        }
    )  # fmt: skip
