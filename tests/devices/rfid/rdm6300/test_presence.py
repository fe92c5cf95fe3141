"""A card's number on its way to the bench: never an item by itself."""

import asyncio
from collections.abc import Collection
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.presence.bench import Presence, PresenceState, assess
from devices.rfid.rdm6300.driver import Rdm6300, Rdm6300Config
from devices.rfid.rdm6300.emulator import Rdm6300Emulator
from devices.transport.opening import open_stream
from inspection.identity.epc import sgtin96_for
from inspection.readings import TagRead

FOB = bytes.fromhex("3074257bf7")
"""Begins as a SGTIN-96 does."""


async def reads_of(folder: Path, number: int) -> list[TagRead]:
    async with Rdm6300Emulator(folder / "fob", period_s=0.01) as module:
        module.place(FOB)
        config = Rdm6300Config(driver="rdm6300", name="fob", port=str(module.port))
        stream = open_stream(config.port, config.baud)
        async with (
            Rdm6300(
                config, stream, clock=lambda: datetime.now(UTC), count=lambda *_: pytest.fail("noise")
            ) as opened,
            aclosing(opened.reads()) as reads,  # type: ignore[type-var]  # generators can be closed
            asyncio.timeout(60),
        ):
            return [await anext(reads) for _ in range(number)]


def judged(reads: list[TagRead], expected: Collection[bytes] = ()) -> Presence:
    return assess(reads, now=reads[-1].seen_at, expected=expected)


async def test_a_card_is_shown_as_a_stranger_and_matches_nothing(tmp_path: Path) -> None:
    presence = judged(await reads_of(tmp_path, 3))
    assert (presence.state, presence.epc, presence.items) == (PresenceState.NONE, None, ())
    [shown] = presence.strangers
    assert (shown.epc, shown.reads) == (FOB, 3)


async def test_a_card_is_an_item_where_the_worklist_names_exactly_its_bytes(tmp_path: Path) -> None:
    reads = await reads_of(tmp_path, 3)
    assert judged(reads, expected=(FOB,)).epc == FOB
    item = sgtin96_for("80614141123458", 1).encode()
    for others in ((item,), (FOB[:4],), (FOB + bytes(7),), (bytes(5),)):
        assert judged(reads, expected=others).epc is None


async def test_two_cards_before_one_coil_are_read_by_no_module(tmp_path: Path) -> None:
    async with Rdm6300Emulator(tmp_path / "fob", period_s=0.01) as module:
        module.place(FOB)
        module.place(bytes(5))
        async with open_stream(str(module.port), 9600) as stream:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await stream.read()
            module.remove(bytes(5))
            async with asyncio.timeout(60):
                assert await stream.read()


def test_a_tag_of_another_length_is_no_card(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not 12"):
        Rdm6300Emulator(tmp_path / "fob").place(bytes(12))
