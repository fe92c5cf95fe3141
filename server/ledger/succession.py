"""How one key of the log follows another: each entry of a new key, receipted by the key before it.

Kept as a file of its own beside the keys: a receipt by a key that is dropped cannot be made again.
"""

import os
from pathlib import Path

from inspection.messages.uplink import ReceiptMessage

FILE_NAME = "log_keys.jsonl"


def add_succession(directory: Path, receipt: ReceiptMessage) -> None:
    """Keep one more receipt; the same one is kept once."""
    if receipt in read_succession(directory):
        return
    with (directory / FILE_NAME).open("ab") as file:
        file.write(receipt.to_json() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_succession(directory: Path) -> tuple[ReceiptMessage, ...]:
    """Every new key of the log since the first, in order."""
    path = directory / FILE_NAME
    if not path.exists():
        return ()
    return tuple(ReceiptMessage.read(line) for line in path.read_bytes().splitlines())
