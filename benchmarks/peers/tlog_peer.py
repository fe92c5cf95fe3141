"""What aics-tlog and aics-witness's client say of our log, in their own environment: `make peers-ledger`.

`python -m benchmarks.peers.tlog_peer STEP ASKED.json` prints one JSON object: what was found, or an error.
Imports nothing of ours.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

from aics_tlog import (
    FileSystemTileReader,
    HttpTileReader,
    IncrementalTileWriter,
    MemoryTileStore,
    VerifiedTileReader,
    audit_tiles,
    checkpoint,
    inclusion_proof_from_tiles,
    parse_note,
    parse_vkey,
    read_entry,
    verify_checkpoint,
    verify_consistency,
    verify_leaf_inclusion,
)


def verified(note: bytes, asked: dict[str, Any]) -> Any:
    """The checkpoint in a note of ours, its signature checked with the key that we told."""
    parsed, key = parse_note(note), parse_vkey(asked["vkey"])
    result = verify_checkpoint(parsed, key, expected_origin=asked["origin"])
    assert result.ok, result.error
    return checkpoint.parse_checkpoint(parsed.text)


def folder(asked: dict[str, Any]) -> dict[str, Any]:
    """The exported folder: checkpoint, every tile, every bundle; and the same tiles made by the peer."""
    root = Path(asked["folder"])
    found = verified((root / "checkpoint").read_bytes(), asked)
    reader = FileSystemTileReader(root)
    report = audit_tiles(reader, found.size, found.root)
    store = MemoryTileStore()
    writer = IncrementalTileWriter(store)
    writer.append(read_entry(reader, index, found.size) for index in range(found.size))
    assert writer.root() == found.root
    for path, content in store.tiles.items():
        assert (root / path).read_bytes() == content, path
    return {"size": found.size, "tiles": report.tiles, "bundles": report.bundles, "equal": len(store.tiles)}


def proofs(asked: dict[str, Any]) -> dict[str, Any]:
    """Our proofs against their verifier, and each with one bit flipped."""
    root, size = base64.b64decode(asked["root"]), asked["size"]
    refused = 0
    included, consistent = asked["inclusion"], asked["consistency"]
    for each in included:
        leaf, hashes = base64.b64decode(each["leaf"]), decoded(each["proof"])
        assert verify_leaf_inclusion(leaf, each["index"], size, hashes, root)
        refused += not verify_leaf_inclusion(leaf + b" ", each["index"], size, hashes, root)
    for each in consistent:
        old, hashes = base64.b64decode(each["root"]), decoded(each["proof"])
        assert verify_consistency(each["size"], size, old, root, hashes)
        refused += not verify_consistency(each["size"], size, old[::-1], root, hashes)
    assert refused == len(asked["inclusion"]) + len(asked["consistency"])
    return {
        "inclusion": len(asked["inclusion"]),
        "consistency": len(asked["consistency"]),
        "refused": refused,
    }


def over_http(asked: dict[str, Any]) -> dict[str, Any]:
    """The log as the centre serves it: checkpoint and every tile of hashes."""
    reader = HttpTileReader([asked["url"]], proxies={})
    found = verified(reader.read_checkpoint(), asked)
    assert (found.size, found.root) == (asked["size"], base64.b64decode(asked["root"]))
    report = audit_tiles(reader, found.size, found.root, entries=False)
    proven = VerifiedTileReader(reader, found.size, found.root)
    made = [inclusion_proof_from_tiles(proven, index, found.size) for index in (0, found.size - 1)]
    return {"size": found.size, "tiles": report.tiles, "proofs": len(made)}


def feed(asked: dict[str, Any]) -> dict[str, Any]:
    """Their client submits our checkpoints to our witness, and checks what it is given."""
    from aics_witness.feeder import WitnessClient, WitnessRejected

    proofs_by_size = {(each["old"], each["new"]): decoded(each["proof"]) for each in asked["proofs"]}
    lines = []
    with WitnessClient(asked["url"], asked["witness"]) as client:
        for note in asked["notes"]:
            lines.append(client.submit(note, lambda old, new: proofs_by_size[(old, new)]))
        try:
            client.submit(asked["forged"], lambda old, new: proofs_by_size[(old, new)])
            raise AssertionError("a forged root was cosigned")
        except WitnessRejected as error:
            refused = error.status
    return {"cosigned": len(lines), "forged": refused}


def decoded(hashes: list[str]) -> list[bytes]:
    """Base64 to bytes."""
    return [base64.b64decode(each) for each in hashes]


STEPS = {"folder": folder, "proofs": proofs, "over_http": over_http, "feed": feed}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](json.loads(Path(sys.argv[2]).read_text()))))
