"""An M100/R200 module that answers bytes, with tags that come and go."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from devices.emulation import PlacedTag, TagEmulator
from devices.rfid.gen2 import pc_of, tag_crc
from devices.rfid.m100.codec import decoder, encode, write_tag
from devices.rfid.m100.frames import HEADS, Command, Failure, Frame, FrameKind, Region, SeenTag

ABOUT = b"\x00M100 26dBm V1.0"
"""The manual's example."""
POWER_CDBM = (1500, 2600)
"""Users of modules report that only 15..26 dBm are taken."""
DONE = b"\x00"


class M100Emulator(TagEmulator):
    """One emulated module: one round finds every tag once, and a round without a tag is told too."""

    def __init__(self, port: str | Path, *, dialect: str = "m100", round_s: float = 0.02) -> None:
        super().__init__(port)
        self._head = HEADS[dialect]
        self._round_s = round_s
        self._power_cdbm = POWER_CDBM[1]
        self.region = Region.CN_900
        """As the host set it."""
        self._rounds_left = 0
        self._next_round: asyncio.TimerHandle | None = None
        self._decoder = decoder(self._head, from_host=True)

    @property
    def is_polling(self) -> bool:
        """Whether a multi-poll is running."""
        return self._rounds_left > 0

    @property
    def power_dbm(self) -> float:
        """As the host set it."""
        return self._power_cdbm / 100

    async def __aexit__(self, *exc: object) -> None:
        self._stop()
        await super().__aexit__(*exc)

    def fresh(self) -> None:
        """Forget what was half heard, and poll no more."""
        self._stop()
        self._decoder = decoder(self._head, from_host=True)

    def unplug(self) -> None:
        """Pull the cable, which powers the module too."""
        self._stop()
        super().unplug()

    def hear(self, content: bytes) -> None:
        """Answer the commands that are complete."""
        for frame in self._decoder.feed(content):
            if isinstance(frame, Frame):
                self._answer(frame)

    def spoil(self, content: bytes) -> bytes:
        """With a wrong sum."""
        return content[:-2] + bytes((content[-2] ^ 0xFF,)) + content[-1:]

    def misread(self, epc: bytes) -> None:
        """Notice a tag whose bits fell over on the air: its own CRC tells."""
        tag = self._seen(PlacedTag(epc=epc, antenna=1, rssi_dbm=-70))
        fallen = SeenTag(epc=tag.epc, pc=tag.pc, rssi_raw=tag.rssi_raw, crc=tag.crc ^ 0x0100)
        self._notice(fallen)

    def _answer(self, frame: Frame) -> None:
        answers: dict[int, Callable[[bytes], None]] = {
            Command.INFO: lambda _: self._respond(Command.INFO, ABOUT),
            Command.GET_POWER: lambda _: self._respond(
                Command.GET_POWER, self._power_cdbm.to_bytes(2, "big")
            ),
            Command.SET_POWER: self._set_power,
            Command.SET_REGION: self._set_region,
            Command.POLL: lambda _: self._round(),
            Command.MULTI_POLL: self._start,
            Command.STOP: lambda _: self._stopped(),
        }
        if frame.command in answers:
            answers[frame.command](frame.body)
        else:
            self._fail(Failure.BAD_COMMAND)

    def _set_power(self, body: bytes) -> None:
        wanted = int.from_bytes(body, "big")
        if not POWER_CDBM[0] <= wanted <= POWER_CDBM[1]:
            self._fail(Failure.BAD_COMMAND)
            return
        self._power_cdbm = wanted
        self._respond(Command.SET_POWER, DONE)

    def _set_region(self, body: bytes) -> None:
        if body[:1] not in [bytes((region,)) for region in Region]:
            self._fail(Failure.BAD_COMMAND)
            return
        self.region = Region(body[0])
        self._respond(Command.SET_REGION, DONE)

    def _start(self, body: bytes) -> None:
        self._stop()
        self._rounds_left = int.from_bytes(body[1:3], "big")
        self._tick()

    def _tick(self) -> None:
        if self._rounds_left <= 0:
            return
        self._rounds_left -= 1
        if not self._silent:
            self._round()
        self._next_round = asyncio.get_running_loop().call_later(self._round_s, self._tick)

    def _stop(self) -> None:
        self._rounds_left = 0
        if self._next_round is not None:
            self._next_round.cancel()
            self._next_round = None

    def _stopped(self) -> None:
        self._stop()
        self._respond(Command.STOP, DONE)

    def _round(self) -> None:
        self.polls += 1
        for tag in tuple(self.field.values()):
            self._notice(self._seen(tag))
        if not self.field:
            self._fail(Failure.NO_TAG)

    def _seen(self, tag: PlacedTag) -> SeenTag:
        pc = pc_of(tag.epc)
        crc = tag_crc(pc.to_bytes(2, "big") + tag.epc)
        return SeenTag(epc=tag.epc, pc=pc, rssi_raw=round(tag.rssi_dbm) & 0xFF, crc=crc)

    def _notice(self, tag: SeenTag) -> None:
        self._send(FrameKind.NOTICE, Command.POLL, write_tag(tag))

    def _respond(self, command: Command, body: bytes) -> None:
        self._send(FrameKind.RESPONSE, command, body)

    def _fail(self, failure: Failure) -> None:
        self._respond(Command.FAILED, bytes((failure,)))

    def _send(self, kind: FrameKind, command: Command, body: bytes) -> None:
        self.say(encode(Frame(head=self._head, kind=kind, command=command, body=body)))
