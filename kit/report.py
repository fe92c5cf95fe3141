"""A verification's report as sentences and as one JSON object."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from kit.verify import Doubt, Report
from kit.walk import Problem, Rule

SAYS: dict[Rule, str] = {
    Rule.CHANGED: "was changed",
    Rule.DROPPED: "was dropped",
    Rule.SWAPPED: "was moved",
    Rule.INSERTED: "was inserted",
    Rule.UNREADABLE: "cannot be read by this program",
    Rule.MISNUMBERED: "has a wrong index",
    Rule.SPLIT: "belongs to another history",
    Rule.OLD_HEAD: "the header is older than the receipt",
    Rule.TOO_LONG: "the file goes on far behind its last entry",
    Rule.NO_BEGINNING: "is not the beginning",
    Rule.HEAD_SIGNATURE: "the header's signature does not hold",
    Rule.OTHER_KEY: "the export is of another log key",
    Rule.OTHER_LOG: "belongs to another log",
    Rule.RECEIPT_SIGNATURE: "the receipt is forged, or of another log key",
    Rule.RECEIPT_CONTENT: "the receipt contradicts itself",
    Rule.DEVICE_SIGNATURE: "is not signed by its station",
    Rule.DEVICE_KEY: "holds no usable station key",
    Rule.BAD_RECORD: "holds no readable record",
    Rule.WRONG_ID: "has an id that its content denies",
    Rule.DUPLICATE_ID: "repeats an id",
}

CANNOT_EXCLUDE: dict[Doubt, str] = {
    Doubt.REWRITTEN: "that whoever holds the log's key wrote the whole log anew (a receipt would show it)",
    Doubt.CUT: "that entries newer than the last one shown here exist and were left out",
    Doubt.FORKED: "that others were shown another continuation (compare receipts with them)",
    Doubt.OWN_KEY: "anything done by whoever made this export: its own key was used, so it only shows that "
    "the export fits itself; pass --key from a source you trust",
    Doubt.UNCHECKED: "forged verdicts of stations whose key is not in the log",
    Doubt.OMITTED: "that a verdict was never recorded",
    Doubt.FALSE_INPUT: "that a person or a photo lied, or that a station's key was stolen",
}


def sentences(report: Report) -> Iterator[str]:
    """What a person at the terminal reads, a line each; the file's words cannot move its cursor."""
    yield from map(_printable, _sentences(report))


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in line)


def _sentences(report: Report) -> Iterator[str]:
    what = "verified" if report.verified else "FAILED"
    yield f"{what}: {report.origin}, {report.size} entries, log key {report.log_key}"
    if report.receipt_index is not None and report.verified:
        yield f"Your receipt proves entries 0 to {report.receipt_index}, byte for byte."
    yield from (f"  {_sentence(problem)}" for problem in report.problems)
    if report.verified:
        yield f"{report.counts.get('signed', 0)} verdicts carry the signature of their station."
    yield "This check cannot exclude:"
    yield from (f"  - {CANNOT_EXCLUDE[doubt]}" for doubt in report.doubts)


def _sentence(problem: Problem) -> str:
    where = "" if problem.index is None else f"entry {problem.index} "
    line = "" if problem.line is None else f" (line {problem.line})"
    return f"{problem.rule}: {where}{SAYS[problem.rule]}{line}: {problem.detail}"


def as_object(report: Report) -> dict[str, Any]:
    """What a program reads; the codes never change their meaning."""
    return {
        "verified": report.verified,
        "origin": report.origin,
        "size": report.size,
        "log_key": report.log_key,
        "receipt_index": report.receipt_index,
        "counts": dict(sorted(report.counts.items())),
        "problems": [asdict(problem) for problem in report.problems],
        "cannot_exclude": [doubt.value for doubt in report.doubts],
    }
