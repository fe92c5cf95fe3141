"""What every Scale does, whatever its dialect, its line and who speaks first."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from devices.device import Scale
from devices.errors import DeviceFault, LinkLost
from devices.scale.driver import ScaleConfig
from devices.scale.emulator import ScaleEmulator
from inspection.readings import Weight
from tests.contracts.conftest import build
from tests.contracts.lines import free_port

RIGS = (
    ("mt_sics", "polled on a pty"),
    ("mt_sics", "streaming over tcp"),
    ("and", "polled over tcp"),
    ("stgs", "streaming on a pty"),
    ("nci", "polled on a pty"),
    ("ohaus", "polled over tcp"),
    ("ohaus", "streaming on a pty"),
)


@dataclass(slots=True, kw_only=True)
class ScaleRig:
    """A scale under test with its emulator."""

    scale: Scale
    emulator: ScaleEmulator
    faults: Counter[str]
    dialect: str
    line: str
    make: Callable[..., Scale]
    """The same scale with other settings."""


@pytest.fixture(params=RIGS, ids=" ".join)
async def scale_rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ScaleRig]:
    """Every dialect, and every line, asked and unasked."""
    dialect, line = request.param
    streams = line.startswith("streaming")
    port = free_port() if "tcp" in line else str(tmp_path / "scale")
    faults = Counter[str]()

    def make(**settings: Any) -> Scale:
        config = ScaleConfig(
            driver="scale",
            name="pan",
            port=port,
            dialect=dialect,
            mode="stream" if streams else "poll",
            poll_ms=20,
            reply_timeout_ms=250,
            silent_s=1.0,
            **settings,
        )
        scale: Scale = build("scale", config, faults)
        return scale

    async with ScaleEmulator(port, dialect=dialect, stream_s=0.01 if streams else 0.0) as emulator:
        yield ScaleRig(scale=make(), emulator=emulator, faults=faults, dialect=dialect, line=line, make=make)


async def next_weight(weights: Any) -> Weight:
    async with asyncio.timeout(10):
        weight: Weight = await anext(weights)
        return weight


async def first_of(scale_rig: Any) -> Weight:
    async with scale_rig.scale as scale, aclosing(scale.weights()) as weights:
        return await next_weight(weights)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # a count is all that shows it
            await asyncio.sleep(0.005)


async def test_an_empty_pan_is_a_weight_of_nothing(scale_rig: Any) -> None:
    async with scale_rig.scale as scale, aclosing(scale.weights()) as weights:
        weight = await next_weight(weights)
    assert (weight.weight_g, weight.as_sent, weight.scale) == (0, "0.00 g", "pan")
    assert weight.measured_at.tzinfo is UTC


async def test_each_settled_weight_comes_once_as_the_scale_sent_it(scale_rig: Any) -> None:
    async with scale_rig.scale as scale, aclosing(scale.weights()) as weights:
        assert (await next_weight(weights)).as_sent == "0.00 g"
        for shown, whole in (("12.73", 13), ("100.50", 100), ("0.00", 0), ("101.50", 102)):
            scale_rig.emulator.put(shown, settling=2)
            weight = await next_weight(weights)
            assert (weight.as_sent, weight.weight_g) == (f"{shown} g", whole)
        pending = asyncio.ensure_future(next_weight(weights))
        await asyncio.sleep(0.15)
        assert not pending.done(), "a weight that rests is not told again"
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)
    assert scale_rig.faults == {}, "an item that is put down is no fault"
    assert scale.counts["unstable"] >= 4


@pytest.mark.parametrize(
    ("shown", "unit", "whole"),
    [("1.234", "kg", 1234), ("1.00", "lb", 454), ("2.0", "oz", 57), ("12", "PC", None)],
)
async def test_the_unit_stays_as_sent_and_grams_are_counted_from_it(
    scale_rig: Any, shown: str, unit: str, whole: int | None
) -> None:
    scale_rig.emulator.put(shown, unit)
    async with scale_rig.scale as scale, aclosing(scale.weights()) as weights:
        weight = await next_weight(weights)
    assert (weight.as_sent, weight.weight_g) == (f"{shown} {unit}", whole)


async def test_a_scale_that_does_not_come_to_rest_records_nothing_and_says_so(scale_rig: Any) -> None:
    scale_rig.emulator.put("80.00")
    scale_rig.emulator.shake()
    scale = scale_rig.make(settle_s=0.1)
    async with scale, aclosing(scale.weights()) as weights:
        pending = asyncio.ensure_future(next_weight(weights))
        await until(lambda: scale_rig.faults["weight_unstable"])
        assert not pending.done()
        scale_rig.emulator.shake(on=False)
        assert (await pending).as_sent == "80.00 g"


@pytest.mark.parametrize(("shown", "reason"), [("9000.0", "weight_overload"), ("-200.0", "weight_underload")])
async def test_too_much_or_less_than_nothing_is_never_recorded(
    scale_rig: Any, shown: str, reason: str
) -> None:
    async with scale_rig.scale as scale, aclosing(scale.weights()) as weights:
        await next_weight(weights)
        scale_rig.emulator.put(shown)
        pending = asyncio.ensure_future(next_weight(weights))
        if scale_rig.dialect == "ohaus":  # it then says nothing at all, as far as its manual tells
            with pytest.raises(LinkLost):
                await pending
            return
        await until(lambda: scale_rig.faults[reason])
        assert not pending.done()
        scale_rig.emulator.put("5.00")
        assert (await pending).as_sent == "5.00 g"
    assert scale_rig.faults[reason] == 1, "counted when it begins, not at every look"


async def test_a_negative_weight_is_a_wrong_zero_and_not_recorded(scale_rig: Any) -> None:
    scale_rig.emulator.put("-1.50")
    async with scale_rig.scale as scale, aclosing(scale.weights()) as weights:
        pending = asyncio.ensure_future(next_weight(weights))
        await until(lambda: scale_rig.faults["weight_negative"])
        assert not pending.done()
        scale_rig.emulator.put("0.00")
        assert (await pending).weight_g == 0


async def test_another_unit_than_the_bench_expects_is_not_recorded(scale_rig: Any) -> None:
    scale_rig.emulator.put("1.00", "lb")
    scale = scale_rig.make(unit="g")
    async with scale, aclosing(scale.weights()) as weights:
        pending = asyncio.ensure_future(next_weight(weights))
        await until(lambda: scale_rig.faults["wrong_unit"])
        assert not pending.done()
        scale_rig.emulator.put("1.00", "g")
        assert (await pending).as_sent == "1.00 g"


async def test_a_scale_of_another_dialect_is_not_ready_and_says_why(tmp_path: Path) -> None:
    port = str(tmp_path / "scale")
    config = ScaleConfig(driver="scale", name="pan", port=port, dialect="ohaus", question="HELLO")
    async with ScaleEmulator(port, dialect="ohaus"):
        with pytest.raises(DeviceFault, match="check its dialect") as fault:
            await build("scale", config, Counter[str]()).__aenter__()
    assert fault.value.reason == "scale_refused"


async def test_a_change_that_is_smaller_than_asked_for_is_none(scale_rig: Any) -> None:
    scale_rig.emulator.put("50.0")
    scale = scale_rig.make(smallest_change=0.5)
    async with scale, aclosing(scale.weights()) as weights:
        assert (await next_weight(weights)).as_sent == "50.0 g"
        scale_rig.emulator.put("50.4")
        pending = asyncio.ensure_future(next_weight(weights))
        await asyncio.sleep(0.1)
        assert not pending.done()
        scale_rig.emulator.put("51.0")
        assert (await pending).as_sent == "51.0 g"


async def test_noise_is_counted_and_the_weights_go_on(scale_rig: Any) -> None:
    async with scale_rig.scale as scale, aclosing(scale.weights()) as weights:
        await next_weight(weights)
        scale_rig.emulator.noise(b"\xff\x00 2.73 g\xfe\r\n")
        scale_rig.emulator.put("7.00")
        assert (await next_weight(weights)).as_sent == "7.00 g"
    assert scale_rig.faults["bad_bytes"]


async def test_answers_in_pieces_are_put_together(scale_rig: Any) -> None:
    scale_rig.emulator.split_writes(3)
    scale_rig.emulator.put("321.00")
    async with scale_rig.scale as scale, aclosing(scale.weights()) as weights:
        assert (await next_weight(weights)).as_sent == "321.00 g"
    assert scale_rig.faults == {}


async def test_an_answer_that_comes_too_late_is_not_the_weight_of_now(scale_rig: Any) -> None:
    if "poll" not in scale_rig.line:
        assert await first_of(scale_rig), "a scale that talks by itself is late for nobody"
        return
    async with scale_rig.scale as scale, aclosing(scale.weights()) as weights:
        await next_weight(weights)
        scale_rig.emulator.put("3.00")
        scale_rig.emulator.slow(0.4)
        pending = asyncio.ensure_future(next_weight(weights))
        await until(lambda: scale_rig.faults["weight_stale"])
        assert not pending.done()
        scale_rig.emulator.slow(0.0)
        assert (await pending).as_sent == "3.00 g"


async def test_a_scale_without_power_behind_its_adapter_is_lost(scale_rig: Any) -> None:
    async with scale_rig.scale as scale, aclosing(scale.weights()) as weights:
        await next_weight(weights)
        scale_rig.emulator.mute()
        with pytest.raises(LinkLost) as lost:
            await next_weight(weights)
        assert lost.value.reason == "silent"
    with pytest.raises(LinkLost) as absent:
        await scale_rig.scale.__aenter__()
    assert absent.value.reason == "silent"


async def test_a_pulled_cable_is_reported_and_the_same_weight_is_told_anew(scale_rig: Any) -> None:
    async with scale_rig.scale as scale, aclosing(scale.weights()) as weights:
        await next_weight(weights)
        scale_rig.emulator.unplug()
        with pytest.raises(LinkLost) as lost:
            await next_weight(weights)
        assert lost.value.reason == "unplugged"
    scale_rig.emulator.replug()
    async with scale_rig.scale as scale, aclosing(scale.weights()) as weights:
        assert (await next_weight(weights)).as_sent == "0.00 g"
