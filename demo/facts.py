"""What a run left behind, gathered from everybody: ledger, stations, shop, centre."""

import base64
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from prometheus_client.parser import text_string_to_metric_families

from demo.errors import NotProven
from demo.intruder import Attempt
from demo.processes import regrade, run_once
from demo.tables import Imported
from demo.warehouse import StationPlace, Warehouse
from link.tls import in_the_clear

DEVICE_FAULTS = "regrade_device_faults_total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """What the ledger says, read from its export."""

    verdicts: Mapping[str, list[dict[str, Any]]]
    """Verdict statements by unit."""
    images: Mapping[str, frozenset[str]]
    """Ciphertext hashes by unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One record as its station keeps it."""

    unit: str
    state: str
    receipt: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that a run is judged by."""

    leaves: Leaves
    verified: bool
    verification: str
    """What `regrade verify log` said."""
    kept: tuple[Kept, ...]
    shop: Mapping[str, Any]
    faults: Counter[str]
    """Of all stations and their devices, by code."""
    lies: Mapping[str, int]
    attempts: tuple[Attempt, ...]
    imports: tuple[Imported, ...]
    cases: tuple[Mapping[str, Any], ...]
    """What is open about refunds."""
    reconciled: bool
    reconciliation: str
    """What `regrade server reconcile` said of the centre's own books."""


async def gather(
    warehouse: Warehouse, attempts: tuple[Attempt, ...] = (), imports: tuple[Imported, ...] = ()
) -> Facts:
    """Ask everybody; the ledger is exported and verified by programs of their own."""
    export = warehouse.options.root / "export.jsonl"
    export.unlink(missing_ok=True)
    folder = str(warehouse.options.centre_dir)
    code, _, err = await run_once(regrade("ledger", "export", str(export), "--dir", folder))
    if code:
        raise NotProven(f"the ledger cannot be exported: {err.strip()[-300:]}")
    kept = tuple(row for station in warehouse.stations for row in read_kept(_journal(warehouse, station)))
    verified, said = await verify(warehouse, export, kept)
    words = ("server", "reconcile", "--here", "--dir", folder)
    differing, books, complaint = await run_once(regrade(*words))
    faults: Counter[str] = Counter()
    for station in warehouse.stations:
        faults.update(await station_faults(station))
    return Facts(
        leaves=read_leaves(export),
        verified=verified,
        verification=said,
        kept=kept,
        shop=await warehouse.shop_state(),
        faults=faults,
        lies=dict(warehouse.proxy.counts) if warehouse.proxy else {},
        attempts=attempts,
        imports=imports,
        cases=tuple(await warehouse.office.cases()),
        reconciled=differing == 0,
        reconciliation=(books or complaint).strip(),
    )


async def verify(warehouse: Warehouse, export: Path, kept: tuple[Kept, ...]) -> tuple[bool, str]:
    """`regrade verify log` on the export, with the newest receipt that a station holds."""
    receipts = [orjson.loads(row.receipt) for row in kept if row.receipt]
    if not receipts:
        return False, "no station holds a receipt"
    path = warehouse.options.root / "receipt.json"
    path.write_bytes(orjson.dumps(max(receipts, key=lambda receipt: receipt["index"])))
    key = base64.b64encode((await warehouse.office.keys()).log).decode()
    words = ("verify", "log", str(export), "--receipt", str(path), "--key", key)
    code, out, err = await run_once(regrade(*words))
    return code == 0, (out or err).strip()


def read_leaves(export: Path) -> Leaves:
    """The verdicts of an export; it was verified by another program."""
    verdicts: dict[str, list[dict[str, Any]]] = {}
    images: dict[str, frozenset[str]] = {}
    with export.open("rb") as file:
        file.readline()
        for line in file:
            leaf = orjson.loads(line)
            if leaf["type"] == "verdict":
                unit = leaf["body"]["unit"]["id"]
                verdicts.setdefault(unit, []).append(leaf["body"]["verdict"])
                images[unit] = frozenset(item["ciphertext_sha256"] for item in leaf["body"]["evidence"])
    return Leaves(verdicts=verdicts, images=images)


def read_kept(journal: Path) -> Iterator[Kept]:
    """The records that a station keeps; its file is only read."""
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=10)) as db:
        for unit, state, receipt in db.execute("SELECT unit, state, receipt FROM outbox ORDER BY id"):
            yield Kept(unit=unit, state=state, receipt=receipt)


def _journal(warehouse: Warehouse, station: StationPlace) -> Path:
    return warehouse.options.station_dir(station.number) / "station.sqlite"


async def station_faults(station: StationPlace) -> Counter[str]:
    """What a station and its devices have counted since their start."""
    seen = await station.inspector.eyes.look()
    found: Counter[str] = Counter(seen["faults"] if seen else {})
    async with httpx.AsyncClient(timeout=60.0, trust_env=False, verify=in_the_clear()) as client:
        text = (await client.get(f"{station.address}/metrics")).text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == DEVICE_FAULTS:
                kind = sample.labels["device"].partition("-")[0]
                found[f"{kind}.{sample.labels['code']}"] += int(sample.value)
    return found
