"""A verification's report as sentences and as one JSON object."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from inspection.custody.policy import Cosigned
from kit.remarks import Oddity
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
    Rule.CHAIN: "does not continue the entry before it",
    Rule.ROOT: "the entries are not those that the log signed",
    Rule.HEADER: "the header contradicts its checkpoint",
    Rule.CHECKPOINT_SIGNATURE: "a checkpoint is not signed by a trusted key",
    Rule.QUORUM_MISSING: "too few witnesses have seen the checkpoint",
    Rule.INCONSISTENT: "another checkpoint is of another history",
    Rule.BACKDATED: "was recorded at another time than it says",
    Rule.BODY_MISSING: "lacks its body",
    Rule.TILE: "a part of the archive is not of these entries",
    Rule.STRAY: "a part belongs to nothing",
    Rule.BAD_PROOF: "is not proven",
    Rule.OPENING: "is not what was committed to",
    Rule.PHOTO: "is not the photo that was taken",
    Rule.CONTRADICTION: "contradicts the other entries",
    Rule.OTHER_KEY: "the export is of another log key",
    Rule.OTHER_LOG: "belongs to another log",
    Rule.RECEIPT_SIGNATURE: "the receipt is forged, or of another log key",
    Rule.RECEIPT_CONTENT: "the receipt contradicts itself",
    Rule.DEVICE_SIGNATURE: "is not signed by its station",
    Rule.DEVICE_KEY: "holds no usable station key",
    Rule.REVOKED_KEY: "is signed by a key that was revoked",
    Rule.BAD_RECORD: "holds no readable record",
    Rule.BAD_BODY: "says what no entry of its type can say",
    Rule.WRONG_ID: "has an id that its content denies",
    Rule.DUPLICATE_ID: "repeats an id",
}

NOTES: dict[Oddity, str] = {
    Oddity.OMISSION: "comes after records that are missing",
    Oddity.CLONE: "is by a start of the station that was over",
    Oddity.LATE: "comes late, or twice",
    Oddity.CLOCK_BACK: "says an earlier time than the one before it",
}

CANNOT_EXCLUDE: dict[Doubt, str] = {
    Doubt.REWRITTEN: "that whoever holds the log's key wrote the whole log anew (a receipt would show it)",
    Doubt.UNREAD: "anything about what the entries say: only their places were checked",
    Doubt.RETAINED: "anything about what is left out here: bodies dropped under retention, fields and photos",
    Doubt.CUT: "that entries newer than the last one shown here exist and were left out",
    Doubt.FORKED: "that others were shown another continuation: fork not detectable without witnesses",
    Doubt.OWN_KEY: "anything done by whoever made this file: its own key was used, so it only shows that "
    "the file fits itself; pass --policy or --key from a source you trust",
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
        yield from _standing(report)
    yield from _remarks(report)
    yield "This check cannot exclude:"
    yield from (f"  - {CANNOT_EXCLUDE[doubt]}" for doubt in report.doubts)


def _standing(report: Report) -> Iterator[str]:
    """What speaks for it."""
    if "signed" in report.counts:
        yield f"{report.counts['signed']} verdicts carry the signature of their station."
    for each in report.cosigned:
        yield f"Witness {each.name} saw this checkpoint at {_moment(each)}."


def _moment(seen: Cosigned) -> str:
    try:
        return datetime.fromtimestamp(seen.at_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{seen.at_s} s after 1970"


def _remarks(report: Report) -> Iterator[str]:
    if report.remarks:
        yield "Somebody should explain:"
    for each in report.remarks:
        yield f"  {each.oddity}: entry {each.index} {NOTES[each.oddity]}: {each.detail}"
    if more := report.remarked - len(report.remarks):
        yield f"  and {more} more; these are the first"


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
        "cosigned": [asdict(each) for each in report.cosigned],
        "fork_detectable": report.fork_detectable,
        "problems": [asdict(problem) for problem in report.problems],
        "remarks": [asdict(remark) for remark in report.remarks],
        "cannot_exclude": [doubt.value for doubt in report.doubts],
    }
