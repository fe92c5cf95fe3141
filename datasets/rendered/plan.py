"""What is to be rendered: products, units and their defects. Pure; the same plan on every call."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from random import Random

from inspection.findings import DefectKind as K
from inspection.findings import Zone as Z

SEED = 20_260
FAMILIES: Mapping[str, str] = {
    "carton": "carton",
    "phone": "electronics",
    "can_or_bottle": "beverage",
    "garment": "apparel",
    "mug": "tableware",
}
"""Family to the category of `inspection.rubrics`."""
SPLITS = ("validation", "train", "held_out")
"""In the order of rendering."""
COUNTS: Mapping[str, Mapping[str, int]] = {
    "train": {"new": 5, "used": 5, "damaged": 5},
    "validation": {"new": 14, "used": 10, "damaged": 10},
    "held_out": {"new": 18, "used": 14, "damaged": 14},
    "more": {"new": 6, "used": 6, "damaged": 6},
    "sealed": {"new": 18, "used": 14, "damaged": 14},
}
"""Units per product."""
FIRST: Mapping[str, int] = {"new": 0, "used": 20, "damaged": 40}
"""The number of the first unit of a class: more units change no other's number or seed."""
REFERENCES = 8
"""The first new units of a held-out or sealed product are its references."""
OBJECTS = 8
"""Products of a family whose pictures are kept."""
MORE, SEALED = range(OBJECTS, 13), range(24, 26)
"""Products whose pictures are made on demand: for training, and to be looked at once."""
JUDGED = ("held_out", "sealed")
"""Splits whose products are enrolled with references and graded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One SKU: a shape, a print, a material."""

    family: str
    number: int
    """0..7, and from 8 on those whose pictures are made on demand."""
    split: str
    rig: int
    """Of `light.rig_of`; one per product, 4 and 5 for held-out and 6 and 7 for sealed products alone."""
    seed: int

    @property
    def name(self) -> str:
        """Such as `carton-3`."""
        return f"{self.family}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One defect as wanted: what, where, and how much of the item."""

    kind: K
    zone: Z
    low_ppm: int
    high_ppm: int
    """Accepted share of the item's visible area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One picture."""

    product: Product
    number: int
    planned: str
    """`new`, `used` or `damaged`."""
    seed: int
    wishes: tuple[Wish, ...] = ()

    @property
    def stem(self) -> str:
        """Path without suffix below `pictures/` and `masks/`."""
        return f"{self.product.family}/{self.product.number}/{self.number:03d}_{self.planned}"


def _wish(kind: K, low_ppm: int, high_ppm: int, zone: Z = Z.ANY) -> Wish:
    return Wish(kind=kind, zone=zone, low_ppm=low_ppm, high_ppm=high_ppm)


STAIN_MINOR = _wish(K.STAIN, 4_500, 12_000)
STAIN_MAJOR = _wish(K.STAIN, 19_000, 38_000)
STAIN_CRITICAL = _wish(K.STAIN, 65_000, 140_000)
SMUDGE_MAJOR = _wish(K.SMUDGE, 28_000, 75_000)
DENT_MINOR = _wish(K.DENT, 8_000, 18_000)

WISHES: Mapping[tuple[str, str], tuple[Wish, ...]] = {
    ("carton", "used"): (
        DENT_MINOR,
        _wish(K.TEAR, 4_500, 12_000),
        STAIN_MINOR,
        STAIN_MAJOR,
        _wish(K.OPENED_SEAL, 8_500, 30_000, Z.SEAL),
    ),
    ("carton", "damaged"): (
        _wish(K.DENT, 95_000, 180_000, Z.EDGE),
        STAIN_CRITICAL,
        _wish(K.HOLE, 7_000, 21_000),
    ),
    ("phone", "used"): (
        _wish(K.SMUDGE, 12_000, 19_000, Z.FRONT),
        _wish(K.SMUDGE, 28_000, 75_000, Z.FRONT),
        _wish(K.SCRATCH, 1_800, 4_500, Z.FRONT),
        _wish(K.SCRATCH, 2_200, 4_800, Z.FRONT),
    ),
    ("phone", "damaged"): (
        _wish(K.CRACK, 9_000, 18_500, Z.FRONT),
        _wish(K.CRACK, 2_500, 4_500, Z.FRONT),
        _wish(K.SCRATCH, 8_500, 25_000, Z.FRONT),
    ),
    ("can_or_bottle", "used"): (
        _wish(K.TEAR, 6_000, 13_000, Z.PACKAGING),
        _wish(K.TEAR, 19_000, 45_000, Z.PACKAGING),
        DENT_MINOR,
        SMUDGE_MAJOR,
    ),
    ("can_or_bottle", "damaged"): (
        _wish(K.MISSING_PART, 3_000, 200_000, Z.SEAL),
        _wish(K.DENT, 35_000, 68_000),
        _wish(K.DENT, 95_000, 150_000),
    ),
    ("garment", "used"): (STAIN_MINOR, STAIN_MAJOR, SMUDGE_MAJOR),
    ("garment", "damaged"): (
        _wish(K.HOLE, 1_500, 2_300),
        _wish(K.HOLE, 3_500, 14_000),
        STAIN_CRITICAL,
    ),
    ("mug", "used"): (STAIN_MINOR, STAIN_MAJOR, SMUDGE_MAJOR),
    ("mug", "damaged"): (
        _wish(K.CHIP, 2_600, 5_000, Z.EDGE),
        _wish(K.CHIP, 8_500, 17_000, Z.EDGE),
        _wish(K.CRACK, 2_600, 4_400),
        _wish(K.CRACK, 6_500, 14_000),
    ),
}
"""Family and class to the defects that make it; every one alone is enough for the class."""


