"""EPCs read in a second, ours beside epcpy and pyepc, in one run on one machine.

`python -m benchmarks.identity` prints a table in Markdown. CPU time, one thread, the best of 15 rounds, in
turns: what else the machine does is not counted. Ours gives scheme, key, serial, URI and Digital Link and
checks every bit; epcpy and pyepc are asked for the URI alone. pyepc runs in an environment of its own with
the same Python (`make peers-devices-identity`), and is left out where that is not there.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from epcpy.utils.parsers import hex_to_tag_encodable

from benchmarks.peers.pyepc_speed import rates
from inspection.identity.epc import OWN, read_epc
from inspection.identity.plus import HEADERS

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / ".venv" / "peers-devices-identity" / "bin" / "python"
EXAMPLES: Mapping[str, str] = {
    "SGTIN-96": "3066c4409047e140075bcd15",
    "SGTIN-198": "3666c4409047e159b2c2bf100000000000000000000000000000",
    "SSCC-96": "311ba1b300ce0a6a83000000",
    "GRAI-96": "3376451fd40c0e400000162e",
    "GIAI-96": "3476451fd40000000000162e",
    "SGLN-96": "3276451fd46072000000162e",
    "GDTI-174": "3e76451fd7039b061438997367d0c18b266d1ab66ee0",
    "SGTIN+": "f73795211411234538566cb0afc4",
    "SSCC+": "f90095201234567891235000",
    "GIAI+": "fa3952114132e83c2bf10000",
    "SGTIN++": "fd3795211411234538566cb0afc525065f1876f0d996d800",
}
"""From annex E.3 of GS1's standard."""
LEAST_PER_S = 20_000
"""Asked of the schemes that we read ourselves: 1,000 readings a second then cost a twentieth of a core."""


def main() -> dict[str, Any]:
    """Rates of every example, and whether our own decoders keep their limit and beat epcpy's."""
    peer = pyepc()
    rows = {name: row(written, peer.get(name)) for name, written in EXAMPLES.items()}
    own = [found for name, found in rows.items() if is_own(EXAMPLES[name])]
    return {
        "figure": "EPCs read in a second of CPU time",
        "rows": rows,
        "limit_per_s": LEAST_PER_S,
        "within_limit": all(
            found["ours"] >= LEAST_PER_S and found["ours"] > (found["epcpy"] or 0) for found in own
        ),
    }


def is_own(written: str) -> bool:
    """Whether no other library reads this scheme for us."""
    return int(written[:2], 16) in (*OWN, *HEADERS)


def row(written: str, peer: dict[str, Any] | None) -> dict[str, Any]:
    """One scheme: rates of ours, epcpy's and pyepc's; None where one cannot read it."""
    epc = bytes.fromhex(written)
    uri = read_epc(epc).uri
    contestants: list[Callable[[], object]] = [lambda: read_epc(epc)]
    if uri is not None:
        assert hex_to_tag_encodable(written).epc_uri == uri
        contestants.append(lambda: hex_to_tag_encodable(written).epc_uri)
    ours, *theirs = rates(*contestants)
    found = {
        "ours": ours,
        "epcpy": theirs[0] if theirs else None,
        "pyepc": peer["per_s"] if peer else None,
    }
    return found | ({"pyepc_says": peer["said"], "is": uri} if peer and peer["said"] != uri else {})


def pyepc() -> dict[str, Any]:
    """What pyepc reads, and how fast; nothing where its environment is missing."""
    if not PEER.exists():
        return {}
    script = ROOT / "benchmarks" / "peers" / "pyepc_speed.py"
    done = subprocess.run(
        [PEER, script], input=json.dumps(EXAMPLES), capture_output=True, text=True, check=True, timeout=300
    )
    return dict(json.loads(done.stdout))


def page(found: dict[str, Any]) -> str:
    """The table of `docs/peers/identity-DATE.md`."""
    lines = ["| scheme | ours | epcpy | pyepc |", "|---|---|---|---|"]
    for name, each in found["rows"].items():
        cells = (f"{each[who]:,}" if each[who] else "-" for who in ("ours", "epcpy", "pyepc"))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        f"\n{name}: pyepc says `{each['pyepc_says']}`, which is `{each['is']}`."
        for name, each in found["rows"].items()
        if "pyepc_says" in each
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    figure = main()
    sys.stdout.write(f"{datetime.now(UTC):%Y-%m-%d}\n\n{page(figure)}\n")
    sys.exit(0 if figure["within_limit"] else 1)
