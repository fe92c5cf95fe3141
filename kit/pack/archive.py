"""A zip whose bytes depend on nothing but the files in it."""

import io
from collections.abc import Mapping
from zipfile import ZIP_STORED, ZipFile, ZipInfo

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can name: when a pack was made stands inside it."""
READABLE = 0o100644 << 16
UNIX = 3


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """Files by name as a zip: sorted, stored and not packed, without a clock or an owner."""
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as archive:
        for name in sorted(files):
            entry = ZipInfo(name, date_time=EPOCH)
            entry.external_attr, entry.create_system = READABLE, UNIX
            archive.writestr(entry, files[name])
    return out.getvalue()
