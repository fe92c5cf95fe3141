"""Watches the folder into which old systems drop tables of returns.

A file is taken when nobody has written to it for a while. Every batch of its rows is one commit that also
says how far the file was read: after a crash it goes on behind the last of them, and no row counts twice.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import anyio.to_thread
from sqlalchemy import Connection

from inspection.errors import DomainError
from server.alarms import AlarmKind, raise_alarm
from server.centre import Centre
from server.db.writer import Writer
from server.errors import BadRequest, CentreError
from server.returns.dropping import repository
from server.returns.dropping.faults import fault_rows, write_table
from server.returns.dropping.folder import DONE, MOST_WAITING, REFUSED, DropFolder, Waiting
from server.returns.dropping.reading import Batch, Looked, batches, cells, look
from server.returns.dropping.repository import Key
from server.returns.router import terms_for
from server.returns.service import Terms, announce
from server.rows import RowFault

SWEEP_EVERY = 720
"""Turns between two looks for files that were kept long enough."""
REASONS = {
    "binary": "The file holds NUL bytes: it is not a CSV file.",
    "encoding": "The file is neither UTF-8 nor GB18030 text: save it as one of them.",
    "too_large": "The file is larger than the centre takes: split it.",
    "changed": "The file was changed while it was read: drop the whole file again.",
}
"""What is written beside a refused file."""


class Watcher:
    """One per centre."""

    def __init__(self, centre: Centre, root: Path) -> None:
        self._centre = centre
        self._root = root
        self._seen: dict[tuple[str, str], tuple[Waiting, float]] = {}
        self._turns = 0

    async def run(self) -> None:
        """Look again and again; a disk that fails is looked at again, too."""
        while True:
            try:
                await self.turn()
            except (OSError, CentreError, DomainError) as error:
                self._centre.logger.warning("drop.failed", reason=type(error).__name__)
            await asyncio.sleep(self._centre.settings.drop_poll_s)

    async def turn(self) -> None:
        """Look once: end what was being read, take what is whole, and read it."""
        site = self._centre.site
        merchants = await self._centre.reader.run(lambda c: repository.known_merchants(c, site))
        waiting = 0
        for merchant in sorted(merchants):
            try:
                waiting += await self._visit(merchant)
            except OSError as error:  # one folder alone: the others are read all the same
                self._centre.logger.warning("drop.failed", merchant=merchant, reason=type(error).__name__)
        self._centre.metrics.drop_waiting.set(waiting)
        self._turns += 1

    async def _visit(self, merchant: str) -> int:
        folder = await anyio.to_thread.run_sync(self._open, merchant)
        if folder is None:
            return 0
        try:
            for left in await anyio.to_thread.run_sync(folder.taken):
                await self._read(merchant, folder, left)
            found = await anyio.to_thread.run_sync(folder.waiting)
            if len(found) > MOST_WAITING:
                await self._alarm(merchant, f"more than {MOST_WAITING} files wait in the drop folder")
            for file in self._whole(merchant, found[:MOST_WAITING]):
                if await anyio.to_thread.run_sync(folder.take, file.name):
                    await self._read(merchant, folder, file)
            if self._turns % SWEEP_EVERY == 0:
                kept_s = self._centre.settings.drop_kept_days * 86_400
                before = self._centre.clock().timestamp() - kept_s
                await anyio.to_thread.run_sync(folder.sweep, before)
            return len(found)
        finally:
            folder.close()

    def _open(self, merchant: str) -> DropFolder | None:
        root = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return DropFolder(root, merchant)
        except OSError:  # no folder, or a link: nobody drops anything for this merchant
            return None
        finally:
            os.close(root)

    def _whole(self, merchant: str, found: list[Waiting]) -> list[Waiting]:
        """Those that have not changed for long enough; the others are remembered."""
        now, before, whole = asyncio.get_running_loop().time(), self._seen, []
        self._seen = {key: value for key, value in before.items() if key[0] != merchant}
        for file in found:
            same, since = before.get((merchant, file.name), (None, now))
            since = since if same == file else now
            if now - since >= self._centre.settings.drop_settle_s:
                whole.append(file)
            else:
                self._seen[merchant, file.name] = (file, since)
        return whole

    async def _read(self, merchant: str, folder: DropFolder, file: Waiting) -> None:
        """Read a taken file to its end; whatever cannot be read is refused with its reason."""
        try:
            handle = folder.open(file.name)
        except OSError:  # a link or a device, put there by hand
            return
        try:
            await _Reading(self._centre, merchant, folder, file, handle).run()
        except _Refused as error:
            await self._alarm(merchant, f"a dropped file was refused: {error.code}")
        finally:
            os.close(handle)

    async def _alarm(self, merchant: str, detail: str) -> None:
        site, at = self._centre.site, self._centre.now()
        await self._centre.writer.submit(lambda c: raise_alarm(c, site, AlarmKind.DROP, merchant, detail, at))


@asynccontextmanager
async def watching(centre: Centre) -> AsyncIterator[None]:
    """Watch the folder in the background; what is cut off goes on at the next start."""
    root = centre.settings.returns_drop_dir
    if root is None:
        yield
        return
    task = asyncio.create_task(Watcher(centre, root).run(), name="drops")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class _Refused(Exception):
    """A file that is not read; it lies in its folder by now."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Reading:
    """One file on its way."""

    def __init__(self, centre: Centre, merchant: str, folder: DropFolder, file: Waiting, handle: int) -> None:
        self._centre = centre
        self._merchant = merchant
        self._folder = folder
        self._file = file
        self._handle = handle

    @property
    def _writer(self) -> Writer:
        return self._centre.writer

    async def run(self) -> None:
        """Look, read, end; raises _Refused."""
        stamp = self._stamp()
        if stamp[0] > self._centre.settings.drop_limit_bytes:
            await self._refuse(None, "too_large", REASONS["too_large"])
        looked = await anyio.to_thread.run_sync(look, self._handle)
        key = Key(site=self._centre.site, merchant=self._merchant, sha256=looked.sha256)
        at = self._centre.now()
        before = await self._writer.submit(lambda c: repository.begin(c, key, self._file.name, stamp[0], at))
        if before.state == repository.DONE:
            self._count("repeated")
            await self._end(DONE, looked.sha256[:12])
            return
        if looked.encoding is None:
            await self._refuse(key, looked.reason, REASONS[looked.reason])
        try:
            await self._rows(key, looked, before.rows_read)
        except BadRequest as error:  # the header is none of a table of returns, or a line has no end
            await self._refuse(key, "bad_table", str(error))
        if self._stamp() != stamp:
            await self._refuse(key, "changed", REASONS["changed"])
        await self._done(key, looked)

    def _stamp(self) -> tuple[int, int]:
        found = os.fstat(self._handle)
        return found.st_size, found.st_mtime_ns

    async def _rows(self, key: Key, looked: Looked, after: int) -> None:
        found = batches(self._handle, looked.encoding or "", self._merchant, after)
        while (batch := await anyio.to_thread.run_sync(next, found, None)) is not None:
            await self._settle(key, batch)

    async def _settle(self, key: Key, batch: Batch) -> None:
        centre = self._centre
        units = [unit for _, unit in batch.units.values()]
        terms = await terms_for(centre, key.merchant, units)
        rejected = await self._writer.submit(partial(settle_batch, key=key, terms=terms, batch=batch))
        for code in rejected:
            centre.metrics.rows_rejected.labels(code).inc()
        centre.metrics.drop_rows.inc(len(batch.units) + len(batch.faults))

    async def _done(self, key: Key, looked: Looked) -> None:
        token, at = looked.sha256[:12], self._centre.now()
        told = await self._centre.reader.run(lambda c: repository.progress(c, key))
        if told.rejected:
            await anyio.to_thread.run_sync(self._write_faults, key, looked, told.rejected)
        await self._writer.submit(lambda c: repository.end(c, key, repository.DONE, at))
        await self._end(DONE, token)
        self._count("done")

    def _write_faults(self, key: Key, looked: Looked, rejected: int) -> None:
        name = f"{looked.sha256[:12]}-{self._file.name}.faults.csv"
        rows = fault_rows(self._faults(key), cells(self._handle, looked.encoding or ""))
        write_table(self._folder.write(DONE, name), _with_rest(rows, rejected - repository.MOST_FAULTS))
        self._folder.settle(DONE, name)

    def _faults(self, key: Key) -> Iterator[RowFault]:
        row = 0
        while page := self._centre.reader.run_now(partial(repository.faults_after, key=key, row=row)):
            yield from page
            row = page[-1].row

    async def _refuse(self, key: Key | None, code: str, sentence: str) -> None:
        """Say why beside the file, and put it away; raises _Refused."""
        token = key.sha256[:12] if key else self._file.token
        name = f"{token}-{self._file.name}.refused.txt"
        await anyio.to_thread.run_sync(self._say, name, f"{code}\n{sentence}\n")
        if key is not None:
            at = self._centre.now()
            await self._writer.submit(lambda c: repository.end(c, key, repository.REFUSED, at, code))
        await self._end(REFUSED, token)
        self._count("refused")
        raise _Refused(code)

    def _say(self, name: str, text: str) -> None:
        with os.fdopen(self._folder.write(REFUSED, name), "w", encoding="utf-8") as file:
            file.write(text)
        self._folder.settle(REFUSED, name)

    async def _end(self, kind: str, token: str) -> None:
        await anyio.to_thread.run_sync(self._folder.end, self._file.name, kind, token)

    def _count(self, result: str) -> None:
        self._centre.metrics.drop_files.labels(result).inc()


def settle_batch(connection: Connection, key: Key, terms: Terms, batch: Batch) -> list[str]:
    """Take a batch's units and note how far the file is; returns the codes of what was not taken."""
    taken = announce(connection, terms, [unit for _, unit in batch.units.values()])
    faults = [
        RowFault(row=batch.units[f.unit][0], column=f.column, code=f.code, detail=f.detail)
        for f in taken.faults
    ]
    together = sorted([*batch.faults, *faults], key=lambda fault: fault.row)
    accepted = len(batch.units) - len(faults)
    repository.settle(connection, key, batch.last, accepted, together)
    return [fault.code for fault in together]


def _with_rest(rows: Iterator[list[str]], more: int) -> Iterator[list[str]]:
    yield from rows
    if more > 0:
        yield ["", "", "more", f"{more} further rows were not taken either"]
