"""The folder of good photos and the banks made of them.

    <root>/<merchant>/<sku>/<view>/001.jpg 002.jpg ... bank.rgbank
    <root>/<merchant>/.bench/<view>.jpg

Names are percent-encoded. The photos are what counts; a bank is made of them and can be made
again. Files appear whole: they are written beside and renamed.
"""

import hashlib
import os
import re
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from models.bankfile import MAX_BYTES, ViewBank, check_fits, read_bank
from models.bench.calibration import BenchCalibration
from models.bench.shelf import BenchShelf
from models.errors import BadName, BankRefused, TooManyReferences
from models.images import read_header
from models.recipe import RECIPES, Recipe

BANK_FILE = "bank.rgbank"
BENCH = ".bench"
DEFAULT_MERCHANT = "default"
MAX_SHOTS = 64
MAX_VIEWS = 8
MAX_NAME = 128
CACHED_BANKS = 32
PHOTO = re.compile(r"^\d{3}\.(jpg|png)$")

Stamp = tuple[int, int, int]


def folder_name(name: str) -> str:
    """The name as one folder; raises BadName when it is empty, too long or holds control characters."""
    encoded = quote(name, safe="")
    if not name.strip() or len(encoded) > MAX_NAME or not name.isprintable():
        raise BadName(
            f"{name[:40]!r} cannot name a SKU, view or merchant: 1 to {MAX_NAME} printable characters"
        )
    return encoded.replace(".", "%2E", 1) if encoded.startswith(".") else encoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One stored reference photo."""

    path: Path
    content: bytes

    @property
    def sha256(self) -> str:
        """Hash of the bytes as the camera sent them."""
        return hashlib.sha256(self.content).hexdigest()


class ReferenceStore:
    """References of one merchant. One process writes; any number may read."""

    def __init__(self, root: Path, merchant: str = DEFAULT_MERCHANT) -> None:
        """`root` need not exist yet; raises BadName."""
        self.merchant = merchant
        self._folder = root / folder_name(merchant)
        self._shelf = BenchShelf(root)
        self._banks: OrderedDict[Path, tuple[Stamp, ViewBank]] = OrderedDict()

    def skus(self) -> list[str]:
        """Every SKU with references, sorted."""
        return sorted(unquote(name) for name in _folders(self._folder))

    def views(self, sku: str) -> list[str]:
        """Every view of a SKU with references, sorted; empty for an unknown SKU."""
        return sorted(unquote(name) for name in _folders(self._folder / folder_name(sku)))

    def photos(self, sku: str, view: str) -> list[Photo]:
        """The stored photos of a view in the order of their numbers."""
        paths = self._photo_paths(sku, view)
        return [Photo(path=path, content=path.read_bytes()) for path in paths]

    def count(self, sku: str, view: str) -> int:
        """How many photos a view has."""
        return len(self._photo_paths(sku, view))

    def add_photo(self, sku: str, view: str, content: bytes) -> Path:
        """Store one photo as it is; raises BadImage or TooManyReferences."""
        kind = read_header(content).kind
        paths = self._photo_paths(sku, view)
        if len(paths) >= MAX_SHOTS:
            raise TooManyReferences(f"view {view} of {sku} holds {MAX_SHOTS} photos already")
        if not paths and len(self.views(sku)) >= MAX_VIEWS:
            raise TooManyReferences(f"{sku} has {MAX_VIEWS} views already")
        number = 1 + max((int(path.stem) for path in paths), default=0)
        if number > 999:
            raise TooManyReferences(f"view {view} of {sku} has used up its photo numbers")
        path = self._view(sku, view) / f"{number:03d}.{'jpg' if kind == 'jpeg' else 'png'}"
        _write_whole(path, content)
        return path

    def bank_stamps(self) -> dict[tuple[str, str], Stamp]:
        """(SKU, view) of every bank that lies here, with a stamp that changes when the file does."""
        found = {}
        for sku in self.skus():
            for view in self.views(sku):
                try:
                    found[sku, view] = _stamp(self._view(sku, view) / BANK_FILE)
                except FileNotFoundError:
                    continue
        return found

    def write_bank(self, sku: str, view: str, content: bytes) -> None:
        """Put a view's bank in place of the old one."""
        _write_whole(self._view(sku, view) / BANK_FILE, content)

    def drop_bank(self, sku: str, view: str) -> None:
        """Take a bank away that no longer stands for the photos."""
        (self._view(sku, view) / BANK_FILE).unlink(missing_ok=True)

    def bank(self, sku: str, view: str, *, backbone_sha256: str) -> ViewBank | None:
        """The bank of a view, None where there is none; raises BankRefused when it must not be used."""
        found = self._stored(sku, view)
        if found is not None:
            check_fits(found, merchant=self.merchant, sku=sku, view=view, backbone_sha256=backbone_sha256)
        return found

    def recipe(self, sku: str, view: str) -> Recipe | None:
        """What the view's bank was made with; None where there is none of today's format and recipes."""
        try:
            found = self._stored(sku, view)
        except BankRefused:
            return None
        return found.header.recipe if found and found.header.recipe in RECIPES.values() else None

    def beside(self, sku: str, view: str, name: str) -> bytes | None:
        """A small file kept beside a view's photos, None where there is none."""
        try:
            return (self._view(sku, view) / name).read_bytes()
        except FileNotFoundError:
            return None

    def put_beside(self, sku: str, view: str, name: str, content: bytes) -> None:
        """Keep a small file beside a view's photos."""
        _write_whole(self._view(sku, view) / name, content)

    def set_bench(self, view: str, content: bytes) -> None:
        """Store the picture of the empty bench; raises BadImage."""
        read_header(content)
        _write_whole(self._folder / BENCH / f"{folder_name(view)}.jpg", content)

    def bench(self, view: str) -> bytes | None:
        """The picture of the empty bench, None where there is none."""
        try:
            return (self._folder / BENCH / f"{folder_name(view)}.jpg").read_bytes()
        except FileNotFoundError:
            return None

    def calibration(self, view: str) -> BenchCalibration | None:
        """The bench's calibration, None where there is none; raises CalibrationRefused."""
        return self._shelf.read(view)

    def _view(self, sku: str, view: str) -> Path:
        return self._folder / folder_name(sku) / folder_name(view)

    def _stored(self, sku: str, view: str) -> ViewBank | None:
        """The bank as it lies there, whatever it was made for; raises BankRefused for a damaged one."""
        path = self._view(sku, view) / BANK_FILE
        try:
            stamp = _stamp(path)
        except FileNotFoundError:
            return None
        found = self._remembered(path, stamp)
        if found is None:
            found = _read(path, size=stamp[1])
            self._remember(path, stamp, found)
        return found

    def _photo_paths(self, sku: str, view: str) -> list[Path]:
        folder = self._view(sku, view)
        if not folder.is_dir():
            return []
        return sorted(path for path in folder.iterdir() if PHOTO.match(path.name))

    def _remembered(self, path: Path, stamp: Stamp) -> ViewBank | None:
        known = self._banks.get(path)
        return known[1] if known and known[0] == stamp else None

    def _remember(self, path: Path, stamp: Stamp, found: ViewBank) -> None:
        self._banks[path] = (stamp, found)
        self._banks.move_to_end(path)
        while len(self._banks) > CACHED_BANKS:
            self._banks.popitem(last=False)


def _folders(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return [entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path, size: int) -> ViewBank:
    if size > MAX_BYTES:
        raise BankRefused(f"the reference bank has {size} bytes, {MAX_BYTES} are allowed")
    try:
        return read_bank(path.read_bytes())
    except OSError as error:
        raise BankRefused(f"the reference bank {path.name} cannot be read: {error.strerror}") from error


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    with beside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
