"""Kill -9 of station, broker, centre and shop while items are inspected: nothing lost, nothing doubled."""

import asyncio

import pytest

from demo.crash import KILLS, Moment, Target, kills, run_seed
from demo.warehouse import Warehouse

ROUNDS = range(10)
"""Each plays two seeds, one on each broker."""
SEEDS = range(2 * len(ROUNDS))


@pytest.mark.flow
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("round_", ROUNDS)
async def test_nothing_is_lost_or_doubled_when_programs_are_killed(
    warehouses: dict[str, Warehouse], round_: int
) -> None:
    seeds = {broker: 2 * round_ + turn for turn, broker in enumerate(warehouses)}
    outcomes = await asyncio.gather(*(run_seed(warehouses[broker], seeds[broker]) for broker in seeds))
    assert [outcome.wrong for outcome in outcomes] == [(), ()]
    assert all(sum(outcome.killed.values()) >= KILLS[0] for outcome in outcomes)


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
