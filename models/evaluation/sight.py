"""Identity and completeness by sight, as parts of the standard run."""

import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from inspection.findings import Region
from inspection.identity.codes import ItemCode
from models.codes import codes_in
from models.errors import BadImage, FolderMissing, NoGoodPictures
from models.evaluation.book import Book, Caught
from models.evaluation.folders import is_picture
from models.evaluation.rendered import all_pictures
from models.evaluation.swaps import ProductPictures, Swaps, swap_tags
from models.evaluation.workshop import Workshop
from models.images import Pixels, decode
from models.parts import Part, describe, fit_described

GROCERY, SCREWS, CODES = "grocery_package", "screw_board", "barcodes"
LABELLED = re.compile(r"_([01]{4})\.jpg$")
"""The name ends with one digit per screw: top left, top right, bottom left, bottom right."""
SCREW_BOXES = (
    (16_000, 95_000, 411_000, 310_000),
    (517_000, 95_000, 410_000, 310_000),
    (16_000, 553_000, 411_000, 308_000),
    (554_000, 553_000, 405_000, 308_000),
)
"""Left, top, width, height in millionths of the board: as drawn on its pictures."""


def run_grocery_swaps(shop: Workshop) -> Book:
    """Tags swapped among look-alike packages in the hand; raises FolderMissing."""
    folder = shop.setup.data / GROCERY
    if not folder.is_dir():
        raise FolderMissing(f"there is no folder {folder}")
    products = {
        kind.name: ProductPictures(good=tuple(sorted(path for path in kind.iterdir() if is_picture(path))))
        for kind in sorted(folder.iterdir())
        if kind.is_dir()
    }
    return _swapped(shop, f"swapped tags, {GROCERY}", products)


def run_rendered_swaps(shop: Workshop) -> Book:
    """Tags swapped among the rendered products, in any state; raises FolderMissing, NoGoodPictures."""
    products = {
        name: ProductPictures(
            good=tuple(shop.setup.rendered / row.picture for row in rows if row.grade == "new"),
            others=tuple(shop.setup.rendered / row.picture for row in rows if row.grade != "new"),
        )
        for name, rows in all_pictures(shop.setup.rendered).items()
    }
    return _swapped(shop, "swapped tags, rendered", products)


def _swapped(shop: Workshop, name: str, products: Mapping[str, ProductPictures]) -> Book:
    shots = min(shop.shots, min(len(found.good) for found in products.values()) - 1)
    runs = swap_tags(
        shop.backbone,
        products,
        shots=shots,
        seeds=shop.seeds,
        progress=lambda done, total: shop.progress(name, done, total),
    )
    return Book(caught={name: caught_of(shop, runs)})


def caught_of(shop: Workshop, runs: Sequence[Swaps]) -> Caught:
    """Counts of all draws together."""
    return Caught(
        measured=shop.today,
        seeds=len(runs),
        caught=sum(run.caught for run in runs),
        of=sum(run.tags for run in runs),
        alarms=sum(run.alarms for run in runs),
        right=sum(run.right for run in runs),
        least=min(run.caught / run.tags for run in runs),
        most_alarms=max(run.alarms / run.right for run in runs),
    )


def run_screws(shop: Workshop) -> Book:
    """Missing screws on boards; raises FolderMissing, NoGoodPictures."""
    folder = shop.setup.data / SCREWS
    if not folder.is_dir():
        raise FolderMissing(f"there is no folder {folder}")
    boards = {path: found[1] for path in sorted(folder.iterdir()) if (found := LABELLED.search(path.name))}
    described = describe_boards(shop, list(boards))
    whole = [path for path, screws in boards.items() if screws == "1111" and path in described]
    if len(whole) <= shop.shots:
        raise NoGoodPictures(f"{SCREWS}: {len(whole)} boards with all screws, {shop.shots + 1} are needed")
    runs = [count_screws(shop, boards, described, whole, seed) for seed in range(shop.seeds)]
    return Book(caught={f"missing parts, {SCREWS}": caught_of(shop, runs)})


def run_codes(shop: Workshop) -> Book:
    """Codes in phone pictures, and pictures without any; raises FolderMissing."""
    folder = shop.setup.data / CODES
    if not folder.is_dir():
        raise FolderMissing(f"there is no folder {folder}")
    told = {path: text_beside(path) for path in sorted(folder.rglob("*")) if is_picture(path)}
    read = {path: found for path in told if (found := read_codes(path)) is not None}
    right = [names(read[path], text) for path, text in told.items() if path in read and text]
    wrong = [bool(read[path]) for path, text in told.items() if path in read and not text]
    count = Swaps(products=1, caught=sum(right), tags=len(right), alarms=sum(wrong), right=len(wrong))
    return Book(caught={f"codes, {CODES}": caught_of(shop, [count])})


def text_beside(path: Path) -> str | None:
    """What the code in a picture says, from the file of its name; None where it shows no code."""
    beside = path.with_suffix(".txt")
    return beside.read_text(encoding="utf-8", errors="replace").strip() if beside.is_file() else None


def read_codes(path: Path) -> tuple[ItemCode, ...] | None:
    """The codes of a picture; None for one that the gate refuses."""
    try:
        return tuple(seen.code for seen in codes_in(decode(path.read_bytes())))
    except BadImage:
        return None


def names(codes: Sequence[ItemCode], text: str) -> bool:
    """Whether one of the codes says the text, or is the GTIN that it names (UPC-A leaves its zero out)."""
    return any(text == code.raw.strip() or text.zfill(14) == code.gtin for code in codes)


def describe_boards(shop: Workshop, paths: Sequence[Path]) -> dict[Path, np.ndarray]:
    """Every board that can be read: screws x length."""
    found = {}
    for number, path in enumerate(paths, start=1):
        try:
            pixels: Pixels = decode(path.read_bytes())
        except BadImage:
            continue  # the gate refuses it before anybody counts screws
        found[path] = describe(shop.backbone, SCREW_PARTS, pixels)
        shop.progress(SCREWS, number, len(paths))
    return found


def count_screws(
    shop: Workshop,
    boards: Mapping[Path, str],
    described: Mapping[Path, np.ndarray],
    whole: Sequence[Path],
    seed: int,
) -> Swaps:
    """One draw of references; every screw of the other boards is looked for."""
    references = random.Random(seed).sample(whole, shop.shots)  # noqa: S311 - a draw anyone can repeat
    banks = fit_described(SCREW_PARTS, np.stack([described[path] for path in references], axis=1))
    said = [
        (screws[at] == "1", bank.finding("board", described[path][at]) is not None)
        for path, screws in boards.items()
        if path in described and path not in references
        for at, bank in enumerate(banks)
    ]
    return Swaps(
        products=1,
        caught=sum(missing for there, missing in said if not there),
        tags=sum(not there for there, _ in said),
        alarms=sum(missing for there, missing in said if there),
        right=sum(there for there, _ in said),
    )


SCREW_PARTS = tuple(
    Part(
        name=f"screw {number}",
        region=Region(left_ppm=left, top_ppm=top, width_ppm=width, height_ppm=height),
    )
    for number, (left, top, width, height) in enumerate(SCREW_BOXES, start=1)
)
