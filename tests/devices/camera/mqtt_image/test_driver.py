"""How fresh a picture of a topic is, and whose answer it is."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.camera.mqtt_image.driver import MqttImageCamera, MqttImageConfig
from devices.camera.mqtt_image.emulator import MqttImageEmulator
from devices.errors import DeviceFault, WrongSetUp
from devices.feed import Feed
from devices.supervisor import Supervisor
from devices.watch import DeviceStatus, State
from edge.broker import Broker, BrokerConfig
from link.inbox import Message
from link.mqtt import MqttSession
from tests.contracts.camera_rigs import USERS, jpeg
from tests.contracts.conftest import build
from tests.contracts.lines import held, nothing_is_left, supervisor_of

TOPIC, TRIGGER = "devices/cam1/picture", "devices/cam1/take"
DARK, LIGHT = jpeg(20), jpeg(220)

Make = Callable[..., MqttImageCamera]
NONE_COMES = 400
"""Milliseconds until it is said that none came; elsewhere a busy machine has as long as it needs."""


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    async with Broker(BrokerConfig(kind="nats", folder=tmp_path / "broker", port=0, users=USERS)) as running:
        yield running


@pytest.fixture
async def emulator(broker: Broker) -> AsyncIterator[MqttImageEmulator]:
    async with MqttImageEmulator(broker.account("cam1"), TOPIC, trigger_topic=TRIGGER) as played:
        await played.connected()
        yield played


@pytest.fixture
def faults() -> Counter[str]:
    return Counter()


@pytest.fixture
def camera(broker: Broker, faults: Counter[str]) -> Make:
    def make(**settings: Any) -> MqttImageCamera:
        config = MqttImageConfig(
            driver="mqtt_image", name="cam1", view="top", topic=TOPIC, **({"wait_ms": 20_000} | settings)
        )
        made: MqttImageCamera = build("mqtt_image", config, faults, mqtt=broker.account("station"))
        return made

    return make


async def until(true: Callable[[], object]) -> None:
    """Wait for what nobody tells."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def retain(broker: Broker, content: bytes) -> None:
    """As a camera does that lets the broker keep its last picture."""
    account = broker.account("cam1").model_copy(update={"client_id": "another"})
    async with MqttSession(account) as session:
        await session.connected()
        await session.publish(TOPIC, content, retain=True)


async def test_a_picture_that_the_broker_kept_is_none_of_now(broker: Broker, camera: Make) -> None:
    await retain(broker, DARK)
    async with camera(wait_ms=NONE_COMES) as opened:
        with pytest.raises(DeviceFault, match="within") as fault:
            await opened.capture()
        assert fault.value.reason == "no_picture"
        assert opened.latest() is None


