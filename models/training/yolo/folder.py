"""A folder of pictures and labels in YOLO's own format, read and checked before anything is trained.

    data.yaml                    names, train, val (folders of pictures); licence (optional)
    images/train/*.jpg|png       labels/train/*.txt, a row per thing: class x y w h, or class x1 y1 x2 y2 ...
    images/val/...               labels/val/...

Ultralytics leaves broken pictures and rows out with a line in its log, and carries out what it finds under
`download:`. Here the first fault ends it with a sentence, and nothing but the folder itself is read.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from models.classnames import meaning_of
from models.errors import BadImage, BadTrainingSet
from models.images import MAX_BYTES, read_header

Task = Literal["detect", "segment"]

MAX_YAML_BYTES = 256 * 1024
MAX_LABEL_BYTES = 1024 * 1024
MAX_PICTURES = 100_000
SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
BOX_FIELDS = 5
OUTLINE_FIELDS = 7
"""Class and three corners at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloFolder:
    """A folder that can be trained on."""

    root: Path
    task: Task
    names: tuple[str, ...]
    """Classes in the order of their numbers."""
    train: tuple[Path, ...]
    val: tuple[Path, ...]
    labelled: Mapping[str, int]
    """Rows of each class over all pictures."""
    licence: str
    sha256: str
    """Over the sorted lines `path sha256` of data.yaml, every picture and every label file."""


def read_folder(root: Path, task: Task) -> YoloFolder:
    """Read and check everything; raises BadTrainingSet with the first fault."""
    settings = _settings(root)
    names = _names(settings)
    train, val = (_pictures(root, settings, split) for split in ("train", "val"))
    hashes = {path: _picture_hash(path) for path in (*train, *val)}
    _apart(hashes, train, val)
    labelled = dict.fromkeys(names, 0)
    for path in (*train, *val):
        for number in _classes(root, label_of(path), len(names), task):
            labelled[names[number]] += 1
    if not any(labelled.values()):
        raise BadTrainingSet(f"{root}: no picture has a label, so there is nothing to learn")
    return YoloFolder(
        root=root,
        task=task,
        names=names,
        train=train,
        val=val,
        labelled=labelled,
        licence=str(settings.get("licence") or settings.get("license") or "not stated")[:200],
        sha256=_snapshot(root, hashes),
    )


def label_of(picture: Path) -> Path:
    """Where a picture's labels lie: beside it, `images` replaced by `labels`."""
    parts = list(picture.parts)
    last = len(parts) - 1 - parts[::-1].index("images")
    return Path(*parts[:last], "labels", *parts[last + 1 :]).with_suffix(".txt")


def _settings(root: Path) -> dict[str, Any]:
    path = root / "data.yaml"
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BadTrainingSet(
            f"{path} is missing: it names the classes and the folders of pictures"
        ) from error
    try:
        found = yaml.safe_load(text[: MAX_YAML_BYTES + 1])
    except yaml.YAMLError as error:
        raise BadTrainingSet(f"{path} is no YAML: {str(error).partition(chr(10))[0]}") from error
    if not isinstance(found, dict) or len(text) > MAX_YAML_BYTES:
        raise BadTrainingSet(f"{path} holds no table of settings")
    return found


def _names(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The classes; a table counts from 0 without a gap."""
    named = settings.get("names")
    if isinstance(named, dict):
        named = [named.get(number) for number in range(len(named))]
    if not isinstance(named, list) or not named or not all(isinstance(name, str) for name in named):
        raise BadTrainingSet("data.yaml: `names` must list the classes, from number 0 on")
    if len(set(named)) < len(named):
        raise BadTrainingSet("data.yaml: `names` names one class twice")
    for name in named:
        try:
            meaning_of(name)
        except ValueError as error:
            raise BadTrainingSet(f"data.yaml: {error}") from error
    return tuple(named)


def _pictures(root: Path, settings: Mapping[str, Any], split: str) -> tuple[Path, ...]:
    """The pictures of one split, by name; they lie inside the folder."""
    named = settings.get(split)
    if not isinstance(named, str):
        raise BadTrainingSet(f"data.yaml: `{split}` must name a folder of pictures")
    folder = (root / named).resolve()
    if not folder.is_relative_to(root.resolve()) or "images" not in folder.parts:
        raise BadTrainingSet(f"data.yaml: `{split}` must be a folder below an `images` folder in {root}")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise BadTrainingSet(f"no pictures (JPEG or PNG) in {folder}")
    if len(found) > MAX_PICTURES:
        raise BadTrainingSet(f"{folder} holds {len(found)} pictures, {MAX_PICTURES} are allowed")
    return tuple(found)


def _picture_hash(path: Path) -> str:
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    try:
        read_header(content)
    except BadImage as bad:
        raise BadTrainingSet(f"{path}: {bad}") from bad
    return hashlib.sha256(content).hexdigest()


def _apart(hashes: Mapping[Path, str], train: tuple[Path, ...], val: tuple[Path, ...]) -> None:
    """A picture that is learnt from and measured on makes every figure a lie."""
    learnt = {hashes[path]: path for path in train}
    for path in val:
        if hashes[path] in learnt:
            raise BadTrainingSet(f"{path} is the same picture as {learnt[hashes[path]]}, of `train`")


def _classes(root: Path, path: Path, classes: int, task: Task) -> Iterator[int]:
    """The class of every row of a label file; without a file nothing is wrong in that picture."""
    if not path.is_file():
        return
    content = path.read_bytes()
    if len(content) > MAX_LABEL_BYTES:
        raise BadTrainingSet(f"{path} has {len(content)} bytes, {MAX_LABEL_BYTES} are allowed")
    for line, row in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if row.strip():
            try:
                yield _class_of(row.split(), classes, task)
            except ValueError as error:
                raise BadTrainingSet(f"{path.relative_to(root.resolve())}, line {line}: {error}") from error


def _class_of(fields: list[str], classes: int, task: Task) -> int:
    """The class of one row; raises ValueError with what is wrong with it."""
    outline = len(fields) >= OUTLINE_FIELDS and len(fields) % 2 == 1
    if not (outline if task == "segment" else len(fields) == BOX_FIELDS):
        wanted = "class x1 y1 x2 y2 x3 y3 ..." if task == "segment" else "class x y width height"
        raise ValueError(f"{len(fields)} numbers instead of `{wanted}`")
    number, *places = (_number(field) for field in fields)
    if number not in range(classes):
        raise ValueError(f"class {number:g}, and data.yaml names {classes}")
    if not all(0 <= place <= 1 for place in places):
        raise ValueError("places are shares of the picture, 0 to 1")
    if task == "detect" and 0 in places[2:]:
        raise ValueError("a box without width or height")
    return int(number)


def _number(field: str) -> float:
    """A finite number; raises ValueError with the field."""
    try:
        value = float(field)
    except ValueError:
        raise ValueError(f"{field[:32]!r} is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"{field[:32]!r} is no number")
    return value


def _snapshot(root: Path, hashes: Mapping[Path, str]) -> str:
    """One hash for all: any other picture, label or setting gives another one."""
    labels = {path: path.read_bytes() for path in map(label_of, hashes) if path.is_file()}
    labels[root.resolve() / "data.yaml"] = (root / "data.yaml").read_bytes()
    found = dict(hashes) | {path: hashlib.sha256(text).hexdigest() for path, text in labels.items()}
    lines = sorted(
        f"{path.relative_to(root.resolve()).as_posix()} {digest}\n" for path, digest in found.items()
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()
