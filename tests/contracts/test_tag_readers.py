"""What every TagReader does, whatever its wire."""

import asyncio
from contextlib import aclosing
from datetime import UTC
from typing import Any

import pytest

from devices.device import TagReader
from devices.errors import LinkLost
from inspection.readings import TagRead


async def next_read(reads: Any) -> TagRead:
    async with asyncio.timeout(20):
        read: TagRead = await anext(reads)
        return read


async def first_of(reader: TagReader) -> TagRead:
    async with aclosing(reader.reads()) as reads:  # type: ignore[type-var]  # generators can be closed
        return await next_read(reads)


async def test_a_tag_in_the_field_is_read_again_and_again(rig: Any) -> None:
    rig.place(rig.item)
    async with rig.reader as reader, aclosing(reader.reads()) as reads:
        first, second = await next_read(reads), await next_read(reads)
    assert first.epc == second.epc == rig.item
    assert first.reader == "gate"
    assert first.seen_at.tzinfo is UTC
    assert first.seen_at <= second.seen_at


async def test_all_tags_of_the_field_are_read(rig: Any) -> None:
    tags = set(rig.many)
    for tag in tags:
        rig.place(tag)
    seen: set[bytes] = set()
    async with rig.reader as reader, aclosing(reader.reads()) as reads:
        while not seen >= tags:
            seen.add((await next_read(reads)).epc)
    assert seen == tags, "every tag, and none that is not there"


async def test_strange_tags_are_passed_on_as_they_are(rig: Any) -> None:
    async with rig.reader as reader:
        for epc in rig.strange:
            rig.place(epc)
            seen: set[bytes] = set()
            async with aclosing(reader.reads()) as reads:
                while epc not in seen:
                    seen.add((await next_read(reads)).epc)
            assert seen <= set(rig.strange)
            rig.remove(epc)


async def test_a_tag_that_left_is_read_no_more(rig: Any) -> None:
    rig.place(rig.item)
    async with rig.reader as reader, aclosing(reader.reads()) as reads:
        await next_read(reads)
        rig.remove(rig.item)
        rig.place(rig.other)
        while (await next_read(reads)).epc != rig.other:
            pass
        assert {(await next_read(reads)).epc for _ in range(3)} == {rig.other}


async def test_what_is_not_understood_is_counted_and_the_reads_go_on(rig: Any) -> None:
    rig.place(rig.item)
    async with rig.reader as reader, aclosing(reader.reads()) as reads:
        await next_read(reads)
        await rig.spoil()
        while not rig.faults:
            await next_read(reads)
        assert (await next_read(reads)).epc == rig.item


async def test_a_broken_link_is_reported_and_the_same_reader_can_be_opened_again(rig: Any) -> None:
    rig.place(rig.item)
    async with rig.reader as reader, aclosing(reader.reads()) as reads:
        await next_read(reads)
        rig.cut()
        with pytest.raises(LinkLost):
            while True:
                await next_read(reads)
    rig.mend()
    async with rig.reader as reader:
        assert (await first_of(reader)).epc == rig.item


async def test_a_reader_that_waits_can_be_stopped(rig: Any) -> None:
    async with rig.reader as reader:
        waiting = asyncio.create_task(first_of(reader))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
