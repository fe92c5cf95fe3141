"""A trouble that lasts, such as a printer without paper, is shown for as long as it does and counted once."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from devices import watch
from devices.printer.zpl.emulator import ZplEmulator
from devices.scale.emulator import ScaleEmulator
from devices.supervisor import Supervisor
from devices.watch import DeviceStatus, State
from tests.contracts.lines import settings_of, supervisor_of


def without_paper(emulator: ZplEmulator, on: bool) -> None:
    emulator.load(0 if on else 100)


def overloaded(emulator: ScaleEmulator, on: bool) -> None:
    emulator.put("9000.00" if on else "0.00")


def restless(emulator: ScaleEmulator, on: bool) -> None:
    emulator.shake(on)


TROUBLES = [
    ("zpl", ZplEmulator, without_paper, "no_paper"),
    ("scale", ScaleEmulator, overloaded, "weight_overload"),
    ("scale", ScaleEmulator, restless, "weight_unstable"),
]


async def until(bench: Supervisor, fits: Callable[[DeviceStatus], bool]) -> DeviceStatus:
    async with asyncio.timeout(20):
        while not fits(bench.snapshot()[0]):
            await bench.wait_for_change()
    return bench.snapshot()[0]


@pytest.mark.parametrize(("name", "emulated", "spoil", "reason"), TROUBLES)
async def test_a_trouble_is_shown_while_it_lasts_and_passes_by_itself(
    name: str, emulated: Any, spoil: Any, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "FAULT_SHOWN_S", 0.05)
    port = str(tmp_path / "port")
    quick = {"settle_s": 0.05} if name == "scale" else {}
    async with AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(emulated(port))
        bench = await stack.enter_async_context(supervisor_of({**settings_of(name, port), **quick}))
        await until(bench, lambda status: status.state is State.READY)
        spoil(emulator, True)
        await until(bench, lambda status: status.reason == reason)
        await asyncio.sleep(0.3)
        [status] = bench.snapshot()
        assert (status.state, status.reason, status.faults) == (State.DEGRADED, reason, {reason: 1})
        spoil(emulator, False)
        assert (await until(bench, lambda status: status.state is State.READY)).reason is None
