"""What every open console page looks at: read at most once a second, and kept when it cannot be read."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from server.centre import utc_now
from server.console.overview import Overview, read_overview
from server.console.standing import trust_in
from server.db.engine import Reader, reading_engine

FRESH_S = 0.9
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The last overview, and how old it is when the centre cannot be read any more."""

    overview: Overview | None
    stale_s: float | None
    """None while it is fresh."""


class Board:
    """Reads the centre's database, which it cannot change."""

    def __init__(self, database: Path, site: str, clock: Callable[[], datetime] = utc_now) -> None:
        self._reader = Reader(reading_engine(database))
        self._site, self._directory = site, database.parent
        self._clock = clock
        self._seen = Seen(overview=None, stale_s=None)
        self._read_at = 0.0
        self._tried_at = 0.0

    async def look(self) -> Seen:
        """The centre now; many pages cost one reading."""
        now = time.monotonic()
        if now - self._tried_at >= FRESH_S:
            self._tried_at = now
            await self._read(now)
        return self._seen

    def now(self) -> datetime:
        """The time of what is read."""
        return self._clock()

    async def ask(self, read: Callable[[Connection, str], T]) -> T | None:
        """Read something else of the site; None while the centre cannot be read."""
        try:
            return await self._reader.run(lambda connection: read(connection, self._site))
        except DBAPIError:
            return None

    async def _read(self, now: float) -> None:
        try:
            moment = self._clock()
            overview = await self._reader.run(
                lambda c: read_overview(c, self._site, moment, trust_in(self._directory))
            )
        except DBAPIError:  # the centre is stopped, or its database is not there yet
            self._seen = Seen(overview=self._seen.overview, stale_s=now - self._read_at)
        else:
            self._read_at = now
            self._seen = Seen(overview=overview, stale_s=None)

    def close(self) -> None:
        """Close every connection."""
        self._reader.close()
