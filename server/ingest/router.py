"""The route by which records come in."""

from collections.abc import Sequence
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from inspection.messages.uplink import BatchAnswer, SignedRecord
from server.access import Caller, Scope, needs, own_station
from server.answers import answer
from server.centre import Centre, Here
from server.ingest import repository
from server.ingest.checking import Checked, check
from server.ingest.judging import Bench
from server.ingest.schemas import Submission, read_batch
from server.ingest.service import Held, Outcome, Recorded, Rules, Sent, record_batches, sign_answers

router = APIRouter(prefix="/v1", tags=["records"])
Station = Annotated[Caller, needs(Scope.STATION)]


@router.post("/records")
async def post_records(request: Request, centre: Here, caller: Station) -> Response:
    """Record a batch: for each record, in its order, a signed receipt or refusal, or that it must wait."""
    submissions = read_batch(await request.body())
    station, settings = own_station(caller), centre.settings
    batch = await _check(centre, submissions, station)
    bench = Bench(station=station, site=centre.site, origin=settings.origin, now=centre.clock())
    rules = Rules(
        log=centre.log,
        bench=bench,
        policy=centre.policy,
        refusals_per_station=settings.refusals_per_station,
    )
    outcomes = await centre.writer.join(record_batches, Sent(batch=batch, rules=rules))
    await _bury(centre, outcomes)
    _count(centre, outcomes)
    centre.deliveries_due.set()
    results = await anyio.to_thread.run_sync(sign_answers, outcomes, centre.keys.log, settings.origin)
    return answer(BatchAnswer(results=results))


async def _check(centre: Centre, submissions: Sequence[Submission], station: str) -> list[Checked]:
    """Check every submission in a thread: signatures take the most of it, and let others run."""
    named = {each.device_key for each in submissions if isinstance(each, SignedRecord)}
    keys = await centre.reader.run(lambda c: repository.find_keys(c, centre.site, named))
    return await anyio.to_thread.run_sync(lambda: [check(each, keys, station) for each in submissions])


async def _bury(centre: Centre, outcomes: Sequence[Outcome]) -> None:
    """Remove images that came before it was known that their customer is erased."""
    if any(isinstance(outcome, Recorded) and outcome.buried for outcome in outcomes):
        await centre.eraser.remove_images()


def _count(centre: Centre, outcomes: Sequence[Outcome]) -> None:
    metrics = centre.metrics
    metrics.batch.observe(len(outcomes))
    for outcome in outcomes:
        if isinstance(outcome, Held):
            metrics.held.inc()
        elif not outcome.fresh:
            metrics.replayed.inc()
        elif isinstance(outcome, Recorded):
            metrics.recorded.inc()
        else:
            metrics.refused.labels(outcome.kept.reason).inc()
            metrics.refusals_not_kept.inc(0 if outcome.stored else 1)
