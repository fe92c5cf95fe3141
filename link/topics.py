"""What a topic may look like, and how large a message may be.

nats-server closes the connection without an answer on a space in a topic, or on more than
1,048,576 bytes including the topic, and paho then sends the same again for ever (measured with
nats-server 2.15.1 and paho 2.2.0). So both are checked before anything leaves.
"""

import re

from paho.mqtt.client import topic_matches_sub

from link.errors import NotSent

LARGEST_MESSAGE = 1_048_576
"""Bytes, topic and payload together."""
LONGEST_TOPIC = 256

_LEVEL = r"[A-Za-z0-9_-]+"
_TOPIC = re.compile(rf"{_LEVEL}(?:/{_LEVEL})*")
_FILTER = re.compile(rf"(?:#|(?:{_LEVEL}|\+)(?:/(?:{_LEVEL}|\+))*(?:/#)?)")


def check_topic(topic: str) -> None:
    """Raise NotSent unless every level is made of letters, digits, `_` and `-`."""
    if len(topic) > LONGEST_TOPIC or not _TOPIC.fullmatch(topic):
        raise NotSent(f"{topic[:80]!r} is no topic: levels are letters, digits, - and _, divided by /")


def check_filter(topic_filter: str) -> None:
    """Raise NotSent unless it is a topic, where `+` may stand for a level and `#` for the rest."""
    if len(topic_filter) > LONGEST_TOPIC or not _FILTER.fullmatch(topic_filter):
        raise NotSent(f"{topic_filter[:80]!r} is no topic filter: levels are letters, digits, -, _, + and #")


def check_size(topic: str, payload: bytes) -> None:
    """Raise NotSent for a message that a broker would not take."""
    size = len(topic) + len(payload)
    if size > LARGEST_MESSAGE:
        raise NotSent(f"a message of {size} bytes for {topic} is too large: {LARGEST_MESSAGE} at most")


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a message on `topic` belongs to a subscription of `topic_filter`."""
    return topic_filter == topic or topic_matches_sub(topic_filter, topic)
