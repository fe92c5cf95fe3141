"""Child processes of the virtual warehouse: started, killed, started again, never left behind."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from demo.errors import Stuck
from edge.broker import DIE_WITH_PARENT

PATIENCE_S = 120.0
"""For a program to start, or to end by itself, on a machine that does much else."""
STOP_S = 4.0
LOOK_S = 0.05
LOG_TAIL = 6
"""Last lines of a log that an error quotes."""
Ready = Callable[[], Awaitable[bool]]


@dataclass(slots=True, kw_only=True)
class Child:
    """One program that can die and come back; its output goes to one file."""

    name: str
    command: tuple[str, ...]
    log: Path
    ready: Ready
    """Asked over and over until it says yes."""
    env: Mapping[str, str] = field(default_factory=dict)
    starts: int = 0
    _process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process else None

    async def start(self, patience_s: float = PATIENCE_S) -> None:
        """Start it and wait until it is ready; raises Stuck with the end of its log."""
        launcher = (sys.executable, "-I", "-S", "-c", DIE_WITH_PARENT, str(os.getpid()))
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *launcher,
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.env},
                start_new_session=True,
            )
        self.starts += 1
        await self._until_ready(patience_s)

    async def _until_ready(self, patience_s: float) -> None:
        for _ in range(round(patience_s / LOOK_S)):
            if self.pid is None:
                raise Stuck(f"{self.name} ended at once: {self.last_words()}")
            if await self.ready():
                return
            await asyncio.sleep(LOOK_S)
        raise Stuck(f"{self.name} is not ready after {patience_s:.0f} s: {self.last_words()}")

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it in order; after a while, without."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await self._end(signal.SIGTERM)
        await self._end(signal.SIGKILL)

    async def _end(self, sign: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(sign)
        await self._process.wait()

    def last_words(self) -> str:
        """The end of its log in one line."""
        with suppress(OSError):
            lines = self.log.read_bytes()[-4000:].decode(errors="replace").splitlines()
            return " | ".join(line.strip() for line in lines[-LOG_TAIL:])
        return "it left no log"


def regrade(*words: str) -> tuple[str, ...]:
    """The command line of one of our own programs."""
    return (sys.executable, "-m", "regrade", *words)


async def run_once(command: Sequence[str], timeout_s: float = PATIENCE_S) -> tuple[int, str, str]:
    """Run a program to its end; returns exit code, stdout and stderr. Raises Stuck."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(timeout_s):
            out, err = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise Stuck(f"{' '.join(command[:5])} does not end") from error
    return process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace")


def children_of(pid: int) -> list[int]:
    """Process ids of the direct children, such as a station's broker. Linux."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found
