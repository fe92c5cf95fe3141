"""A whole virtual warehouse: centre, shop and stations as processes, benches and people in this one."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx
import orjson
from pydantic import SecretStr

from demo.errors import Stuck
from demo.fitting import TCP_PORTS, VIEW, Place
from demo.inspector import LOOK_S, Eyes, Inspector
from demo.office import Office
from demo.outside import Outside
from demo.pictures import Picture
from demo.plan import Plan, PlannedItem
from demo.processes import Child, regrade, run_once
from demo.proxy import Proxy, running_proxy
from demo.settings import HOST_NAME, SITE, Options, centre_env, station_toml
from demo.shop.settings import ShopSettings, write_settings
from demo.strays import Strays
from demo.world import Bench
from edge.broker_files import keep_passwords, private_folder
from inspection.custody.policy import TrustedWitness, read_policy, write_policy
from inspection.messages.catalogue import ProductMessage, UnitMessage
from inspection.policy import DEFAULT_POLICY
from kit.witness_folder import book_of, init_witness
from link.mqtt import MqttConfig
from link.ports import free_ports
from link.tls import in_the_clear
from server.centre import POLICY
from server.ledger.trust import FILE_NAME as TRUST_POLICY

PORTS_PER_BENCH = 2 + TCP_PORTS
WITNESS, WITNESS_NAME = "finance", "finance.demo/witness"
HEARD_S = 5.0
"""Longest wait for a station's next look at the worklist; a later one does no harm."""
QUICK = replace(DEFAULT_POLICY, id="demo/1", undo_s=1)
"""This inspector takes nothing back, and nobody wants to wait."""


@dataclass(slots=True, kw_only=True)
class StationPlace:
    """One station with everything around it."""

    number: int
    child: Child
    port: int
    bench: Bench
    inspector: Inspector
    strays: Strays
    queue: list[PlannedItem] = field(default_factory=list)
    """Items that wait for this bench."""

    @property
    def address(self) -> str:
        """The inspector's page."""
        return f"http://127.0.0.1:{self.port}"


