"""From the JPEG bytes of three 1080p views to Findings, beside ultralytics and anomalib in one run.

`python -m benchmarks.seeing` prints a Markdown table and one JSON line. Every contestant gets the same files,
two cores and a process of its own, so that its peak memory is its own. A peer whose environment is not there
is left out, and the table says why. The pictures are drawn in code, with 8 references per view.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.proposal import CAMERA, VIEWS
from demo.drawing import draw

ROOT = Path(__file__).resolve().parents[1]
REFERENCES = 8
WITHIN_MS: Mapping[str, float] = {"regrade, quick": 250.0, "regrade, default": 600.0, "regrade, finer": 600.0}
"""95th percentile: whole pictures alone, and with the finer one where it pays, or in every view."""
AROUND = 0.15
"""Time around the models as a share of the models' own, measured while nothing runs beside them."""
PATIENCE_S = 900.0
"""After which a contestant is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One row of the table."""

    name: str
    python: Path
    module: str
    variant: str = ""
    """Of a module with several."""
    made_by: str = "make setup"
    """What makes its environment."""


TRAIN, PEERS = (ROOT / ".venv" / name / "bin" / "python" for name in ("train", "peers"))
OURS = Path(sys.executable)
CONTESTANTS = (
    *(
        Contestant(name=f"regrade, {variant}", python=OURS, module="regrade_speed", variant=f"-{variant}")
        for variant in ("quick", "default", "finer", "station")
    ),
    Contestant(name="anomalib PatchCore", python=PEERS, module="anomalib_speed", made_by="make peers"),
    Contestant(name="ultralytics yolo11n", python=TRAIN, module="ultralytics_speed", made_by="make training"),
    Contestant(name="regrade, yolo11n", python=OURS, module="regrade_speed", variant="-yolo"),
)
"""In this order: the last one runs the file that the one before has exported."""


def main() -> dict[str, Any]:
    """One run of every contestant whose environment is there."""
    with tempfile.TemporaryDirectory(prefix="regrade-seeing-") as folder:
        write_pictures(Path(folder))
        rows = {each.name: run(each, Path(folder)) for each in CONTESTANTS}
    return {"figure": "three 1080p views, bytes to findings, beside peers", "rows": rows, **judged(rows)}


def judged(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Our own rows beside their limits."""
    good = all(within(rows[name], limit_ms) for name, limit_ms in WITHIN_MS.items())
    return {"limit_ms": dict(WITHIN_MS), "limit_around": AROUND, "within_limit": good}


def within(row: dict[str, Any], limit_ms: float) -> bool:
    """Whether a row is there and keeps both limits."""
    return "missing" not in row and row["p95_ms"] <= limit_ms and row["around_the_models"] <= AROUND


def write_pictures(folder: Path) -> None:
    """`references/VIEW/NN.jpg` and `views/VIEW.jpg`, as a camera would send them."""
    (folder / "views").mkdir()
    for view, ware in VIEWS.items():
        (folder / "references" / view).mkdir(parents=True)
        for number in range(1, REFERENCES + 1):
            photo = draw(ware, "good", number, size=CAMERA)
            (folder / "references" / view / f"{number:02}.jpg").write_bytes(photo)
        (folder / "views" / f"{view}.jpg").write_bytes(draw(ware, "good", 100, size=CAMERA))


def run(contestant: Contestant, folder: Path) -> dict[str, Any]:
    """What a contestant says of itself, or why it says nothing."""
    if not contestant.python.exists():
        return {"missing": f"no environment for it: {contestant.made_by}"}
    prepared = step(contestant, "prepare", folder)
    return prepared if "missing" in prepared else step(contestant, "look", folder)


def step(contestant: Contestant, name: str, folder: Path) -> dict[str, Any]:
    """One step in a process of its own."""
    command = (str(contestant.python), "-W", "ignore", "-m", f"benchmarks.peers.{contestant.module}")
    try:
        done = subprocess.run(
            [*command, f"{name}{contestant.variant}", str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"missing": f"took more than {PATIENCE_S:.0f} s"}
    return answer(done.returncode, done.stdout, done.stderr)


def answer(code: int, said: str, complained: str) -> dict[str, Any]:
    """The last line on stdout, or the last one on stderr as the reason."""
    lines = (complained if code else said).strip().splitlines() or ["it said nothing"]
    if code:
        return {"missing": lines[-1][:200]}
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def table(rows: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Markdown."""
    shares = ("around_the_models", "beside")
    columns = ("p50_ms", "p95_ms", "cpu_ms", "peak_rss_mb", "models_ms", *shares, "version")
    yield f"| | {' | '.join(columns)} |"
    yield "|---" * (len(columns) + 1) + "|"
    for name, row in rows.items():
        shown: Sequence[str] = [str(row.get(column, "")) for column in columns]
        yield f"| {name} | {row.get('missing') or ' | '.join(shown)} |"


if __name__ == "__main__":
    result = main()
    sys.stdout.write("\n".join(table(result["rows"])) + f"\n{json.dumps(result)}\n")
