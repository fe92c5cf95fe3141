"""Limits that keep one caller from taking the whole centre."""

import asyncio

import pytest

from server.errors import Busy
from server.limits import Turnstile


async def test_one_at_a_time_goes_through_a_turnstile() -> None:
    turnstile, inside, seen = Turnstile(most_waiting=8), 0, []

    async def pass_through() -> None:
        nonlocal inside
        async with turnstile.turn():
            inside += 1
            seen.append(inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(pass_through() for _ in range(8)))
    assert seen == [1] * 8


async def test_who_would_wait_behind_too_many_is_sent_away_and_may_come_again() -> None:
    turnstile, leave = Turnstile(most_waiting=1), asyncio.Event()

    async def stay() -> None:
        async with turnstile.turn():
            await leave.wait()

    staying = [asyncio.create_task(stay()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        async with turnstile.turn():
            pytest.fail("the place before it was taken")
    leave.set()
    await asyncio.gather(*staying)
    async with turnstile.turn():
        pass


async def test_who_gives_up_while_waiting_holds_nobody_up() -> None:
    turnstile, leave = Turnstile(most_waiting=1), asyncio.Event()

    async def stay() -> None:
        async with turnstile.turn():
            await leave.wait()

    first, second = asyncio.create_task(stay()), asyncio.create_task(stay())
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    leave.set()
    await first
    async with turnstile.turn():
        pass
