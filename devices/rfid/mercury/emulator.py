"""A Mercury module that answers bytes: it boots, streams what lies in its field, and is slow to stop."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from devices.emulation import PlacedTag, TagEmulator
from devices.framing import BadFrame
from devices.rfid.mercury.codec import decoder, encode
from devices.rfid.mercury.emulated import MODELS, Module, Search, read_search
from devices.rfid.mercury.frames import EVERYTHING, Answer, Command, Multi, Op, Status
from devices.rfid.mercury.records import gen2_tag, write_tag

PASS_S = 0.04
"""Between two sightings of a tag while it streams, as a Nano was recorded."""
CHANNELS_KHZ = (902_750, 915_250, 923_200, 927_250)
"""Hopped through, one for each search."""
ANSWER_ROOM = 244
"""Bytes for records in one answer out of the buffer."""


class MercuryEmulator(TagEmulator):
    """One emulated module."""

    def __init__(
        self,
        port: str | Path,
        *,
        model: Literal["nano", "m7e", "m5e"] = "nano",
        needs_boot: bool = False,
        stop_s: float = 1.0,
    ) -> None:
        super().__init__(port)
        self._model = MODELS[model]
        self._needs_boot = needs_boot
        self._stop_s = stop_s
        self._spoilt_epcs = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.fresh()

    async def __aexit__(self, *exc: object) -> None:
        self._halt()
        await super().__aexit__(*exc)

    @property
    def streams(self) -> bool:
        """Whether it streams what it reads."""
        return "search" in self._timers

    def fresh(self) -> None:
        """Switched on."""
        self._halt()
        self._decoder = decoder(from_host=True)
        self.module = Module(self._model, in_bootloader=self._needs_boot, field=self.field)
        self._search = Search(head=b"\x10\x00\x00", length_s=1.0, metadata=EVERYTHING)
        self._began = 0.0
        self._searches = 0
        self._reported: set[bytes] = set()

    def unplug(self) -> None:
        """Pull the cable, which is also its power."""
        self._halt()
        super().unplug()

    def mute(self, silent: bool = True) -> None:
        """Cut its power behind the adapter; afterwards it starts anew."""
        self.fresh()
        super().mute(silent)

    def hear(self, content: bytes) -> None:
        """Answer the commands that are complete."""
        for frame in self._decoder.feed(content):
            if isinstance(frame, Command):
                self._obey(frame)

    def reboot(self) -> None:
        """Lose power for a moment, and say so as a module does that was just switched on."""
        self.fresh()
        self._say(Op.BOOT, self._model.version)

    def fault(self, status: int) -> None:
        """Report a status while it streams, such as `Status.TOO_HOT`."""
        self._say(Op.READ_MULTIPLE, status=status)

    def spoil_epc(self, records: int = 1) -> None:
        """Send the next records with a CRC of the EPC that is wrong."""
        self._spoilt_epcs += records

    def set_input(self, number: int, high: bool) -> None:
        """Change the level of a pin from outside."""
        self.module.levels[number] = high

    def orders(self) -> dict[str, Callable[[str], None]]:
        """`high N` and `low N` besides."""
        return {
            "high": lambda rest: self.set_input(int(rest), True),
            "low": lambda rest: self.set_input(int(rest), False),
            **super().orders(),
        }

    def _say(self, opcode: int, data: bytes = b"", *, status: int = Status.OK) -> None:
        self.say(encode(Answer(opcode=opcode, status=status, data=data)))

    def _obey(self, command: Command) -> None:
        if self.streams:
            self._obey_while_streaming(command)
        elif command.opcode == Op.MULTI:
            self._start(command.data)
        elif command.opcode == Op.GET_TAGS:
            self._empty_buffer(command.data)
        else:
            self.polls += command.opcode == Op.READ_MULTIPLE
            self.say(encode(self.module.reply(command)))

    def _obey_while_streaming(self, command: Command) -> None:
        """Only a stop, and commands that ride along, are heard."""
        if command.opcode != Op.MULTI or len(command.data) < 3:
            return
        if command.data[2] == Multi.STOP:
            self._later("stop", self._stop_s, self._stopped)
        elif command.data[2] == Multi.COMMAND and len(command.data) >= 5:
            answer = self.module.reply(Command(opcode=command.data[4], data=command.data[5:]))
            head = bytes((Multi.COMMAND, len(answer.data), answer.opcode))
            self._say(Op.MULTI, head + answer.status.to_bytes(2, "big") + answer.data)

    def _start(self, data: bytes) -> None:
        if not self._model.streams or self.module.in_bootloader or len(data) < 3:
            self._say(Op.MULTI, status=Status.UNKNOWN_COMMAND)
        elif data[2] == Multi.STOP:
            self._say(Op.MULTI, b"\x02")
        elif data[2] != Multi.START:
            self._say(Op.MULTI, status=Status.BAD_PARAMETER)
        elif not self.module.region:
            self._say(Op.MULTI, status=Status.BAD_REGION)
        else:
            self._begin(data)

    def _begin(self, data: bytes) -> None:
        try:
            self._search = read_search(data)
        except BadFrame:
            self._say(Op.MULTI, status=Status.WRONG_LENGTH)
            return
        self._say(Op.MULTI, data[2:6])
        self._reported.clear()
        self._next_search()

    def _next_search(self) -> None:
        self._began = asyncio.get_running_loop().time()
        self._searches += 1
        self._later("search", self._search.length_s, self._search_over)
        self._later("pass", PASS_S, self._pass)

    def _search_over(self) -> None:
        self._keep_alive()
        self._next_search()

    def _keep_alive(self) -> None:
        """The sign of life after each search, whether there were tags or not."""
        data = b""
        if self._search.is_multi_select:
            data = self._search.head + b"\x00\x10\x01" + self._age_ms().to_bytes(4, "big")
        self._say(Op.READ_MULTIPLE, data, status=Status.NO_TAGS)

    def _pass(self) -> None:
        self.polls += 1
        head = self._search.head + self._search.metadata.to_bytes(2, "big") + b"\x01"
        for tag in self.module.seen():
            if not (self.module.filters and tag.epc in self._reported):
                self._say(Op.READ_MULTIPLE, head + self._record(tag, self._search.metadata))
            self._reported.add(tag.epc)
        self._later("pass", PASS_S, self._pass)

    def _stopped(self) -> None:
        self._halt()
        self._keep_alive()
        self._say(Op.MULTI, b"\x02")

    def _empty_buffer(self, data: bytes) -> None:
        """`flags 2, options`: the next records, as many as fit."""
        flags = int.from_bytes(data[:2], "big") & EVERYTHING
        records: list[bytes] = []
        found = self.module.found
        while found and sum(map(len, records)) + 24 + len(found[0].epc) < ANSWER_ROOM:
            records.append(self._record(found.pop(0), flags))
        if not records:
            self._say(Op.GET_TAGS, status=Status.NO_TAGS)
            return
        head = flags.to_bytes(2, "big") + data[2:3] + bytes((len(records),))
        self._say(Op.GET_TAGS, head + b"".join(records))

    def _record(self, tag: PlacedTag, metadata: int) -> bytes:
        is_number = self._model.names_antennas
        record = write_tag(
            gen2_tag(
                tag.epc,
                rssi_dbm=max(-128, min(0, round(tag.rssi_dbm))),
                antenna=tag.antenna if is_number else (tag.antenna % 16) * 0x11,
                freq_khz=CHANNELS_KHZ[self._searches % len(CHANNELS_KHZ)],
                timestamp_ms=self._age_ms(),
            ),
            metadata,
        )
        if self._spoilt_epcs:
            self._spoilt_epcs -= 1
            record = record[:-1] + bytes((record[-1] ^ 0xFF,))
        return record

    def _age_ms(self) -> int:
        """Of the search."""
        return round((asyncio.get_running_loop().time() - self._began) * 1000) if self._began else 0

    def _later(self, name: str, after_s: float, call: Callable[[], None]) -> None:
        if name in self._timers:
            self._timers[name].cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(after_s, call)

    def _halt(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
