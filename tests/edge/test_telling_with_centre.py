"""A real bench tells a real centre of itself, from its birth to its death: what the console would show."""

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from edge.clock import ClockWatch
from edge.database import Database
from edge.erasure import Erasing
from edge.faults import Faults
from edge.identity import Identity
from edge.sync import Heard, Pace, Sync
from edge.vault import Vault
from link.http import HttpLink
from server.alarms import standing_alarms
from server.centre import Centre
from server.console.overview import StationRow, read_overview
from server.console.view import station_standing
from server.stations.repository import add_station

if TYPE_CHECKING:
    from tests.edge.rig import Rig
    from tests.edge.world import World


def sync_of(link: HttpLink, database: Database, world: "World", faults: Faults, vault: Vault) -> Sync:
    return Sync(
        database=database,
        link=link,
        identity=Identity(key=world.station_key, enrolment=world.enrolment),
        clocks=ClockWatch(),
        faults=faults,
        erasing=Erasing(database, vault, faults),
        pace=Pace(worklist_s=0.02, health_s=0.02),
        heard=Heard(new_worklist=lambda: None, changed=lambda: None, cloned=lambda error: None),
    )


async def row(centre: Centre) -> StationRow:
    (found,) = (await centre.reader.run(lambda c: read_overview(c, "s1", centre.clock()))).stations
    return found


async def test_a_bench_is_known_at_the_centre_from_its_birth_to_its_death(
    rig: "Rig",
    rig_module: ModuleType,
    real_centre: ModuleType,
    site: ModuleType,
    tmp_path: Path,
    world: "World",
    faults: Faults,
) -> None:
    reporting = rig_module.reporting_of(rig)
    rig.tags = {site.tag(1): -40.0}
    await rig.tick(3)
    async with real_centre.serving(tmp_path / "centre") as served, served.link(served.station_key) as link:
        await served.centre.writer.submit(lambda c: add_station(c, "s1", "st1", served.centre.now()))
        sync = sync_of(link, rig.database, world, faults, rig.vault)
        await sync.tell_all_once(reporting)
        seen = await row(served.centre)
        assert (station_standing(seen), bool(seen.program)) == ("live", True)
        assert [(event.what, event.tag) for event in seen.tags] == [("arrive", site.tag(1).hex()[-6:])]
        rig.tags = {}
        await rig.tick(30)
        await sync.farewell(reporting)
        seen = await row(served.centre)
        assert (station_standing(seen), seen.tags[0].what, seen.untold) == ("stopped", "depart", 0)
        assert await served.centre.reader.run(lambda c: standing_alarms(c, "s1")) == []
    assert faults.snapshot() == {}