async def test_a_camera_whose_topic_is_denied_later_leaves_no_session_behind(
    camera: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def denied(feed: Feed, silent_after_s: float | None = None) -> AsyncIterator[Message]:
        raise WrongSetUp("the broker denies it", reason="broker_refused")
        yield

    async with camera():
        pass
    before = held()
    monkeypatch.setattr(Feed, "messages", denied)
    with pytest.raises(WrongSetUp):
        async with camera() as opened:
            await opened.watch()
    await nothing_is_left(before)


async def test_it_is_taken_where_the_settings_say_so(broker: Broker, camera: Make) -> None:
    await retain(broker, DARK)
    async with camera(take_retained=True) as opened:
        assert (await opened.capture()).content == DARK
        assert opened.latest() is not None


async def test_a_cleared_picture_is_no_picture(broker: Broker, camera: Make, faults: Counter[str]) -> None:
    async with camera(wait_ms=NONE_COMES) as opened:
        await retain(broker, b"")
        with pytest.raises(DeviceFault):
            await opened.capture()
        await until(lambda: faults)
    assert faults == {"empty_message": 1}


async def test_a_picture_of_before_the_call_is_not_taken(camera: Make, emulator: MqttImageEmulator) -> None:
    async with camera() as opened:
        emulator.show(DARK)
        emulator.take()
        await until(opened.latest)
        pending = asyncio.create_task(opened.capture())
        await asyncio.sleep(0.05)
        emulator.show(LIGHT)
        emulator.take()
        assert (await pending).content == LIGHT


async def test_the_camera_is_told_what_the_settings_say(camera: Make, emulator: MqttImageEmulator) -> None:
    emulator.show(LIGHT)
    async with camera(trigger_topic=TRIGGER, trigger_payload='{"cmd":"snap"}') as opened:
        assert (await opened.capture()).content == LIGHT
    assert emulator.triggered == [b'{"cmd":"snap"}']


async def test_the_late_answer_to_one_trigger_is_not_taken_for_the_next(
    camera: Make, emulator: MqttImageEmulator
) -> None:
    emulator.show(DARK)
    async with camera(trigger_topic=TRIGGER) as opened:
        emulator.hear = lambda topic, payload: emulator.triggered.append(payload)  # type: ignore[method-assign]
        hasty = asyncio.create_task(opened.capture())
        await until(lambda: len(emulator.triggered) == 1)
        hasty.cancel()
        pending = asyncio.create_task(opened.capture())
        await until(lambda: len(emulator.triggered) == 2)
        emulator.take()  # the answer to the first
        await until(opened.latest)
        emulator.show(LIGHT)
        emulator.take()
        assert (await pending).content == LIGHT


async def test_a_trigger_that_was_never_answered_does_not_shift_the_answers(
    camera: Make, emulator: MqttImageEmulator
) -> None:
    emulator.show(DARK)
    async with camera(trigger_topic=TRIGGER, wait_ms=2000) as opened:
        emulator.mute()
        with pytest.raises(DeviceFault) as fault:
            await opened.capture()
        assert fault.value.reason == "no_picture"
        emulator.mute(silent=False)
        assert (await opened.capture()).content == DARK


async def test_messages_that_are_no_picture_are_counted_by_name(
    camera: Make, emulator: MqttImageEmulator, faults: Counter[str]
) -> None:
    async with camera(json_path="image") as opened:
        for content in (b"{", b'{"image": null}', b'{"image": "' + b"A" * 400 + b'"}', b"[" * 5000):
            await emulator.send(content)
        await until(lambda: faults.total() == 4)
        assert opened.latest() is None
    assert faults == {"not_json": 2, "not_a_picture": 2}


def test_an_end_without_a_beginning_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="chunk_start"):
        MqttImageConfig(driver="mqtt_image", name="c", view="top", topic="a/b", chunk_end="end")


async def state_of(bench: Supervisor, state: State) -> DeviceStatus:
    async with asyncio.timeout(30):
        while bench.snapshot()[0].state is not state:
            await bench.wait_for_change()
    return bench.snapshot()[0]


async def test_a_driver_that_fails_at_a_message_is_told_and_takes_the_next(
    broker: Broker, emulator: MqttImageEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception while a message is handled must not leave a camera that looks well and hears nothing."""
    original = MqttImageCamera._picture

    async def picture(self: MqttImageCamera, message: Message) -> Any:
        if message.payload == b"poison":
            raise ZeroDivisionError("a fault nobody foresaw")
        return await original(self, message)

    monkeypatch.setattr(MqttImageCamera, "_picture", picture)
    table = {"driver": "mqtt_image", "name": "cam1", "view": "top", "topic": TOPIC, "trigger_topic": TRIGGER}
    async with supervisor_of(table, mqtt=broker.account("station")) as bench:
        await state_of(bench, State.READY)
        await emulator.send(b"poison")
        assert (await state_of(bench, State.LOST)).reason == "driver_failed"
        await state_of(bench, State.READY)
        emulator.show(LIGHT)
        assert (await bench.capture("top")).content == LIGHT


async def opened_and_left(made: MqttImageCamera, times: int) -> None:
    for _ in range(times):
        async with made:
            watching = asyncio.ensure_future(made.watch())
            await asyncio.sleep(0)
            made._opened().cancel()
            await asyncio.gather(watching, return_exceptions=True)


@pytest.mark.parametrize("times", [5, pytest.param(200, marks=pytest.mark.soak)])
async def test_a_broken_line_leaves_no_task_no_thread_and_no_handle(camera: Make, times: int) -> None:
    made = camera()
    await opened_and_left(made, 1)
    before = held()
    await opened_and_left(made, times)
    await nothing_is_left(before)
