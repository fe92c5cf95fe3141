"""A VC0706 that answers bytes, with a picture before its lens, at the pace of its line."""

from collections.abc import Callable
from pathlib import Path

from devices.camera.vc0706.codec import BAUDS, SIZES, commands, encode
from devices.camera.vc0706.frames import Block, Code, Command, Hold, Reply
from devices.emulation import LineEmulator

VERSION = b"VC0703 1.00"
GREETING = b"VC0703 1.00\r\nCtrl infr exist\r\nUser-defined sensor\r\n525\r\nInit end\r\n"
"""What a camera says by itself after a reset (public capture of a PTC08)."""
CANNOT_FREEZE = 0x0E
SIZE_REGISTER = b"\x00\x19"
BAUD_OF = {code: baud for baud, code in BAUDS.items()}
SIZE_OF = {code: size for size, code in SIZES.items()}


class Vc0706Emulator(LineEmulator):
    """One emulated camera."""

    def __init__(self, port: str | Path, *, baud: int = 38400, rate: int | None = None) -> None:
        super().__init__(port)
        self.picture = b""
        """What it sees; nothing until it is shown something."""
        self.baud = self._first_baud = baud
        """A host at another rate is not understood; over TCP nobody knows."""
        self.parts = 0
        """How many parts of pictures it was asked for."""
        self.size = "640x480"
        self.compression = 0x36
        self._decoder = commands()
        self._frozen: bytes | None = None
        self._deaf = 0
        self._rate = rate
        self.at_rate(rate or baud)

    def fresh(self) -> None:
        """Forget what was half heard, and what it was told."""
        self._decoder = commands()
        self._frozen = None
        self.baud = self._first_baud
        self.at_rate(self._rate or self.baud)

    def show(self, picture: bytes) -> None:
        """Put this before the lens: the bytes of a file, whole or not."""
        self.picture = picture

    def lose_next(self, answers: int = 1) -> None:
        """Do what is asked next, and let the answers get lost."""
        self._deaf += answers

    def hear(self, content: bytes) -> None:
        """Answer the commands that are complete."""
        if self._line.baud not in (None, self.baud):
            return
        for command in self._decoder.feed(content):
            if isinstance(command, Command):
                self._answer(command)

    def orders(self) -> dict[str, Callable[[str], None]]:
        """`show FILE` besides."""
        return {"show": lambda rest: self.show(Path(rest).read_bytes()), **super().orders()}

    def _answer(self, command: Command) -> None:
        match command.code:
            case Code.VERSION:
                self._say(Reply(code=Code.VERSION, data=VERSION))
            case Code.PICTURE:
                self._hold(command.args[0])
            case Code.PICTURE_LENGTH:
                size = len(self._frozen or b"").to_bytes(4, "big")
                self._say(Reply(code=Code.PICTURE_LENGTH, data=size))
            case Code.READ_PICTURE:
                self._read(command.args)
            case Code.READ_DATA if command.args[-2:] == SIZE_REGISTER:
                code = next(code for code, size in SIZE_OF.items() if size == self.size)
                self._say(Reply(code=Code.READ_DATA, data=bytes((code,))))
            case Code.WRITE_DATA:
                self._write(command.args)
            case Code.SET_PORT:
                self._say(Reply(code=Code.SET_PORT))
                self.baud = BAUD_OF.get(command.args[1:], self.baud)
                self.at_rate(self._rate or self.baud)
            case Code.RESET:
                self._say(Reply(code=Code.RESET))
                self.fresh()
                self.say(GREETING)
            case _:
                self._say(Reply(code=command.code, status=1))

    def _hold(self, how: int) -> None:
        if how == Hold.RESUME:
            self._frozen = None
        elif self._frozen is not None:
            self._say(Reply(code=Code.PICTURE, error=CANNOT_FREEZE))
            return
        else:
            self._frozen = self.picture
        self._say(Reply(code=Code.PICTURE))

    def _read(self, args: bytes) -> None:
        self.parts += 1
        address, size = int.from_bytes(args[2:6], "big"), int.from_bytes(args[6:10], "big")
        part = (self._frozen or b"")[address : address + size]
        if part:
            self._say(Block(content=part.ljust(size, b"\0")))
        else:
            self._say(Reply(code=Code.READ_PICTURE, error=CANNOT_FREEZE))

    def _write(self, args: bytes) -> None:
        if args[:4] == b"\x04\x01" + SIZE_REGISTER:
            self.size = SIZE_OF.get(args[4], self.size)
        elif args[:4] == b"\x01\x01\x12\x04":
            self.compression = args[4]
        self._say(Reply(code=Code.WRITE_DATA))

    def _say(self, frame: Reply | Block) -> None:
        if self._deaf:
            self._deaf -= 1
        else:
            self.say(encode(frame))
