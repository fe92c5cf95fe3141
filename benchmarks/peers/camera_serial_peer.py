"""What other people's client reads from our emulated serial camera, in its own environment.

`.venv/peers-devices/bin/python benchmarks/peers/camera_serial_peer.py STEP PORT` prints one JSON object.
Imports nothing of ours. Adafruit's library is written for microcontrollers: what it imports of them are names
for types and `const`, which stand here; its serial port is pyserial's.
"""

import hashlib
import importlib.metadata
import json
import sys
import time
import types
from typing import Any

PART = 64
"""Bytes asked for at once; the library takes 95 at most."""


def stand_ins() -> None:
    """The modules that only a microcontroller has."""
    wanted: dict[str, dict[str, Any]] = {
        "micropython": {"const": lambda value: value},
        "busio": {"UART": object},
        "circuitpython_typing": {"WriteableBuffer": bytearray, "ReadableBuffer": bytes},
    }
    for name, values in wanted.items():
        module = types.ModuleType(name)
        vars(module).update(values)
        sys.modules[name] = module


def vc0706(port: str) -> dict[str, Any]:
    """Found by reset at every rate; version, size, rate, a picture part by part, twice."""
    stand_ins()
    import serial
    from adafruit_vc0706 import VC0706, IMAGE_SIZE_320x240

    with serial.Serial(port, timeout=0.3) as line:
        camera = VC0706(line)
        found: dict[str, Any] = {"found_at": camera.baudrate, "version": camera.version}
        camera.image_size = IMAGE_SIZE_320x240
        camera.baudrate = 115200
        pictures = []
        for _ in range(2):
            began = time.monotonic()
            taken = camera.take_picture()
            length = camera.frame_length
            content = bytearray()
            part = bytearray(PART)
            while len(content) < length and camera.read_picture_into(part):
                content += part
            resumed = camera.resume_video()
            picture = bytes(content[:length])
            pictures.append([taken, length, hashlib.sha256(picture).hexdigest(), resumed])
            found["seconds"] = round(time.monotonic() - began, 1)
        found["pictures"] = pictures
        found["again"] = [camera.take_picture(), camera.take_picture(), camera.resume_video()]
    return found


if __name__ == "__main__":
    try:
        told = vc0706(sys.argv[2])
    except Exception as error:  # what it is goes onto the page
        told = {"failed": f"{type(error).__name__}: {error}"}
    print(json.dumps({"client": importlib.metadata.version("adafruit-circuitpython-vc0706"), **told}))
