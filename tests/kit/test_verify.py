"""Every byte, every entry, at the first, a middle and the last place: found, and named."""

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType
from inspection.custody.receipt import issue_receipt
from inspection.custody.signing import key_id
from kit.errors import NotAnExport
from kit.export import line_of, place_of
from kit.remarks import MAX_REMARKS
from kit.report import sentences
from kit.verify import MORE_LINES, Doubt, Report, verify_log
from kit.walk import Rule

Log = Any
PLACES = (0, 6, 11)
LAST = 11


def check(log: Log, content: bytes, receipt_at: int | None = LAST) -> Report:
    receipt = None if receipt_at is None else log.receipt(receipt_at)
    return verify_log(io.BytesIO(content), receipt, log.public)


def named(report: Report) -> list[tuple[str, int | None]]:
    return [(problem.rule.value, problem.index) for problem in report.problems]


def intact(leaves: list[bytes], content: bytes) -> set[int]:
    """Reference verifier, six lines: which entries stand byte for byte and in order."""
    lines = content.split(b"\n")[1:]
    return {at for at, leaf in enumerate(leaves) if at < len(lines) - 1 and lines[at] == leaf}


@pytest.mark.parametrize("receipt_at", [None, 0, 6, LAST])
def test_an_untouched_export_is_verified(log: Log, receipt_at: int | None) -> None:
    report = check(log, log.export(), receipt_at)
    assert report.verified
    assert (report.size, report.counts["signed"], report.receipt_index) == (12, 5, receipt_at)


