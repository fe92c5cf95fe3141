import os
import signal

import pytest
from pydantic import SecretStr

from edge.broker import Broker
from link.errors import NotSent, Overloaded, Refused, Unreachable
from link.mqtt import MqttConfig, MqttSession
from link.paho_thread import Arrived, Event, PahoThread


async def test_a_message_goes_from_one_user_to_the_other(broker: Broker) -> None:
    async with MqttSession(broker.account("station")) as station, MqttSession(broker.account("gate")) as gate:
        await station.connected()
        inbox = station.messages("devices/+/tags")
        await inbox.ready()
        assert station.last_message_at is None
        await gate.connected()
        await gate.publish("devices/gate/tags", b"hello")
        message = await anext(inbox)
        assert (message.topic, message.payload, message.retain, message.dup) == (
            "devices/gate/tags",
            b"hello",
            False,
            False,
        )
        assert message.received_at == station.last_message_at
        message.ack()
        message.ack()
        assert station.counts["received"] == 1


async def test_the_subscription_comes_back_after_the_broker_was_killed(broker: Broker) -> None:
    async with MqttSession(broker.account("station")) as station, MqttSession(broker.account("gate")) as gate:
        await station.connected()
        inbox, watched = station.messages("devices/#"), station.messages("orders/#", until_lost=True)
        await inbox.ready()
        old = broker.pid
        assert old is not None
        os.kill(old, signal.SIGKILL)
        with pytest.raises(Unreachable, match="line to the broker broke"):
            await anext(watched)
        await inbox.ready(timeout_s=20)
        await gate.publish("devices/gate/tags", b"after", timeout_s=20)
        assert (await anext(inbox)).payload == b"after"
        assert broker.pid != old
        assert station.counts["connected"] == 2


async def test_what_nobody_acknowledged_comes_again_and_an_old_acknowledgement_counts_for_nothing(
    broker: Broker,
) -> None:
    config = broker.account("station").model_copy(update={"clean_session": False})
    async with MqttSession(broker.account("gate")) as gate:
        async with MqttSession(config) as first:
            await first.connected()
            inbox = first.messages("devices/#")
            await inbox.ready()
            await gate.publish("devices/gate/tags", b"once")
            old = await anext(inbox)
        async with MqttSession(config) as second:
            again = second.messages("devices/#")
            message = await anext(again)
            assert (message.payload, message.dup) == (b"once", True)
            message.ack()
        old.ack()
        assert first.counts["stale_ack"] == 1


async def test_a_wrong_password_is_refused_by_name(broker: Broker) -> None:
    wrong = broker.account("station").model_copy(update={"password": SecretStr("guess")})
    async with MqttSession(wrong) as session:
        with pytest.raises(Refused, match="refuses station"):
            await session.connected()


async def test_a_denied_subscription_is_refused_by_name(broker: Broker) -> None:
    async with MqttSession(broker.account("gate")) as gate:
        await gate.connected()
        with pytest.raises(Refused, match="denies devices/other"):
            await gate.messages("devices/other/tags").ready()


async def test_nobody_at_the_port_is_unreachable() -> None:
    nowhere = MqttConfig(host="127.0.0.1", port=1, client_id="lost", retry_max_s=0.3, outbox_limit=1)
    async with MqttSession(nowhere) as session:
        with pytest.raises(Unreachable, match="no broker answers"):
            await session.connected(timeout_s=0.2)
        with pytest.raises(Unreachable, match="lost"):
            await session.publish("a/b", b"", qos=0)
        with pytest.raises(Unreachable, match="did not confirm"):
            await session.publish("a/b", b"", timeout_s=0.1)
        with pytest.raises(Overloaded, match="wait for the broker"):
            await session.publish("a/b", b"", timeout_s=0.1)
        assert session.counts["connect_failed"] >= 1


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("a b", b""), ("a/", b""), ("a//b", b""), ("a/+", b""), ("", b""), ("a", bytes(1_048_576)), ("ä", b"")],
)
async def test_what_would_poison_the_broker_never_leaves(topic: str, payload: bytes) -> None:
    session = MqttSession(MqttConfig(host="127.0.0.1", port=1, client_id="x"))
    with pytest.raises(NotSent):
        await session.publish(topic, payload)


@pytest.mark.parametrize("topic_filter", ["a/#/b", "a b/#", "+a", "#/a", ""])
async def test_a_filter_that_no_broker_understands_is_refused(topic_filter: str) -> None:
    session = MqttSession(MqttConfig(host="127.0.0.1", port=1, client_id="x"))
    with pytest.raises(NotSent):
        session.messages(topic_filter)


async def test_the_oldest_gives_way_when_nobody_takes_messages(broker: Broker) -> None:
    small = broker.account("station").model_copy(update={"inbox_limit": 2})
    async with MqttSession(small) as station, MqttSession(broker.account("gate")) as gate:
        await station.connected()
        inbox, watched = station.messages("devices/#"), station.messages("devices/#")
        await inbox.ready()
        await watched.ready()
        for number in (b"1", b"2", b"3"):
            await gate.publish("devices/gate/tags", number)
            await anext(watched)
        assert [(await anext(inbox)).payload for _ in range(2)] == [b"2", b"3"]
        assert station.counts["dropped"] == 1


async def test_a_closed_inbox_takes_no_more(broker: Broker) -> None:
    async with MqttSession(broker.account("station")) as station:
        await station.connected()
        inbox, other = station.messages("orders/#"), station.messages("orders/#")
        await inbox.ready()
        await other.ready()
        inbox.close()
        inbox.close()
        await station.publish("orders/a", b"x")
        assert (await anext(other)).payload == b"x"
        other.close()


def test_a_password_never_shows_itself(broker_config: MqttConfig) -> None:
    assert "s3cret" not in repr(broker_config)


@pytest.fixture
def broker_config() -> MqttConfig:
    return MqttConfig(host="127.0.0.1", client_id="x", username="u", password=SecretStr("s3cret"))


async def test_an_exception_in_a_callback_is_counted_and_the_client_hears_the_next_message(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In paho 2.2.0 it kills the network thread, while the client still looks connected."""
    hand_over = PahoThread._hand_over

    def failing(thread: PahoThread, event: Event) -> None:
        if isinstance(event, Arrived) and event.message.payload == b"poison":
            raise ZeroDivisionError("a fault nobody foresaw")
        hand_over(thread, event)

    monkeypatch.setattr(PahoThread, "_hand_over", failing)
    async with MqttSession(broker.account("station")) as station, MqttSession(broker.account("gate")) as gate:
        await station.connected()
        inbox = station.messages("devices/gate/tags")
        await inbox.ready()
        await gate.connected()
        for payload in (b"before", b"poison", b"after"):
            await gate.publish("devices/gate/tags", payload)
        assert [(await anext(inbox)).payload for _ in range(2)] == [b"before", b"after"]
        assert station.counts["callback_failed"] == 1
        assert station.is_connected
