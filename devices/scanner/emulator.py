"""A barcode scanner that sends what it is told to scan."""

from pathlib import Path

from devices.emulation import CodeEmulator


class ScannerEmulator(CodeEmulator):
    """One emulated scanner. It takes commands in life, but ours are set up with printed codes."""

    def __init__(self, port: str | Path, *, suffix: bytes = b"\r") -> None:
        super().__init__(port)
        self.suffix = suffix
