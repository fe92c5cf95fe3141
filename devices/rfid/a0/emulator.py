"""An A0 reader that answers bytes, with antennas and tags that come and go."""

from collections.abc import Collection
from pathlib import Path

from devices.emulation import PlacedTag, TagEmulator
from devices.rfid.a0.codec import decoder, encode, write_ended, write_tag
from devices.rfid.a0.frames import BROADCAST, INVENTORIES, Code, Command, Ended, Frame, SeenTag
from devices.rfid.gen2 import pc_of

VERSION = b"\x01\x09"
CHANNEL = 4
RSSI_OFFSET = 129
"""As one library takes it; the driver believes no offset."""
PORTS = 4


class A0Emulator(TagEmulator):
    """One emulated reader with four antenna ports."""

    def __init__(
        self, port: str | Path, *, address: int = 1, connected: Collection[int] = (1, 2, 3, 4)
    ) -> None:
        super().__init__(port)
        self.connected = set(connected)
        """Ports that an antenna hangs at, from 1."""
        self.antenna = 1
        """The one that works now."""
        self._address = address
        self._decoder = decoder()

    def fresh(self) -> None:
        """Forget what was half heard; a reader that was switched on works on its first antenna."""
        self.antenna = 1
        self._decoder = decoder()

    def hear(self, content: bytes) -> None:
        """Answer the commands that are complete."""
        for frame in self._decoder.feed(content):
            if isinstance(frame, Frame) and frame.address in (self._address, BROADCAST):
                self._answer(frame)

    def _answer(self, frame: Frame) -> None:
        if frame.command == Command.FIRMWARE:
            self._send(frame.command, VERSION)
        elif frame.command == Command.SET_ANTENNA:
            self._send(frame.command, bytes((self._select(frame.body),)))
        elif frame.command in INVENTORIES and frame.body:
            self.polls += 1
            self._inventory(frame.command, frame.body[-1])
        else:
            self._send(frame.command, bytes((Code.BAD_PARAMETER,)))

    def _select(self, body: bytes) -> Code:
        if len(body) != 1 or body[0] >= PORTS:
            return Code.NO_SUCH_ANTENNA
        self.antenna = body[0] + 1
        return Code.SUCCESS

    def _inventory(self, command: int, rounds: int) -> None:
        if self.antenna not in self.connected:
            self._send(command, bytes((Code.ANTENNA_MISSING,)))
            return
        tags = [tag for tag in self.field.values() if tag.antenna == self.antenna] * rounds
        for tag in tags:
            self._send(command, write_tag(self._seen(tag)))
        ended = Ended(antenna=self.antenna - 1, read_rate=len(tags), total_read=len(tags))
        self._send(command, write_ended(ended))

    def _seen(self, tag: PlacedTag) -> SeenTag:
        return SeenTag(
            epc=tag.epc,
            pc=pc_of(tag.epc),
            freq_ant=CHANNEL << 2 | self.antenna - 1,
            rssi_raw=max(0, min(round(tag.rssi_dbm) + RSSI_OFFSET, 127)),
        )

    def _send(self, command: int, body: bytes) -> None:
        self.say(encode(Frame(address=self._address, command=command, body=body)))
