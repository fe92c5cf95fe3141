"""How fast pyepc reads EPCs; `benchmarks/identity.py` runs it in `.venv/peers-devices-identity`.

Reads `{name: hex}` from stdin, writes `{name: {"per_s": ..., "said": ...}}` of those that it can read.
"""

import json
import sys
from collections.abc import Callable
from time import process_time
from typing import Any

ROUNDS, CALLS = 5, 2000


def rate(once: Callable[[], object]) -> float:
    """Calls per CPU second, the best of five rounds."""
    best = 0.0
    for _ in range(ROUNDS):
        began = process_time()
        for _ in range(CALLS):
            once()
        best = max(best, CALLS / (process_time() - began))
    return best


def main() -> None:
    """Answer on stdout."""
    from pyepc import decode

    found: dict[str, Any] = {}
    for name, written in json.load(sys.stdin).items():
        try:
            said = decode(written).pure_identity_uri
        except Exception:  # noqa: S112 - a peer's own errors: it cannot read this scheme
            continue
        found[name] = {
            "per_s": round(rate(lambda written=written: decode(written).pure_identity_uri)),  # type: ignore[misc]
            "said": said,
        }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
