"""References between a folder and the centre, on whoever makes them: push, pull, withdraw.

Photos go along with the bank, so that anybody who has them can add one and build the bank again.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from edge.errors import BadConfig
from edge.incoming import Incoming, put_in_place
from edge.references import INCOMING, check_bank
from inspection.messages.base import sentence
from inspection.messages.references import (
    PublishedReferences,
    ReferenceBank,
    ReferencePage,
    ReferencePhoto,
    ReferenceSet,
)
from link.errors import Refused
from link.http import HttpLink
from models.bankfile import read_bank
from models.errors import BadName, NoReferences
from models.store import BANK_FILE, ReferenceStore, folder_name

NOT_FOUND = 404
KEY = "REGRADE_REFERENCES_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One view's references as they travel."""

    references: ReferenceSet
    files: tuple[bytes, ...]
    """Photos and bank."""


def pack(root: Path, store: ReferenceStore, sku: str, view: str) -> Parcel:
    """Read one view's bank and photos.

    Raises NoReferences where there is no bank or it was made of other photos, BankRefused for one that is
    broken, BadName for names that the centre does not take.
    """
    path = bank_path(root, store.merchant, sku, view)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise NoReferences(f"{sku} {view} has no bank: add good photos first") from error
    header = read_bank(content).header
    photos = [photo.content for photo in store.photos(sku, view)]
    if {_hash(photo) for photo in photos} != set(header.photos):
        raise NoReferences(
            f"the bank of {sku} {view} was made of other photos: `regrade references add` again"
        )
    bank = ReferenceBank(sha256=_hash(content), bytes=len(content), backbone_sha256=header.backbone_sha256)
    references = set_of(store.merchant, sku, view, bank, photos)
    return Parcel(references=references, files=(*photos, content))


def set_of(
    merchant: str, sku: str, view: str, bank: ReferenceBank | None, photos: Sequence[bytes]
) -> ReferenceSet:
    """The set as the centre takes it; raises BadName for names that it does not take."""
    rows = tuple(ReferencePhoto(sha256=_hash(photo), bytes=len(photo)) for photo in photos)
    try:
        return ReferenceSet(merchant=merchant, sku=sku, view=view, bank=bank, photos=rows)
    except ValidationError as error:
        raise BadName(f"the centre does not take this: {sentence(error)}") from error


async def push(link: HttpLink, parcel: Parcel) -> PublishedReferences:
    """Send the files that the centre lacks, and publish the set; raises LinkError."""
    for content in parcel.files:
        address = _address(parcel.references.merchant, _hash(content))
        if not await _is_there(link, address):
            await link.put(address, content)
    return await publish(link, parcel.references)


async def publish(link: HttpLink, wanted: ReferenceSet) -> PublishedReferences:
    """Let a set stand at the centre; without a bank it is withdrawn."""
    answer = await link.put("/v1/references", wanted.to_json())
    return PublishedReferences.read(answer.content)


async def announced(link: HttpLink, merchant: str) -> AsyncIterator[PublishedReferences]:
    """Every set of a merchant that stands at the centre."""
    after, more = 0, True
    while more:
        answer = await link.get("/v1/references", params={"after": after, "merchant": merchant})
        page = ReferencePage.read(answer.content)
        for published in page.published:
            yield published
        more = page.more and bool(page.published) and page.published[-1].version > after
        after = page.published[-1].version if page.published else after


async def pull(link: HttpLink, root: Path, store: ReferenceStore, wanted: ReferenceSet) -> int:
    """Bring one set into the folder: photos that it lacks, then the bank; returns how many photos came.

    Raises LinkError, WrongFile, DiskFull, BankRefused, BadImage, TooManyReferences.
    """
    if wanted.bank is None:
        store.drop_bank(wanted.sku, wanted.view)
        return 0
    incoming = Incoming(root / INCOMING)
    here = {photo.sha256 for photo in store.photos(wanted.sku, wanted.view)}
    came = [photo for photo in wanted.photos if photo.sha256 not in here]
    for photo in came:
        address = _address(wanted.merchant, photo.sha256)
        part = await incoming.fetch(link, address, sha256=photo.sha256, length=photo.bytes)
        store.add_photo(wanted.sku, wanted.view, part.read_bytes())
    address = _address(wanted.merchant, wanted.bank.sha256)
    part = await incoming.fetch(link, address, sha256=wanted.bank.sha256, length=wanted.bank.bytes)
    check_bank(part, wanted, wanted.bank)
    put_in_place(part, bank_path(root, wanted.merchant, wanted.sku, wanted.view))
    return len(came)


def bank_path(root: Path, merchant: str, sku: str, view: str) -> Path:
    """Where a view's bank lies; raises BadName."""
    return root / folder_name(merchant) / folder_name(sku) / folder_name(view) / BANK_FILE


def key_from(environ: Mapping[str, str]) -> str:
    """The API key for references; raises BadConfig where none is given."""
    key = environ.get(KEY, "").strip()
    if not key:
        raise BadConfig(f"put an API key of scope references into {KEY}")
    return key


async def _is_there(link: HttpLink, address: str) -> bool:
    try:
        await link.request("HEAD", address)
    except Refused as error:
        if error.status == NOT_FOUND:
            return False
        raise
    return True


def _address(merchant: str, sha256: str) -> str:
    return f"/v1/reference-files/{merchant}/{sha256}"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
