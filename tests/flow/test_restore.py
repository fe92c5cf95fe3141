"""The drill of docs/restore.md: a disk is lost, an older copy comes back, the ledger takes the rest back."""

import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from edge import journal, outbox
from edge.clock import ClockWatch
from edge.database import Database
from edge.faults import Faults
from edge.identity import ENROLMENT_FILE, read_identity, write_identity
from edge.journal import Commit
from edge.refill import Refill
from edge.succession import Succession
from edge.uplink import LogTrust, Uplink
from edge.vault import Vault
from inspection.custody.signing import Domain, public_bytes, sign
from inspection.messages.station import Enrolment, EnrolmentRequest
from link.errors import Overloaded
from link.http import HttpConfig, HttpLink
from tests.server.conftest import Bench, product_object, unit_object
from tests.server.test_commands import PATIENCE_S, run, serving

pytestmark = pytest.mark.flow
DRILL_S = 30.0
Template = Callable[..., dict[str, Any]]


@dataclass(slots=True, kw_only=True)
class Station:
    """A station's own half: its journal, its way to the centre, and who signs at it."""

    bench: Bench
    database: Database
    folder: Path

    def inspect(self, unit: str) -> None:
        """Commit an inspection; it waits in the queue."""
        record = self.bench.record(unit)
        commit = Commit(
            record=record,
            signed=self.bench.sign(record),
            sha256=sha256(record.to_bytes()).hexdigest(),
            images=(),
            events=(),
            at=datetime.now(UTC),
        )
        self.database.run_now(partial(journal.commit_inspection, commit=commit))

    @asynccontextmanager
    async def online(self, url: str) -> AsyncIterator[tuple[Uplink, Refill, HttpLink]]:
        """On the line to a centre."""
        enrolment = read_identity(self.folder).enrolment
        config = HttpConfig(base_url=url, key=SecretStr(enrolment.api_key), attempts=1, timeout_s=PATIENCE_S)
        faults = Faults(CollectorRegistry())
        async with HttpLink(config) as link:
            refill = Refill(self.database, link, faults)
            uplink = Uplink(
                database=self.database,
                vault=Vault(self.folder / "evidence", enrolment.sealing_public_key, lambda n: bytes(n)),
                link=link,
                trust=LogTrust.of(enrolment),
                clocks=ClockWatch(),
                faults=faults,
                refill=refill,
                succession=Succession(self.folder, enrolment, link, faults),
            )
            yield uplink, refill, link

    def queued(self) -> int:
        return self.database.run_now(outbox.depth).queued


@dataclass(slots=True, kw_only=True)
class Drill:
    """A centre's folder, what is copied of it, and a station."""

    folder: Path
    copy: Path
    console: dict[str, str]
    station: Station | None = None
    shop: dict[str, str] | None = None

    def ask(self, url: str, method: str, path: str, headers: dict[str, str], body: object) -> Any:
        answer = httpx.request(method, f"{url}{path}", json=body, headers=headers, timeout=PATIENCE_S)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def announce(self, url: str, *units: str) -> None:
        if self.shop is None:
            self.ask(url, "POST", "/v1/merchants", self.console, {"id": "m1", "name": "Shop"})
            wanted = {"scope": "shop", "merchant": "m1", "label": "shop"}
            key = self.ask(url, "POST", "/v1/keys", self.console, wanted)["api_key"]
            self.shop = {"authorization": f"Bearer {key}"}
            self.ask(url, "PUT", "/v1/catalogue/products", self.shop, {"products": [product_object()]})
        self.ask(url, "POST", "/v1/returns", self.shop, {"units": [unit_object(unit) for unit in units]})

    def enrol(self, url: str, folder: Path, template: Template) -> Station:
        code = self.ask(url, "POST", "/v1/stations/codes", self.console, {"station": "st1", "site": "s1"})[
            "code"
        ]
        key = Ed25519PrivateKey.generate()
        request = EnrolmentRequest(
            code=code, public_key=public_bytes(key), signature=sign(key, Domain.ENROLMENT, code.encode())
        )
        answer = httpx.post(f"{url}/v1/stations/enrol", content=request.to_json(), timeout=PATIENCE_S)
        enrolment = Enrolment.read(answer.content)
        folder.mkdir()
        write_identity(folder, key, enrolment)
        bench, database = Bench(enrolment=enrolment, key=key, template=template), Database(folder)
        database.run_now(partial(journal.begin_boot, boot=bench.boot, key=bench.key_id, at=datetime.now(UTC)))
        self.station = Station(bench=bench, database=database, folder=folder)
        return self.station

    def lose_the_disk(self) -> None:
        """Destroy the database and put the older copy in its place."""
        for path in self.folder.glob("centre.sqlite*"):
            path.unlink()
        shutil.copy(self.copy / "centre.sqlite", self.folder / "centre.sqlite")


def look(url: str) -> httpx.Response:
    return httpx.get(url, timeout=PATIENCE_S)


def signed_head(url: str) -> str:
    """The checkpoint over everything that the ledger holds now."""
    for _ in range(int(DRILL_S * 20)):
        size = look(f"{url}/v1/log").json()["size"]
        note = look(f"{url}/site/s1/checkpoint").text
        if note.split("\n")[1] == str(size):
            return note
        time.sleep(0.05)
    pytest.fail("no checkpoint came over the newest entry")


