"""One inspection is one transaction: interrupted anywhere, all of it is there or nothing."""

import signal
import subprocess
import sys
from functools import partial
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select

from edge import journal, outbox, worklist
from edge.database import Database
from edge.errors import AlreadyRunning, JournalBroken
from edge.tables import boots, committed, events, evidence, verdicts
from edge.tables import outbox as outbox_table
from edge.vault import Vault
from inspection.errors import NotAllowed
from inspection.messages.uplink import RefusalMessage, RefusalReason

if TYPE_CHECKING:
    from tests.edge.world import World

BOOT = "1" * 32
IMAGES = 3


class Interrupted(Exception):
    """Stands for the program ending in the middle of a transaction."""


def rows(database: Database) -> dict[str, int]:
    """How many rows each table of a commit holds, and the counter."""
    tables = {"outbox": outbox_table, "evidence": evidence, "committed": committed, "events": events}
    tables["verdicts"] = verdicts

    def counted(connection: Any) -> dict[str, int]:
        found = {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.items()
        }
        counter = connection.execute(select(func.coalesce(func.max(boots.c.counter), 0))).scalar_one()
        return {**found, "counter": counter}

    return database.run_now(counted)


def whole(records: int) -> dict[str, int]:
    """What must be there after so many commits."""
    return {
        "outbox": records,
        "evidence": IMAGES * records,
        "committed": records,
        "events": 2 * records,
        "verdicts": records,
        "counter": records,
    }


@pytest.fixture
def begun(database: Database, world: "World", site: ModuleType) -> Database:
    database.run_now(partial(journal.begin_boot, boot=BOOT, key=world.key_id, at=site.NOON))
    return database


def commit_failing_at(begun: Database, commit: journal.Commit, statement: int) -> bool:
    """Commit, interrupted before the n-th statement; True when it was interrupted."""
    counter = count(1)

    def interrupt(*_: object) -> None:
        if next(counter) == statement:
            raise Interrupted

    event.listen(begun.engine, "before_cursor_execute", interrupt)
    try:
        begun.run_now(partial(journal.commit_inspection, commit=commit))
    except Interrupted:
        return True
    finally:
        event.remove(begun.engine, "before_cursor_execute", interrupt)
    return False


def test_a_commit_interrupted_before_any_statement_leaves_nothing(
    begun: Database, vault: Vault, world: "World", site: ModuleType
) -> None:
    commit = site.make_commit(world, vault, BOOT, 1, 1, images=IMAGES)
    interrupted = 0
    for statement in count(1):
        if not commit_failing_at(begun, commit, statement):
            break
        interrupted += 1
        assert rows(begun) == whole(0)
    assert interrupted >= 6
    assert rows(begun) == whole(1)


def test_a_station_killed_at_any_moment_holds_whole_inspections_only(tmp_path: Path) -> None:
    program = [sys.executable, str(Path(__file__).with_name("world.py")), str(tmp_path)]
    told = 0
    for stop_after in (1, 4, 9):
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as child:
            assert child.stdout is not None
            for _ in range(stop_after):
                child.stdout.readline()
            child.send_signal(signal.SIGKILL)
            told += stop_after
        with Database(tmp_path) as database:
            found = rows(database)
            known = database.run_now(outbox.all_images)
        assert found["outbox"] >= told
        told = found["outbox"]
        assert {**found, "counter": 0} == {**whole(told), "counter": 0}
        files = {path.name for path in (tmp_path / "evidence").glob("*/*")}
        assert files >= set(known), "a record names an image that is not on the disk"
        assert (tmp_path / "station.sqlite").stat().st_mode & 0o077 == 0


def test_a_counter_is_used_once(begun: Database, vault: Vault, world: "World", site: ModuleType) -> None:
    first = site.make_commit(world, vault, BOOT, 1, 1)
    begun.run_now(partial(journal.commit_inspection, commit=first))
    second = site.make_commit(world, vault, BOOT, 1, 2)
    with pytest.raises(NotAllowed, match="not the next counter"):
        begun.run_now(partial(journal.commit_inspection, commit=second))
    assert begun.run_now(partial(journal.next_counter, boot=BOOT)) == 2


def test_a_unit_that_was_committed_is_known_again(
    begun: Database, vault: Vault, world: "World", site: ModuleType
) -> None:
    begun.run_now(partial(journal.commit_inspection, commit=site.make_commit(world, vault, BOOT, 1, 7)))
    known = partial(journal.is_committed, merchant="north", unit="RMA-7/1/1")
    assert begun.run_now(partial(known, inspection=1))
    assert not begun.run_now(partial(known, inspection=2)), "the next inspection of it is another one"


