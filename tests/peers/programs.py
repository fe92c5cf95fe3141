"""Others' programs, each in a process of its own on a loopback port: PostgreSQL, Medusa, localstripe."""

import json
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from demo.processes import Child, Ready, run_once
from link.ports import free_ports

HOME = Path(__file__).resolve().parents[2] / ".venv" / "peers-refunds"
"""What `make peers-refunds` made."""
POSTGRES = Path("/usr/lib/postgresql/15/bin")
EMAIL, PASSWORD = "desk@peer.example", "peer-password-1"
BOOT_S = 120.0


@dataclass(slots=True, kw_only=True)
class Program:
    """One of them, with where it listens and what it took."""

    child: Child
    url: str
    boot_s: float = 0.0

    async def start(self) -> None:
        """Start it and time it."""
        begun = time.monotonic()
        await self.child.start(BOOT_S)
        self.boot_s = time.monotonic() - begun


def memory_mb(child: Child) -> int:
    """Resident set of a process. Linux."""
    status = Path(f"/proc/{child.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[str]:
    """A cluster of its own; yields the URL of an empty database."""
    folder.mkdir()  # noqa: ASYNC240 - once, before anything runs
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
    made = (str(POSTGRES / "initdb"), "-D", str(folder / "data"), "-A", "trust", "-E", "UTF8")
    code, _, said = await run_once((*_as_postgres(), *made))
    assert code == 0, said
    (port,) = free_ports(1)

    async def ready() -> bool:
        asked = (str(POSTGRES / "pg_isready"), "-h", "127.0.0.1", "-p", str(port))
        return (await run_once(asked))[0] == 0

    words = ("-D", str(folder / "data"), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder))
    command = (*_as_postgres(), str(POSTGRES / "postgres"), *words)
    child = Child(name="postgres", command=command, log=folder.parent / "postgres.log", ready=ready)
    await child.start()
    try:
        psql = (str(POSTGRES / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "peer")
        assert (await run_once(psql))[0] == 0
        yield f"postgres://postgres@127.0.0.1:{port}/peer"
    finally:
        await child.stop()


async def versions_of_medusa() -> str:
    """Of Medusa and of what it stands on."""
    node = (await run_once((_found("node"), "--version")))[1].strip()
    sql = (await run_once((str(POSTGRES / "postgres"), "--version")))[1].split()[2]
    package = json.loads((HOME / "node_modules/@medusajs/medusa/package.json").read_text())
    return f"Medusa {package['version']}, Node {node}, PostgreSQL {sql}"


def pinned(name: str) -> str:
    """The version of a Python package of theirs."""
    lines = (Path(__file__).parent / "requirements-refunds.txt").read_text().splitlines()
    return next(line.partition("==")[2] for line in lines if line.startswith(f"{name}=="))


def _as_postgres() -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    return (_found("setpriv"), "--reuid=postgres", "--regid=postgres", "--init-groups")


def _found(name: str) -> str:
    path = shutil.which(name)
    assert path, f"{name} is missing"
    return path


@asynccontextmanager
async def medusa(folder: Path, database: str) -> AsyncIterator[Program]:
    """Medusa with its tables made and a user in it."""
    (port,) = free_ports(1)
    env = {
        "PEER_DATABASE": database,
        "PEER_SECRET": secrets.token_hex(16),
        "MEDUSA_DISABLE_TELEMETRY": "true",
        "NODE_ENV": "production",
    }
    name = str(HOME / "node_modules" / ".bin" / "medusa")
    at_home = (_found("env"), "-C", str(HOME), *(f"{key}={value}" for key, value in env.items()), name)
    for words in (("db:migrate",), ("user", "-e", EMAIL, "-p", PASSWORD)):
        code, out, said = await run_once((*at_home, *words), 180.0)
        assert code == 0, out[-500:] + said[-500:]
    url = f"http://127.0.0.1:{port}"
    command = (*at_home, "start", "-p", str(port), "-H", "127.0.0.1")
    child = Child(name="medusa", command=command, log=folder / "medusa.log", ready=_answers(f"{url}/health"))
    async with _running(Program(child=child, url=url)) as program:
        yield program


@asynccontextmanager
async def localstripe(folder: Path) -> AsyncIterator[Program]:
    """Localstripe with nothing in it."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = (
        *(_found("env"), "-C", str(folder)),
        *(str(HOME / "bin" / "localstripe"), "--port", str(port), "--from-scratch"),
    )
    child = Child(
        name="localstripe",
        command=command,
        log=folder / "localstripe.log",
        ready=_answers(f"{url}/v1/customers", ("sk_test_12345", "")),
    )
    async with _running(Program(child=child, url=url)) as program:
        yield program


@asynccontextmanager
async def _running(program: Program) -> AsyncIterator[Program]:
    try:
        await program.start()
        yield program
    finally:
        await program.child.stop()


def _answers(url: str, auth: tuple[str, str] | None = None) -> Ready:
    async def ready() -> bool:
        async with httpx.AsyncClient(trust_env=False, timeout=5, auth=auth) as client:
            try:
                return (await client.get(url)).status_code == 200
            except httpx.HTTPError:
                return False

    return ready
