"""How fast pyepc reads EPCs; `benchmarks/identity.py` runs it in `.venv/peers-devices-identity`.

Reads `{name: hex}` from stdin, writes `{name: {"per_s": ..., "said": ...}}` of those that it can read.
"""

import json
import sys
from collections.abc import Callable
from time import process_time
from typing import Any

ROUNDS, CALLS = 15, 1000


def rates(*contestants: Callable[[], object]) -> list[int]:
    """Calls per CPU second of each, the best of its rounds; they take turns, so a slow moment meets all."""
    best = [0.0] * len(contestants)
    for _ in range(ROUNDS):
        for number, once in enumerate(contestants):
            began = process_time()
            for _ in range(CALLS):
                once()
            best[number] = max(best[number], CALLS / (process_time() - began))
    return [round(each) for each in best]


def main() -> None:
    """Answer on stdout."""
    from pyepc import decode

    found: dict[str, Any] = {}
    for name, written in json.load(sys.stdin).items():
        try:
            said = decode(written).pure_identity_uri
        except Exception:  # noqa: S112 - a peer's own errors: it cannot read this scheme
            continue
        [per_s] = rates(lambda written=written: decode(written).pure_identity_uri)  # type: ignore[misc]
        found[name] = {"per_s": per_s, "said": said}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
