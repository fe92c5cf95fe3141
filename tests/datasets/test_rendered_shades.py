"""Colours and rigs of products that no table lists: drawn by number, readable, and like no other."""

import pytest

from datasets.rendered.light import DRAWN, RIGS, rig_of
from datasets.rendered.shades import Grounds, Inks, luma

GROUNDS = Grounds(kept=((10, 20, 30),), hue=(0.0, 1.0), saturation=(0.1, 0.6), value=(0.3, 0.9))
INKS = Inks(kept=((250, 250, 250),), on=GROUNDS)
NUMBERS = range(1, 60)


def test_a_product_of_the_table_keeps_its_colour() -> None:
    assert (GROUNDS[0], INKS[0]) == ((10, 20, 30), (250, 250, 250))


def test_the_same_number_has_the_same_colour_and_others_have_others() -> None:
    assert [GROUNDS[number] for number in NUMBERS] == [GROUNDS[number] for number in NUMBERS]
    assert len({GROUNDS[number] for number in NUMBERS}) == len(NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_print_can_be_told_from_its_ground(number: int) -> None:
    assert abs(luma(GROUNDS[number]) - luma(INKS[number])) > 30


def test_a_rig_of_the_table_is_itself_and_a_drawn_one_is_drawn_once() -> None:
    assert rig_of(3) is RIGS[3]
    assert rig_of(DRAWN + 40) == rig_of(DRAWN + 40) != rig_of(DRAWN + 41)


@pytest.mark.parametrize("number", range(DRAWN, DRAWN + 40))
def test_a_drawn_rig_lights_a_bench_that_can_be_seen(number: int) -> None:
    rig = rig_of(number)
    assert 1 <= len(rig.lamps) <= 2
    assert all(0.02 < channel <= 1.0 for channel in (*rig.bench, *rig.sky, rig.sky_strength))
    assert all(place[2] > 3 for place, *_ in rig.lamps), "lamps hang above the bench"