@pytest.fixture
def drill(tmp_path: Path) -> Drill:
    folder = tmp_path / "centre"
    done = run("server", "init", "--dir", str(folder), "--host-name", "centre.test", "--site", "s1")
    assert done.returncode == 0, done.stderr
    with (folder / "server.toml").open("a") as file:
        file.write(f'ledger_mirror_dir = "{tmp_path / "mirror"}"\ncheckpoint_every_s = 0.1\n')
    console = {"authorization": f"Bearer {done.stdout.strip()}"}
    return Drill(folder=folder, copy=tmp_path / "copy", console=console)


async def until_the_disk_is_lost(
    drill: Drill, tmp_path: Path, template: Callable[..., dict[str, Any]]
) -> str:
    """Work, a backup while it runs, more work, and the end; returns the last checkpoint that was seen."""
    with serving(drill.folder) as (process, url):
        drill.announce(url, "R1/1/1", "R1/1/2", "R1/1/3", "R1/1/4")
        station = drill.enrol(url, tmp_path / "station", template)
        async with station.online(url) as (uplink, _, _):
            station.inspect("R1/1/1")
            await uplink.round()
            done = run("ledger", "backup", str(drill.copy), "--dir", str(drill.folder))
            assert done.returncode == 0, done.stderr
            for unit in ("R1/1/2", "R1/1/3"):
                station.inspect(unit)
            await uplink.round()
        note = signed_head(url)
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)
    drill.lose_the_disk()
    return note


async def offer(station: Station, url: str) -> None:
    """Hear what the centre lacks, and give back what this station holds, before anything new."""
    async with station.online(url) as (uplink, refill, link):
        standing = (await link.get("/v1/stations/me")).json()
        assert await refill.heard(standing["ledger_size"], standing["recovering_from"])
        station.inspect("R1/1/4")
        with pytest.raises(Overloaded):  # the ledger is not whole yet: the new record waits
            await uplink.round()
    assert station.queued() == 1


async def test_a_lost_disk_loses_no_entry(drill: Drill, tmp_path: Path, record_value: Template) -> None:
    note = await until_the_disk_is_lost(drill, tmp_path, record_value)
    station = drill.station
    assert station is not None
    with serving(drill.folder) as (_, url):
        assert look(f"{url}/v1/log").json()["state"] == "recovering"
        assert look(f"{url}/site/s1/checkpoint").json()["code"] == "recovering"
        await offer(station, url)
    done = run("ledger", "refill", "--dir", str(drill.folder))
    assert done.returncode == 0, done.stderr
    assert "state: open" in done.stdout
    assert run("ledger", "fsck", "--dir", str(drill.folder)).stdout.endswith("whole\n")
    with serving(drill.folder) as (_, url):
        size = note.split("\n")[1]
        assert look(f"{url}/site/s1/checkpoint/{size}").text == note, "byte for byte what was signed"
        async with station.online(url) as (uplink, _, _):
            await uplink.round()
        assert station.queued() == 0
        assert int(signed_head(url).split("\n")[1]) > int(size)
    station.database.close()


async def test_what_nobody_holds_ends_the_ledger_by_name(
    drill: Drill, tmp_path: Path, record_value: Template
) -> None:
    await until_the_disk_is_lost(drill, tmp_path, record_value)
    station = drill.station
    assert station is not None
    toml = drill.folder / "server.toml"
    toml.write_text("".join(line for line in toml.read_text().splitlines(True) if "mirror" not in line))
    with serving(drill.folder) as (_, url):
        await offer(station, url)
    station.database.close()
    assert run("ledger", "freeze", "--dir", str(drill.folder), "--reason", "fire").returncode == 1
    done = run("ledger", "freeze", "--dir", str(drill.folder), "--reason", "fire", "--lost")
    assert done.returncode == 0, done.stderr
    assert "state: frozen: fire; lost for good: " in done.stdout
    assert "--continues" in done.stdout
    with serving(drill.folder) as (_, url):
        drill.ask(url, "POST", "/v1/stations/codes", drill.console, {"station": "st2", "site": "s1"})
        assert look(f"{url}/v1/log").json()["state"] == "frozen"
    newest = str(drill.folder / "checkpoint.newest")
    named = ("--host-name", "centre.test", "--site", "s1-2", "--continues", newest)
    done = run("server", "init", "--dir", str(tmp_path / "centre2"), *named)
    assert done.returncode == 0, done.stderr
    with serving(tmp_path / "centre2") as (_, url):
        log = look(f"{url}/v1/log").json()
        assert (log["origin"], log["state"]) == ("centre.test/site/s1-2", "open")


async def test_a_station_follows_the_log_to_its_new_key(
    drill: Drill, tmp_path: Path, record_value: Template
) -> None:
    with serving(drill.folder) as (_, url):
        drill.announce(url, "R1/1/1")
        station = drill.enrol(url, tmp_path / "station", record_value)
    before = Enrolment.read((station.folder / ENROLMENT_FILE).read_bytes())
    assert run("ledger", "rotate-key", "--dir", str(drill.folder)).returncode == 0
    assert run("ledger", "rotate-key", "--dir", str(drill.folder), "--drop-old").returncode == 0
    with serving(drill.folder) as (_, url):
        station.inspect("R1/1/1")
        async with station.online(url) as (uplink, _, _):
            await uplink.round()
    assert station.queued() == 0, "the receipt by the new key was believed"
    after = Enrolment.read((station.folder / ENROLMENT_FILE).read_bytes())
    assert after.log_public_key != before.log_public_key
    station.database.close()
