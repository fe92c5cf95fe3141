"""What was tried and what was seen, as a dated page; and answers kept for the tests that run everywhere."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from server.outward.calling import Caller, Reply

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "tests" / "server" / "refunds" / "adapters" / "recorded"
SECRET = re.compile(r"(?:sk|pk)_[0-9A-Za-z_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that was tried."""

    tried: str
    held: bool
    seen: str


@dataclass(slots=True)
class Told:
    """All rows of a run."""

    only: str = ""
    write: bool = False
    rows: list[Row] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def next_day(self) -> datetime:
        """When Stripe has forgotten what it was asked."""
        return self.began + timedelta(hours=25)

    async def all(self, scenarios: Sequence[Callable[[Any], Awaitable[None]]], rig: object) -> None:
        """Play those that were asked for; one that breaks is a row that did not hold."""
        for scenario in scenarios:
            if self.only in f"{scenario.__module__.rpartition('.')[2]}.{scenario.__name__}":
                try:
                    await scenario(rig)
                except Exception as error:  # the others can still tell something
                    self.row(scenario.__name__, False, f"{type(error).__name__}: {error}")

    def row(self, tried: str, held: bool, seen: object) -> None:
        """Keep one, and say it at once."""
        self.rows.append(Row(tried=tried, held=held, seen=str(seen)))
        print(f"{'held' if held else 'DID NOT HOLD'}: {tried}: {seen}", flush=True)

    def table(self) -> str:
        """The rows in Markdown."""
        lines = ["| tried | held | seen |", "|---|---|---|"]
        for row in self.rows:
            seen = row.seen.replace("|", "\\|").replace("\n", " ")
            lines.append(f"| {row.tried} | {'yes' if row.held else '**no**'} | {seen} |")
        return "\n".join(lines)

    def keep(self, title: str, peer: str) -> None:
        """Write the page."""
        said = "\n".join(f"* {name}: {value}" for name, value in self.facts.items())
        head = f"# {title}, {self.began:%Y-%m-%d %H:%M} UTC"
        command = f"`make peers-refunds`, then `make refund-peers ARGS='{peer} --write'`."
        path = ROOT / "docs" / "peers" / f"{peer}-{self.began:%Y-%m-%d}.md"
        path.write_text(f"{head}\n\n{command}\n\n{said}\n\n{self.table()}\n")

    @property
    def all_held(self) -> bool:
        """Whether nothing went otherwise."""
        return all(row.held for row in self.rows)


@dataclass(slots=True)
class Recorder:
    """Calls for an adapter, and keeps the newest answer under a name when one is set."""

    caller: Caller
    peer: str
    write: bool
    keep: str = ""
    calls: list[str] = field(default_factory=list)

    async def call(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """Pass it on."""
        self.calls.append(method)
        reply = await self.caller.call(method, url, headers, body)
        if self.keep and self.write:
            self._write(method, reply, body)
        return reply

    def _write(self, method: str, reply: Reply, body: bytes) -> None:
        folder = RECORDED / self.peer
        folder.mkdir(parents=True, exist_ok=True)
        kept = {
            "sent": SECRET.sub("secret", body.decode()),
            "status": reply.status,
            "date": reply.headers.get("date", ""),
            "content": SECRET.sub("secret", reply.content.decode()),
        }
        text = json.dumps(kept, indent=1, ensure_ascii=False)
        (folder / f"{self.keep}.{method.lower()}.json").write_text(text + "\n")
