"""The sentences of `datasets/claims`: what a customer may write, and what is claimed by it.

A file holds families. A family begins with `# claim language split number`; each line below is a sentence, in
which `{item}` stands for a ware. A family lies in one split, so that a test is no test of memory. The files
of `ALONE` hold `claim<TAB>sentence`, each a family by itself, and are splits of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inspection.claims.codes import Claim
from models.errors import BadQuestion

FILES = ("damage.txt", "function.txt", "other.txt", "buyer.txt", "more.txt", "own.txt")
ALONE = ("hard", "blind", "fresh")
"""`hard`: negations, typos, mixed languages, nonsense; `blind`: written before anything was tried on it, and
then tuned on; `fresh`: written with it, and looked at last."""
SPLITS = ("train", "calibration", "test")
ITEMS = {
    "zh": ("杯子", "手机", "外套", "台灯", "书包", "锅"),
    "en": ("kettle", "phone", "jacket", "lamp", "backpack", "chair"),
}
LEARNT_ITEMS = 3
"""Wares that stand in for `{item}` in each sentence that is learnt from; one elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One text and what it claims."""

    claim: Claim
    language: str
    """`zh`, `en`, or `any` where the text mixes them or is neither."""
    split: str
    """Of `SPLITS`, or of `ALONE`."""
    family: str
    text: str


def read_sentences(folder: Path) -> tuple[Sentence, ...]:
    """Read every sentence of the set; raises BadQuestion where a file is missing or a line makes no sense."""
    try:
        families = [row for name in FILES for row in _families(name, _lines(folder / name))]
        alone = [row for name in ALONE for row in _single(name, _lines(folder / f"{name}.txt"))]
        return (*families, *alone)
    except (OSError, ValueError) as error:
        raise BadQuestion(f"{folder} is not the set of sentences: {error}") from error


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _families(name: str, lines: list[str]) -> Iterator[Sentence]:
    claim, language, split, family = Claim.NO_REASON, "", "", ""
    for number, line in enumerate(lines, start=1):
        if line.startswith("# "):
            code, language, split, _ = line[2:].split(" ")
            claim, family = Claim(code), line[2:]
            if language not in ITEMS or split not in SPLITS:
                raise ValueError(f"{name}, line {number}: no such language or split")
        elif line and not family:
            raise ValueError(f"{name}, line {number} stands before any family")
        elif line:
            for text in _with_items(line, language, split, number):
                yield Sentence(claim=claim, language=language, split=split, family=family, text=text)


def _with_items(line: str, language: str, split: str, number: int) -> Iterator[str]:
    wares = ITEMS[language]
    count = LEARNT_ITEMS if split == "train" and "{item}" in line else 1
    for step in range(count):
        yield line.replace("{item}", wares[(number + 2 * step) % len(wares)])


def _single(name: str, lines: list[str]) -> Iterator[Sentence]:
    for number, line in enumerate(lines, start=1):
        code, tab, text = line.partition("\t")
        if not tab:
            raise ValueError(f"{name}.txt, line {number} has no tab")
        yield Sentence(claim=Claim(code), language="any", split=name, family=f"{name} {number}", text=text)
