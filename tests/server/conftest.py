"""A real centre in a temporary folder, spoken to through its ASGI app, and those who speak to it."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection

from inspection.custody.sealing import commit, wrap_key
from inspection.custody.signing import Domain, key_id, public_bytes, sign
from inspection.messages.base import time_text
from inspection.messages.station import Enrolment, EnrolmentRequest
from inspection.messages.uplink import BatchAnswer, ImageKey, Opening, RecordBatch, SignedRecord
from inspection.policy import DEFAULT_POLICY
from inspection.record import InspectionRecord
from server.access import Caller, Scope, new_key
from server.app import create_app
from server.centre import DATABASE, Centre, open_centre
from server.db.engine import writing_engine
from server.db.migrate import migrate
from server.keys import ServerKeys, make_keys
from server.settings import ServerSettings

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SALT = bytes(range(32))


@dataclass(slots=True)
class Tick:
    """A clock that stands still until it is moved."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass(slots=True, kw_only=True)
class Bench:
    """A station as the centre sees it: a key, a start, a counter."""

    enrolment: Enrolment
    key: Ed25519PrivateKey
    template: Callable[..., dict[str, Any]]
    boot: str = "1" * 32
    counter: int = 0

    @property
    def auth(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.enrolment.api_key}"}

    @property
    def key_id(self) -> str:
        return key_id(public_bytes(self.key))

    def record(self, unit: str, images: tuple[bytes, ...] = (), /, **changes: Any) -> InspectionRecord:
        """The next record of this station; `changes` are laid over its JSON."""
        self.counter += 1
        base = self.template(
            origin=self.enrolment.origin,
            station=self.enrolment.station,
            device={"key": self.key_id, "boot": self.boot, "counter": self.counter},
            unit={"id": unit},
            findings=[],
            evidence=[self.evidence_row(image) for image in images],
            clock={"device_time": time_text(NOON)},
            personal={"order": commit(SALT, "O-1")},
        )
        for name, change in changes.items():
            base[name] = base[name] | change if isinstance(base[name], dict) else change
        return InspectionRecord.model_validate_json(json.dumps(base))

    def evidence_row(self, image: bytes) -> dict[str, Any]:
        row = dict(self.template()["evidence"][0])
        return row | {"ciphertext_sha256": hashlib.sha256(image).hexdigest(), "bytes": len(image)}

    def sign(self, record: InspectionRecord) -> SignedRecord:
        content = record.to_bytes()
        hashes = {item.ciphertext_sha256 for item in record.evidence}
        return SignedRecord(
            device_key=self.key_id,
            record=content,
            signature=sign(self.key, Domain.RECORD, content),
            openings=(Opening(field="order", salt=SALT, value="O-1"),),
            image_keys=tuple(
                ImageKey(
                    ciphertext_sha256=name,
                    wrapped=wrap_key(bytes(32), self.enrolment.sealing_public_key, name),
                    salt=SALT,
                )
                for name in sorted(hashes)
            ),
        )

    def signed(self, unit: str, images: tuple[bytes, ...] = (), /, **changes: Any) -> SignedRecord:
        return self.sign(self.record(unit, images, **changes))


@dataclass(slots=True, kw_only=True)
class Site:
    """The centre and everybody's keys."""

    centre: Centre
    http: httpx.AsyncClient
    clock: Tick
    console: dict[str, str]
    shop: dict[str, str]
    template: Callable[..., dict[str, Any]]
    benches: list[Bench] = field(default_factory=list)

    async def code(self, station: str = "st1") -> str:
        body = {"station": station, "site": "s1"}
        answer = await self.http.post("/v1/stations/codes", json=body, headers=self.console)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["code"])

    async def enrol(self, station: str = "st1") -> Bench:
        code, key = await self.code(station), Ed25519PrivateKey.generate()
        request = EnrolmentRequest(
            code=code,
            public_key=public_bytes(key),
            signature=sign(key, Domain.ENROLMENT, code.encode()),
        )
        answer = await self.http.post("/v1/stations/enrol", content=request.to_json())
        assert answer.status_code == 200, answer.text
        return Bench(enrolment=Enrolment.read(answer.content), key=key, template=self.template)

    async def announce(self, *units: str, **changes: Any) -> None:
        product = {"products": [product_object()]}
        answer = await self.http.put("/v1/catalogue/products", json=product, headers=self.shop)
        assert answer.status_code == 200, answer.text
        body = {"units": [unit_object(unit) | changes for unit in units]}
        answer = await self.http.post("/v1/returns", json=body, headers=self.shop)
        assert answer.status_code == 200, answer.text

    async def send(self, bench: Bench, *records: SignedRecord) -> BatchAnswer:
        content = RecordBatch(records=records).to_json()
        answer = await self.http.post("/v1/records", content=content, headers=bench.auth)
        assert answer.status_code == 200, answer.text
        return BatchAnswer.read(answer.content)

    async def upload(self, bench: Bench, image: bytes) -> httpx.Response:
        url = f"/v1/evidence/{hashlib.sha256(image).hexdigest()}"
        return await self.http.put(url, content=image, headers=bench.auth)

    def counted(self, name: str, **labels: str) -> float:
        return self.centre.metrics.registry.get_sample_value(name, labels) or 0.0


