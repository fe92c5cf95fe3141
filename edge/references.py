"""Brings the banks that the centre announces to this station, and puts each in place between two items.

A bank is used only when its bytes have the announced hash and its header fits merchant, SKU, view and the
backbone of this station. Until then, and whenever something is wrong, the bank before stays in use.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from edge import reference_book as book
from edge.database import Database
from edge.errors import DiskFull, WrongFile
from edge.faults import Faults
from edge.incoming import Incoming, put_in_place, sha256_of
from inspection.errors import BadMessage
from inspection.messages.references import (
    PublishedReferences,
    ReferenceBank,
    ReferencePage,
    ReferenceSet,
)
from link.errors import LinkError, Refused
from link.http import HttpLink
from models.errors import BankRefused, ModelError

log = structlog.get_logger()

MOST_PAGES = 1000
"""Pages taken in one go; a centre that says `more` for ever is left alone until the next round."""
INCOMING = ".incoming"
OF_ONE_FILE = frozenset({200, 206, 404, 410, 416})
"""A file that is gone (the next page names another one) or not as announced; others may be good."""
WENT_BACK = "references_went_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where banks lie, and what may lie there."""

    root: Path
    """The folder of all references."""
    backbone_sha256: str
    most_bytes: int
    """All banks from the centre together."""
    least_free_bytes: int
    """Of the disk, left alone."""

    def path(self, merchant: str, sku: str, view: str) -> Path:
        """The bank of a view; raises BadName."""
        # imported here: the store brings OpenCV and the runtime along
        from models.store import BANK_FILE, folder_name

        return self.root / folder_name(merchant) / folder_name(sku) / folder_name(view) / BANK_FILE

    def missing(self, places: Sequence[book.Place]) -> list[book.Place]:
        """The views without a bank here."""
        return [place for place in places if not self.path(*place).is_file()]


