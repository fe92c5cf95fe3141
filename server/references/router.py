"""Routes of references: files by hash, sets by version."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import FileResponse

from inspection.messages.base import time_text
from inspection.messages.references import ReferenceFileAnswer, ReferenceSet
from server.access import Caller, Scope, may_touch, needs
from server.answers import answer
from server.bodies import body_length, discard, read_body
from server.centre import Centre, Here
from server.errors import NotFound, QuotaUsed
from server.references import repository, service

FILES = "/v1/reference-files/"
router = APIRouter(prefix="/v1", tags=["references"])
Maker = Annotated[Caller, needs(Scope.REFERENCES)]
Taker = Annotated[Caller, needs(Scope.REFERENCES, Scope.STATION)]
Looker = Annotated[Caller, needs(Scope.REFERENCES, Scope.STATION, Scope.CONSOLE, Scope.AUDITOR)]
MerchantId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,24}$")]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Version = Annotated[int, Query(ge=0, le=2**53 - 1)]
OneMerchant = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{1,24}$")]


@router.put("/reference-files/{merchant}/{sha256}")
async def put_file(
    merchant: MerchantId, sha256: Sha256, request: Request, centre: Here, caller: Maker
) -> Response:
    """Store a bank or a photo under the hash of its bytes; answered once it is durable."""
    may_touch(caller, merchant)
    length = body_length(request, centre.settings.reference_limit_bytes, "a reference file")
    if await _length_of(centre, merchant, sha256) is not None:
        await discard(request.stream(), length)
        return answer(ReferenceFileAnswer(sha256=sha256, bytes=length, stored=False))
    with centre.reference_uploads.promise(merchant, length) as promised:
        used = await centre.reader.run(lambda c: repository.used_bytes(c, centre.site, merchant))
        if used + promised > centre.settings.reference_quota_bytes:
            raise QuotaUsed(
                f"merchant {merchant} has stored {used} bytes of references: its share is used up"
            )
        fresh = await _store(request, centre, merchant, sha256, length)
    if fresh:
        centre.metrics.reference_bytes.inc(length)
    return answer(ReferenceFileAnswer(sha256=sha256, bytes=length, stored=fresh))


@router.head("/reference-files/{merchant}/{sha256}")
async def head_file(merchant: MerchantId, sha256: Sha256, centre: Here, caller: Taker) -> Response:
    """Say whether a file is stored for a merchant."""
    await _known(centre, caller, merchant, sha256)
    return Response()


@router.get("/reference-files/{merchant}/{sha256}")
async def get_file(merchant: MerchantId, sha256: Sha256, centre: Here, caller: Taker) -> Response:
    """Send a file, or the part of it that `Range` asks for."""
    await _known(centre, caller, merchant, sha256)
    return FileResponse(centre.references.path(sha256), media_type="application/octet-stream")


@router.put("/references")
async def put_references(request: Request, centre: Here, caller: Maker) -> Response:
    """Publish what one view of a product is compared with; a set without a bank withdraws it."""
    wanted, now = await read_body(request, ReferenceSet), centre.clock()
    may_touch(caller, wanted.merchant)
    store, site, kept = centre.references, centre.site, centre.settings.references_kept
    published = await centre.writer.submit(
        lambda c: service.publish(c, centre.log, store, wanted, caller.label, now)
    )
    await centre.writer.submit(lambda c: service.tidy(c, site, store, wanted, kept, now))
    return answer(published)


@router.get("/references")
async def get_references(
    centre: Here, caller: Looker, after: Version = 0, merchant: OneMerchant = None
) -> Response:
    """The sets that stand above a version: of every merchant for a station, of its own for a bound key."""
    if merchant is not None:
        may_touch(caller, merchant)
    wanted = merchant or caller.merchant
    return answer(await centre.reader.run(lambda c: service.page(c, centre.site, after, wanted)))


async def _store(request: Request, centre: Centre, merchant: str, sha256: str, length: int) -> bool:
    """Durable as a file first, then as a row."""
    await centre.references.put(sha256, request.stream(), length)
    site, store, at = centre.site, centre.references, time_text(centre.clock())
    return await centre.writer.submit(lambda c: service.confirm(c, site, store, merchant, sha256, length, at))


async def _length_of(centre: Centre, merchant: str, sha256: str) -> int | None:
    """Length of a merchant's file; None where row or file is missing."""
    found = await centre.reader.run(lambda c: repository.file_bytes(c, centre.site, merchant, [sha256]))
    return found.get(sha256) if centre.references.holds(sha256) else None


async def _known(centre: Centre, caller: Caller, merchant: str, sha256: str) -> None:
    may_touch(caller, merchant)
    if await _length_of(centre, merchant, sha256) is None:
        raise NotFound("no such file is stored for this merchant")
