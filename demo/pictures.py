"""Which picture shows which item: drawn afresh, or a photo from a folder, never one twice."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from demo.drawing import draw
from demo.errors import BadSetUp
from demo.goods import CATEGORY_OF_PHOTOS
from inspection.grades import Grade

REFERENCES = 20
"""Pictures of good units that the models learn from."""
FIRST_FRESH = 1000
"""Numbers below belong to the drawn set that the models were tried on."""
GOOD = "good"
DRAWN_SET = Path(__file__).resolve().parents[1] / "datasets" / "drawn"
"""The committed drawings; where they are missing the same ones are drawn again."""
SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture; it is drawn, or read, only when a camera shows it."""

    ware: str
    condition: str
    number: int
    path: Path | None = None
    """A photo; None for a drawing."""

    def read(self) -> bytes:
        """The JPEG or PNG bytes; drawing takes some 0.3 s, so call it in a thread."""
        if self.path is not None:
            return self.path.read_bytes()
        return draw(self.ware, self.condition, self.number)


def drawn(ware: str, condition: str, number: int) -> Picture:
    """A drawing that nobody has seen before, for each number another."""
    return Picture(ware=ware, condition=condition, number=FIRST_FRESH + number)


def from_drawn_set(ware: str, condition: str, number: int) -> Picture:
    """A picture of the committed set, chosen by a number; good ones are not among the references."""
    paths = sorted((DRAWN_SET / ware / condition).glob("*.jpg"))[REFERENCES if condition == GOOD else 0 :]
    if not paths:
        return drawn(ware, condition, number)
    return Picture(ware=ware, condition=condition, number=number, path=paths[number % len(paths)])


def drawn_references(ware: str) -> tuple[Picture, ...]:
    """The first good ones of the drawn set."""
    return tuple(_reference(ware, number) for number in range(1, REFERENCES + 1))


def _reference(ware: str, number: int) -> Picture:
    path = DRAWN_SET / ware / GOOD / f"{number:03d}.jpg"
    return Picture(ware=ware, condition=GOOD, number=number, path=path if path.exists() else None)


@dataclass(slots=True, kw_only=True)
class Album:
    """Photos of one product: references apart, the others handed out once each."""

    folder: str
    references: tuple[Picture, ...]
    unseen: dict[Grade, list[Picture]] = field(default_factory=lambda: defaultdict(list))
    """What was not handed out yet."""

    def take(self, grade: Grade) -> Picture | None:
        """The next photo of a grade; None when there is none left."""
        return self.unseen[grade].pop(0) if self.unseen[grade] else None


def read_albums(root: Path) -> tuple[Album, ...]:
    """The products below a folder of photos; raises BadSetUp when there is none."""
    albums = tuple(_album(root / name) for name in CATEGORY_OF_PHOTOS if (root / name / GOOD).is_dir())
    if not albums:
        wanted = ", ".join(f"{name}/{GOOD}" for name in CATEGORY_OF_PHOTOS)
        raise BadSetUp(f"{root} holds none of: {wanted}")
    return albums


def _album(folder: Path) -> Album:
    good = list(_photos(folder / GOOD))
    count = min(REFERENCES, len(good) * 2 // 3)
    album = Album(folder=folder.name, references=tuple(good[:count]))
    album.unseen[Grade.NEW].extend(good[count:])
    kinds = [list(_photos(kind)) for kind in sorted(folder.iterdir()) if kind.is_dir() and kind.name != GOOD]
    album.unseen[Grade.DAMAGED].extend(_in_turn(kinds))
    return album


def _photos(folder: Path) -> Iterator[Picture]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    for number, path in enumerate(paths):
        yield Picture(ware=folder.parent.name, condition=folder.name, number=number, path=path)


def _in_turn(kinds: list[list[Picture]]) -> Iterator[Picture]:
    """One of each kind of defect after the other, so that a short run sees them all."""
    for round_ in range(max((len(kind) for kind in kinds), default=0)):
        yield from (kind[round_] for kind in kinds if round_ < len(kind))
