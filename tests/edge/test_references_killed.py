"""A station that is killed in the middle of a download goes on behind the last byte that came."""

import asyncio
import hashlib
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from edge import exchange
from edge.exchange import Parcel
from edge.references import INCOMING
from inspection.messages.references import PublishedReferences, ReferencePage
from models.store import ReferenceStore

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
STATION = """
import asyncio, sys
from pathlib import Path
from prometheus_client import CollectorRegistry
from edge.database import Database
from edge.faults import Faults
from edge.references import References, Shelf
from link.http import HttpConfig, HttpLink

async def at_once():
    pass

async def main(folder, url, backbone):
    shelf = Shelf(root=folder / "references", backbone_sha256=backbone, most_bytes=10**9, least_free_bytes=0)
    with Database(folder) as database:
        async with HttpLink(HttpConfig(base_url=url, attempts=1)) as link:
            references = References(database=database, link=link, shelf=shelf,
                faults=Faults(CollectorRegistry()), bench_free=at_once, every_s=1.0)
            await references.look_around()
            await references.once()

asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
"""


class SlowCentre:
    """Announces one set, and lets the line hang in the middle of its bank; from then on it sends all."""

    def __init__(self, parcel: Parcel) -> None:
        published = PublishedReferences(
            references=parcel.references, version=1, published_at=NOON, published_by="desk"
        )
        self.page = ReferencePage(newest=1, more=False, published=(published,)).to_json()
        self.bank = parcel.files[-1]
        self.starts: list[int] = []
        """First byte of each part of the bank that was asked for."""
        self.half_sent = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if "/v1/references?" in head:
            writer.write(_answer(self.page, "200 OK"))
        else:
            await self._send_bank(head, writer)
            await reader.read()  # until the other side has gone
        writer.close()

    async def _send_bank(self, head: str, writer: asyncio.StreamWriter) -> None:
        found = re.search(r"range: bytes=(\d+)-", head, re.I)
        start, size = int(found[1]) if found else 0, len(self.bank)
        self.starts.append(start)
        if start:
            part = f"Content-Range: bytes {start}-{size - 1}/{size}"
            writer.write(_answer(self.bank[start:], "206 Partial Content", part))
            return
        writer.write(_answer(self.bank, "200 OK")[: size // 2])
        await writer.drain()
        self.half_sent.set()


def _answer(body: bytes, status: str, *heads: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", "Connection: close", f"Content-Length: {len(body)}", *heads)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _process(folder: Path, url: str, backbone: str) -> asyncio.subprocess.Process:
    root = Path(__file__).parents[2]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", STATION, str(folder), url, backbone, cwd=root
    )


async def test_a_killed_download_goes_on_behind_what_came(
    tmp_path: Path, made_references: Path, site: ModuleType
) -> None:
    parcel = exchange.pack(made_references, ReferenceStore(made_references, "north"), "MUG-1", "top")
    bank = parcel.references.bank
    assert bank is not None
    slow = SlowCentre(parcel)
    server = await asyncio.start_server(slow.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    target = exchange.bank_path(tmp_path / "references", "north", "MUG-1", "top")
    part = tmp_path / "references" / INCOMING / f"{bank.sha256}.part"
    async with asyncio.timeout(120):
        first = await _process(tmp_path, url, bank.backbone_sha256)
        await slow.half_sent.wait()
        await site.until(lambda: _size(part))
        first.kill()
        await first.wait()
        assert not target.exists()
        came = _size(part)
        assert 0 < came < bank.bytes
        second = await _process(tmp_path, url, bank.backbone_sha256)
        assert await second.wait() == 0
    assert slow.starts == [0, came]
    assert hashlib.sha256(target.read_bytes()).hexdigest() == bank.sha256
    server.close()
    await server.wait_closed()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
