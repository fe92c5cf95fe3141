"""Kill -9 of station, broker, centre and shop while items are inspected: nothing lost, nothing doubled."""

import pytest

from demo.crash import KILLS, Moment, Target, kills, run_seed
from demo.warehouse import Warehouse

SEEDS = range(10)


@pytest.mark.flow
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_is_lost_or_doubled_when_programs_are_killed(warehouse: Warehouse, seed: int) -> None:
    outcome = await run_seed(warehouse, seed)
    assert outcome.wrong == ()
    assert sum(outcome.killed.values()) >= KILLS[0]


def test_a_seed_kills_three_different_programs_at_least() -> None:
    for seed in range(200):
        struck = kills(seed, 7)
        assert KILLS[0] <= len(struck) <= KILLS[1]
        assert len({one.target for one in struck}) >= 3
        assert struck == kills(seed, 7)


def test_the_seeds_reach_every_program_at_every_moment() -> None:
    reached = {(one.target, one.moment) for seed in SEEDS for one in kills(seed, 7)}
    assert {target for target, _ in reached} == set(Target)
    assert {moment for _, moment in reached} == set(Moment)
