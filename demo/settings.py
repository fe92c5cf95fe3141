"""What a virtual warehouse is made of: options, folders, and the files that its programs read."""

from dataclasses import dataclass
from pathlib import Path

from demo.fitting import VIEW, Place, Table, as_toml, mqtt_bench, serial_bench
from demo.plan import BenchKind, Way
from demo.shop.settings import FaultRates

SITE = "s1"
HOST_NAME = "centre.demo"
FAULTY_SHOP = FaultRates(error=120_000, silence=30_000, late_error=120_000, slow=60_000)
REFUND_RETRIES_S = ",".join(["0.2", "0.5", "1.0", "2.0"] + ["2.0"] * 24)
"""A shop that was killed must not lose its place in the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a virtual warehouse is put together."""

    root: Path
    benches: tuple[BenchKind, ...]
    seed: int = 1
    broker: str = "nats"
    language: str = "en"
    pages: bool = False
    """True: stations serve the inspector's page, and the console runs."""
    faults: FaultRates = FAULTY_SHOP
    lying_proxy: bool = False
    """True: a proxy that lies stands between the first station and the centre."""
    recipe: str = "default"
    """By which the models learn the goods, one of `models.recipe.RECIPES`."""

    def station(self, bench: int) -> str:
        """Name of a bench's station."""
        return f"st-{bench + 1}"

    def station_dir(self, bench: int) -> Path:
        """Folder of a bench's station."""
        return self.root / self.station(bench)

    @property
    def centre_dir(self) -> Path:
        """Folder of the centre."""
        return self.root / "centre"

    @property
    def shop_dir(self) -> Path:
        """Folder of the shop."""
        return self.root / "shop"

    @property
    def witness_dir(self) -> Path:
        """Folder of the witness, which the shop's side operates."""
        return self.root / "witness"

    @property
    def references(self) -> Path:
        """Reference store that the stations share."""
        return self.root / "references"

    @property
    def logs(self) -> Path:
        """Folder of the programs' output."""
        return self.root / "logs"

    def bench_dir(self, bench: int) -> Path:
        """Where the lines of a bench's devices are."""
        return self.root / f"bench-{bench + 1}"

    def speaks_mqtt(self, bench: int) -> bool:
        """True where the reader publishes to a broker."""
        return Way.MQTT_TAG in self.benches[bench].ways

    def tables(self, bench: int, place: Place) -> tuple[Table, ...]:
        """The devices of a bench."""
        return mqtt_bench(place) if self.speaks_mqtt(bench) else serial_bench(place)


def station_toml(
    options: Options, bench: int, centre: str, port: int, broker_port: int, tables: tuple[Table, ...]
) -> str:
    """A station's settings; short times, for this inspector is quick."""
    mqtt = options.speaks_mqtt(bench)
    broker = f'broker = "{options.broker}"\nbroker_port = {broker_port}' if mqtt else 'broker = "none"'
    return f"""\
centre = "{centre}"
port = {port}
language = "{options.language}"
views = ["{VIEW}"]
references = "{options.references}"
threads = 1
{broker}

[timings]
worklist_s = 1.0
health_s = 2.0
retry_max_s = 2.0
http_timeout_s = 4.0
gone_after_s = 0.6
settle_s = 0.15

{as_toml(tables)}"""


def centre_env() -> dict[str, str]:
    """Settings of the centre that differ from its file: nobody waits long for a checkpoint or a retry."""
    return {
        "REGRADE_SERVER_REFUND_RETRY_S": REFUND_RETRIES_S,
        "REGRADE_SERVER_REFUND_TIMEOUT_S": "1.0",
        "REGRADE_SERVER_CHECKPOINT_EVERY_S": "0.2",
        "REGRADE_SERVER_WITNESS_TIMEOUT_S": "2.0",
    }
