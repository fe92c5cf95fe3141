import asyncio

from devices.channel import Channel


async def test_the_newest_stays_when_nobody_takes() -> None:
    channel: Channel[int] = Channel(3)
    for number in range(5):
        channel.put(number)
    taken = channel.take()
    assert [await anext(taken) for _ in range(3)] == [2, 3, 4]
    assert channel.dropped == 2


def test_whoever_put_what_was_dropped_is_told() -> None:
    channel: Channel[int] = Channel(2)
    dropped: list[str] = []
    channel.put(1, lambda: dropped.append("first"))
    for number in (2, 3):
        channel.put(number, lambda: dropped.append("second"))
    assert (dropped, channel.dropped) == (["first"], 1)


async def test_a_taker_waits_for_what_comes() -> None:
    channel: Channel[int] = Channel(3)
    waiting = asyncio.ensure_future(anext(channel.take()))
    await asyncio.sleep(0)
    channel.put(7)
    assert await waiting == 7
