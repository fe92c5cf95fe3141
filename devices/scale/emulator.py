"""A scale that is loaded, shaken, overloaded and asked, in every dialect."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Self

from devices.emulation import LineEmulator
from devices.scale.fields import DIALECTS
from devices.scale.frames import Answer, Command, Fault, Refusal, Said, Shown, Status

WEIGHING: Mapping[str, frozenset[str]] = {
    "mt_sics": frozenset({"S", "SI"}),
    "and": frozenset({"Q", "SI"}),
    "stgs": frozenset({"READ"}),
    "nci": frozenset({"W"}),
    "ohaus": frozenset({"IP", "P"}),
}
"""What a scale answers with its weight."""
WHEN_STABLE: Mapping[str, frozenset[str]] = {"mt_sics": frozenset({"S"})}
"""Of them, those that wait for a stable weight; where none comes MT-SICS says `S I`."""
ZERO: Mapping[str, tuple[str, Said]] = {
    "mt_sics": ("Z", Answer(text="Z A")),
    "stgs": ("Z", Answer(text="OK")),
    "nci": ("Z", Status(status="02")),
}
"""The command that sets to zero, and its answer."""
REFUSALS: Mapping[str, Refusal] = {
    "mt_sics": Refusal(code="ES"),
    "and": Refusal(code="E01"),
    "stgs": Refusal(code="ERR04"),
    "nci": Refusal(code="?"),
    "ohaus": Refusal(code="ES"),
}
"""What an unknown command gets."""
FACTS: Mapping[str, str] = {
    "@": 'I4 A "E0000001"',
    "I1": 'I1 A "01" "2.20" "2.20" "" ""',
    "I2": 'I2 A "EMULATED Standard 6200.00 g"',
    "I3": 'I3 A "1.00 0.00.0.000"',
    "I4": 'I4 A "E0000001"',
    "I5": 'I5 A "00000000A"',
}
"""What MT-SICS scales say about themselves."""


class ScaleEmulator(LineEmulator):
    """One emulated scale; with `stream_s` it says its weight so often, unasked."""

    def __init__(
        self, port: str | Path, *, dialect: str = "mt_sics", stream_s: float = 0.0, capacity: str = "6200"
    ) -> None:
        super().__init__(port)
        self.shown = Shown(value="0.00", unit="g")
        self._dialect = DIALECTS[dialect]
        self._stream_s = stream_s
        self._capacity = Decimal(capacity)
        self._decoder = self._dialect.host_decoder()
        self._moves_for = 0
        self._shaken = False
        self._streaming: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        if self._stream_s:
            self._streaming = asyncio.create_task(self._stream(), name="emulated scale")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._streaming is not None:
            self._streaming.cancel()
            with suppress(asyncio.CancelledError):
                await self._streaming
        await super().__aexit__(*exc)

    def fresh(self) -> None:
        """Forget what was half heard."""
        self._decoder = self._dialect.host_decoder()

    def put(self, value: str, unit: str = "g", *, settling: int = 0) -> None:
        """Load the pan so that it shows this; it moves for so many looks before it rests."""
        self.shown = Shown(value=value, unit=unit)
        self._moves_for = settling

    def shake(self, on: bool = True) -> None:
        """Let something touch the pan from now on."""
        self._shaken = on

    def look(self) -> Shown:
        """What the display shows now; each look is a moment that passes."""
        moves = self._shaken or self._moves_for > 0
        self._moves_for = max(0, self._moves_for - 1)
        return Shown(value=self.shown.value, unit=self.shown.unit, moves=moves, fault=self._fault())

    def hear(self, content: bytes) -> None:
        """Answer the commands that are complete."""
        for command in self._decoder.feed(content):
            self._answer(command.text if isinstance(command, Command) else "")

    def orders(self) -> dict[str, Callable[[str], None]]:
        """`put 100.00 g`, `shake` and `still` besides."""
        return {
            "put": lambda rest: self.put(*rest.split()[:2]),
            "shake": lambda _: self.shake(),
            "still": lambda _: self.shake(on=False),
            **super().orders(),
        }

    def _fault(self) -> Fault | None:
        value = Decimal(self.shown.value)
        if value > self._capacity:
            return Fault.OVERLOAD
        return Fault.UNDERLOAD if value < -self._capacity / 50 else None

    def _answer(self, asked: str) -> None:
        name = self._dialect.name
        zero, done = ZERO.get(name, ("", None))
        if asked in WEIGHING[name]:
            said = self._weight(asked in WHEN_STABLE.get(name, ()))
        elif asked and asked == zero:
            self.shown = Shown(value="0.00", unit=self.shown.unit)
            said = done
        elif name == "nci" and asked == "S":
            said = Status(status="10" if self.look().moves else "00")
        elif name == "mt_sics" and asked in FACTS:
            said = Answer(text=FACTS[asked])
        else:
            said = REFUSALS[name]
        self._say(said)

    def _weight(self, only_stable: bool) -> Said | None:
        shown = self.look()
        return Refusal(code="I") if only_stable and shown.moves else self._dialect.show(shown)

    def _say(self, said: Said | None) -> None:
        if said is not None:
            self.say(self._dialect.encode(said))

    async def _stream(self) -> None:
        while True:
            await asyncio.sleep(self._stream_s)
            if not self._silent:
                self._say(self._dialect.show(self.look()))
