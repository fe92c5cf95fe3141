from collections import Counter
from datetime import UTC, datetime

import pytest

from devices.errors import LinkLost
from devices.feed import Feed
from link.errors import Unreachable
from link.inbox import Inbox, Message
from link.mqtt import MqttConfig

NOWHERE = MqttConfig(host="127.0.0.1", port=9, client_id="nobody", retry_min_s=0.01)


def message(payload: bytes, *, dup: bool = False, acked: list[bytes] | None = None) -> Message:
    return Message(
        topic="a",
        payload=payload,
        retain=False,
        dup=dup,
        received_at=datetime.now(UTC),
        _acknowledge=lambda: acked.append(payload) if acked is not None else None,
    )


@pytest.fixture
def faults() -> Counter[str]:
    return Counter()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(("a",), 1, 10, True, lambda inbox: None)


@pytest.fixture
def feed(faults: Counter[str], inbox: Inbox) -> Feed:
    made = Feed("gate", ("a",), NOWHERE, lambda code, sentence: faults.update([code]))
    made._inbox = inbox
    return made


async def test_what_the_broker_sends_again_counts_once(
    feed: Feed, inbox: Inbox, faults: Counter[str]
) -> None:
    acked: list[bytes] = []
    for payload, dup in ((b"1", False), (b"1", True), (b"2", True), (b"1", False), (b" ", False), (b"3", 0)):
        inbox.put(message(payload, dup=bool(dup), acked=acked))
    inbox.fail(Unreachable("gone"))
    seen = []
    with pytest.raises(LinkLost, match="gone"):
        async for each in feed.messages():
            seen.append(each.payload)
    assert seen == [b"1", b"2", b"1", b"3"], "the same again without the mark may be another reading"
    assert faults == {"event_twice": 1, "empty_message": 1}
    assert len(acked) == 6, "whatever is passed over must not come again"
    assert feed.counts == {"frames": 6, "bytes": 6}


async def test_a_device_that_says_nothing_for_too_long_is_lost(feed: Feed, inbox: Inbox) -> None:
    inbox.put(message(b"1"))
    messages = feed.messages(silent_after_s=0.05)
    assert (await anext(messages)).payload == b"1"
    with pytest.raises(LinkLost) as lost:
        await anext(messages)
    assert lost.value.reason == "silent"


async def test_a_feed_that_is_not_entered_says_so(faults: Counter[str]) -> None:
    feed = Feed("gate", ("a",), NOWHERE, lambda code, sentence: faults.update([code]))
    for asking in (anext(feed.messages()), feed.publish("a", b""), feed.listen("a")):
        with pytest.raises(LinkLost, match="not connected"):
            await asking
