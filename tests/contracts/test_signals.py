"""What every Signal does; a stack light on a reader's outputs is the one that there is."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.device import Lamp, Signal
from devices.errors import DeviceError, DeviceFault, LinkLost, WrongSetUp
from devices.rfid.uhfreader.driver import UhfReaderConfig
from devices.rfid.uhfreader.emulator import UhfReaderEmulator
from devices.signal.gpo_light.driver import GpoLightConfig
from devices.signal.gpo_light.emulator import LampsEmulator
from tests.contracts.conftest import build
from tests.contracts.lines import free_port

ITEM = bytes.fromhex("3074257bf7194e4000001a85")
RED, GREEN, AMBER = Lamp.RED, Lamp.GREEN, Lamp.AMBER


@dataclass(slots=True, kw_only=True)
class SignalRig:
    """A light under test, with what the room sees of it."""

    signal: Signal
    lamps: LampsEmulator
    emulator: UhfReaderEmulator
    reading: list[Any]
    """What the reader has read meanwhile, or why it stopped."""


async def read_for_ever(reader: Any, seen: list[Any]) -> None:
    """What the supervisor does with a reader."""
    while True:
        try:
            async with reader:
                async for each in reader.reads():
                    seen.append(each)
        except DeviceError as error:
            seen.append(error)
            await asyncio.sleep(0.02)


async def light(stack: AsyncExitStack, port: str, dialect: Any = "288", **settings: Any) -> SignalRig:
    emulator = await stack.enter_async_context(UhfReaderEmulator(port, dialect=dialect))
    config = UhfReaderConfig(
        driver="uhfreader", name="gate", port=port, dialect=dialect, poll_ms=20, reply_timeout_ms=400
    )
    reader, seen = build("uhfreader", config, Counter[str]()), list[Any]()
    reading = asyncio.create_task(read_for_ever(reader, seen))

    async def stop() -> None:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading

    stack.push_async_callback(stop)
    wired = GpoLightConfig(driver="gpo_light", name="light", reader="gate", red=1, green=2, **settings)
    signal = build("gpo_light", wired, Counter[str](), outputs={"gate": reader}.__getitem__)
    lamps = LampsEmulator(lambda: emulator.outputs, wired.pins, inverted=wired.inverted)
    return SignalRig(signal=signal, lamps=lamps, emulator=emulator, reading=seen)


RIGS = [(line, inverted) for line in ("pty", "tcp") for inverted in (False, True)]


@pytest.fixture(params=RIGS, ids=lambda each: f"{each[0]}{', inverted' if each[1] else ''}")
async def signal_rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SignalRig]:
    line, inverted = request.param
    port = free_port() if line == "tcp" else str(tmp_path / "reader")
    async with AsyncExitStack() as stack:
        yield await light(stack, port, inverted=inverted, again_s=0.1)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # the lamps are all that shows it
            await asyncio.sleep(0.005)


async def test_an_opened_light_is_dark_until_it_is_told_to_shine(signal_rig: SignalRig) -> None:
    async with signal_rig.signal:
        assert signal_rig.lamps.shining == frozenset()


async def test_the_lamps_that_are_shown_shine_and_no_other(signal_rig: SignalRig) -> None:
    async with signal_rig.signal as signal:
        for lamps in ({GREEN}, {RED}, {RED, GREEN}, set[Lamp](), {GREEN}):
            await signal.show(frozenset(lamps))
            assert signal_rig.lamps.shining == lamps


async def test_a_lamp_that_is_not_wired_is_left_out(signal_rig: SignalRig) -> None:
    async with signal_rig.signal as signal:
        await signal.show(frozenset({AMBER, GREEN}))
        assert signal_rig.lamps.shining == {GREEN}


async def test_tags_are_read_while_the_lamps_are_switched(signal_rig: SignalRig) -> None:
    signal_rig.emulator.place(ITEM)
    async with signal_rig.signal as signal:
        for _ in range(5):
            await signal.show(frozenset({RED}))
            await signal.show(frozenset({GREEN}))
        before = len(signal_rig.reading)
        await until(lambda: len(signal_rig.reading) > before)
    assert {read.epc for read in signal_rig.reading} == {ITEM}


async def test_a_reader_that_forgot_its_outputs_is_told_again(signal_rig: SignalRig) -> None:
    async with signal_rig.signal as signal:
        await signal.show(frozenset({RED}))
        watching = asyncio.create_task(signal.watch())
        signal_rig.emulator.outputs = 0b10 if signal_rig.lamps.shining else 0
        await until(lambda: signal_rig.lamps.shining == {RED})
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def test_a_light_whose_reader_is_gone_is_lost_and_shows_the_same_when_it_is_back(
    signal_rig: SignalRig,
) -> None:
    async with signal_rig.signal as signal:
        await signal.show(frozenset({GREEN}))
        signal_rig.emulator.unplug()
        with pytest.raises(LinkLost):
            await signal.watch()
    signal_rig.emulator.outputs = 0b11
    signal_rig.emulator.replug()
    async with signal_rig.signal:
        assert signal_rig.lamps.shining == {GREEN}


async def test_a_reader_without_outputs_says_so_and_reads_on(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        rig = await light(stack, str(tmp_path / "reader"), "18")
        with pytest.raises(DeviceFault) as fault:
            await rig.signal.__aenter__()
        rig.emulator.place(ITEM)
        await until(lambda: rig.reading)
        assert rig.reading[0].epc == ITEM
    assert fault.value.reason == "no_outputs"


async def test_an_output_that_the_reader_does_not_have_is_named(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        rig = await light(stack, str(tmp_path / "reader"), blue=7)
        with pytest.raises(DeviceFault, match="7 is none of the outputs of gate"):
            await rig.signal.__aenter__()


async def test_a_light_on_a_device_that_switches_nothing_is_a_wrong_set_up() -> None:
    config = GpoLightConfig(driver="gpo_light", name="light", reader="hand", red=1)
    with pytest.raises(WrongSetUp) as wrong:
        await build("gpo_light", config, Counter[str]()).__aenter__()
    assert wrong.value.reason == "no_outputs"


@pytest.mark.parametrize(
    ("pins", "said"), [({}, "no lamp is wired"), ({"red": 1, "green": 1}, "wired to one output")]
)
def test_a_light_without_lamps_or_with_two_on_one_wire_is_refused(pins: dict[str, int], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        GpoLightConfig(driver="gpo_light", name="light", reader="gate", **pins)
