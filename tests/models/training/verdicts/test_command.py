"""From a file of confirmed verdicts to model folders that a station takes once they are approved."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

from inspection.budget import AuditedItem
from inspection.confirmed import read_confirmed
from inspection.custody.leaf import EntryType, Leaf
from inspection.grades import Grade
from models.approving import approve
from models.commands_train import register
from models.errors import BadTrainingSet, ModelRefused
from models.judging import SiteJudge, judge_of
from models.manifest import ZOO, read_manifest
from models.registry import read_registry
from models.training.verdicts.ledger import read_categories


@pytest.fixture
def regrade() -> Typer:
    app = Typer()
    register(app)
    return app


def trained(app: Typer, what: str, confirmed: Path, out: Path, *more: str) -> str:
    done = CliRunner().invoke(app, ["train", what, str(confirmed), "--out", str(out), *more])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_head_and_its_calibration_judge_once_both_are_approved(
    regrade: Typer, confirmed_file: Path, tmp_path: Path
) -> None:
    own = tmp_path / "models"
    said = trained(regrade, "head", confirmed_file, own / "head")
    assert "Nobody approved it yet" in said
    trained(regrade, "calibration", confirmed_file, own / "calibration", "--head", str(own / "head"))
    with pytest.raises(ModelRefused, match="approve"):
        read_registry((ZOO, own))
    for name in ("head", "calibration"):
        approve(own / name, by="Kim", note="looked at the figures", at=datetime(2026, 4, 1, tzinfo=UTC))
    judge = judge_of(read_registry((ZOO, own)))
    assert judge is not None
    assert [version.name for version in judge.versions] == ["condition-head", "share-calibration"]
    row = next(read_confirmed(confirmed_file.read_bytes().splitlines()))
    judgement = judge.judge(row.case)
    assert judgement is not None
    assert judgement.head is not None
    assert judge.judge(row.model_copy(update={"category": "boat"}).case) is None


def test_a_judge_knows_the_items_and_days_that_it_has_seen(
    regrade: Typer, confirmed_file: Path, tmp_path: Path
) -> None:
    trained(regrade, "calibration", confirmed_file, tmp_path / "own" / "calibration")
    judge = judge_of(read_registry((ZOO, tmp_path / "own"), allow_unapproved=True))
    assert isinstance(judge, SiteJudge)

    def item(name: str, day: date) -> AuditedItem:
        return AuditedItem(
            item=name, day=day, category="mug", proposed=Grade.NEW, share_ppm=900_000, truth=Grade.NEW
        )

    assert judge.has_seen(item("unit-1", date(2027, 1, 1)))
    assert judge.has_seen(item("other", date(2026, 3, 2)))
    assert not judge.has_seen(item("other", date(2027, 1, 1)))


def test_a_calibration_over_another_head_is_refused(
    regrade: Typer, confirmed_file: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    trained(regrade, "head", confirmed_file, tmp_path / "old")
    trained(regrade, "calibration", confirmed_file, own / "calibration", "--head", str(tmp_path / "old"))
    with pytest.raises(ModelRefused, match="another condition head"):
        judge_of(read_registry((ZOO, own), allow_unapproved=True))


def test_the_manifest_tells_the_file_and_the_figures_on_unseen_days(
    regrade: Typer, confirmed_file: Path, tmp_path: Path
) -> None:
    trained(regrade, "head", confirmed_file, tmp_path / "head")
    manifest = read_manifest(tmp_path / "head")
    assert manifest.trained_on[0].pictures == 360
    assert manifest.metrics["error"].value < manifest.metrics["error_of_fixed_map"].value
    assert manifest.approval is None


def test_the_ledger_gives_the_last_confirmed_verdict_of_each_unit(
    regrade: Typer, tmp_path: Path, record_value: Callable[..., dict[str, Any]]
) -> None:
    later = {"unit": {"inspection": 2}, "verdict": {"grade": "damaged", "condition": "D"}}
    alone = {"unit": {"id": "OTHER/1/1"}, "verdict": {"kind": "autonomy", "role": "machine"}}
    unknown = {"unit": {"id": "THIRD/1/1", "sku": "BOAT"}}
    bodies = [record_value(), record_value(**later), record_value(**alone), record_value(**unknown)]
    leaves = [
        Leaf(
            log="centre.example/site/s1",
            seq=seq,
            prev="0" * 64,
            type=EntryType.VERDICT,
            id=f"verdict:{seq}",
            recorded_at="2026-01-31T08:00:00.000000Z",
            body=body,
        ).to_bytes()
        for seq, body in enumerate(bodies)
    ]
    (tmp_path / "ledger.jsonl").write_bytes(b"\n".join([b"header", *leaves, b"garbage"]) + b"\n")
    sku = record_value()["unit"]["sku"]
    (tmp_path / "products.csv").write_text(f"sku,category\n{sku},apparel\n")
    arguments = [
        "train",
        "rows",
        str(tmp_path / "ledger.jsonl"),
        "--products",
        str(tmp_path / "products.csv"),
    ]
    done = CliRunner().invoke(regrade, [*arguments, "--out", str(tmp_path / "rows.jsonl")])
    assert (
        "1 confirmed verdicts; left aside: unreadable 1, no_confirmed_grade 1, no_category 1" in done.output
    )
    (row,) = read_confirmed((tmp_path / "rows.jsonl").read_bytes().splitlines())
    assert (row.grade, row.category) == (Grade.DAMAGED, "apparel")


@pytest.mark.parametrize("table", ["name\nx\n", None])
def test_a_table_without_sku_and_category_is_refused(table: str | None, tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    if table is not None:
        path.write_text(table)
    with pytest.raises(BadTrainingSet):
        read_categories(path)


def test_an_existing_folder_is_never_written_over(
    regrade: Typer, confirmed_file: Path, tmp_path: Path
) -> None:
    done = CliRunner().invoke(regrade, ["train", "head", str(confirmed_file), "--out", str(tmp_path)])
    assert done.exit_code == 2


def test_a_line_that_is_no_verdict_is_named(regrade: Typer, confirmed_file: Path, tmp_path: Path) -> None:
    with confirmed_file.open("a") as stream:
        stream.write('{"unit": "x"}\n')
    done = CliRunner().invoke(
        regrade, ["train", "head", str(confirmed_file), "--out", str(tmp_path / "head")]
    )
    assert isinstance(done.exception, BadTrainingSet)
    assert "line 361" in str(done.exception)
    assert not (tmp_path / "head").exists()