class Warehouse:
    """Starts everything, and stops it; an async context manager."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.stations: list[StationPlace] = []
        self.proxy: Proxy | None = None
        self._stack = AsyncExitStack()
        count = 4 + 1 + PORTS_PER_BENCH * len(options.benches)
        self._ports = free_ports(count)
        self.centre = self._child("centre", "server", "run", "--dir", options.centre_dir, health="/healthz")
        self.shop = self._child("shop", "demo", "shop", "--dir", options.shop_dir, health="/refunds.json")
        self.witness = self._child(
            "witness", "witness", "run", "--dir", options.witness_dir, health="/healthz"
        )
        self.console = self._child("console", "console", "--dir", options.centre_dir, health="/")
        self.centre.env = centre_env()
        self._proxy_port = self._ports.pop()
        self.office: Office
        self.outside: Outside

    async def __aenter__(self) -> Self:
        try:
            await self._set_up()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        for station in self.stations:
            await station.inspector.eyes.close()
        started = [child for child in (*self.children, self.console) if child.pid]
        await asyncio.gather(*(child.stop() for child in started))
        await self._stack.aclose()

    @property
    def centre_url(self) -> str:
        """Address of the centre."""
        return f"http://127.0.0.1:{_port_of(self.centre)}"

    @property
    def shop_url(self) -> str:
        """Address of the shop."""
        return f"http://127.0.0.1:{_port_of(self.shop)}"

    @property
    def console_url(self) -> str:
        """Address of the supervisors' console."""
        return f"http://127.0.0.1:{_port_of(self.console)}"

    @property
    def children(self) -> list[Child]:
        """Every program that may be killed."""
        return [self.centre, self.shop, self.witness, *(station.child for station in self.stations)]

    async def prepare(self, plan: Plan) -> None:
        """Announce a plan's products and units, and let the models learn its references."""
        await self.announce([item.unit for item in plan.items], plan.products)
        wanted = {sku: shown for sku, shown in plan.references.items() if not self._knows(sku)}
        await asyncio.to_thread(learn, self.options.references, wanted, self.options.recipe)

    async def announce(self, units: Sequence[UnitMessage], products: Sequence[ProductMessage] = ()) -> None:
        """Let the centre expect units, let their parcels arrive, and wait until the stations know."""
        sizes = [await _expected(station) for station in self.stations]
        await self.office.announce(products, units)
        await self.outside.bring(sorted({unit.parcel for unit in units if unit.parcel}))
        for station, size in zip(self.stations, sizes, strict=True):
            for _ in range(round(HEARD_S / LOOK_S)):
                if await _expected(station) >= size + len(units):
                    break
                await asyncio.sleep(LOOK_S)

    async def shop_state(self) -> dict[str, Any]:
        """The shop's books."""
        async with httpx.AsyncClient(timeout=60.0, trust_env=False, verify=in_the_clear()) as client:
            answer = await client.get(f"{self.shop_url}/refunds.json")
            state: dict[str, Any] = answer.raise_for_status().json()
            return state

    def _knows(self, sku: str) -> bool:
        return any(self.options.references.glob(f"*/{sku}/{VIEW}/bank.rgbank"))

    async def _set_up(self) -> None:
        for folder in (self.options.logs, self.options.shop_dir):
            folder.mkdir(parents=True, exist_ok=True)
        await self._open_centre()
        await self._open_shop()
        if self.options.lying_proxy:
            running = running_proxy(self.centre_url, self._proxy_port)
            self.proxy = await self._stack.enter_async_context(running)
        places = [self._station(bench) for bench in range(len(self.options.benches))]
        self.stations = list(await asyncio.gather(*places))
        if self.options.pages:
            await self._open_console()

    async def _open_centre(self) -> None:
        words = (
            "server",
            "init",
            "--dir",
            str(self.options.centre_dir),
            "--host-name",
            HOST_NAME,
            "--site",
            SITE,
        )
        code, out, err = await run_once(regrade(*words))
        if code:
            raise _stuck("the centre cannot be set up", err)
        (self.options.centre_dir / POLICY).write_bytes(orjson.dumps(QUICK.to_wire()))
        go_by_witness(self.options, f"http://127.0.0.1:{_port_of(self.witness)}")
        await self._start(self.witness)
        console_key = out.strip().splitlines()[-1].strip()  # kept in memory only: on no screen, in no log
        await self._start(self.centre)
        self.office = await self._stack.enter_async_context(Office(self.centre_url, console_key))

    async def _open_console(self) -> None:
        """The console only looks; without it the warehouse works all the same."""
        try:
            await self._start(self.console)
        except Stuck:
            await self.console.kill()

    async def _open_shop(self) -> None:
        api_key = await self.office.open_shop()
        self.outside = Outside(self.office, self.options.seed)
        await self.outside.introduce()
        keys = await self.office.keys()
        settings = ShopSettings(
            centre=self.centre_url,
            api_key=api_key,
            merchant="blue",
            origin=keys.origin,
            webhook_key=keys.webhook,
            log_key=keys.log,
            policy=(self.options.centre_dir / TRUST_POLICY).read_text(),
            seed=self.options.seed,
            faults=self.options.faults,
        )
        write_settings(self.options.shop_dir, settings)
        await self._start(self.shop)

    def _centre_for(self, number: int) -> str:
        lied_to = self.proxy is not None and number == 0
        return f"http://127.0.0.1:{self._proxy_port}" if lied_to else self.centre_url

    async def _station(self, number: int) -> StationPlace:
        options, name = self.options, self.options.station(number)
        folder = options.station_dir(number)
        badge = f"{name}-badge"
        await self.office.inspector(SITE, f"inspector-{number + 1}", badge, options.language)
        code = await self.office.station_code(name, SITE)
        words = ("station", "enrol", code, "--centre", self.centre_url, "--dir", str(folder))
        status, _, err = await run_once(regrade(*words))
        if status:
            raise _stuck(f"{name} cannot be enrolled", err)
        page = () if options.pages else ("--no-page",)
        child = self._child(name, "station", "run", "--dir", folder, *page, health="/state.json")
        broker_port = self._ports.pop()
        place = Place(
            folder=options.bench_dir(number),
            tcp_ports=tuple(self._ports.pop() for _ in range(TCP_PORTS)),
            account=lambda device: _account(folder, broker_port, device),
        )
        tables = options.tables(number, place)
        centre = self._centre_for(number)
        toml = station_toml(options, number, centre, _port_of(child), broker_port, tables)
        (folder / "station.toml").write_text(toml)
        bench = await self._stack.enter_async_context(Bench(tables, place))
        await self._start(child)
        return self._place(number, child, bench, badge)

    def _place(self, number: int, child: Child, bench: Bench, badge: str) -> StationPlace:
        eyes = Eyes(_port_of(child))
        inspector = Inspector(bench=bench, eyes=eyes, badge=badge, cancel=self.office.cancel)
        queue: list[PlannedItem] = []
        return StationPlace(
            number=number,
            child=child,
            port=_port_of(child),
            bench=bench,
            inspector=inspector,
            strays=Strays(inspector, lambda: queue),
            queue=queue,
        )

    def _child(self, name: str, *words: object, health: str) -> Child:
        port = self._ports.pop()
        command = regrade(*map(str, words), "--port", str(port))
        ready = partial(_answers, f"http://127.0.0.1:{port}{health}")
        return Child(name=name, command=command, log=self.options.logs / f"{name}.log", ready=ready)

    async def _start(self, child: Child) -> None:
        self._stack.push_async_callback(child.stop)
        await child.start()


