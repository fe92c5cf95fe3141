"""A real centre as a process of its own, with one merchant and one test bench, over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import create_engine, select

from demo.processes import Child, regrade, run_once
from inspection.custody.signing import Domain, public_bytes, sign
from inspection.messages.base import time_text
from inspection.messages.station import Enrolment, EnrolmentRequest
from inspection.messages.uplink import BatchAnswer, RecordBatch
from link.ports import free_ports
from server.centre import DATABASE
from server.db.refund_tables import refunds
from server.refunds.gateway import GatewayKind
from tests.conftest import RECORD, merged
from tests.server.conftest import Bench, product_object

MERCHANT = "m1"
PATIENCE_S = 150.0
"""80 seconds pass before what a payment system left half done is taken for what it is."""


@dataclass(slots=True, kw_only=True)
class House:
    """The centre, and whoever speaks to it."""

    child: Child
    folder: Path
    http: httpx.AsyncClient
    console: dict[str, str]
    shop: dict[str, str]
    bench: Bench

    async def ask(self, method: str, path: str, who: dict[str, str], body: Any = None) -> Any:
        """One request that must succeed."""
        answer = await self.http.request(method, path, json=body, headers=who)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    async def inspect(self, *units: str) -> None:
        """The bench finds these units as good as new; the records go up together and are receipted."""
        said = {"grade": "new", "condition": "A", "disposition": "resale", "channel": "restock"}
        records = tuple(
            self.bench.signed(unit, proposal=said, verdict=said | {"kind": "confirm"}) for unit in units
        )
        batch = RecordBatch(records=records).to_json()
        answer = await self.http.post("/v1/records", content=batch, headers=self.bench.auth)
        assert answer.status_code == 200, answer.text[:500]
        kinds = {result.kind for result in BatchAnswer.read(answer.content).results}
        assert kinds == {"receipt"}, answer.text[:500]

    async def execute(self, gateway: GatewayKind, url: str, api_key: str) -> None:
        """Let the centre pay the merchant's refunds itself: whole ones up to 100 EUR without asking."""
        endpoint = {"url": url, "mode": "execute", "gateway": gateway.value}
        credentials = {"credentials": {"api_key": api_key}}
        await self.ask("PUT", "/v1/refunds/endpoint", self.shop, endpoint | credentials)
        named = await self.ask("POST", "/v1/keys", self.console, {"scope": "console", "label": "Wei Zhang"})
        approval = {
            "merchant": MERCHANT,
            "currency": "EUR",
            "up_to_minor": 10_000,
            "until": time_text(datetime.now(UTC) + timedelta(days=1)),
            "reason": "a run beside other people's programs",
        }
        person = {"authorization": f"Bearer {named['api_key']}"}
        await self.ask("POST", "/v1/refunds/approvals", person, approval)

    async def refund(self, unit: str) -> dict[str, Any]:
        """How far the refund of a unit has come."""
        engine = create_engine(f"sqlite:///file:{self.folder / DATABASE}?mode=ro&uri=true")
        with engine.connect() as connection:
            row = connection.execute(select(refunds).where(refunds.c.unit == unit)).first()
        engine.dispose()
        return dict(row._mapping) if row else {"state": "none", "reason": None}

    async def until(self, unit: str, *states: str) -> dict[str, Any]:
        """Wait until the refund of a unit is in one of these states; the last that was seen all the same."""
        ends = time.monotonic() + PATIENCE_S
        while True:
            seen = await self.refund(unit)
            if seen["state"] in states or time.monotonic() > ends:
                return seen
            await asyncio.sleep(0.5)

    async def instructions(self) -> list[Any]:
        """All that the merchant is told."""
        return list((await self.ask("GET", "/v1/refunds?after=0&limit=100", self.shop))["instructions"])


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """A centre that is set up and served; ended with the block."""
    (port,) = free_ports(1)
    at = folder / "centre"
    made = regrade("server", "init", "--dir", str(at), "--host-name", "centre.peer", "--site", "s1")
    code, key, said = await run_once(made)
    assert code == 0, said
    url = f"http://127.0.0.1:{port}"
    command = regrade("server", "run", "--dir", str(at), "--port", str(port))
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:

        async def ready() -> bool:
            try:
                return (await http.get("/v1/log")).status_code == 200
            except httpx.HTTPError:
                return False

        child = Child(name="centre", command=command, log=folder / "centre.log", ready=ready)
        await child.start()
        try:
            yield await _moved_in(child, at, http, {"authorization": f"Bearer {key.strip()}"})
        finally:
            await child.stop()


async def _moved_in(child: Child, folder: Path, http: httpx.AsyncClient, console: dict[str, str]) -> House:
    """One merchant with a key and a product, and one bench."""

    async def ask(method: str, path: str, body: Any, who: dict[str, str] = console) -> Any:
        answer = await http.request(method, path, json=body, headers=who)
        assert answer.status_code < 300, answer.text
        return answer.json()

    await ask("POST", "/v1/merchants", {"id": MERCHANT, "name": "Peer"})
    wanted = {"scope": "shop", "merchant": MERCHANT, "label": "peer"}
    shop = {"authorization": f"Bearer {(await ask('POST', '/v1/keys', wanted))['api_key']}"}
    product = product_object(currency="EUR")
    await ask("PUT", "/v1/catalogue/products", {"products": [product]}, shop)
    code = (await ask("POST", "/v1/stations/codes", {"station": "st1", "site": "s1"}))["code"]
    device = Ed25519PrivateKey.generate()
    request = EnrolmentRequest(
        code=code, public_key=public_bytes(device), signature=sign(device, Domain.ENROLMENT, code.encode())
    )
    enrolled = await http.post("/v1/stations/enrol", content=request.to_json())
    bench = Bench(
        enrolment=Enrolment.read(enrolled.content),
        key=device,
        template=lambda **changes: merged(RECORD, changes),
    )
    return House(child=child, folder=folder, http=http, console=console, shop=shop, bench=bench)
