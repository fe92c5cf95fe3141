"""What a person made of the machine's grade is kept where it was seen, once, and can be learnt from."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner, Result

import regrade
from edge import verdicts
from edge.clock import ClockWatch
from edge.config import Retention
from edge.database import Database, reading
from edge.faults import Faults
from edge.tidying import Tidying
from edge.vault import Vault
from inspection.confirmed import Confirmed, SeenView, read_confirmed
from inspection.detector import Detection, ViewScore
from inspection.findings import DefectKind, Finding, Severity, Zone
from inspection.grades import Grade

if TYPE_CHECKING:
    from tests.edge.rig import Rig

SCRATCHED = Finding(
    kind=DefectKind.SCRATCH,
    zone=Zone.ANY,
    severity=Severity.MINOR,
    confidence_ppm=900_000,
    view="top",
    area_ppm=12_000,
    source="reference-comparison",
)


def kept(database: Database) -> list[Confirmed]:
    """The rows, read back as a training reads them."""
    lines = database.run_now(lambda connection: list(verdicts.kept(connection)))
    return list(read_confirmed(line.encode() for line in lines))


async def signed_in(rig: "Rig", site: ModuleType) -> "Rig":
    """A bench with one mug expected."""
    await rig.station.start()
    await rig.expect(site.page(site.unit(1, site.tag(1))))
    await rig.scan(f"BADGE:{site.BADGE}")
    return rig


async def over_the_bench(rig: "Rig", epc: bytes, *said: str) -> None:
    """One item from its tag on."""
    rig.tags = {epc: -40.0}
    await rig.tick()
    for text in ("CMD:CAPTURE", *said):
        await rig.scan(text)


def row(number: int, *, day: int = 0, grade: Grade = Grade.NEW, score: float = 0.5) -> Confirmed:
    """A verdict as a station writes it."""
    return Confirmed(
        unit=f"RMA-{number}/1/1",
        day=date(2026, 5, 4) + timedelta(days=day),
        merchant="north",
        sku="MUG-1",
        category="tableware",
        proposed=Grade.NEW,
        grade=grade,
        raw_ppm=(900_000, 90_000, 10_000),
        views=(SeenView(view="top", score=score, limit=1.0),),
    )


async def test_an_accepted_proposal_leaves_one_row_beside_its_record(rig: "Rig", site: ModuleType) -> None:
    await over_the_bench(rig, site.tag(1), "CMD:ACCEPT")
    assert kept(rig.database) == [], "nothing is decided before the item lies in its bin"
    await rig.scan("BIN:A")
    (found,) = kept(rig.database)
    assert (found.unit, found.merchant, found.sku) == ("RMA-1/1/1", "north", "MUG-1")
    assert (found.proposed, found.grade, found.day) == (Grade.NEW, Grade.NEW, rig.clock().wall.date())
    assert [(view.view, view.score, view.limit) for view in found.views] == [("top", 0.2, 1.0)]
    record = rig.queued()[0]
    assert found.raw_ppm == record.machine_ppm


async def test_an_override_keeps_the_persons_grade_beside_the_machines(rig: "Rig", site: ModuleType) -> None:
    rig.detector.seen = site.detection(score=1.6, findings=(SCRATCHED,))
    await over_the_bench(rig, site.tag(1), "CMD:DAMAGED", "CMD:REASON2", "BIN:C")
    assert rig.state == "committed"
    (found,) = kept(rig.database)
    assert (found.proposed, found.grade) == (Grade.USED, Grade.DAMAGED)
    assert [(seen.kind, seen.area_ppm) for seen in found.findings] == [(DefectKind.SCRATCH, 12_000)]


async def test_a_row_names_nobody(rig: "Rig", site: ModuleType) -> None:
    await over_the_bench(rig, site.tag(1), "CMD:ACCEPT", "BIN:A")
    (line,) = rig.database.run_now(lambda connection: list(verdicts.kept(connection)))
    assert set(json.loads(line)) <= set(Confirmed.model_fields)
    for personal in ("anna", "O-1", "C-1", site.tag(1).hex(), site.BADGE):
        assert personal not in line


def unseen(seen: Detection) -> Detection:
    """The machine cannot grade without references."""
    return replace(seen, views=(), bank=None)


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (("CMD:DAMAGED", "BIN:C"), unseen),
        (("CMD:ESCALATE", "BIN:D"), replace),
        (("CMD:WRONG", "CMD:ACCEPT", "BIN:D"), replace),
        (("CMD:EMPTY", "CMD:ACCEPT", "BIN:D"), replace),
    ],
    ids=["ungraded by the machine", "handed on", "another item", "an empty box"],
)
async def test_what_teaches_nothing_of_the_product_leaves_a_record_and_no_row(
    rig: "Rig", site: ModuleType, said: tuple[str, ...], seen: Callable[[Detection], Detection]
) -> None:
    rig.detector.seen = seen(rig.detector.seen)
    await over_the_bench(rig, site.tag(1), *said)
    assert (rig.state, len(rig.queued())) == ("committed", 1)
    assert kept(rig.database) == []


async def test_what_no_row_can_hold_does_not_keep_the_record_from_being_written(
    rig: "Rig", site: ModuleType
) -> None:
    endless = ViewScore(view="top", score=1e12, limit=1.0, p_value_ppm=10)
    rig.detector.seen = replace(rig.detector.seen, views=(endless,))
    await over_the_bench(rig, site.tag(1), "CMD:ACCEPT", "BIN:C")
    assert (rig.state, len(rig.queued())) == ("committed", 1)
    assert kept(rig.database) == []


async def test_a_commit_that_is_tried_again_leaves_one_of_each(
    new_rig: Callable[..., "Rig"], site: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = await signed_in(new_rig(limits=Retention(free_disk_bytes=1)), site)
    await over_the_bench(rig, site.tag(1), "CMD:ACCEPT")
    with monkeypatch.context() as full:
        full.setattr(rig.vault, "free_bytes", lambda: 0)
        await rig.scan("BIN:A")
        assert rig.hold == "disk_full"
        assert (rig.queued(), kept(rig.database)) == ((), [])
    await rig.scan("CMD:RETAKE")
    await rig.scan("CMD:RETAKE")
    assert rig.state == "committed"
    assert (len(rig.queued()), len(kept(rig.database))) == (1, 1)


def test_the_inspection_made_again_after_a_refusal_takes_the_place_of_the_first(database: Database) -> None:
    for number, grade in ((1, Grade.USED), (2, Grade.NEW), (1, Grade.DAMAGED)):
        one = row(number, grade=grade)
        database.run_now(partial(verdicts.keep, inspection=1, row=one))
    assert [(one.unit, one.grade) for one in kept(database)] == [
        ("RMA-2/1/1", Grade.NEW),
        ("RMA-1/1/1", Grade.DAMAGED),
    ]
    database.run_now(partial(verdicts.keep, inspection=2, row=row(1)))
    assert len(kept(database)) == 3, "the next inspection of the unit is another one"


@pytest.mark.parametrize("keep", [0, 1, 3, 9])
async def test_beyond_the_quota_the_oldest_go_first(database: Database, vault: Vault, keep: int) -> None:
    for number in range(5):
        database.run_now(partial(verdicts.keep, inspection=1, row=row(number)))
    limits = Retention(verdict_rows=keep)
    await Tidying(database, vault, ClockWatch(), limits, Faults(CollectorRegistry())).once()
    assert [one.unit for one in kept(database)] == [f"RMA-{n}/1/1" for n in range(5)][max(0, 5 - keep) :]


async def test_a_quota_of_none_writes_none(new_rig: Callable[..., "Rig"], site: ModuleType) -> None:
    rig = await signed_in(new_rig(limits=Retention(free_disk_bytes=0, verdict_rows=0)), site)
    await over_the_bench(rig, site.tag(1), "CMD:ACCEPT", "BIN:A")
    assert (rig.state, kept(rig.database)) == ("committed", [])


def say(*words: str | Path) -> Result:
    return CliRunner().invoke(regrade.front_door(), [str(word) for word in words])


def fill(folder: Path, rows: list[Confirmed]) -> None:
    with Database(folder) as database:
        for one in rows:
            database.run_now(partial(verdicts.keep, inspection=1, row=one))


def days_of_work() -> list[Confirmed]:
    """Sixty verdicts of six days, twenty of each grade; damaged items lie further from their references."""
    grades = (Grade.NEW, Grade.USED, Grade.DAMAGED)
    return [
        row(number, day=number // 10, grade=grades[number % 3], score=0.4 + 0.5 * (number % 3))
        for number in range(60)
    ]


def test_the_rows_of_a_station_train_its_head(tmp_path: Path) -> None:
    fill(tmp_path / "station", days_of_work())
    out = tmp_path / "confirmed.jsonl"
    done = say("station", "verdicts", "--dir", tmp_path / "station", "--out", out)
    assert (done.exit_code, done.output) == (0, f"60 confirmed verdicts: {out}\n")
    learnt = say("train", "head", out, "--out", tmp_path / "head")
    assert learnt.exit_code == 0, learnt.output
    assert "60 verdicts of tableware." in learnt.output


def test_too_few_rows_are_exported_and_refused_by_name_where_something_is_learnt(tmp_path: Path) -> None:
    fill(tmp_path / "station", days_of_work()[:40])
    out = tmp_path / "confirmed.jsonl"
    assert say("station", "verdicts", "--dir", tmp_path / "station", "--out", out).exit_code == 0
    head = say("train", "head", out, "--out", tmp_path / "head")
    calibration = say("train", "calibration", out, "--out", tmp_path / "calibration")
    assert (head.exit_code, calibration.exit_code) == (1, 1)
    assert "40 confirmed items are too few" in head.output
    assert "no category has 100" in calibration.output
    assert all("(too_few_verdicts)" in done.output for done in (head, calibration))


async def test_the_rows_are_exported_while_the_station_works(
    rig: "Rig", site: ModuleType, tmp_path: Path
) -> None:
    out = tmp_path / "confirmed.jsonl"
    await over_the_bench(rig, site.tag(1), "CMD:ACCEPT", "BIN:A")
    done = say("station", "verdicts", "--dir", tmp_path, "--out", out)
    assert done.exit_code == 0, done.output
    assert list(read_confirmed(out.read_bytes().splitlines())) == kept(rig.database)
    await over_the_bench(rig, site.tag(2), "CMD:ACCEPT", "BIN:A")
    assert len(kept(rig.database)) == 2, "the station goes on"


def test_an_export_writes_nothing_into_the_journal(tmp_path: Path) -> None:
    fill(tmp_path, [row(1)])
    with reading(tmp_path) as connection, pytest.raises(OperationalError, match="readonly"):
        connection.exec_driver_sql("DELETE FROM verdicts")


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    fill(tmp_path, [row(1)])
    out = tmp_path / "confirmed.jsonl"
    out.write_text("mine")
    done = say("station", "verdicts", "--dir", tmp_path, "--out", out)
    assert (done.exit_code, out.read_text()) == (2, "mine")


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "bad_config"), (b"this is no database, but long enough to be looked at" * 40, "journal_broken")],
    ids=["no journal", "a damaged one"],
)
def test_a_folder_without_a_readable_journal_is_named(
    tmp_path: Path, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / "station.sqlite").write_bytes(content)
    done = say("station", "verdicts", "--dir", tmp_path, "--out", tmp_path / "confirmed.jsonl")
    assert done.exit_code == 1
    assert f"({code})" in done.output
    assert not (tmp_path / "confirmed.jsonl").exists()


def test_a_journal_from_before_there_were_rows_gives_none(tmp_path: Path) -> None:
    fill(tmp_path, [])
    with Database(tmp_path) as database:
        database.run_now(lambda connection: connection.exec_driver_sql("DROP TABLE verdicts"))
    with reading(tmp_path) as connection:
        assert list(verdicts.kept(connection)) == []
