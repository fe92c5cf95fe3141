"""A memory between backbone and comparison changes no number, and hides no time."""

from collections.abc import Callable

import numpy as np

from models.backbone import Backbone
from models.evaluation.memory import Memory, RememberingBackbone
from models.evaluation.methods import shipped
from models.framing import see

Shots = Callable[..., list[bytes]]


def test_what_is_remembered_is_what_the_backbone_says(backbone: Backbone, drawn: Shots) -> None:
    pixels = see(drawn("mug", "good", 1, 1)[0])
    remembering = RememberingBackbone(backbone)
    first, again = remembering.maps(pixels), remembering.maps(pixels)
    plain, _ = backbone.maps(pixels)
    assert all((first[0][name] == plain[name]).all() for name in plain)
    assert again[0] is first[0]
    assert again[1] == first[1], "the runtime's milliseconds are those of the first time"
    assert remembering.memory.meter.wall_ms > 0


def test_the_memory_is_bounded(backbone: Backbone) -> None:
    remembering = RememberingBackbone(backbone, Memory(most_bytes=1))
    pictures = [np.full((64, 64, 3), shade, np.uint8) for shade in (10, 200)]
    for picture in (*pictures, pictures[0]):
        remembering.maps(picture)
    assert remembering.memory.meter.wall_ms == 0, "only the last answer is kept, and never asked for again"


def test_a_look_that_was_remembered_costs_what_it_had_cost(backbone: Backbone, drawn: Shots) -> None:
    fitted = shipped(RememberingBackbone(backbone)).fit(drawn("mug", "good", 1, 6))
    picture = drawn("mug", "good", 7, 7)[0]
    first, again = fitted.look(picture), fitted.look(picture)
    assert (first.score, first.chance, first.limit) == (again.score, again.chance, again.limit)
    assert again.cpu_ms > 0.25 * first.cpu_ms
    assert first.chance is not None
    assert 0 < first.chance < 1
