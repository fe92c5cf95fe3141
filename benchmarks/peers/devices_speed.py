"""How many frames a second other people's decoders of UHFReader frames read; in their own environment.

`.venv/peers-devices/bin/python benchmarks/peers/devices_speed.py SECONDS` takes a JSON list of hex on its
standard input and prints one JSON object. Imports nothing of ours.
"""

import json
import sys
import time
from collections.abc import Callable

from chafon_rfid import uhfreader288m
from uhfreader18 import StreamBuffer


def chafon(frames: list[bytes]) -> int:
    """One frame after the other, cut out beforehand, with its tags."""
    for frame in frames:
        list(uhfreader288m.G2InventoryResponse(frame).get_tag())
    return len(frames)


def uhfreader18(frames: list[bytes]) -> int:
    """As a stream in pieces, without the tags: it leaves those to its user."""
    buffer, stream, found = StreamBuffer(), b"".join(frames), 0
    for at in range(0, len(stream), 512):
        found += len(buffer.feed(stream[at : at + 512]).frames)
    return found


def per_second(read: Callable[[list[bytes]], int], frames: list[bytes], seconds: float) -> float:
    """Frames for each second of this process."""
    done, began = 0, time.process_time()
    while (took := time.process_time() - began) < seconds:
        done += read(frames)
    return done / took


if __name__ == "__main__":
    told = [bytes.fromhex(each) for each in json.load(sys.stdin)]
    seconds = float(sys.argv[1])
    print(json.dumps({each.__name__: per_second(each, told, seconds) for each in (chafon, uhfreader18)}))