def split_of(number: int) -> str:
    """Return the split of an object number."""
    if number >= OBJECTS:
        return "sealed" if number in SEALED else "more"
    return "train" if number < 5 else "validation" if number == 5 else "held_out"


def product(family: str, number: int) -> Product:
    """Return one product; raises ValueError for an unknown family."""
    place = list(FAMILIES).index(family)
    split = split_of(number)
    seed = SEED * 1_000 + place * 100 + number
    return Product(family=family, number=number, split=split, rig=_rig(number, place), seed=seed)


def _rig(number: int, place: int) -> int:
    """Return the rig of a family's product."""
    match split_of(number):
        case "held_out":
            return number - 2
        case "sealed":
            return number - SEALED[0] + 6
        case "more":
            return number * len(FAMILIES) + place
        case _:
            return (number + place) % 4


def units(product: Product) -> tuple[Unit, ...]:
    """Return all units of a product: new, used, damaged."""
    counts = COUNTS[product.split].items()
    return tuple(_unit(product, planned, turn) for planned, count in counts for turn in range(count))


def _unit(product: Product, planned: str, turn: int) -> Unit:
    number = FIRST[planned] + turn
    seed = product.seed * 1_000 + number
    wishes = _wishes(product.family, planned, turn + product.number, Random(seed))  # noqa: S311
    return Unit(product=product, number=number, planned=planned, seed=seed, wishes=wishes)


def _wishes(family: str, planned: str, turn: int, dice: Random) -> tuple[Wish, ...]:
    """Return one or two defects: the kinds take turns, a second and lesser one comes now and then."""
    if planned == "new":
        return ()
    first = WISHES[family, planned][turn % len(WISHES[family, planned])]
    if dice.random() >= (0.35 if planned == "damaged" else 0.2):
        return (first,)
    lesser = [wish for wish in WISHES[family, "used"] if wish.kind != first.kind]
    return (first, dice.choice(lesser))


def plan() -> Iterator[Unit]:
    """Yield every unit that is kept, in the order of rendering: useful wherever it is stopped."""
    for split in SPLITS:
        yield from _in_order([number for number in range(OBJECTS) if split_of(number) == split])


def plan_more() -> Iterator[Unit]:
    """Yield every unit that is made on demand: the sealed ones, then a product of each family at a time."""
    yield from _in_order(list(SEALED))
    for number in MORE:
        yield from _in_order([number])


def _in_order(numbers: list[int]) -> Iterator[Unit]:
    """Yield the units of some products of all families, family by family in turns."""
    for row in zip_longest(*(_in_turns(family, numbers) for family in FAMILIES)):
        yield from (unit for unit in row if unit is not None)


def _in_turns(family: str, numbers: list[int]) -> list[Unit]:
    """Return the units of some products of a family, references first, then in turns."""
    all_units = [unit for number in numbers for unit in units(product(family, number))]
    return sorted(all_units, key=lambda u: (not is_reference(u), turn_of(u), u.product.number, u.planned))


def turn_of(unit: Unit) -> int:
    """Return which of its product's units of that class it is, from 0."""
    return unit.number - FIRST[unit.planned]


def is_reference(unit: Unit) -> bool:
    """Tell whether the unit is one of the references of its held-out or sealed product."""
    return unit.product.split in JUDGED and unit.number < REFERENCES


def benches(numbers: Sequence[int] = range(OBJECTS)) -> list[tuple[str, int]]:
    """Return every (family, rig) that occurs with these products."""
    return sorted({(family, product(family, number).rig) for family in FAMILIES for number in numbers})
