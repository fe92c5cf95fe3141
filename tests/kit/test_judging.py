"""Lines judged in bulk and in two processes: never another answer than line by line in one."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import orjson
import pytest

from inspection.custody.leaf import EntryType
from inspection.custody.merkle import leaf_hash, root_of
from inspection.custody.tiles import HASHES
from kit import judging
from kit.export import Line
from kit.judging import Second, judged
from kit.plain import Pieces, Run, judge
from kit.tree import GrowingTree
from kit.verify import Report, verify_log
from tests.kit.conftest import ORIGIN, Log
from tests.kit.world import STORY, new_log, tell

PARCELS = 600
Leaves = list[bytes]


def parcels(numbers: Iterable[int]) -> tuple[Callable[[Log], int], ...]:
    return tuple(partial(Log.add_parcel, parcel=f"L{number}") for number in numbers)


def long_log(late: dict[int, timedelta] | None = None) -> Log:
    """Two full tiles and some; what must be checked in its order stands between plain entries."""
    story = parcels(range(250)) + STORY + parcels(range(250, PARCELS))
    return tell(new_log(), story, late)


def report(log: Log, leaves: Leaves, thorough: bool = True) -> Report:
    file = io.BytesIO(log.export(leaves))
    return verify_log(file, log.receipt(5), log.public, thorough=thorough)


def line_by_line(lines: Iterable[object], origin: str, *, thorough: bool) -> Pieces:
    """Every line goes the careful way."""
    return [None for _ in lines]


def faulty_log() -> Log:
    """The log itself holds half a body, a wrong id, no time, an id twice, and an entry of another log."""
    log = long_log({300: timedelta(hours=-3), 301: timedelta(hours=5)})
    log.append(EntryType.LOGISTICS, "parcel:m1:X:signed-off", {"merchant": "m1"})
    body = {"merchant": "m1", "parcel": "Z", "event": "signed_off", "at": log.at}
    log.append(EntryType.LOGISTICS, "parcel:m1:Y:signed-off", body)
    log.add_parcel("L3")
    log.at = "yesterday"
    log.add_parcel("late")
    log.origin = "centre.example/site/other"
    log.add_parcel("elsewhere")
    log.origin = ORIGIN
    return log


def attacks() -> Iterator[tuple[str, Log, Leaves]]:
    log, faulty = long_log(), faulty_log()
    leaves, last = log.leaves, len(log.leaves) - 1
    yield "untouched", log, leaves
    yield "faulty", faulty, faulty.leaves
    yield "cut", log, leaves[:-1]
    yield "swapped", log, [*leaves[:255], leaves[256], leaves[255], *leaves[257:]]
    yield "twice", log, [*leaves[:300], leaves[299], *leaves[300:]]
    for place in (0, 100, 255, 256, 260, 511, 512, last):
        yield f"gone {place}", log, leaves[:place] + leaves[place + 1 :]
        yield f"dropped {place}", log, [*leaves[:place], b'"%s"' % leaf_hash(leaves[place]).hex().encode()]
        for name, field in (("seq", 7), ("v", 2), ("id", "é"), ("recorded_at", ""), ("body", {"deep": 1.5})):
            changed = orjson.dumps(orjson.loads(leaves[place]) | {name: field}, option=orjson.OPT_SORT_KEYS)
            yield f"{name} {place}", log, [*leaves[:place], changed, *leaves[place + 1 :]]
        yield f"blank {place}", log, [*leaves[:place], leaves[place] + b" ", *leaves[place + 1 :]]
    dropped = [b'"%s"' % leaf_hash(leaf).hex().encode() for leaf in leaves[:300]]
    yield "retention", log, dropped + leaves[300:]


@pytest.mark.parametrize("thorough", [True, False])
def test_in_bulk_the_answer_is_that_of_line_by_line(thorough: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = list(attacks())
    in_bulk = [report(log, leaves, thorough) for _, log, leaves in tried]
    monkeypatch.setattr(judging, "judge", line_by_line)
    for (name, log, leaves), found in zip(tried, in_bulk, strict=True):
        assert found == report(log, leaves, thorough), name
    assert [found.verified for found in in_bulk[:3]] == [True, False, False]


@pytest.mark.parametrize("thorough", [True, False])
def test_in_two_processes_the_answer_is_that_of_one(thorough: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = [(log, leaves) for name, log, leaves in attacks() if name in ("untouched", "faulty", "retention")]
    alone = [report(log, leaves, thorough) for log, leaves in tried]
    in_two_from_the_first_entry(monkeypatch)
    assert [report(log, leaves, thorough) for log, leaves in tried] == alone


def in_two_from_the_first_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "WORTH_IT", 0)
    monkeypatch.setattr(judging, "AHEAD", 0)  # so that the second one is waited for
    monkeypatch.setattr(judging, "SHARE", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def batches_of(log: Log) -> Iterator[list[bytes | Line]]:
    return (list(log.leaves[at : at + HASHES]) for at in range(0, len(log.leaves), HASHES))


def test_when_the_second_process_is_gone_the_first_does_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    in_two_from_the_first_entry(monkeypatch)
    log = long_log()
    with judged(batches_of(log), log.header(), thorough=True) as found:
        monkeypatch.setattr(Second, "answer", lambda self: None)
        pieces = [each for _, each in found]
    assert pieces == [judge(each, ORIGIN, thorough=True) for each in batches_of(log)]


def test_where_no_second_process_can_be_started_one_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    in_two_from_the_first_entry(monkeypatch)
    monkeypatch.setattr(sys, "executable", "/no/such/program")
    log = long_log()
    assert report(log, log.leaves).verified


def test_a_second_process_that_was_killed_has_no_answer() -> None:
    with Second(ORIGIN, thorough=True) as second:
        assert second.answer() == []
        second._process.kill()
        second._process.wait()
        second.ask([[b"{}"]])
        assert second.answer() is None


def test_the_second_process_ends_when_the_first_is_killed() -> None:
    code = (
        "import os; from kit.judging import Second; s = Second('o', thorough=True); s.answer()\n"
        "print(s._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    # its output ends once nobody holds it any more, the second process's errors go elsewhere
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False)
    second = int(done.stdout)
    for _ in range(1200):
        if not is_alive(second):
            return
        time.sleep(0.05)
    raise AssertionError("it is still there")


def is_alive(process: int) -> bool:
    """Whether it still runs; one that nobody has waited for yet does not."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:  # not there, or gone while it was read
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_no_code_is_taken_from_the_folder_where_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("kit", "pickle", "select"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger is running')")
    monkeypatch.chdir(tmp_path)
    with Second(ORIGIN, thorough=True) as second:
        assert second.answer() == []


def test_a_run_ends_where_a_time_falls_or_a_line_needs_care() -> None:
    log = long_log({3: timedelta(hours=-1)})
    pieces = judge([*log.leaves[:5], b"no leaf", log.leaves[5]], ORIGIN, thorough=True)
    assert [piece and len(piece.times) for piece in pieces] == [3, 2, None, 1]
    run = pieces[0]
    assert isinstance(run, Run)
    assert run.hashes == [leaf_hash(leaf) for leaf in log.leaves[:3]]


@pytest.mark.parametrize("wanted", [(), (256, 512), (1, 255, 257, 700), (0, 300, 511, 700)])
def test_a_tree_that_grows_by_tiles_is_the_tree(wanted: tuple[int, ...]) -> None:
    hashes = [leaf_hash(b"%d" % number) for number in range(700)]
    singly, tiled = list[tuple[int, int, bytes]](), list[tuple[int, int, bytes]]()
    one = GrowingTree(wanted=frozenset(wanted), on_tile=lambda *tile: singly.append(tile))
    many = GrowingTree(wanted=frozenset(wanted), on_tile=lambda *tile: tiled.append(tile))
    one.add_all(hashes)
    for at in range(0, 700, HASHES):
        many.add_tile(hashes[at : at + HASHES])
    one.finish()
    many.finish()
    assert (singly, one.roots, one.root()) == (tiled, many.roots, many.root())
    assert many.roots == {size: root_of(hashes[:size]) for size in wanted}
