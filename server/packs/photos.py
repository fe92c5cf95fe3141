"""Photos in the clear: opened with the site's key, and shown only where they are what was committed to."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from inspection.custody.sealing import open_image, opens, unwrap_key
from inspection.errors import BadSeal
from inspection.messages.uplink import ImageKey
from inspection.record import EvidenceItem, InspectionRecord
from kit.pack.case import PackPhoto
from server.evidence.store import EvidenceStore
from server.subjects.opening import Opened


def photos_of(
    store: EvidenceStore, sealing: X25519PrivateKey, record: InspectionRecord, opened: Opened
) -> list[PackPhoto]:
    """The photos of a record that are here and can be opened, in the record's order."""
    keys = {key.ciphertext_sha256: key for key in opened.images}
    found = (_photo(store, sealing, record, item, keys) for item in record.evidence)
    return [photo for photo in found if photo is not None]


def _photo(
    store: EvidenceStore,
    sealing: X25519PrivateKey,
    record: InspectionRecord,
    item: EvidenceItem,
    keys: dict[str, ImageKey],
) -> PackPhoto | None:
    key = keys.get(item.ciphertext_sha256)
    if key is None or not store.holds(item.ciphertext_sha256):
        return None
    content = _content(store.path(item.ciphertext_sha256).read_bytes(), key, sealing)
    if content is None or not opens(item.plaintext_commitment, key.salt, hashlib.sha256(content).hexdigest()):
        return None
    return PackPhoto(
        record=record.id,
        view=item.view,
        media_type=item.media_type,
        ciphertext_sha256=item.ciphertext_sha256,
        salt=key.salt,
        content=content,
    )


def _content(sealed: bytes, key: ImageKey, sealing: X25519PrivateKey) -> bytes | None:
    """The plaintext; None where station and centre do not speak of the same key."""
    try:
        return open_image(sealed, unwrap_key(key.wrapped, sealing, key.ciphertext_sha256))
    except BadSeal:
        return None
