"""Our log before others' programs, and theirs before ours: `python -m benchmarks.interop [--page FILE]`.

aics-tlog checks our checkpoints, tiles, bundles and proofs, from a folder and over HTTP, and makes the same
tiles from the same leaves; aics-witness cosigns us and refuses what is forged; its client feeds our
witness; our reader goes through the log that Tessera keeps for its tests. Needs `make peers-ledger`.
Exit code 1 when anything is refused that should hold.
"""

import argparse
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import ledger_library
from benchmarks.interop_witness import cosigned_by_ours, cosigned_by_theirs
from benchmarks.ledger import PEERS, ROOT, shown
from benchmarks.our_log import OurLog, PeerSaysNo, ask, base64s, make_log
from benchmarks.site import CentreProcess
from inspection.custody.checkpoint import open_checkpoint
from inspection.custody.merkle import leaf_hash, root_of
from inspection.custody.note import read_vkey
from inspection.custody.tiles import TreeView, entries_path, read_bundle, tile_path
from inspection.errors import DomainError
from server.ledger.tree import tree_view

ENTRIES = 1_000
OLDER = (1, 255, 256, 257, 512, 999)
TESSERA = ROOT.parent / "shared" / "vectors" / "ledger" / "tessera" / "testdata" / "log"
TESSERA_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"


def folder_read(ours: OurLog) -> dict[str, Any]:
    """aics-tlog reads the exported folder whole, and makes every tile again."""
    return ask("folder", ours.folder, {**ours.told, "folder": str(ours.exported)})


def proofs_checked(ours: OurLog) -> dict[str, Any]:
    """aics-tlog checks our proofs, and refuses each with something changed."""
    with ours.reading() as connection:
        view = tree_view(connection, ledger_library.SITE, ours.size)
        asked = {
            "size": ours.size,
            "root": b64encode(view.root()).decode(),
            "inclusion": [
                {
                    "index": index,
                    "leaf": b64encode(ledger_library.LOG.at(connection, index) or b"").decode(),
                    "proof": base64s(view.inclusion(index)),
                }
                for index in range(0, ours.size, 7)
            ],
        }
    asked["consistency"] = [
        {
            "size": old,
            "root": b64encode(ours.root(old)).decode(),
            "proof": base64s(ours.consistency(old, ours.size)),
        }
        for old in OLDER
    ]
    return ask("proofs", ours.folder, asked)


def served(ours: OurLog) -> dict[str, Any]:
    """aics-tlog reads the log as the running centre serves it, and makes proofs of its own."""
    process = CentreProcess(ours.folder)
    try:
        url = f"{process.start()}/site/{ledger_library.SITE}/"
        root = b64encode(ours.root(ours.size)).decode()
        return ask("over_http", ours.folder, {**ours.told, "url": url, "size": ours.size, "root": root})
    finally:
        process.stop()


def tessera_read(_: OurLog) -> dict[str, Any]:
    """Our reader on Tessera's log: each checkpoint's signature, its root from tiles and from bundles."""
    if not TESSERA.exists():
        return {"missing": "its files are not beside this checkout"}
    key, checked = read_vkey(TESSERA_KEY), 0
    for path in sorted(TESSERA.glob("checkpoint*")):
        found = open_checkpoint(path.read_bytes(), [key])
        if found.size:
            view = TreeView(found.size, _tile)
            entries = read_bundle((TESSERA / entries_path(0, found.size)).read_bytes(), found.size)
            if not view.root() == root_of([leaf_hash(entry) for entry in entries]) == found.root:
                raise PeerSaysNo(f"{path.name}: its root does not come out")
        checked += 1
    return {"checkpoints": checked}


def _tile(level: int, index: int, width: int) -> bytes:
    return (TESSERA / tile_path(level, index, width)).read_bytes()


STEPS: dict[str, Callable[[OurLog], dict[str, Any]]] = {
    "aics-tlog 0.2.1 reads our exported folder: signature, tiles, bundles, its own tiles equal": folder_read,
    "aics-tlog checks our proofs, and refuses each with something changed": proofs_checked,
    "aics-tlog reads our centre over HTTP: signature, every tile, proofs of its own": served,
    "aics-witness 0.1.0 cosigns us; 409 for a stale size, 422 for a forged root": cosigned_by_theirs,
    "aics-witness's client feeds our witness; a forged checkpoint is refused": cosigned_by_ours,
    "we read Tessera's log: signatures, roots from tiles and from bundles": tessera_read,
}


def main() -> list[tuple[str, bool, str]]:
    """What was tried, whether it held, and what was counted or said."""
    if not PEERS.exists():
        return [("the peers", False, "no environment for them: make peers-ledger")]
    with tempfile.TemporaryDirectory(prefix="regrade-interop-") as name:
        ours = make_log(Path(name), ENTRIES)
        return [(words, *_tried(step, ours)) for words, step in STEPS.items()]


def _tried(step: Callable[[OurLog], dict[str, Any]], ours: OurLog) -> tuple[bool, str]:
    try:
        return True, shown(step(ours))
    except (PeerSaysNo, DomainError) as error:
        return False, str(error)


def page(found: list[tuple[str, bool, str]], at: datetime) -> str:
    """Markdown."""
    lines = [
        f"# Our log before others' programs, {at:%Y-%m-%d %H:%M} UTC\n",
        f"`python -m benchmarks.interop`: a log of {ENTRIES:,} entries, and Tessera's log of its tests.\n",
        "| tried | held | counted |\n|---|---|---|",
        *(f"| {words} | {'yes' if held else '**no**'} | {said} |" for words, held, said in found),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    result = main()
    text = page(result, datetime.now(UTC))
    if options.page:
        options.page.write_text(text)
    sys.stdout.write(text)
    sys.exit(0 if all(held for _, held, _ in result) else 1)
