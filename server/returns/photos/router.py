"""Routes of claim photos."""

import hashlib
import re
from collections.abc import AsyncIterator
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Path, Request, Response

from inspection.messages.base import Count, Hex64, Message
from server.access import Caller, Scope, needs, own_merchant
from server.answers import answer
from server.bodies import body_length, discard
from server.centre import Centre, Here
from server.errors import CentreError, NotFound, QuotaUsed
from server.returns.photos import repository, service
from server.returns.photos.repository import Photo

OWN_BODIES = re.compile(r"/v1/returns/.+/photos/[0-9a-f]{64}")
"""Paths that bound their bodies themselves."""
router = APIRouter(prefix="/v1/returns", tags=["returns"])
Shop = Annotated[Caller, needs(Scope.SHOP)]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


class PhotoAnswer(Message):
    """A claim photo is durable."""

    sha256: Hex64
    bytes: Count
    stored: bool
    """False where it was here before."""


@router.put("/{unit:path}/photos/{sha256}")
async def put_photo(unit: str, sha256: Sha256, request: Request, centre: Here, caller: Shop) -> Response:
    """Store a photo that the unit names; answered once it is durable and sealed."""
    merchant, site = own_merchant(caller), centre.site
    length = body_length(request, centre.settings.photo_limit_bytes, "a claim photo")
    try:
        held = await centre.reader.run(lambda c: service.naming_unit(c, site, merchant, unit, sha256))
        known = await centre.reader.run(lambda c: repository.find_photo(c, site, unit, sha256))
    except CentreError:
        await discard(request.stream(), length)
        raise
    if known is not None and known.subject == held.subject and centre.claims.holds(known.sealed_sha256):
        await discard(request.stream(), length)
        return answer(PhotoAnswer(sha256=sha256, bytes=known.bytes, stored=False))
    with centre.uploads.promise(f"claims/{merchant}", length) as promised:
        used = await centre.reader.run(lambda c: repository.used_bytes(c, site, merchant))
        if used + promised > centre.settings.photo_quota_bytes:
            raise QuotaUsed(f"the photos of {merchant} have {used} bytes: their share is used up")
        content = await service.read_photo(request.stream(), length, sha256)
        await _store(centre, merchant, unit, sha256, held.subject or "", content)
    return answer(PhotoAnswer(sha256=sha256, bytes=length, stored=True))


async def _store(centre: Centre, merchant: str, unit: str, sha256: str, subject: str, content: bytes) -> None:
    """Durable as a sealed file first, then as a row."""
    keys = centre.eraser.subjects
    sealed = await anyio.to_thread.run_sync(service.seal_photo, keys, subject, unit, sha256, content)
    name = hashlib.sha256(sealed).hexdigest()
    await centre.claims.put(name, _once(sealed), len(sealed))
    photo = Photo(
        unit=unit,
        sha256=sha256,
        merchant=merchant,
        subject=subject,
        sealed_sha256=name,
        bytes=len(content),
    )
    at = centre.now()
    try:
        await centre.writer.submit(lambda c: service.confirm(c, centre.site, photo, at))
    except CentreError:
        await anyio.to_thread.run_sync(centre.claims.remove, name)
        raise


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


@router.get("/{unit:path}/photos/{sha256}")
async def get_photo(unit: str, sha256: Sha256, centre: Here, caller: Shop) -> Response:
    """The photo, for the shop whose customer sent it."""
    merchant, site = own_merchant(caller), centre.site
    held = await centre.reader.run(lambda c: service.naming_unit(c, site, merchant, unit, sha256))
    photo = await centre.reader.run(lambda c: repository.find_photo(c, site, unit, sha256))
    if photo is None or photo.subject != held.subject or not centre.claims.holds(photo.sealed_sha256):
        raise NotFound("this photo was not sent yet, or its file was lost: send it again")
    sealed = await anyio.to_thread.run_sync(centre.claims.path(photo.sealed_sha256).read_bytes)
    content = await anyio.to_thread.run_sync(service.open_photo, centre.eraser.subjects, photo, sealed)
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(content, media_type=service.media_type(content[:16]), headers=headers)
