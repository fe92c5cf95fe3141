"""The processes of a soak of refunds: a centre, a payment system, a refund system; each may be killed."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from demo.errors import Stuck
from demo.processes import Child, regrade, run_once
from demo.shop.app import HOOK
from demo.shop.settings import outcome_key
from demo.strict.faults import Rates
from demo.strict.settings import InformSettings, PaymentSettings, StrictSettings, write_settings
from inspection.custody.signing import Domain, public_bytes, sign
from inspection.messages.base import time_text
from inspection.messages.station import Enrolment, EnrolmentRequest
from inspection.policy import DEFAULT_POLICY
from link.ports import free_ports
from server.centre import DATABASE, POLICY
from server.db.engine import writing_engine
from server.db.refund_tables import endpoints, standing_approvals
from server.keys import read_keys
from server.refunds.adapters.opening import StripeCredentials, kept_bytes
from server.sealed import Sealer
from tests.conftest import RECORD, merged
from tests.flow.refund_script import CURRENCY, EXECUTE, INFORM, PAID, SKU
from tests.server.conftest import Bench

API_KEY, HOOK_SECRET = "sk_test_strict_soak", "whsec_strict_soak_secret"
PERSON = "Wei Zhang"
PATIENCE_S = 240.0
START_S = 120.0
TIMEOUT_S = 2.0
"""Of the centre, for one call."""
CENTRE_ENV = {
    "REGRADE_SERVER_CHECKPOINT_EVERY_S": "0.2",
    "REGRADE_SERVER_REFUND_TIMEOUT_S": str(TIMEOUT_S),
    "REGRADE_SERVER_REFUND_PARALLEL": "16",
    "REGRADE_SERVER_REFUND_RETRY_S": "0.3,0.5,1,1,2,2,3,3,5,5,5,5,5,10,10,10,10,10,10,20,20,20,20,30,30,30",
}


@dataclass(slots=True, kw_only=True)
class House:
    """All of it, and whoever speaks to it."""

    folder: Path
    children: dict[str, Child]
    http: httpx.AsyncClient
    urls: dict[str, str]
    console: dict[str, str]
    shops: dict[str, dict[str, str]]
    benches: list[Bench] = field(default_factory=list)

    @property
    def centre(self) -> Path:
        """The centre's folder."""
        return self.folder / "centre"

    async def ask(
        self, method: str, who: str, path: str, *, key: dict[str, str] | None = None, **more: Any
    ) -> Any:
        """One request, again and again until it is answered: programs are being killed."""
        ends = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = await self.http.request(method, self.urls[who] + path, headers=key, **more)
            except httpx.HTTPError as error:
                trouble = type(error).__name__
            else:
                if answer.status_code < 300:
                    return answer.json()
                if answer.status_code < 500 and answer.status_code not in (408, 425, 429):
                    raise Refused(answer.status_code, answer.text[:500])
                trouble = f"HTTP {answer.status_code} {answer.text[:200]}"
            if time.monotonic() > ends:
                raise Stuck(f"{method} {path}: {trouble}")
            await asyncio.sleep(0.2)


