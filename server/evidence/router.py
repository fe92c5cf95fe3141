"""Routes of evidence."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from inspection.messages.uplink import EvidenceAnswer
from server.access import Caller, Scope, needs, own_station
from server.answers import answer
from server.bodies import body_length, discard
from server.centre import Centre, Here
from server.errors import Erased, NotFound, QuotaUsed
from server.evidence import repository, service

PREFIX = "/v1/evidence/"
router = APIRouter(prefix=PREFIX.rstrip("/"), tags=["evidence"])
Station = Annotated[Caller, needs(Scope.STATION)]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@router.put("/{sha256}")
async def put_evidence(sha256: Sha256, request: Request, centre: Here, caller: Station) -> Response:
    """Store one encrypted image under the hash of its bytes; answered once it is durable."""
    station, length = (
        own_station(caller),
        body_length(request, centre.settings.evidence_limit_bytes, "an image"),
    )
    try:
        held = await centre.reader.run(lambda c: repository.holds(c, centre.site, sha256))
    except Erased:
        await discard(request.stream(), length)
        raise
    if held:
        await discard(request.stream(), length)
        return answer(EvidenceAnswer(ciphertext_sha256=sha256, bytes=length, stored=False))
    with centre.uploads.promise(station, length) as promised:
        used = await centre.reader.run(lambda c: repository.used_bytes(c, centre.site, station))
        if used + promised > centre.settings.evidence_quota_bytes:
            raise QuotaUsed(f"station {station} has stored {used} bytes: its share is used up")
        confirmed = await _store(request, centre, sha256, station, length)
    if confirmed.fresh:
        centre.metrics.evidence_bytes.inc(length)
    if confirmed.issued:
        centre.deliveries_due.set()
    return answer(EvidenceAnswer(ciphertext_sha256=sha256, bytes=length, stored=confirmed.fresh))


async def _store(
    request: Request, centre: Centre, sha256: str, station: str, length: int
) -> service.Confirmed:
    """Durable as a file first, then as a row."""
    await centre.store.put(sha256, request.stream(), length)
    now = centre.clock()
    try:
        return await centre.writer.submit(
            lambda c: service.confirm(c, centre.log, sha256, length, station, centre.policy, now)
        )
    except Erased:
        centre.store.remove(sha256)
        raise


@router.head("/{sha256}")
async def head_evidence(sha256: Sha256, centre: Here, caller: Station) -> Response:
    """Say whether an encrypted image is durable here."""
    if not await centre.reader.run(lambda c: repository.holds(c, centre.site, sha256)):
        raise NotFound("no such image is stored")
    return Response()
