"""An RDM6300 that says the number of the card before its coil, again and again."""

import asyncio
from pathlib import Path

from devices.emulation import TagEmulator
from devices.rfid.rdm6300.codec import encode
from devices.rfid.rdm6300.frames import ID_SIZE, Card


class Rdm6300Emulator(TagEmulator):
    """One emulated module. It cannot tell two cards apart: where two lie, it reads neither."""

    def __init__(self, port: str | Path, *, period_s: float = 0.1) -> None:
        super().__init__(port)
        self._period_s = period_s
        self._next: asyncio.TimerHandle | None = None

    async def __aexit__(self, *exc: object) -> None:
        self._stop()
        await super().__aexit__(*exc)

    def fresh(self) -> None:
        """Switched on: it looks for a card at once."""
        self._stop()
        self._next = asyncio.get_running_loop().call_later(self._period_s, self._look)

    def unplug(self) -> None:
        """Pull the cable, which powers the module too."""
        self._stop()
        super().unplug()

    def place(self, epc: bytes, *, antenna: int = 1, rssi_dbm: float = -55.0) -> None:
        """Lay a card before the coil; raises ValueError where it is no EM4100."""
        if len(epc) != ID_SIZE:
            raise ValueError(f"an EM4100 has {ID_SIZE} bytes, not {len(epc)}")
        super().place(epc, antenna=antenna, rssi_dbm=rssi_dbm)

    def spoil(self, content: bytes) -> bytes:
        """With one digit of the number changed, so that the check tells."""
        digit = b"1" if content[1:2] == b"0" else b"0"
        return content[:1] + digit + content[2:]

    def _look(self) -> None:
        if len(self.field) == 1 and not self._silent:
            self.say(encode(Card(*self.field)))
        self._next = asyncio.get_running_loop().call_later(self._period_s, self._look)

    def _stop(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
