"""Batches of several stations that are recorded together come to what they would have come to one by one."""

from random import Random
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, func, select

from inspection.messages.uplink import RefusalReason, SignedRecord
from server.db.ledger_tables import leaves
from server.db.rows import run
from server.ingest.checking import check
from server.ingest.judging import Bench as AtBench
from server.ingest.repository import find_keys
from server.ingest.service import Held, Outcome, Recorded, Rules, Sent, record_batches
from tests.server.statements import statements

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

Said = list[list[str]]


async def sent(site: "Site", bench: "Bench", *signed: SignedRecord) -> Sent:
    """A batch as the route hands it on."""
    centre, station = site.centre, bench.enrolment.station
    known = await centre.reader.run(lambda c: find_keys(c, "s1", [each.device_key for each in signed]))
    at = AtBench(station=station, site="s1", origin=centre.log.origin, now=centre.clock())
    rules = Rules(log=centre.log, bench=at, policy=centre.policy, refusals_per_station=9)
    return Sent(batch=[check(each, known, station) for each in signed], rules=rules)


def words(outcomes: list[tuple[Outcome, ...]]) -> Said:
    """What each record was answered, in a word."""
    return [[word(each) for each in batch] for batch in outcomes]


def word(outcome: Outcome) -> str:
    if isinstance(outcome, Recorded):
        return f"recorded {outcome.fresh}"
    return "held" if isinstance(outcome, Held) else f"{outcome.kept.reason} {outcome.fresh}"


def tried(connection: Connection, batches: list[Sent], *, together: bool) -> tuple[Said, int]:
    """Record them and take it back; what was answered, and how long the log was then."""
    run(connection, "SAVEPOINT tried")
    found = (
        record_batches(connection, batches)
        if together
        else [outcomes for each in batches for outcomes in record_batches(connection, [each])]
    )
    size = connection.execute(select(func.count()).select_from(leaves)).scalar_one()
    run(connection, "ROLLBACK TO tried")
    return words(found), size


@pytest.mark.parametrize("seed", range(12))
async def test_together_they_come_to_the_same(site: "Site", seed: int) -> None:
    dice = Random(seed)
    benches = [await site.enrol(f"st{number}") for number in range(3)]
    await site.announce(*(f"R{number}/1/1" for number in range(6)))
    made: list[SignedRecord] = []
    batches: list[Sent] = []
    for _ in range(8):
        bench = dice.choice(benches)
        fresh = [bench.signed(f"R{dice.randrange(8)}/1/1") for _ in range(dice.randrange(1, 4))]
        made += fresh
        batches.append(await sent(site, bench, *fresh, *dice.sample(made, dice.randrange(2))))
    singly = await site.centre.writer.submit(lambda c: tried(c, batches, together=False))
    assert await site.centre.writer.submit(lambda c: tried(c, batches, together=True)) == singly


async def test_two_stations_that_inspect_one_unit_at_once_are_not_both_right(
    site: "Site", bench: "Bench"
) -> None:
    other = await site.enrol("st2")
    await site.announce("R1/1/1")
    batches = [
        await sent(site, bench, bench.signed("R1/1/1")),
        await sent(site, other, other.signed("R1/1/1")),
    ]
    found = await site.centre.writer.submit(lambda c: record_batches(c, batches))
    assert words(found) == [["recorded True"], [f"{RefusalReason.DUPLICATE_INSPECTION.value} True"]]


async def test_records_of_ten_stations_take_less_than_three_times_the_statements_of_one(site: "Site") -> None:
    benches = [await site.enrol(f"st{number}") for number in range(10)]
    await site.announce(*(f"R{number}/1/1" for number in range(10)))
    batches = [
        await sent(site, bench, bench.signed(f"R{number}/1/1")) for number, bench in enumerate(benches)
    ]

    def asked(connection: Connection, some: list[Sent]) -> int:
        run(connection, "SAVEPOINT tried")
        with statements(connection) as said:
            record_batches(connection, some)
        run(connection, "ROLLBACK TO tried")
        return len(said)

    one = await site.centre.writer.submit(lambda c: asked(c, batches[:1]))
    ten = await site.centre.writer.submit(lambda c: asked(c, batches))
    assert ten < 3 * one, (one, ten)
