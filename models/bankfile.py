"""The file of one view's bank: plain numbers with a hash, and what it belongs to.

    8 bytes   magic "RGBANK\\x00\\x04": the last byte is the format version; it rises too when pictures
              are shrunk in another way, for a bank is only good for pictures made as its own were
    4 bytes   length of the header, big-endian
    header    JSON: merchant, sku, view, backbone, recipe, photos, sizes, gate, scores, shapes
    arrays    float32 little-endian, look by look in the order of `looks.arrays_of`; the photos'
              signatures, photos x length; the parts, parts x photos x length
    32 bytes  SHA-256 of everything before

A bank is refused when it is cut short or altered, and when it was made for another merchant,
SKU, view, backbone or recipe.
"""

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.backbone import Matrix
from models.calibration import MIN_SHOTS
from models.errors import BankRefused
from models.framing import Size, max_side
from models.looks import Banks, Sizes, arrays_of, cells_of
from models.manifest import Sha256
from models.partrows import FittedPart, rows_of
from models.parts import MAX_PARTS, PartBank
from models.quality import Baseline
from models.recipe import RECIPES, Look, Recipe
from models.reference import Bank

MAGIC = b"RGBANK\x00\x04"
MAX_BYTES = 64 * 1024 * 1024
MAX_HEADER_BYTES = 64 * 1024
HASH_BYTES = 32

Shape = Annotated[tuple[Annotated[int, Field(ge=1, le=100_000)], ...], Field(min_length=1, max_length=2)]
LookShapes = tuple[Shape, Shape, Shape, Shape]
"""Of mean, spread, vectors and noise."""
Length = Annotated[int, Field(ge=1, le=8192)]
Side = Annotated[int, Field(ge=32, le=4096)]
MAX_LOOKS = 6
Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class BankHeader(BaseModel):
    """What a bank belongs to and was made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    merchant: str
    sku: str
    view: str
    backbone_sha256: Sha256
    recipe: Recipe
    photos: Annotated[tuple[Sha256, ...], Field(min_length=MIN_SHOTS)]
    """SHA-256 of each photo's bytes, in the order of the leave-one-out scores."""
    height: Side
    """Pixels of the picture that heads see."""
    width: Side
    finer: tuple[Side, Side] | None
    """Height and width of the picture of the finer looks; None where the view has none."""
    min_sharpness: Number
    min_brightness: Number
    max_brightness: Number
    max_blown: Share = 1.0
    max_contact: Share = 1.0
    of_item: bool = False
    """The five figures above were measured on the item alone; see models/quality.py."""
    leave_one_out: tuple[Number, ...]
    shapes: Annotated[tuple[LookShapes, ...], Field(min_length=1, max_length=MAX_LOOKS)]
    """Look by look."""
    signature_length: Length
    """Numbers of one photo's signature (`gallery.py`)."""
    parts: Annotated[tuple[FittedPart, ...], Field(max_length=MAX_PARTS)] = ()
    part_length: Length = 1
    """Numbers of one part in one photo (`parts.py`)."""

    @property
    def looks(self) -> tuple[Look, ...]:
        """The looks of the view."""
        return self.recipe.whole_looks if self.finer is None else self.recipe.looks

    @property
    def sizes(self) -> Sizes:
        """What the model sees of the view."""
        finer = Size(height=self.finer[0], width=self.finer[1]) if self.finer else None
        return Sizes(whole=Size(height=self.height, width=self.width), finer=finer)


class ViewBank(BaseModel):
    """A bank with what it belongs to, and the hash of its file."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    header: BankHeader
    bank: Banks
    signatures: Matrix
    """photos x length."""
    parts: tuple[PartBank, ...]
    sha256: Sha256

    @property
    def baseline(self) -> Baseline:
        """What the quality gate compares with."""
        return Baseline(
            min_sharpness=self.header.min_sharpness,
            min_brightness=self.header.min_brightness,
            max_brightness=self.header.max_brightness,
            max_blown=self.header.max_blown,
            max_contact=self.header.max_contact,
            of_item=self.header.of_item,
        )


def shapes_of(bank: Bank) -> LookShapes:
    """The shapes of one look's arrays, for the header."""
    mean, spread, vectors, noise = (array.shape for array in arrays_of(bank))
    return mean, spread, vectors, noise


def write_bank(header: BankHeader, banks: Banks, signatures: Matrix, parts: Sequence[PartBank]) -> bytes:
    """The bytes of the file; the same bank gives the same bytes."""
    text = header.model_dump_json().encode()
    pieces = [MAGIC, len(text).to_bytes(4, "big"), text]
    arrays = [array for bank in banks.looks for array in arrays_of(bank)] + [signatures, rows_of(parts)]
    pieces += [np.ascontiguousarray(array, dtype="<f4").tobytes() for array in arrays]
    body = b"".join(pieces)
    return body + hashlib.sha256(body).digest()