@pytest.mark.parametrize("place", PLACES)
def test_a_flipped_byte_names_its_entry(log: Log, place: int) -> None:
    for offset in range(0, len(log.leaves[place]), 7):
        leaf = bytearray(log.leaves[place])
        leaf[offset] ^= 0x01
        leaves = [*log.leaves[:place], bytes(leaf), *log.leaves[place + 1 :]]
        report = check(log, log.export(leaves))
        assert named(report) == [("changed", place)], offset


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_flipped_bit_of_any_entry_is_found_and_named(log: Log, data: st.DataObject) -> None:
    content = log.export()
    start = content.index(b"\n") + 1
    at = data.draw(st.integers(start, len(content) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(content)
    changed[at] ^= 1 << bit
    report = check(log, bytes(changed))
    touched = content.count(b"\n", start, at)
    assert not report.verified
    # a byte between two entries belongs to both
    assert report.problems[0].index in (
        {touched, touched + 1} if content[at : at + 1] == b"\n" else {touched}
    )
    assert touched not in intact(log.leaves, bytes(changed))


@pytest.mark.parametrize("place", PLACES)
def test_a_dropped_entry_is_named(log: Log, place: int) -> None:
    leaves = [*log.leaves[:place], *log.leaves[place + 1 :]]
    assert named(check(log, log.export(leaves))) == [("dropped", place)]


@pytest.mark.parametrize("first", [0, 3, 8])
def test_a_gap_names_its_first_and_last_entry(log: Log, first: int) -> None:
    leaves = [*log.leaves[:first], *log.leaves[first + 3 :]]
    problem = check(log, log.export(leaves)).problems[0]
    assert (problem.rule, problem.index, problem.last) == (Rule.DROPPED, first, first + 2)


@pytest.mark.parametrize("first", [0, 5, 10])
def test_swapped_neighbours_are_both_named(log: Log, first: int) -> None:
    leaves = list(log.leaves)
    leaves[first], leaves[first + 1] = leaves[first + 1], leaves[first]
    report = check(log, log.export(leaves))
    assert named(report) == [("swapped", first + 1), ("swapped", first)]
    assert f"in its place stands entry {first}" in report.problems[0].detail


@pytest.mark.parametrize("pair", [(0, 11), (3, 8), (1, 3)])
def test_swapped_entries_are_both_named(log: Log, pair: tuple[int, int]) -> None:
    leaves = list(log.leaves)
    leaves[pair[0]], leaves[pair[1]] = leaves[pair[1]], leaves[pair[0]]
    report = check(log, log.export(leaves))
    assert {problem.rule for problem in report.problems} == {Rule.SWAPPED}
    assert set(pair) <= {problem.index for problem in report.problems}


@pytest.mark.parametrize(("entry", "to"), [(2, 9), (9, 2), (0, 11), (11, 0)])
def test_a_moved_entry_is_named(log: Log, entry: int, to: int) -> None:
    leaves = list(log.leaves)
    leaves.insert(to, leaves.pop(entry))
    report = check(log, log.export(leaves))
    assert entry in {problem.index for problem in report.problems}
    assert not report.verified


@pytest.mark.parametrize("place", [0, 6, 12])
def test_a_duplicated_entry_is_named_as_a_copy(log: Log, place: int) -> None:
    leaves = [*log.leaves[:place], log.leaves[3], *log.leaves[place:]]
    report = check(log, log.export(leaves))
    assert named(report) == [("inserted", place)]
    assert "copy of entry 3" in report.problems[0].detail


@pytest.mark.parametrize("place", PLACES)
def test_an_entry_doubled_in_place_is_named(log: Log, place: int) -> None:
    leaves = [*log.leaves[: place + 1], *log.leaves[place:]]
    assert named(check(log, log.export(leaves))) == [("inserted", place)]


@pytest.mark.parametrize("place", [0, 6, 12])
@pytest.mark.parametrize("alien", [b"", b"{}", b"x" * 9000])
def test_an_inserted_line_is_named(log: Log, place: int, alien: bytes) -> None:
    leaves = [*log.leaves[:place], alien, *log.leaves[place:]]
    assert named(check(log, log.export(leaves))) == [("inserted", place)]


@pytest.mark.parametrize("place", PLACES)
def test_a_well_made_forged_entry_is_named(log: Log, fresh_log: Callable[[], Log], place: int) -> None:
    leaves = [*log.leaves[:place], fresh_log().leaves[place], *log.leaves[place + 1 :]]
    assert named(check(log, log.export(leaves))) == [("changed", place)]


@pytest.mark.parametrize("cut", [1, 2, 100])
def test_a_truncated_file_is_noticed_at_its_last_entry(log: Log, cut: int) -> None:
    report = check(log, log.export()[:-cut])
    assert named(report) == [("changed", LAST)]


def test_after_the_receipt_the_checkpoint_finds_what_was_done(log: Log) -> None:
    leaves = [*log.leaves[:8], *log.leaves[9:]]
    assert named(check(log, log.export(leaves), receipt_at=3)) == [("dropped", 8)]


def test_a_tail_cut_with_an_older_signed_head_is_shown_by_the_receipt(
    log: Log, fresh_log: Callable[[], Log]
) -> None:
    older = fresh_log()
    older.key, older.leaves = log.key, log.leaves[:8]
    report = check(log, older.export())
    assert {problem.rule for problem in report.problems} == {Rule.DROPPED}
    assert report.problems[0].index == LAST


def test_a_log_rewritten_with_its_own_key_is_shown_by_the_receipt_alone(log: Log) -> None:
    rewritten = type(log)(key=log.key, station=log.station)
    rewritten.add_key()
    for counter in range(20, 31):
        rewritten.add_verdict(counter)
    assert verify_log(io.BytesIO(rewritten.export()), None, log.public).verified
    report = check(log, rewritten.export())
    assert named(report)[:2] == [("split", LAST), ("changed", LAST)]


def test_a_fork_after_the_receipt_is_a_split(log: Log) -> None:
    fork = type(log)(key=log.key, station=log.station, leaves=list(log.leaves[:5]))
    fork.add_verdict(50)
    fork.add_verdict(51)
    assert named(check(log, fork.export(), receipt_at=5))[0] == ("split", 5)


def test_without_a_receipt_the_doubts_are_told(log: Log) -> None:
    report = verify_log(io.BytesIO(log.export()))
    assert {Doubt.OWN_KEY, Doubt.REWRITTEN, Doubt.CUT, Doubt.FORKED} <= set(report.doubts)
    assert Doubt.OWN_KEY not in check(log, log.export()).doubts


def test_a_receipt_of_another_log_is_named(log: Log) -> None:
    other = type(log)(key=log.key, origin="centre.example/site/s2")
    other.append(EntryType.LOGISTICS, "x", {})
    report = verify_log(io.BytesIO(log.export()), other.receipt(0), log.public)
    assert named(report) == [("other_log", None)]


def test_a_forged_receipt_is_named(log: Log, stranger: Ed25519PrivateKey) -> None:
    forged = issue_receipt(stranger, log.origin, 3, log.leaves[3])
    report = verify_log(io.BytesIO(log.export()), forged, log.public)
    assert named(report) == [("receipt_signature", 3)]


def test_a_receipt_for_another_index_is_named(log: Log) -> None:
    wrong = issue_receipt(log.key, log.origin, 4, log.leaves[3])
    assert named(verify_log(io.BytesIO(log.export()), wrong, log.public)) == [("receipt_content", 4)]


def test_an_export_of_another_key_is_named(log: Log, fresh_log: Callable[[], Log]) -> None:
    report = verify_log(io.BytesIO(fresh_log().export()), None, log.public)
    assert {problem.rule for problem in report.problems} == {Rule.OTHER_KEY, Rule.CHECKPOINT_SIGNATURE}


def test_a_forged_head_is_named(log: Log) -> None:
    content = log.export().replace(b'"size":12', b'"size":11', 1)
    assert named(check(log, content)) == [("header", None)]


@pytest.mark.parametrize("size", [0, 8])
def test_an_older_signed_header_over_the_whole_file_is_named(
    log: Log, fresh_log: Callable[[], Log], size: int
) -> None:
    older = fresh_log()
    older.key, older.leaves = log.key, log.leaves[:size]
    assert named(check(log, older.export(log.leaves))) == [("old_head", None)]


def test_an_older_header_of_another_history_is_a_split(log: Log, fresh_log: Callable[[], Log]) -> None:
    fork = fresh_log()
    fork.key, fork.leaves = log.key, fork.leaves[:8]
    assert named(check(log, fork.export(log.leaves))) == [("split", 7)]


def test_a_header_field_of_other_letters_is_no_export(log: Log) -> None:
    line, _, rest = log.export().partition(b"\n")
    header = canonical(orjson.loads(line) | {"log_public_key": "é" * 44})
    with pytest.raises(NotAnExport, match="base64"):
        check(log, header + b"\n" + rest)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}\n", b"\x89PNG\r\n", b"x" * 5000, b'{"v":1,"kind":"other"}\n', b'{"kind":"regrade-export"}'],
)
def test_what_is_no_export_is_said_to_be_none(log: Log, content: bytes) -> None:
    with pytest.raises(NotAnExport):
        check(log, content)


