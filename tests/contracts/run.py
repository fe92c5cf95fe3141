"""`make contracts`: schemathesis over a real centre for longer than the tests have time for."""

import argparse
import os
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.conftest import RECORD, merged
from tests.contracts.openapi_runs import SEED, Tally, run
from tests.contracts.served import served

ROOT = Path(__file__).resolve().parents[2]
LEAST_SPACE = Path("/dev/shm")  # noqa: S108 - only for speed: nothing of it is kept
PAGE = """# schemathesis over the HTTP API, {day}

`make contracts ARGS='--examples {examples} --write'`; schemathesis {version}, seed {seed}, {took_s:.0f} s.
A real centre with a merchant, a product, eight units, an enrolled station and four verdicts, over HTTP on
loopback; a key of each scope that an operation names, in turn. Every check is on, no operation is left out.

**{operations} operations, {cases:,} requests, {checks:,} checks; failures: {failures}.**

| phase | requests |
|---|---|
{phases}

| answer | requests |
|---|---|
{answers}

| check | times |
|---|---|
{names}

What JSON Schema cannot say of a good request is put right before it goes out
(`tests/contracts/openapi_runs.py`): a hash that must be that of the body, check digits, signatures, whole
numbers without a point, names that stand here.
"""


def page(tally: Tally, examples: int, now: datetime) -> str:
    """The figures as a page."""
    return PAGE.format(
        day=now.date().isoformat(),
        examples=examples,
        version=version("schemathesis"),
        seed=SEED,
        took_s=tally.took_s,
        operations=len(tally.operations),
        cases=tally.cases.total(),
        checks=tally.checks.total(),
        failures=len(tally.failures),
        phases=_rows(tally.cases.items()),
        answers=_rows(sorted((str(status), many) for status, many in tally.answers.items())),
        names=_rows(sorted(tally.checks.items())),
    )


def _rows(pairs: object) -> str:
    return "\n".join(f"| {name} | {many:,} |" for name, many in pairs if many)  # type: ignore[attr-defined]


def main() -> int:
    """Run it; 1 when something was found."""
    options = argparse.ArgumentParser(prog="make contracts", description=__doc__)
    options.add_argument("--examples", type=int, default=100, help="random requests for each operation")
    options.add_argument("--write", action="store_true", help="keep the figures under docs/peers")
    given, now = options.parse_args(), datetime.now(UTC)
    place = LEAST_SPACE if os.access(LEAST_SPACE, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(dir=place) as folder,
        served(Path(folder), lambda **changes: merged(RECORD, changes)) as centre,
    ):
        tally = run(centre, examples=given.examples)
    text = page(tally, given.examples, now)
    if given.write:
        (ROOT / f"docs/peers/schemathesis-{now.date().isoformat()}.md").write_text(text, encoding="utf-8")
    print(text, tally.report(), sep="\n")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