class Refused(Exception):
    """The program says no, and means it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status


@asynccontextmanager
async def house(folder: Path, seed: int, rates: Rates) -> AsyncIterator[House]:
    """Set everything up, and end it with the block."""
    ports = dict(zip(("centre", "payments", "informed"), free_ports(3), strict=True))
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    at = folder / "centre"
    code, key, said = await run_once(
        regrade("server", "init", "--dir", str(at), "--host-name", "soak.example", "--site", "s1"), START_S
    )
    if code:
        raise Stuck(said)
    policy = replace(DEFAULT_POLICY, id="at-once/1", undo_s=0)
    (at / POLICY).write_text(json.dumps(policy.to_wire()))
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=20, trust_env=False, limits=limits) as http:
        children = {name: _child(name, folder, ports[name], urls[name], http) for name in ports}
        made = House(
            folder=folder,
            children=children,
            http=http,
            urls=urls,
            console={"authorization": f"Bearer {key.strip()}"},
            shops={},
        )
        try:
            await children["centre"].start(START_S)
            await _move_in(made, seed, rates)
            yield made
        finally:
            await asyncio.gather(*(child.stop() for child in children.values()))


def _child(name: str, folder: Path, port: int, url: str, http: httpx.AsyncClient) -> Child:
    path = {"centre": "/healthz"}.get(name, "/totals.json")

    async def ready() -> bool:
        try:
            return (await http.get(url + path)).status_code == 200
        except httpx.HTTPError:
            return False

    at, served = str(folder / name), ("--port", str(port))
    command = (
        regrade("server", "run", "--dir", at, *served)
        if name == "centre"
        else (regrade()[0], "-m", "demo.strict", "--dir", at, *served)
    )
    return Child(name=name, command=command, log=folder / f"{name}.log", ready=ready, env=CENTRE_ENV)


async def _move_in(made: House, seed: int, rates: Rates) -> None:
    """Merchants, products, benches, a person; then both refund systems."""
    wanted = {"scope": "console", "label": PERSON}
    named = await made.ask("POST", "centre", "/v1/keys", key=made.console, json=wanted)
    for merchant in (INFORM, EXECUTE):
        name = {"id": merchant, "name": merchant.capitalize()}
        await made.ask("POST", "centre", "/v1/merchants", key=made.console, json=name)
        wanted = {"scope": "shop", "merchant": merchant, "label": "soak"}
        told = await made.ask("POST", "centre", "/v1/keys", key=made.console, json=wanted)
        made.shops[merchant] = {"authorization": f"Bearer {told['api_key']}"}
        product = {"products": [_product(merchant)]}
        path = "/v1/catalogue/products"
        await made.ask("PUT", "centre", path, key=made.shops[merchant], json=product)
    made.benches += [await _enrol(made, station) for station in ("st1", "st2")]
    await _settle_in(made, seed, rates)
    made.console = {"authorization": f"Bearer {named['api_key']}"}


async def _enrol(made: House, station: str) -> Bench:
    asked = {"station": station, "site": "s1"}
    code = (await made.ask("POST", "centre", "/v1/stations/codes", key=made.console, json=asked))["code"]
    device = Ed25519PrivateKey.generate()
    request = EnrolmentRequest(
        code=code, public_key=public_bytes(device), signature=sign(device, Domain.ENROLMENT, code.encode())
    )
    enrolled = await made.http.post(made.urls["centre"] + "/v1/stations/enrol", content=request.to_json())
    return Bench(
        enrolment=Enrolment.read(enrolled.content),
        key=device,
        template=lambda **changes: merged(RECORD, changes),
    )


async def _settle_in(made: House, seed: int, rates: Rates) -> None:
    """Start the refund systems, and tell the centre how to reach each."""
    keys = await made.ask("GET", "centre", "/v1/log")
    shop = made.shops[INFORM]["authorization"].removeprefix("Bearer ")
    inform = InformSettings(
        centre=made.urls["centre"],
        api_key=shop,
        merchant=INFORM,
        origin=keys["origin"],
        webhook_key=base64.b64decode(keys["webhook_public_key"]),
        log_key=base64.b64decode(keys["log_public_key"]),
    )
    hooks = f"{made.urls['centre']}/v1/hooks/{EXECUTE}/stripe"
    account = PaymentSettings(api_key=API_KEY, hook_url=hooks, hook_secret=HOOK_SECRET)
    common = {"seed": seed, "rates": rates, "patience_s": TIMEOUT_S + 1}
    write_settings(made.folder / "payments", StrictSettings.model_validate({"payments": account, **common}))
    write_settings(made.folder / "informed", StrictSettings.model_validate({"inform": inform, **common}))
    for name in ("payments", "informed"):
        await made.children[name].start(START_S)
    public = base64.b64encode(public_bytes(outcome_key(made.folder / "informed"))).decode()
    endpoint = {"url": made.urls["informed"] + HOOK, "outcome_public_key": public}
    await made.ask("PUT", "centre", "/v1/refunds/endpoint", key=made.shops[INFORM], json=endpoint)
    secret = {"key": HOOK_SECRET}
    await made.ask("PUT", "centre", "/v1/hooks/stripe", key=made.shops[EXECUTE], json=secret)
    await made.children["centre"].stop()
    _execute(made.centre, made.urls["payments"])
    await made.children["centre"].start(START_S)


def _execute(centre: Path, url: str) -> None:
    """Let the centre pay one merchant's refunds: whole ones up to a limit without asking."""
    credentials = StripeCredentials.model_validate({"base_url": url, "api_key": API_KEY})
    sealed = Sealer(read_keys(centre).wrap).seal(kept_bytes(credentials), f"endpoint/{EXECUTE}/credentials")
    engine, at = writing_engine(centre / DATABASE), time_text(datetime.now(UTC))
    mine = {"site": "s1", "merchant": EXECUTE}
    endpoint = mine | {"url": url, "set_at": at, "mode": "execute"}
    approval = mine | {"id": "a1", "currency": CURRENCY, "up_to_minor": PAID, "by": PERSON, "at": at}
    with engine.begin() as connection:
        connection.execute(insert(endpoints), endpoint | {"gateway": "stripe", "credentials": sealed})
        until = {"until": "2030-01-01T00:00:00.000000Z", "leaf_seq": 0}
        connection.execute(insert(standing_approvals), approval | until)
    engine.dispose()


def _product(merchant: str) -> dict[str, Any]:
    return {
        "merchant": merchant,
        "sku": SKU,
        "gtin": "04012345678901",
        "title": "Mug",
        "category": "tableware",
        "currency": CURRENCY,
        "list_price_minor": PAID,
    }


SAID: dict[str, dict[str, str]] = {
    "new": {"grade": "new", "condition": "A", "disposition": "resale", "channel": "restock"},
    "used": {"grade": "used", "condition": "B", "disposition": "resale", "channel": "open_box"},
}


def record_of(bench: Bench, unit: str, merchant: str, inspection: int, grade: str) -> Any:
    """What a bench signs about a unit, without pictures."""
    about = {"id": unit, "sku": SKU, "inspection": inspection}
    said = SAID[grade]
    return bench.signed(
        unit,
        merchant=merchant,
        unit=about | {"purpose": "first" if inspection == 1 else "appeal"},
        proposal=said,
        verdict=said | {"kind": "confirm"},
    )


def pages(rows: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Rows by the page."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]
