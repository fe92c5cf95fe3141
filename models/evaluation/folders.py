"""A folder of objects as sets of items: good ones, bad ones, their masks and which belong together.

    <object>/good/*   <object>/<any other>/*      pictures, JPEG or PNG
    <object>/<any other>/<picture>_mask.png       where the defect is; never a picture itself

Nothing is opened here: names decide.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from models.errors import BadQuestion, FolderMissing, NoBadPictures, NoGoodPictures

PICTURES = frozenset({".jpg", ".jpeg", ".png"})
MASK_ENDING = "_mask.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One picture of one object."""

    path: Path
    name: str
    """Relative to the object's folder, such as `crack/017.jpg`."""
    kind: str
    """Folder it lies in."""
    good: bool
    group: str
    """Pictures of one group are never split between references and test; by itself unless asked."""
    mask: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSet:
    """Pictures of one object in one pose, sorted by name."""

    name: str
    good: tuple[Item, ...]
    bad: tuple[Item, ...]
    mask_from: int = 128
    """Value from which a mask's pixel is a defect; some are drawn with grey rims."""
    bench: Path | None = None
    """Picture of the empty bench."""

    @property
    def items(self) -> tuple[Item, ...]:
        """All of them, good ones first."""
        return self.good + self.bad


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which files of a folder count, and which of them belong together."""

    good: str = "good"
    """Name of the folder of good pictures."""
    match: str = "*"
    """Pattern that a picture's file name must fit."""
    group_by: str | None = None
    """Regular expression on the file name; its first group, or the whole match, is the group."""

    def __post_init__(self) -> None:
        """Raises BadQuestion for a pattern that is none."""
        try:
            re.compile(self.group_by or "")
        except re.error as error:
            raise BadQuestion(f"--group-by {self.group_by!r} is no regular expression: {error}") from error


def objects_in(folder: Path, selection: Selection | None = None) -> list[ObjectSet]:
    """The objects of a folder by name, or the folder itself as the one object.

    Raises FolderMissing, NoGoodPictures, NoBadPictures.
    """
    wanted = selection or Selection()
    if not folder.is_dir():
        raise FolderMissing(f"there is no folder {folder}")
    if (folder / wanted.good).is_dir():
        return [object_in(folder, wanted)]
    folders = [path for path in sorted(folder.iterdir()) if (path / wanted.good).is_dir()]
    if not folders:
        raise NoGoodPictures(f"neither {folder} nor a folder in it holds a folder {wanted.good!r}")
    return [object_in(path, wanted) for path in folders]


def object_in(folder: Path, selection: Selection) -> ObjectSet:
    """One object's pictures; raises NoGoodPictures, NoBadPictures."""
    kinds = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    items = [item for kind in kinds for item in items_in(kind, selection)]
    good = tuple(item for item in items if item.good)
    bad = tuple(item for item in items if not item.good)
    name = folder.resolve().name
    if not good:
        raise NoGoodPictures(f"{name}: no picture in {selection.good!r} fits {selection.match!r}")
    if not bad:
        raise NoBadPictures(f"{name}: no picture beside {selection.good!r} fits {selection.match!r}")
    return ObjectSet(name=name, good=good, bad=bad)


def items_in(kind: Path, selection: Selection) -> list[Item]:
    """The pictures of one folder by name, without masks."""
    return [
        Item(
            path=path,
            name=f"{kind.name}/{path.name}",
            kind=kind.name,
            good=kind.name == selection.good,
            group=group_of(f"{kind.name}/{path.name}", selection.group_by),
            mask=mask_of(path),
        )
        for path in sorted(kind.iterdir())
        if is_picture(path) and fnmatchcase(path.name, selection.match)
    ]


def is_picture(path: Path) -> bool:
    """Whether the file counts as a picture."""
    return path.suffix.lower() in PICTURES and not path.name.endswith(MASK_ENDING) and path.is_file()


def mask_of(path: Path) -> Path | None:
    """The picture's mask beside it, if there is one."""
    beside = path.with_name(path.stem + MASK_ENDING)
    return beside if beside.is_file() else None


def group_of(name: str, pattern: str | None) -> str:
    """The group of a picture; its own name where nothing fits."""
    found = re.search(pattern, name.rpartition("/")[2]) if pattern else None
    if not found:
        return name
    return str(found.group(1) if found.groups() else found.group())
