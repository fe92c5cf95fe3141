"""`python -m benchmarks`: every figure beside its limit, one line each; exit 1 when a limit is missed."""

import json
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console

from benchmarks import (
    codecs,
    dropping,
    feed,
    identity,
    ledger,
    proposal,
    reasons,
    records,
    refund_latency,
    refund_statistics,
    seeing,
    start,
    webhooks,
)  # fmt: skip

FIGURES: dict[str, Callable[[], dict[str, Any]]] = {
    "records": records.main,
    "proposal": proposal.main,
    "seeing": seeing.main,
    "identity": identity.main,
    "codecs": codecs.main,
    "feed": feed.main,
    "refund_latency": refund_latency.main,
    "refund_statistics": refund_statistics.main,
    "ledger": ledger.main,
    "webhooks": webhooks.main,
    "reasons": reasons.main,
    "dropping": dropping.main,
    "start": start.main,
}


def main(names: list[str]) -> int:
    """Measure the named figures, all of them by default."""
    unknown = set(names) - set(FIGURES)
    if unknown:
        print(f"no such figure: {', '.join(sorted(unknown))} (of {', '.join(FIGURES)})", file=sys.stderr)
        return 2
    within = True
    for name in names or FIGURES:
        with Console(stderr=True).status(f"measuring {name}"):
            figure = FIGURES[name]()
        print(json.dumps(figure), flush=True)
        within = within and bool(figure["within_limit"])
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
