"""A record can be signed of whatever a camera measures and however long an item lies on the bench."""

import os
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from edge.item import Spent
from edge.steps.sign import LONGEST_MS, SHARPNESS_MAX, Ready, Signed, sign_record
from edge.vault import Vault
from inspection.evidence import ImageQuality
from inspection.record import Clock, ClockState, read_record
from inspection.verdict import confirm

if TYPE_CHECKING:
    from tests.edge.world import World

WEEKEND_MS = 3 * 24 * 3600 * 1000


@pytest.fixture
def signed(world: "World", site: ModuleType, vault: Vault) -> Signed:
    """Of a picture as sharp as noise, accepted on Monday."""
    at = site.now()
    seen = replace(site.detection(), quality={"top": ImageQuality(sharpness=300_000.0, brightness=120.0)})
    item = replace(site.item(1, at, seen=seen), spent=Spent(person_ms=WEEKEND_MS))
    ready = Ready(
        item=item,
        verdict=confirm(item.proposal),
        person=site.inspector(),
        images=(vault.seal(site.frame()),),
        counter=1,
        clock=Clock(state=ClockState.GOOD, device_time=at.wall, monotonic_ns=at.monotonic_ns, offset_ms=0),
        total_ms=WEEKEND_MS,
    )
    return sign_record(world.station_key, site.desk(world, "1" * 32), ready, os.urandom)


def test_what_a_record_cannot_hold_is_stated_as_its_most(signed: Signed) -> None:
    record = read_record(signed.envelope.record)
    assert record.evidence[0].quality.sharpness == SHARPNESS_MAX
    assert (record.timings.person_ms, record.timings.total_ms) == (LONGEST_MS, LONGEST_MS)
