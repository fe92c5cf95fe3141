"""Others' refund systems, for real: `make refund-peers ARGS=medusa`, or `ARGS=localstripe`.

Not part of the tests: it needs PostgreSQL 15 and what `make peers-refunds` fetched.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import httpx

from server.outward.addresses import AddressPolicy
from server.outward.calling import Caller
from server.refunds.adapters.medusa import MedusaRefunds
from server.refunds.adapters.stripe import StripeRefunds
from server.refunds.gateway import GatewayKind
from tests.peers import localstripe_alone, localstripe_through, medusa_alone, medusa_through, programs
from tests.peers.house import house
from tests.peers.medusa_shop import MedusaShop
from tests.peers.programs import memory_mb
from tests.peers.telling import Recorder, Told

TIMEOUT_S = 20.0
BY_ROUTES = "a process of its own; set up, and its refunds approved up to 100 EUR, by its API alone"


async def run_medusa(folder: Path, told: Told) -> None:
    """Everything with Medusa."""
    caller = Caller(AddressPolicy(loopback=True), timeout_s=TIMEOUT_S)
    impatient = Caller(AddressPolicy(loopback=True), timeout_s=1.0)
    async with (
        programs.postgres(folder / "postgres") as database,
        programs.medusa(folder, database) as program,
        httpx.AsyncClient(base_url=program.url, timeout=60, trust_env=False) as http,
    ):
        shop, recorder = MedusaShop(http=http), Recorder(caller, "medusa", told.write)
        await shop.set_up()
        rig = medusa_alone.Rig(
            program=program,
            shop=shop,
            recorder=recorder,
            adapter=MedusaRefunds(recorder, program.url, shop.api_key, settle_s=medusa_alone.SETTLE_S),
            impatient=MedusaRefunds(impatient, program.url, shop.api_key),
            database=database,
            told=told,
        )
        told.facts["versions"] = await programs.versions_of_medusa()
        told.facts["Medusa's first start"] = f"{program.boot_s:.0f} s"
        await told.all(medusa_alone.SCENARIOS, rig)
        async with house(folder) as centre:
            await centre.execute(GatewayKind.MEDUSA, program.url, shop.api_key)
            way = medusa_through.Way(program=program, shop=shop, house=centre, rig=rig, told=told)
            await told.all(medusa_through.SCENARIOS, way)
            told.facts["the centre"] = BY_ROUTES
            told.facts["the centre's memory at the end"] = f"{memory_mb(centre.child)} MB"
        told.facts["Medusa's memory at the end"] = f"{memory_mb(program.child)} MB"
    await caller.close()
    await impatient.close()


async def run_localstripe(folder: Path, told: Told) -> None:
    """Everything with localstripe."""
    caller = Caller(AddressPolicy(loopback=True), timeout_s=TIMEOUT_S)
    async with (
        programs.localstripe(folder) as program,
        httpx.AsyncClient(
            base_url=program.url, timeout=60, trust_env=False, auth=(localstripe_alone.KEY, "")
        ) as http,
    ):
        recorder = Recorder(caller, "localstripe", told.write)
        adapter = StripeRefunds(recorder, localstripe_alone.KEY, program.url)
        till = localstripe_alone.Till(http=http, recorder=recorder, adapter=adapter, told=told)
        told.facts["versions"] = f"localstripe {programs.pinned('localstripe')}"
        told.facts["its start"] = f"{program.boot_s:.1f} s"
        await told.all(localstripe_alone.SCENARIOS, till)
        async with house(folder) as centre:
            await centre.execute(GatewayKind.STRIPE, program.url, localstripe_alone.KEY)
            way = localstripe_through.Way(till=till, house=centre, told=told)
            await told.all(localstripe_through.SCENARIOS, way)
            told.facts["the centre"] = BY_ROUTES
            told.facts["the centre's memory at the end"] = f"{memory_mb(centre.child)} MB"
        told.facts["its memory at the end"] = f"{memory_mb(program.child)} MB"
    await caller.close()


RUNS = {
    "medusa": ("Our Medusa adapter before a real Medusa", run_medusa),
    "localstripe": ("Our Stripe adapter before localstripe", run_localstripe),
}


def main() -> None:
    """Run what was asked for."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("peer", choices=tuple(RUNS))
    words.add_argument("--only", default="", help="scenarios whose name contains this")
    words.add_argument("--write", action="store_true", help="keep the page in docs/peers, and the answers")
    asked = words.parse_args()
    title, run = RUNS[asked.peer]
    told, began = Told(only=asked.only, write=asked.write), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="refund-peers-") as folder:
        Path(folder).chmod(0o755)
        asyncio.run(run(Path(folder), told))
    told.facts["the whole run"] = f"{time.monotonic() - began:.0f} s"
    if asked.write:
        told.keep(title, asked.peer)
    raise SystemExit(0 if told.all_held else 1)


if __name__ == "__main__":
    main()
