"""The six lighting rigs: lamps, sky and bench; 0..3 for training, 4 and 5 for held-out products alone."""

from dataclasses import dataclass

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
)