def test_what_lay_on_the_bench_at_a_crash_is_told_once(begun: Database, site: ModuleType) -> None:
    begin = partial(journal.begin_item, boot=BOOT, merchant="north", unit="RMA-1/1/1", at=site.NOON)
    begun.run_now(begin)
    again = partial(journal.begin_boot, key="k" * 32, at=site.NOON)
    left = begun.run_now(partial(again, boot="2" * 32))
    assert left is not None
    assert left.unit == "RMA-1/1/1"
    assert begun.run_now(partial(again, boot="3" * 32)) is None


def test_a_second_station_in_the_same_folder_is_refused(database: Database, tmp_path: Path) -> None:
    with pytest.raises(AlreadyRunning):
        Database(tmp_path)


def test_a_damaged_journal_is_named_and_left_alone(tmp_path: Path) -> None:
    broken = tmp_path / "station.sqlite"
    broken.write_bytes(b"this is no database, but long enough to be looked at" * 40)
    with pytest.raises(JournalBroken, match="move it aside"):
        Database(tmp_path)
    assert broken.read_bytes().startswith(b"this is no database")


def test_a_journal_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        database.run_now(lambda connection: connection.exec_driver_sql("PRAGMA user_version=99"))
    with pytest.raises(JournalBroken, match="99"):
        Database(tmp_path)


def test_a_journal_of_an_older_program_gets_what_it_lacks_and_loses_nothing(
    tmp_path: Path, world: "World", site: ModuleType
) -> None:
    vault = Vault(tmp_path / "evidence", world.enrolment.sealing_public_key, bytes)
    with Database(tmp_path) as database:
        database.run_now(partial(journal.begin_boot, boot=BOOT, key=world.key_id, at=site.NOON))
        commit = site.make_commit(world, vault, BOOT, 1, 1, images=IMAGES)
        database.run_now(partial(journal.commit_inspection, commit=commit))
        database.run_now(lambda connection: connection.exec_driver_sql("DROP TABLE verdicts"))
        database.run_now(lambda connection: connection.exec_driver_sql("PRAGMA user_version=1"))
    with Database(tmp_path) as database:
        assert rows(database) == {**whole(1), "verdicts": 0}
        commit = site.make_commit(world, vault, BOOT, 2, 2, images=IMAGES)
        database.run_now(partial(journal.commit_inspection, commit=commit))
        assert rows(database) == {**whole(2), "verdicts": 1}


def test_events_are_bounded(begun: Database, site: ModuleType) -> None:
    one = journal.BenchEvent(at=site.NOON, event="match", state="matched", detail="x" * 999)
    begun.run_now(partial(journal.end_item, boot=BOOT, happened=[one] * 50))
    begun.run_now(partial(journal.drop_old_events, keep=10))
    assert rows(begun)["events"] == 10


def test_a_refused_record_is_listed_with_its_reason(
    begun: Database, vault: Vault, world: "World", site: ModuleType
) -> None:
    commit = site.make_commit(world, vault, BOOT, 1, 1)
    row = begun.run_now(partial(journal.commit_inspection, commit=commit))
    refusal = RefusalMessage(
        origin=site.ORIGIN,
        record_sha256=commit.sha256,
        submission_sha256=commit.signed.submission_sha256("st1"),
        reason=RefusalReason.UNKNOWN_UNIT,
        detail="nobody expects it",
        refused_at="2026-05-04T12:00:00.000000Z",
        log_key="0" * 32,
        signature=bytes(64),
    )
    begun.run_now(partial(outbox.settle_refusal, row_id=row, refusal=refusal, at=1.0))
    assert [(each.unit, each.reason) for each in begun.run_now(outbox.refused)] == [
        ("RMA-1/1/1", "unknown_unit")
    ]
    assert begun.run_now(outbox.depth).queued == 0


def test_a_worklist_page_is_taken_in_and_closed_units_are_gone(database: Database, site: ModuleType) -> None:
    tag = bytes.fromhex("30" + "00" * 11)
    database.run_now(partial(worklist.apply, page=site.page(site.unit(1, tag), site.unit(2))))
    assert database.run_now(worklist.size) == 2
    assert database.run_now(worklist.cursor) == 1
    assert set(database.run_now(partial(worklist.by_epcs, epcs=(tag,)))) == {tag}
    database.run_now(partial(worklist.apply, page=site.page(cursor=2, closed=("RMA-1/1/1",))))
    listed = database.run_now(partial(worklist.by_gtin, gtin=site.GTIN))
    assert [(each.expected.unit.id, each.open) for each in listed] == [
        ("RMA-2/1/1", True),
        ("RMA-1/1/1", False),
    ]


def test_a_badge_is_known_by_its_commitment_alone(database: Database, site: ModuleType) -> None:
    database.run_now(partial(worklist.apply, page=site.page()))
    person = database.run_now(partial(worklist.person_with, badge=site.BADGE, salt=site.BADGE_SALT))
    assert person is not None
    assert person.id == "anna"
    assert database.run_now(partial(worklist.person_with, badge="EVE", salt=site.BADGE_SALT)) is None