@given(content=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_random_bytes_never_do_more_than_refuse(log: Log, content: bytes) -> None:
    with pytest.raises(NotAnExport):
        check(log, content)


@given(tail=st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_random_bytes_behind_a_good_header_always_fail(log: Log, tail: bytes) -> None:
    header = log.export()[: log.export().index(b"\n") + 1]
    assert not check(log, header + tail).verified


def test_an_empty_log_is_verified(log: Log) -> None:
    empty = type(log)(key=log.key)
    assert check(log, empty.export(), None).verified


class Endless(io.RawIOBase):
    """An export behind which somebody put lines without an end."""

    def __init__(self, content: bytes) -> None:
        self._content, self.sent = content, 0

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        chunk = self._content[: len(into)] or b"\n" * len(into)
        self._content = self._content[len(into) :]
        into[: len(chunk)] = chunk
        self.sent += len(chunk)
        return len(chunk)


@pytest.mark.parametrize("receipt_at", [None, 0, LAST])
def test_lines_without_an_end_are_named_and_not_all_read(log: Log, receipt_at: int | None) -> None:
    endless = Endless(log.export())
    receipt = None if receipt_at is None else log.receipt(receipt_at)
    with io.BufferedReader(endless) as file:
        report = verify_log(file, receipt, log.public)
    assert {rule for rule, _ in named(report)} == {"too_long", "inserted"}
    assert (report.problems[0].rule, report.size) == (Rule.TOO_LONG, 12 + MORE_LINES)
    assert endless.sent < len(log.export()) + 10 * MORE_LINES


def test_of_a_file_that_is_not_read_to_its_end_nothing_is_called_dropped(log: Log) -> None:
    leaves = [*log.leaves[:6], *[b"{}"] * (MORE_LINES + 20), *log.leaves[6:]]
    assert named(check(log, log.export(leaves))) == [("too_long", None)]


def test_a_receipt_far_ahead_of_the_header_is_read_up_to(log: Log, fresh_log: Callable[[], Log]) -> None:
    older = fresh_log()
    older.key, older.leaves = log.key, log.leaves[:0]
    trailing = [*log.leaves, *[b"{}"] * 5]
    assert {rule for rule, _ in named(check(log, older.export(trailing)))} == {"inserted"}


KEY_ID = key_id(bytes(range(32)))
KEY = {
    "role": "log",
    "station": None,
    "site": "s1",
    "key": KEY_ID,
    "public_key": base64.b64encode(bytes(range(32))).decode(),
    "name": "centre.example/site/s1",
}


@pytest.mark.parametrize(
    ("changes", "id", "found"),
    [
        ({}, f"key:{KEY_ID}", []),
        ({"role": "chief"}, f"key:{KEY_ID}", ["bad_body"]),
        ({"station": "bench1"}, f"key:{KEY_ID}", ["bad_body"]),
        ({"key": "0" * 32}, f"key:{KEY_ID}", ["bad_body"]),
        ({}, f"key:{'0' * 32}", ["wrong_id"]),
        ({"public_key": "AAAA"}, f"key:{KEY_ID}", ["device_key"]),
    ],
)
def test_an_entry_that_adds_a_key_has_its_schema_and_its_id(
    fresh_log: Callable[[], Log], changes: dict[str, str], id: str, found: list[str]
) -> None:
    log = fresh_log()
    log.append(EntryType.KEY_ADD, id, KEY | changes)
    assert named(check(log, log.export())) == [(rule, 12) for rule in found]


def oddities(log: Log) -> list[tuple[str, int | None]]:
    report = check(log, log.export(), None)
    assert report.verified
    return [(remark.oddity.value, remark.index) for remark in report.remarks]


def test_a_station_that_speaks_from_two_starts_at_once_is_a_remark(fresh_log: Callable[[], Log]) -> None:
    log = fresh_log()
    log.add_verdict(1, device={"boot": "1" * 32}, unit={"id": "R7/1/1"})
    log.add_verdict(6)
    assert oddities(log) == [("clone", 13)]


def test_a_record_that_never_came_is_a_remark_at_the_next_one(fresh_log: Callable[[], Log]) -> None:
    log = fresh_log()
    log.add_verdict(8)
    assert oddities(log) == [("omission", 12)]
    log.add_verdict(6)
    log.add_verdict(7)
    assert oddities(log) == [("late", 13), ("late", 14)]


def test_a_clock_that_was_set_back_is_a_remark(fresh_log: Callable[[], Log]) -> None:
    log = fresh_log()
    log.at = "2026-01-31T07:54:00.000000Z"
    log.add_parcel("P2")
    assert oddities(log) == [("clock_back", 12)]


def test_a_log_with_many_oddities_names_the_first(fresh_log: Callable[[], Log]) -> None:
    log = fresh_log()
    for counter in range(10, 60, 2):
        log.add_verdict(counter)
    assert len(oddities(log)) == MAX_REMARKS
    told = "\n".join(sentences(check(log, log.export(), None)))
    assert f"  and {25 - MAX_REMARKS} more; these are the first" in told


def test_a_log_whose_oddities_are_all_named_has_no_more(fresh_log: Callable[[], Log]) -> None:
    log = fresh_log()
    for counter in range(10, 10 + 2 * MAX_REMARKS, 2):
        log.add_verdict(counter)
    assert len(oddities(log)) == MAX_REMARKS
    assert "these are the first" not in "\n".join(sentences(check(log, log.export(), None)))


def test_a_place_is_read_as_the_whole_leaf_would_tell_it(log: Log) -> None:
    for leaf in log.leaves:
        whole, place = line_of(leaf), place_of(leaf)
        assert whole.leaf and place.leaf and place.hash == whole.hash
        assert replace(whole.leaf, body={}, device=None) == place.leaf


@pytest.mark.parametrize("place", PLACES)
def test_places_alone_find_a_flipped_byte_too(log: Log, place: int) -> None:
    for offset in range(0, len(log.leaves[place]), 13):
        leaf = bytearray(log.leaves[place])
        leaf[offset] ^= 0x01
        content = log.export([*log.leaves[:place], bytes(leaf), *log.leaves[place + 1 :]])
        report = verify_log(io.BytesIO(content), None, log.public, thorough=False)
        assert named(report) == [("changed", place)], offset
