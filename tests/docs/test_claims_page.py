"""The page on claims, the cards and the dated figures say what the program says."""

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from inspection.claims.codes import MEANINGS, ClaimCheck
from inspection.claims.grams import shipped
from models.evaluation.reasons import figures, read_all
from models.evaluation.sentences import ALONE, FILES, read_sentences

Table = Callable[[str, str], list[dict[str, str]]]
Page = Callable[[str], str]
ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/claims.md"


def test_the_claims_are_the_programs(table: Table) -> None:
    shown = {
        row["claim"]: (
            row["reason"],
            row["what pictures show of it"],
            {kind.strip("` ") for kind in row["defects that bear it out"].split(",")} - {""},
        )
        for row in table(PAGE, "claims")
    }
    assert shown == {
        claim: (meaning.reason, meaning.sight, set(meaning.kinds)) for claim, meaning in MEANINGS.items()
    }


def test_the_checks_are_the_programs(table: Table) -> None:
    assert [row["check"] for row in table(PAGE, "checks")] == list(ClaimCheck)


def test_the_cards_name_the_file_that_is_shipped_and_count_its_sentences(page: Page) -> None:
    content = (ROOT / "inspection/claims/weights.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() in page("inspection/claims/CARD.md")
    assert shipped().sha256[:16] in page("docs/peers/reasons-2026-11-28.md")
    head = hashlib.sha256((ROOT / "inspection/claims/head.npz").read_bytes()).hexdigest()
    assert head in page("inspection/claims/CARD.md")
    assert head[:16] in page("docs/peers/reasons-2026-11-29.md")
    card, counts = page("datasets/claims/CARD.md"), Counter[str]()
    for name in FILES:
        part = ""
        for line in page(f"datasets/claims/{name}").splitlines():
            part = line.split(" ")[3] if line.startswith("# ") else part
            counts[part] += bool(line) and not line.startswith("# ")
    counts |= {f"{name}.txt": len(page(f"datasets/claims/{name}.txt").splitlines()) for name in ALONE}
    for part, count in counts.items():
        assert f"| `{part}` | {count} |" in card
    assert f"| What | {counts.total():,} sentences" in card


def test_the_figures_of_the_page_are_those_that_the_shipped_model_gives(page: Page) -> None:
    reads = read_all(read_sentences(ROOT / "datasets/claims"))
    for split, language in (("fresh", "any"), ("test", "zh"), ("test", "en"), ("hard", "any")):
        found = figures([r for r in reads if (r.sentence.split, r.sentence.language) == (split, language)])
        shown = (found.accuracy, found.uncertain, found.right)
        assert f"| {found.count} | {' | '.join(f'{one * 100:.0f} %' for one in shown)} |" in page(PAGE), split