class References:
    """The talk with the centre about references; one for each station."""

    def __init__(
        self,
        *,
        database: Database,
        link: HttpLink,
        shelf: Shelf,
        faults: Faults,
        bench_free: Callable[[], Awaitable[None]],
        every_s: float,
    ) -> None:
        """`bench_free` returns once no item is under way; what follows in the same turn is between items."""
        self._database, self._link, self._shelf, self._faults = database, link, shelf, faults
        self._bench_free, self._every_s = bench_free, every_s
        self._incoming = Incoming(shelf.root / INCOMING, least_free_bytes=shelf.least_free_bytes)
        self._newest = 0

    async def run(self) -> None:
        """Ask for ever; what fails is counted and tried again."""
        await self.look_around()
        while True:
            try:
                await self.once()
            except (LinkError, BadMessage, DiskFull) as error:
                self._faults.count(f"references_{error.code}")
                log.info("references.wait", code=error.code)
            await asyncio.sleep(self._every_s)

    async def look_around(self) -> None:
        """At the start: ask again for what was kept out, and for banks whose file is gone."""
        self._newest = await self._database.run(book.newest)
        await self._database.run(book.ask_again)
        places = await self._database.run(book.banks)
        gone = await asyncio.to_thread(self._shelf.missing, places)
        if gone:
            await self._database.run(partial(book.lost, places=gone))

    async def once(self) -> None:
        """Take in all that is announced behind the cursor; raises LinkError, BadMessage or DiskFull."""
        after = await self._database.run(book.cursor)
        for _ in range(MOST_PAGES):
            answer = await self._link.get("/v1/references", params={"after": after})
            page = ReferencePage.read(answer.content)
            self._notice(page.newest)
            for published in page.published:
                await self._take(published)
            if not page.more or not page.published or page.published[-1].version <= after:
                return
            after = page.published[-1].version

    def _notice(self, newest: int) -> None:
        """A centre that knows less than before was restored from a backup: somebody must publish again."""
        if newest < self._newest:
            self._faults.count(WENT_BACK)
            log.warning("references.went_back", newest=newest, before=self._newest)
        self._newest = newest

    async def _take(self, published: PublishedReferences) -> None:
        known = await self._database.run(partial(book.known, published=published))
        if known is not None and known.version > published.version:
            self._faults.count(WENT_BACK)
            await self._database.run(partial(book.pass_by, published=published))
        elif known is None or known.version < published.version or known.problem is not None:
            await self._follow(published, known)

    async def _follow(self, published: PublishedReferences, known: book.Known | None) -> None:
        """Do what the announcement says; what keeps it out is written down, and the others go on."""
        bank = published.references.bank
        try:
            if bank is None:
                await self._withdraw(published.references, known)
            else:
                await self._bring(published.references, bank)
        except (WrongFile, DiskFull, ModelError) as error:
            await self._keep_out(published, error.code, str(error))
        except OSError as error:
            await self._keep_out(published, DiskFull.code, f"{error.strerror}: {error.filename}")
        except Refused as error:
            if error.status not in OF_ONE_FILE:
                raise
            await self._keep_out(published, book.LOST, str(error))
        else:
            await self._database.run(partial(book.in_use, published=published))
            log.info("references.in_use", sku=published.references.sku, version=published.version)

    async def _bring(self, wanted: ReferenceSet, bank: ReferenceBank) -> None:
        """Fetch, check and put in place; raises LinkError, WrongFile, DiskFull, BankRefused or BadName."""
        if bank.backbone_sha256 != self._shelf.backbone_sha256:
            raise BankRefused(f"the bank of {wanted.sku} {wanted.view} was made with another backbone")
        place = (wanted.merchant, wanted.sku, wanted.view)
        target = await asyncio.to_thread(self._shelf.path, *place)
        if await asyncio.to_thread(sha256_of, target) == bank.sha256:
            return
        used = await self._database.run(partial(book.used_bytes, but=place))
        if used + bank.bytes > self._shelf.most_bytes:
            raise DiskFull(
                f"no room for the bank of {wanted.sku}: banks may take {self._shelf.most_bytes} bytes"
            )
        path = f"/v1/reference-files/{wanted.merchant}/{bank.sha256}"
        part = await self._incoming.fetch(self._link, path, sha256=bank.sha256, length=bank.bytes)
        try:
            await asyncio.to_thread(check_bank, part, wanted, bank)
        except BankRefused:
            part.unlink()
            raise
        await self._bench_free()
        put_in_place(part, target)

    async def _withdraw(self, wanted: ReferenceSet, known: book.Known | None) -> None:
        """Take away the bank that came from the centre; one that was made here stays."""
        if known is None or known.sha256 is None:
            return
        target = await asyncio.to_thread(self._shelf.path, wanted.merchant, wanted.sku, wanted.view)
        if await asyncio.to_thread(sha256_of, target) == known.sha256:
            await self._bench_free()
            target.unlink(missing_ok=True)

    async def _keep_out(self, published: PublishedReferences, code: str, sentence: str) -> None:
        self._faults.count(code)
        log.warning("references.kept_out", code=code, why=sentence, version=published.version)
        await self._database.run(partial(book.keep_out, published=published, problem=code))


def check_bank(path: Path, wanted: ReferenceSet, bank: ReferenceBank) -> None:
    """Raise BankRefused unless the file is a bank, and one of what was announced."""
    # imported here: it brings NumPy and the runtime along
    from models.bankfile import check_fits, read_bank

    try:
        found = read_bank(path.read_bytes())
    except (ModelError, OSError):
        raise
    except Exception as error:  # bytes from elsewhere: whatever they do to a parser must not end the station
        raise BankRefused(f"the reference bank cannot be read: {type(error).__name__}") from error
    check_fits(
        found,
        merchant=wanted.merchant,
        sku=wanted.sku,
        view=wanted.view,
        backbone_sha256=bank.backbone_sha256,
    )