def product_object(**changes: Any) -> dict[str, Any]:
    product = {
        "merchant": "m1",
        "sku": "MUG-1",
        "gtin": "04012345678901",
        "title": "Mug",
        "category": "tableware",
        "currency": "CNY",
        "list_price_minor": 5900,
    }
    return product | changes


def unit_object(unit: str, **changes: Any) -> dict[str, Any]:
    authorization, *place = unit.split("/")
    line, index = map(int, place) if len(place) == 2 else (1, 1)
    row = {
        "merchant": "m1",
        "id": unit,
        "authorization": authorization,
        "order": f"O-{authorization.removeprefix('R')}",
        "customer": "C-1",
        "line": line,
        "index": index,
        "sku": "MUG-1",
        "epc": None,
        "serial": None,
        "paid_minor": 5000,
        "currency": "CNY",
        "reason": "changed_mind",
    }
    return row | changes


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all its tables and nothing in them: to copy it takes 1 ms, to make it 100."""
    made = tmp_path_factory.mktemp("tables") / "x.sqlite"
    engine = writing_engine(made)
    migrate(engine)
    engine.dispose()  # the last one to close moves the log into the file
    return made


@pytest.fixture
def connection(tables: Path, tmp_path: Path) -> Iterator[Connection]:
    """A new database with all its tables, in one transaction."""
    engine = writing_engine(copyfile(tables, tmp_path / "x.sqlite"))
    with engine.begin() as opened:
        yield opened
    engine.dispose()


@pytest.fixture
def clock() -> Tick:
    return Tick()


@pytest.fixture
def settings() -> ServerSettings:
    return ServerSettings(
        host_name="centre.test", site="s1", refund_retry_s=(0.01, 0.01, 0.01), recovery_wait_s=0.0
    )


@pytest.fixture
def keys(tmp_path: Path) -> ServerKeys:
    return make_keys(tmp_path)


@pytest.fixture
def undo_s() -> int:
    """How long a verdict may be taken back; none, unless a test is about that."""
    return 0


@pytest.fixture
async def centre(
    tmp_path: Path, tables: Path, settings: ServerSettings, keys: ServerKeys, clock: Tick, undo_s: int
) -> AsyncIterator[Centre]:
    copyfile(tables, tmp_path / DATABASE)
    policy = replace(DEFAULT_POLICY, id="at-once/1", undo_s=undo_s)
    (tmp_path / "policy.json").write_text(json.dumps(policy.to_wire()))
    async with open_centre(tmp_path, settings, keys, clock=clock, registry=CollectorRegistry()) as opened:
        yield opened


async def bearer(centre: Centre, caller: Caller) -> dict[str, str]:
    key = await centre.writer.submit(lambda c: new_key(c, centre.site, caller, "test", centre.now()))
    return {"authorization": f"Bearer {key}"}


@pytest.fixture
async def http(centre: Centre) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(centre))
    async with httpx.AsyncClient(transport=transport, base_url="http://centre.test") as client:
        yield client


@pytest.fixture
async def site(
    centre: Centre, http: httpx.AsyncClient, clock: Tick, record_value: Callable[..., dict[str, Any]]
) -> Site:
    console = await bearer(centre, Caller(scope=Scope.CONSOLE))
    answer = await http.post("/v1/merchants", json={"id": "m1", "name": "Blue Shop"}, headers=console)
    assert answer.status_code == 201, answer.text
    shop = await bearer(centre, Caller(scope=Scope.SHOP, merchant="m1"))
    return Site(centre=centre, http=http, clock=clock, console=console, shop=shop, template=record_value)


@pytest.fixture
async def bench(site: Site) -> Bench:
    return await site.enrol()
