"""An LLRP reader on the network: llrpkit's own emulator, with tags that come and go.

Three things that LLRP 1.1 asks for and llrpkit 0.3 leaves out are put in, since other clients need them:
ENABLE_EVENTS_AND_REPORTS has no answer (13.1.4), number 0 means all ROSpecs (chapter 10), and a ROSpec whose
start trigger is Immediate starts when it is enabled (11.2.1.1).
"""

import asyncio
import socket
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from llrpkit.emulator import EmulatedTag, LLRPEmulator
from llrpkit.protocol import LLRPMessage, enums, messages, params

from devices.emulation import TagField
from devices.rfid.llrp.codec import encode
from devices.rfid.llrp.frames import Message
from devices.transport.opening import tcp_address

READS_PER_S = 100.0
NO_SUCH_TYPE = 1000


class _Reader(LLRPEmulator):
    """llrpkit's emulator, which can fall silent, and does what other clients rely on."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.silent = False

    def listen(self) -> Awaitable[None]:
        """Take connections from now on; what is left to do is awaited."""
        line = socket.create_server((self.host, self.port))
        return self._serve(line)

    async def _serve(self, line: socket.socket) -> None:
        self._server = await asyncio.start_server(self._handle_client, sock=line)

    async def _send(self, msg: LLRPMessage, *, message_id: int = 0) -> None:
        if not self.silent:
            await super()._send(msg, message_id=message_id)

    async def _handle_message(self, msg: LLRPMessage) -> None:
        if isinstance(msg, messages.ENABLE_EVENTS_AND_REPORTS):
            return
        if isinstance(msg, messages.DELETE_ROSPEC) and msg.ro_spec_id == 0:
            self._rospecs.clear()
            self._sync_reporting()
            done = messages.DELETE_ROSPEC_RESPONSE(llrp_status=self._status_ok())
            await self._send(done, message_id=msg.message_id)
            return
        await super()._handle_message(msg)
        if isinstance(msg, messages.ENABLE_ROSPEC):
            self._start_at_once(msg.ro_spec_id)

    def _start_at_once(self, number: int) -> None:
        spec, state = self._rospecs.get(number, (None, ""))
        if isinstance(spec, params.ROSpec) and state == "Enabled":
            trigger = spec.ro_boundary_spec.ro_spec_start_trigger.ro_spec_start_trigger_type
            if trigger == enums.ROSpecStartTriggerType.Immediate:
                self._rospecs[number] = (spec, "Active")
                self._sync_reporting()

    def hang_up(self) -> None:
        """Vanish at once, as a pulled cable does."""
        self._stop_reporting()
        self._stop_keepalive()
        if self._writer is not None:
            self._writer.transport.abort()
        if self._server is not None:
            self._server.close()

    def shout(self, content: bytes) -> None:
        """Send bytes that nobody asked for."""
        if self._writer is not None:
            self._writer.write(content)


class LlrpEmulator(TagField):
    """One emulated reader at `tcp://127.0.0.1:port`; an async context manager."""

    def __init__(self, port: str | Path, *, reads_per_s: float = READS_PER_S) -> None:
        self.port = port
        self.field = {}
        host, number = tcp_address(str(port))
        self._reader = _Reader(host=host, port=number, tags=(), reads_per_sec=reads_per_s)
        self._starting: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        await self._reader.listen()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._starting is not None:
            with suppress(OSError):
                await self._starting
        self._reader.hang_up()
        await self._reader.stop()

    def place(self, epc: bytes, *, antenna: int = 1, rssi_dbm: float = -55.0) -> None:
        """Bring a tag into the field of an antenna."""
        super().place(epc, antenna=antenna, rssi_dbm=rssi_dbm)
        self._sync()

    def remove(self, epc: bytes) -> None:
        """Take a tag out of the field."""
        super().remove(epc)
        self._sync()

    def clear(self) -> None:
        """Take all tags out of the field."""
        super().clear()
        self._sync()

    def unplug(self) -> None:
        """Pull the cable."""
        self._reader.hang_up()

    def replug(self) -> None:
        """Plug it in again, at the same port."""
        self._starting = asyncio.ensure_future(self._reader.listen())

    def mute(self, silent: bool = True) -> None:
        """Hang: the connection stays, nothing is said."""
        self._reader.silent = silent

    def noise(self, content: bytes) -> None:
        """Send a message of a type that does not exist."""
        self._reader.shout(encode(Message(version=1, type=NO_SUCH_TYPE, id=0, body=content)))

    async def pull_antenna(self, antenna: int) -> None:
        """Pull one antenna's cable; the reader says so."""
        await self._reader.set_antenna_connected(antenna, False)

    async def set_input(self, number: int, high: bool) -> None:
        """Change the level of an input from outside; the reader says so where it was asked to."""
        await self._reader.set_gpi(number, high)

    @property
    def inventories(self) -> int:
        """How many inventories stand in the reader."""
        return len(self._reader._rospecs)

    @property
    def outputs(self) -> dict[int, bool]:
        """The levels of the outputs."""
        return dict(self._reader._gpo_states)

    def _sync(self) -> None:
        self._reader.tags = [
            EmulatedTag(epc=tag.epc, antennas=(tag.antenna,), rssi_dbm=tag.rssi_dbm)
            for tag in self.field.values()
        ]