def read_bank(content: bytes) -> ViewBank:
    """Parse and check a bank file; raises BankRefused."""
    if len(content) > MAX_BYTES:
        raise BankRefused(f"the reference bank has {len(content)} bytes, {MAX_BYTES} are allowed")
    if not content.startswith(MAGIC[:-1]):
        raise BankRefused("the file is no reference bank")
    if content[: len(MAGIC)] != MAGIC:
        raise BankRefused("the reference bank has another format version: build it again from the photos")
    body, stored = content[:-HASH_BYTES], content[-HASH_BYTES:]
    if hashlib.sha256(body).digest() != stored:
        raise BankRefused("the reference bank is cut short or altered: its hash does not fit")
    header, rest = _read_header(body)
    looks, signatures, rows = _split(header, rest)
    return ViewBank(
        header=header,
        bank=_read_looks(header, looks),
        signatures=signatures,
        parts=tuple(part.bank(row) for part, row in zip(header.parts, rows, strict=True)),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _read_header(body: bytes) -> tuple[BankHeader, bytes]:
    start = len(MAGIC) + 4
    length = int.from_bytes(body[len(MAGIC) : start], "big")
    if length > MAX_HEADER_BYTES:
        raise BankRefused("the reference bank's header is too long")
    try:
        return BankHeader.model_validate_json(body[start : start + length]), body[start + length :]
    except ValidationError as error:
        raise BankRefused(f"the reference bank's header: {error.errors()[0]['msg']}") from error


def _split(header: BankHeader, rest: bytes) -> tuple[Matrix, Matrix, Matrix]:
    """The numbers of the looks, the signatures, and the parts' rows."""
    photos = len(header.photos)
    of_looks = sum(math.prod(shape) for shapes in header.shapes for shape in shapes)
    of_signatures = photos * header.signature_length
    of_parts = len(header.parts) * photos * header.part_length
    if len(rest) != 4 * (of_looks + of_signatures + of_parts):
        raise BankRefused("the reference bank's arrays do not fit its header")
    numbers = np.frombuffer(rest, dtype="<f4").astype(np.float32)
    if not np.isfinite(numbers).all():
        raise BankRefused("the reference bank holds numbers that cannot be used")
    looks, signatures, rows = np.split(numbers, [of_looks, of_looks + of_signatures])
    return (
        looks,
        # a copy: a gallery takes the signatures of all products, and a view would keep each whole file
        signatures.reshape(photos, header.signature_length).copy(),
        rows.reshape(len(header.parts), photos, header.part_length),
    )


def _read_looks(header: BankHeader, numbers: Matrix) -> Banks:
    counts = [sum(math.prod(shape) for shape in shapes) for shapes in header.shapes]
    pieces = np.split(numbers, np.cumsum(counts)[:-1])
    complete = len(pieces) == len(header.looks) and len(header.leave_one_out) == len(header.photos)
    finer = header.finer is None or bool(header.recipe.finer_looks)
    if not (complete and finer and _sizes_fit(header)):
        raise BankRefused("the reference bank's parts do not fit its recipe")
    rows = zip(header.looks, header.shapes, pieces, strict=True)
    return Banks(looks=tuple(_read_look(*row) for row in rows), leave_one_out=header.leave_one_out)


def _sizes_fit(header: BankHeader) -> bool:
    """Whether pictures are no larger than the recipe makes them, and each look's map has their cells.

    A bank comes from elsewhere: what it asks for must not cost more memory than one made here.
    """
    sizes = header.sizes
    largest = max_side(max(header.recipe.side, header.recipe.fine_side))
    pictures = [sizes.finer or sizes.whole if look.finer else sizes.whole for look in header.looks]
    if any(max(size.height, size.width) > largest for size in pictures):
        return False
    cells = [cells_of(size, look) for size, look in zip(pictures, header.looks, strict=True)]
    return cells == [shapes[3] for shapes in header.shapes]


def _read_look(look: Look, shapes: LookShapes, numbers: Matrix) -> Bank:
    parts = np.split(numbers, np.cumsum([math.prod(shape) for shape in shapes])[:-1])
    mean, spread, vectors, noise = (part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
    sound = bool((spread > 0).all() and (noise > 0).all())
    fits = vectors.ndim == noise.ndim == 2 and mean.shape == spread.shape == vectors.shape[1:]
    if not (sound and fits):
        raise BankRefused("the reference bank holds numbers that cannot be used")
    return Bank(
        rows=noise.shape[0],
        columns=noise.shape[1],
        mean=mean,
        spread=spread,
        vectors=vectors,
        noise=noise,
        direction=look.direction,
    )


def check_fits(
    found: ViewBank,
    *,
    merchant: str,
    sku: str,
    view: str,
    backbone_sha256: str,
    recipes: Collection[Recipe] = tuple(RECIPES.values()),
) -> None:
    """Raise BankRefused when the bank was made for something else, or by a recipe that is none of these."""
    header = found.header
    rows = (
        ("merchant", header.merchant, merchant),
        ("SKU", header.sku, sku),
        ("view", header.view, view),
        ("backbone", header.backbone_sha256, backbone_sha256),
    )
    for what, made_for, wanted in rows:
        if made_for != wanted:
            raise BankRefused(
                f"the reference bank was made for {what} {made_for!r}, not {wanted!r}: build it again"
            )
    if header.recipe not in recipes:
        raise BankRefused("the reference bank was made by another recipe: build it again from the photos")


def check_channels(found: ViewBank, outputs: Mapping[str, int], signature_length: int) -> None:
    """Raise BankRefused unless its rows are as long as the backbone's answers.

    `outputs`: numbers per cell of each of the backbone's maps, and of its embedding. A bank of other
    lengths would stop the gallery of its view, and so every product in it.
    """
    header = found.header
    expected = [(sum(outputs[level] for level in look.levels),) for look in header.looks]
    lengths = header.signature_length == signature_length
    parts = not header.parts or header.part_length == outputs["embedding"]
    if not (lengths and parts and [shapes[0] for shapes in header.shapes] == expected):
        raise BankRefused("the reference bank's numbers are not this backbone's: build it again")
