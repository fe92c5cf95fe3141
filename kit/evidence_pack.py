"""The evidence pack of one return as a zip: pages for people, proofs for programs, both offline.

Pure: the same case gives the same bytes. Whoever has the zip needs neither this program nor the
centre: `verify.html` and `regrade_verify.py` check all of it.
"""

import io
from importlib.resources import files

from kit.archive_writer import write_zip
from kit.pack.bundle import bundle_bytes
from kit.pack.case import EvidenceCase
from kit.pack.page import page_bytes
from kit.pack.report import report_bytes

STANDALONE = ("standalone", "regrade_verify.py")
"""The verifier that needs nothing but Python and `cryptography`, inside `kit`."""
MODE = 0o100644
"""Of each file: the same return gives the bytes that it always gave."""


def pack_bytes(case: EvidenceCase) -> bytes:
    """The zip of a case that holds at least one verdict; raises NotTrusted where its proofs do not fit."""
    bundle = bundle_bytes(case)
    contents = {
        "bundle.json": bundle,
        "policy": case.policy,
        "report.pdf": report_bytes(case),
        "verify.html": page_bytes(case, bundle),
        "regrade_verify.py": files("kit").joinpath(*STANDALONE).read_bytes(),
    }
    for entry in case.entries:
        index = entry.read().seq
        contents[f"leaves/{index}.json"] = entry.leaf
        contents[f"proofs/{index}.tlog-proof"] = entry.proof
    contents |= {photo.file: photo.content for photo in case.photos}
    out = io.BytesIO()
    write_zip(out, ((name, (contents[name],)) for name in sorted(contents)), MODE)
    return out.getvalue()
