"""The lighting rigs: lamps, sky and bench.

0..3 are for training, 4 and 5 for held-out products alone, 6 and 7 for sealed ones alone. From
`DRAWN` on a rig is drawn by its number, for training.
"""

from dataclasses import dataclass
from random import Random

Colour = tuple[float, float, float]
Lamp = tuple[tuple[float, float, float], float, float, Colour]
"""Place and size in decimetres, power in watts, linear RGB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """What a station's bench looks like and how it is lit."""

    lamps: tuple[Lamp, ...]
    sky: Colour
    sky_strength: float
    bench: Colour
    """Linear RGB."""
    contrast: float
    """Of the bench's pattern, 0..1."""
    grain: tuple[float, float]
    """Bumps of the pattern per decimetre, across and along."""
    bench_rough: float


WHITE, WARM, COOL = (1.0, 0.98, 0.95), (1.0, 0.84, 0.66), (0.82, 0.9, 1.0)
RIGS: tuple[Rig, ...] = (
    Rig(
        lamps=(((-2.5, -2.5, 5.5), 2.5, 330, WHITE), ((3.5, 1.0, 4.5), 2.0, 150, WHITE)),
        sky=(0.9, 0.95, 1.0),
        sky_strength=0.32,
        bench=(0.3, 0.3, 0.31),
        contrast=0.08,
        grain=(0.6, 0.6),
        bench_rough=0.7,
    ),
    Rig(
        lamps=(((0.5, 3.5, 5.0), 3.0, 420, WARM),),
        sky=(1.0, 0.95, 0.9),
        sky_strength=0.42,
        bench=(0.4, 0.28, 0.16),
        contrast=0.3,
        grain=(0.3, 2.5),
        bench_rough=0.5,
    ),
    Rig(
        lamps=(((-4.0, 0.5, 4.0), 1.4, 260, COOL), ((3.0, -3.0, 4.5), 1.6, 240, COOL)),
        sky=(0.85, 0.92, 1.0),
        sky_strength=0.25,
        bench=(0.08, 0.1, 0.11),
        contrast=0.12,
        grain=(0.9, 0.9),
        bench_rough=0.6,
    ),
    Rig(
        lamps=(((3.5, -3.0, 4.5), 1.6, 380, WHITE),),
        sky=(1.0, 1.0, 1.0),
        sky_strength=0.4,
        bench=(0.62, 0.62, 0.6),
        contrast=0.05,
        grain=(0.4, 0.8),
        bench_rough=0.8,
    ),
    Rig(
        lamps=(((-3.5, -1.5, 3.8), 1.0, 250, WARM), ((1.5, 3.5, 5.5), 2.6, 190, COOL)),
        sky=(0.95, 0.97, 1.0),
        sky_strength=0.3,
        bench=(0.12, 0.2, 0.15),
        contrast=0.15,
        grain=(1.4, 0.5),
        bench_rough=0.55,
    ),
    Rig(
        lamps=(((1.0, -1.0, 6.0), 3.6, 420, COOL), ((-4.5, 2.5, 3.0), 1.2, 120, WARM)),
        sky=(1.0, 0.96, 0.92),
        sky_strength=0.34,
        bench=(0.5, 0.42, 0.34),
        contrast=0.18,
        grain=(0.7, 1.2),
        bench_rough=0.65,
    ),
    Rig(
        lamps=(((4.0, -0.5, 3.6), 1.2, 260, WHITE), ((-2.0, 3.0, 6.0), 3.2, 210, WARM)),
        sky=(1.0, 0.98, 0.94),
        sky_strength=0.28,
        bench=(0.22, 0.12, 0.1),
        contrast=0.2,
        grain=(0.5, 1.8),
        bench_rough=0.6,
    ),
    Rig(
        lamps=(((-1.5, -3.5, 4.2), 2.2, 300, COOL), ((2.5, 2.5, 5.0), 1.4, 170, WHITE)),
        sky=(0.88, 0.94, 1.0),
        sky_strength=0.36,
        bench=(0.2, 0.3, 0.42),
        contrast=0.1,
        grain=(1.1, 1.1),
        bench_rough=0.7,
    ),
)
DRAWN = len(RIGS)


def rig_of(number: int) -> Rig:
    """Return a rig: one of the table, or one drawn by its number."""
    return RIGS[number] if number < DRAWN else _drawn(Random(number))  # noqa: S311


def _drawn(dice: Random) -> Rig:
    """Return a bench of any colour under one or two lamps."""
    shade, tint = dice.uniform(0.07, 0.6), dice.uniform(-0.12, 0.12)
    return Rig(
        lamps=tuple(_lamp(dice) for _ in range(dice.choice((1, 2, 2)))),
        sky=(1.0 - max(0.0, -tint), 0.96, 1.0 - max(0.0, tint)),
        sky_strength=dice.uniform(0.25, 0.45),
        bench=(
            shade * (1 + tint) * dice.uniform(0.75, 1.25),
            shade * dice.uniform(0.75, 1.25),
            shade * (1 - tint) * dice.uniform(0.75, 1.25),
        ),
        contrast=dice.uniform(0.04, 0.3),
        grain=(dice.uniform(0.3, 1.5), dice.uniform(0.4, 2.5)),
        bench_rough=dice.uniform(0.45, 0.8),
    )


def _lamp(dice: Random) -> Lamp:
    """Return a lamp above the bench's rim."""
    side = dice.choice((-1, 1))
    place = (side * dice.uniform(0.5, 4.5), dice.uniform(-3.5, 3.5), dice.uniform(3.4, 6.0))
    return place, dice.uniform(1.0, 3.4), dice.uniform(190, 330), dice.choice((WHITE, WARM, COOL))
