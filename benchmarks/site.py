"""A centre as a process of its own, with a merchant, a product and enrolled stations, to be measured."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from edge.enrol import enrol
from inspection.grades import Channel, Grade
from inspection.messages.catalogue import ProductMessage, RecoveryMessage, UnitMessage
from inspection.policy import Policy
from inspection.returns import ReturnReason
from link.http import HttpConfig, HttpLink
from server.centre import POLICY

MERCHANT, SITE, SKU = "north", "s1", "MUG-1"
REGRADE = [sys.executable, "-m", "regrade"]
PAGE = 500
"""Units that one call may announce."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A running centre, and the keys to it."""

    folder: Path
    url: str
    console_key: str

    async def call(self, method: str, path: str, value: Any, key: str | None = None) -> Any:
        """One call of the centre's API; the console's key unless another is given."""
        config = HttpConfig.model_validate({"base_url": self.url, "key": key or self.console_key})
        async with HttpLink(config) as link:
            return (await link.request(method, path, json=value)).json()

    async def enrol(self, station: str) -> Path:
        """Enrol a station; returns its folder."""
        told = await self.call("POST", "/v1/stations/codes", {"station": station, "site": SITE})
        await enrol(self.folder / station, self.url, told["code"])
        return self.folder / station

    async def announce(self, units: list[UnitMessage]) -> None:
        """Make the merchant expect these units of its one product."""
        await self._once("POST", "/v1/merchants", {"id": MERCHANT, "name": "North"})
        asked = {"scope": "shop", "merchant": MERCHANT, "label": "bench"}
        key = (await self.call("POST", "/v1/keys", asked))["api_key"]
        products = {"products": [product().model_dump(mode="json")]}
        await self.call("PUT", "/v1/catalogue/products", products, key)
        for start in range(0, len(units), PAGE):
            page = [unit.model_dump(mode="json") for unit in units[start : start + PAGE]]
            await self.call("POST", "/v1/returns", {"units": page}, key)

    async def _once(self, method: str, path: str, value: Any) -> None:
        marker = self.folder / "merchant"
        if not marker.exists():
            await self.call(method, path, value)
            marker.touch()


@contextmanager
def new_site(folder: Path, policy: Policy | None = None) -> Iterator[Site]:
    """Set a centre up in an empty folder and run it until the block ends."""
    key = init_centre(folder)
    if policy is not None:
        (folder / "centre" / POLICY).write_bytes(orjson.dumps(policy.to_wire()))
    process = CentreProcess(folder)
    try:
        yield Site(folder=folder, url=process.start(), console_key=key)
    finally:
        process.stop()


def init_centre(folder: Path) -> str:
    """Set a centre up; returns its first console key."""
    made = [*REGRADE, "server", "init", *_at(folder), "--host-name", "bench.example", "--site", SITE]
    return subprocess.run(made, check=True, capture_output=True, text=True).stdout.split()[-1]


class CentreProcess:
    """The centre of a folder as a process of its own, which can be stopped, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._run = [*REGRADE, "server", "run", *_at(folder), "--port", "0"]
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        return self._running().pid

    def start(self) -> str:
        """Start it; returns its address once it accepts connections."""
        self._process = subprocess.Popen(self._run, stdout=subprocess.PIPE, text=True)
        said = self._process.stdout.readline().split() if self._process.stdout else []
        if not said:
            raise RuntimeError("the centre did not start")
        return said[-1]

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, and nothing is tidied up."""
        self._running().kill()
        self._gone()

    def stop(self) -> None:
        """End it as an operator would, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._gone()

    def _gone(self) -> None:
        process, self._process = self._running(), None
        process.wait()
        if process.stdout:
            process.stdout.close()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError("the centre does not run")
        return self._process


def _at(folder: Path) -> list[str]:
    return ["--dir", str(folder / "centre")]


def product() -> ProductMessage:
    """A mug that sells as new."""
    row = RecoveryMessage(grade=Grade.NEW, channel=Channel.RESTOCK, price_minor=1500)
    return ProductMessage(
        merchant=MERCHANT,
        sku=SKU,
        gtin="04012345678901",
        title="Mug, white",
        category="tableware",
        currency="EUR",
        list_price_minor=1500,
        recovery=(row,),
    )


def unit(station: str, number: int) -> UnitMessage:
    """One returned mug, of the returns that this station will inspect."""
    authorization = f"{station}-{number}"
    return UnitMessage(
        merchant=MERCHANT,
        id=f"{authorization}/1/1",
        authorization=authorization,
        order=f"O-{authorization}",
        customer=f"C-{number}",
        line=1,
        index=1,
        sku=SKU,
        epc=None,
        serial=f"{station}-{number}",
        paid_minor=1450,
        currency="EUR",
        reason=ReturnReason.CHANGED_MIND,
    )
