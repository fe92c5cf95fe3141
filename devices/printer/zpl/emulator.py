"""A ZPL printer that keeps what it printed, runs out of paper, is paused and opened."""

import re
from collections.abc import Callable
from pathlib import Path

from devices.emulation import LineEmulator
from devices.printer.zpl.codec import decoder, encode
from devices.printer.zpl.frames import Ask, HostStatus, Label

IDENTITY = b"\x02EMULATED-203dpi,V84.20.18Z,8,8176KB\x03\r\n"
MEMORY = 20
"""Labels that wait before the buffer is full."""
KEPT = 1000
COPIES = re.compile(rb"\^PQ(\d+)")


class ZplEmulator(LineEmulator):
    """One emulated printer. `silent_when_stopped`: as the guide has it, no `~HS` is answered then."""

    def __init__(self, port: str | Path, *, silent_when_stopped: bool = False) -> None:
        super().__init__(port)
        self.printed: list[bytes] = []
        """The last thousand labels that came out, the newest last."""
        self.waiting: list[bytes] = []
        self.paper = 100_000
        """Labels left on the roll."""
        self.paused = self.head_open = self.no_ribbon = self.hot = self.cold = False
        self._silent_when_stopped = silent_when_stopped
        self._decoder = decoder(from_host=True)

    def fresh(self) -> None:
        """Forget what was half heard."""
        self._decoder = decoder(from_host=True)

    def spoil(self, content: bytes) -> bytes:
        """A status whose first flag is no flag."""
        return content.replace(b",", b";", 1)

    def hear(self, content: bytes) -> None:
        """Print what is complete, and answer."""
        for frame in self._decoder.feed(content):
            match frame:
                case Label():
                    self.waiting += [frame.content] * _copies(frame.content)
                    self.work()
                case Ask(command="HS") if not (self._silent_when_stopped and self._is_stopped):
                    self.say(encode(self._status()))
                case Ask(command="HI"):
                    self.say(IDENTITY)

    def work(self) -> None:
        """Print what waits, as far as the printer can."""
        while self.waiting and self.paper and not self._is_stopped and not self.paused:
            self.printed = [*self.printed[1 - KEPT :], self.waiting.pop(0)]
            self.paper -= 1

    def load(self, labels: int) -> None:
        """Put in a roll; 0 takes it out."""
        self.paper = labels
        self.work()

    def pause(self, on: bool = True) -> None:
        """Press the pause key."""
        self.paused = on
        self.work()

    def open(self, on: bool = True) -> None:
        """Open the head, or close it."""
        self.head_open = on
        self.work()

    def orders(self) -> dict[str, Callable[[str], None]]:
        """`paper N`, `pause`, `resume`, `open` and `close` besides."""
        return {
            "paper": lambda rest: self.load(int(rest)),
            "pause": lambda _: self.pause(),
            "resume": lambda _: self.pause(on=False),
            "open": lambda _: self.open(),
            "close": lambda _: self.open(on=False),
            **super().orders(),
        }

    @property
    def _is_stopped(self) -> bool:
        return not self.paper or self.head_open or self.no_ribbon or self.hot or self.cold

    def _status(self) -> HostStatus:
        def flag(on: bool) -> str:
            return "1" if on else "0"

        full, partial = len(self.waiting) >= MEMORY, self._decoder.is_waiting
        flags = (flag(full), "0", flag(partial), "000", "0", flag(self.cold), flag(self.hot))
        return HostStatus(
            first=("030", flag(not self.paper), flag(self.paused), "0812", f"{len(self.waiting):03}", *flags),
            second=(
                *("001", "0", flag(self.head_open), flag(self.no_ribbon), "1", "2", "4", "0"),
                *(f"{len(self.waiting):08}", "1", "000"),
            ),
            third=("1234", "0"),
        )


def _copies(content: bytes) -> int:
    found = COPIES.search(content)
    return min(int(found[1]), MEMORY) if found else 1
