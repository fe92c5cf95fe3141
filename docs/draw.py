"""Write the generated parts of journey.md, rules.md and refund-cases.md anew: `python docs/draw.py`.

What stands between `<!-- drawn: NAME -->` and `<!-- end: NAME -->` comes from the tables in
`inspection`; a test fails while it is stale.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from inspection.findings import Severity
from inspection.grades import Condition, Grade
from inspection.journey import RETRY, draw
from inspection.operator import BINS, KEYS
from inspection.policy import DEFAULT_POLICY, WHOLE_PPM
from inspection.refund import NOT_THE_CUSTOMER
from inspection.refund_exceptions import CASES
from inspection.refund_state import draw as draw_refund
from inspection.returns import ReturnReason
from inspection.rubrics import RUBRICS, Rubric
from inspection.words.catalog import Words, words
from inspection.words.money import percent

DOCS = Path(__file__).parent
PAGES = ("journey.md", "rules.md", "refund-cases.md")


def fresh(page: str) -> str:
    """Return a page with its generated parts drawn anew; raises KeyError for an unknown part."""
    parts = drawings()
    marks = re.compile(r"<!-- drawn: (\w+) -->\n.*?<!-- end: \1 -->", re.DOTALL)
    return marks.sub(lambda m: f"<!-- drawn: {m[1]} -->\n{parts[m[1]]}\n<!-- end: {m[1]} -->", page)


def drawings() -> Mapping[str, str]:
    """Return every generated part by its name."""
    said = words("en")
    return {
        "journey": f"```mermaid\n{draw()}\n```",
        "holds": holds(said),
        "keys": keys(said),
        "bins": bins(said),
        "rubrics": "\n\n".join(rubric_table(rubric) for rubric in RUBRICS.values()),
        "refunds": refund_table(said),
        "refund_states": f"```mermaid\n{draw_refund()}\n```",
        "refund_cases": case_table(said),
    }


def holds(said: Words) -> str:
    """Return the table of hold reasons."""
    rows = ((reason.value, said.name(reason), event or "set aside") for reason, event in RETRY.items())
    return table(("reason", "what the bench says", "again"), rows)


def keys(said: Words) -> str:
    """Return the table of keys and barcodes."""
    names = (
        (key if key.strip() else "Space", f"`CMD:{code}`", said.name(code)) for key, code in KEYS.items()
    )
    return table(("key", "barcode", "meaning"), names)


def bins(said: Words) -> str:
    """Return the table of bins."""
    rows = ((said.name(d), f"`BIN:{m.letter}`", m.color, m.shape) for d, m in BINS.items())
    return table(("disposition", "barcode", "colour", "shape"), rows)


def rubric_table(rubric: Rubric) -> str:
    """Return one rubric as a heading, its table and its grades."""
    rows = [(str(kind), str(zone), *text.split()) for (kind, zone), text in rubric.rows.items()]
    rows.append(("every other", "any", *rubric.default.split()))
    grades = ", ".join(f"{c} {rubric.grade(c)}" for c in Condition)
    head = ("kind", "zone", *map(str, Severity))
    return f"### {rubric.category}\n\n{table(head, rows)}\n\nGrades: {grades}."


def refund_table(said: Words) -> str:
    """Return the share of the price paid by return reason and grade."""
    graded = (Grade.NEW, Grade.USED, Grade.DAMAGED)
    rows = ((said.name(r), *(percent(share(g, r)) for g in graded)) for r in ReturnReason)
    return table(("returned because", *map(str, graded)), rows)


def case_table(said: Words) -> str:
    """Return every case of a refund with its owner and its ways out."""
    rows = (
        (
            f"`{kind.value}`",
            said.name(kind),
            said.name(rule.owner),
            ", ".join(f"`{way.value}`" for way in rule.ways_out),
            "yes" if rule.overtaken else "no",
        )
        for kind, rule in CASES.items()
    )
    return table(("case", "what it is", "lies with", "ways out", "overtaken"), rows)


def share(grade: Grade, reason: ReturnReason) -> int:
    """Return what the default policy pays back, in ppm of the price paid."""
    full = grade == Grade.NEW or reason in NOT_THE_CUSTOMER
    return WHOLE_PPM if full else DEFAULT_POLICY.refund_share_ppm(grade, reason)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    first = tuple(head)
    lines = [first, ("---",) * len(first), *map(tuple, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write() -> None:
    """Write every page anew, in place."""
    for name in PAGES:
        path = DOCS / name
        path.write_text(fresh(path.read_text(encoding="utf-8")), encoding="utf-8")
        sys.stdout.write(f"drawn: docs/{name}\n")


if __name__ == "__main__":
    write()