def _account(folder: Path, broker_port: int, device: str) -> MqttConfig:
    """A device's account at the broker that the station will start."""
    private_folder(folder / "broker")
    password = keep_passwords(folder / "broker" / "passwords.json", [device])[device]
    return MqttConfig(
        host="127.0.0.1",
        port=broker_port,
        client_id=f"{device}-emulator",
        username=device,
        password=SecretStr(password),
        retry_max_s=0.5,
    )


async def _expected(station: StationPlace) -> int:
    """How many units a station expects; 0 while it does not answer."""
    seen = await station.inspector.eyes.look()
    return int(seen["worklist_size"]) if seen else 0


def go_by_witness(options: Options, url: str) -> None:
    """Make a witness that knows the centre's log, and let money wait for what it has seen.

    It stands for the one that a merchant's finance department runs, apart from what pays.
    """
    path = options.centre_dir / TRUST_POLICY
    policy = read_policy(path.read_bytes())
    key = init_witness(options.witness_dir, WITNESS_NAME)
    book = book_of(options.witness_dir)
    with book.transaction():
        for log in policy.logs:
            book.add_log(log.key)
    book.close()
    witness = TrustedWitness(name=WITNESS, key=key.public, url=url)
    path.write_bytes(write_policy(replace(policy, witnesses=(witness,), quorum=WITNESS)))


def learn(root: Path, references: dict[str, tuple[Picture, ...]], recipe: str) -> None:
    """Let the models learn the good pictures of each SKU; blocking, some seconds each, by `quick` one."""
    from demo.goods import MERCHANT
    from models.backbone import load_backbone
    from models.enrol import enrol
    from models.recipe import RECIPES
    from models.store import ReferenceStore

    if not references:
        return
    backbone, store = load_backbone(), ReferenceStore(root, MERCHANT)
    for sku, pictures in references.items():
        enrol(store, backbone, sku=sku, view=VIEW, photos=_read(pictures), recipe=RECIPES[recipe])


def _read(pictures: Sequence[Picture]) -> list[bytes]:
    return [picture.read() for picture in pictures]


async def _answers(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=2.0, trust_env=False, verify=in_the_clear()) as client:
            return (await client.get(url)).status_code == 200
    except httpx.HTTPError:
        return False


def _port_of(child: Child) -> int:
    return int(child.command[-1])


def _stuck(what: str, err: str) -> Stuck:
    return Stuck(f"{what}: {' | '.join(err.strip().splitlines()[-3:])}")
