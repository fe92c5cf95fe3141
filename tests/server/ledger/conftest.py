"""Witnesses that really serve, and the trust policy of a centre that goes by them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from inspection.custody.note import VerifierKey, note_key
from kit.witness import open_witness
from kit.witness_folder import book_of, init_witness
from kit.witness_server import witness_server
from server.keys import make_keys

ORIGIN = "centre.test/site/s1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigner:
    """A witness on this machine."""

    folder: Path
    key: VerifierKey
    url: str


@asynccontextmanager
async def cosigner(folder: Path, name: str, log: VerifierKey) -> AsyncIterator[Cosigner]:
    """Serve a new witness that knows the log."""
    init_witness(folder, name)
    book = book_of(folder)
    with book.transaction():
        book.add_log(log)
    book.close()
    witness = open_witness(folder)
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = witness_server(witness, 0, ready.set_result)
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(60):
            url = await ready
        yield Cosigner(folder=folder, key=witness.key.public, url=url)
    finally:
        server.should_exit = True
        await task


@pytest.fixture
def quorum() -> str:
    """The lines of the policy behind the witnesses `a` and `b`."""
    return "quorum a"


@pytest.fixture
async def cosigners(tmp_path: Path) -> AsyncIterator[list[Cosigner]]:
    """Two witnesses; the centre's keys are made with them."""
    log = note_key(ORIGIN, make_keys(tmp_path).log)
    async with AsyncExitStack() as stack:
        served = [cosigner(tmp_path / name, f"{name}.example/witness", log) for name in ("a", "b")]
        yield [await stack.enter_async_context(each) for each in served]
