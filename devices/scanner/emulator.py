"""A barcode scanner that sends what it is told to scan."""

from pathlib import Path

from devices.emulation import LineEmulator


class ScannerEmulator(LineEmulator):
    """One emulated scanner. It takes commands in life, but ours are set up with printed codes."""

    def __init__(self, port: str | Path, *, suffix: bytes = b"\r") -> None:
        super().__init__(port)
        self._suffix = suffix

    def scan(self, text: str, *, symbology: str | None = None) -> None:
        """Pull the trigger on a code; `symbology` is the AIM identifier to send before it."""
        self.say((symbology or "").encode() + text.encode() + self._suffix)

    def obey(self, line: str) -> None:
        """Each line is a code, except the words of every line emulator."""
        if line.partition(" ")[0] in self.orders():
            super().obey(line)
        else:
            self.scan(line)
