"""The command line of the models, through the front door."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import regrade
from models.images import decode
from models.store import BANK_FILE, ReferenceStore

ROOT = Path(__file__).parents[2]
DRAWN = ROOT / "datasets" / "drawn"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """One command in an empty folder; its references lie in `var/references` there."""
    monkeypatch.chdir(tmp_path)

    def invoke(*args: str | Path) -> Result:
        return CliRunner(env={"COLUMNS": "160"}).invoke(regrade.front_door(), [str(arg) for arg in args])

    return invoke


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of references that holds MUG with 12 photos; never written to by a test."""
    folder = tmp_path_factory.mktemp("learnt") / "references"
    photos = sorted((DRAWN / "mug" / "good").glob("*.jpg"))[:12]
    command = ["references", "add", "MUG", *map(str, photos), "--store", str(folder)]
    result = CliRunner(env={"COLUMNS": "160"}).invoke(regrade.front_door(), command)
    assert result.exit_code == 0, result.output
    assert "12 added, 0 known already, 12 photos of top now." in result.output
    return folder


@pytest.fixture
def enrolled(learnt: Path, tmp_path: Path) -> Path:
    """MUG with 12 photos, in the folder of `run`; the bank's path."""
    shutil.copytree(learnt, tmp_path / "var" / "references")
    return tmp_path / "var" / "references" / "default" / "MUG" / "top" / BANK_FILE


def test_a_folder_of_photos_can_be_added(run: Run) -> None:
    result = run("references", "add", "CARTON", DRAWN / "carton" / "used_tape", "--view", "side", "--json")
    added = json.loads(result.stdout)
    assert {name: added[name] for name in ("added", "already_known", "shots")} == {
        "added": 4,
        "already_known": 0,
        "shots": 4,
    }
    assert len(added["bank_sha256"]) == 64
    assert json.loads(run("references", "list", "--json").stdout) == {"CARTON": {"side": 4}}


def test_too_few_photos_are_said_to_be_too_few(run: Run) -> None:
    two = sorted((DRAWN / "mug" / "good").glob("*.jpg"))[:2]
    result = run("references", "add", "MUG", *two)
    assert "At least 3 are needed" in result.output
    card = run("references", "card", "MUG")
    assert "Needs 1 more good photos" in card.output


def test_what_is_enrolled_is_listed(run: Run, enrolled: Path) -> None:
    assert run("references", "list").output == "MUG: top 12\n"
    assert "No references of merchant other" in run("references", "list", "--merchant", "other").output


def audit(tmp_path: Path, count: int) -> Path:
    row: dict[str, object] = {
        "unit": "u",
        "day": datetime.now(UTC).date().isoformat(),
        "merchant": "default",
        "sku": "MUG",
    }
    row |= {"category": "tableware", "proposed": "new", "grade": "new", "raw_ppm": [995_000, 4_000, 1_000]}
    path = tmp_path / "audits.jsonl"
    path.write_text("".join(json.dumps(row | {"unit": f"u{number}"}) + "\n" for number in range(count)))
    return path


def test_the_card_says_what_may_be_decided_alone(run: Run, enrolled: Path, tmp_path: Path) -> None:
    card = ("references", "card", "MUG", "--audits", audit(tmp_path, 310))
    found = json.loads(run(*card, "--level", "normal", "--json").stdout)["autonomy"]
    assert [(row["proposed"], row["alone"], row["why"]) for row in found["grades"]] == [
        ("new", True, "within_budget"),
        ("used", False, "too_few_audited"),
        ("damaged", False, "too_few_audited"),
    ]
    assert [model["name"] for model in found["models"]] == ["efficientnet-lite0"]
    said = run(*card, "--budget", "damaged_as_new=5000").output
    assert "Only 310 checked items; 598 needed to go alone." in said
    assert "机器可以单独判定的范围" in run(*card, "--language", "zh_CN").output


@pytest.mark.parametrize("more", [("--budget", "luck=3"), ("--budget", "any_error=0")])
def test_a_budget_that_is_none_is_refused(run: Run, enrolled: Path, tmp_path: Path, more: tuple[str]) -> None:
    failed = run("references", "card", "MUG", "--audits", audit(tmp_path, 3), *more)
    assert failed.exit_code == 1
    assert "KIND=PPM" in str(failed.output) + str(failed.exception)


def test_the_card_says_what_the_photos_prove_and_what_they_cannot(run: Run, enrolled: Path) -> None:
    card = json.loads(run("references", "card", "MUG", "--json").stdout)
    (view,) = card["views"]
    assert (view["view"], view["shots"], view["missing"]) == ("top", 12, 0)
    assert 0 < view["median_left_out"] <= view["largest_left_out"]
    assert view["false_alarms"] / 12 < view["false_alarm_bound"] < 1
    assert len(view["bank_sha256"]) == len(card["backbone"]["sha256"]) == 64
    assert "kind" in card["blind"]
    assert "What it cannot see" in run("references", "card", "MUG").output
    assert "看不到的东西" in run("references", "card", "MUG", "--language", "zh_CN").output


def test_the_card_says_that_few_photos_find_little(run: Run) -> None:
    run("references", "add", "MUG", *sorted((DRAWN / "mug" / "good").glob("*.jpg"))[:3])
    assert "Only 3 good photos" in run("references", "card", "MUG").output
    (view,) = json.loads(run("references", "card", "MUG", "--json").stdout)["views"]
    assert (view["few"], view["missing"], view["false_alarms"]) == (True, 0, 0)
    assert "Only" not in run("references", "card", "MUG", "--language", "zh_CN").output


@pytest.mark.parametrize(
    ("picture", "grade"),
    [("good/030.jpg", "new"), ("used_stain/001.jpg", "used"), ("damaged_handle/002.jpg", "damaged")],
)
def test_an_item_is_graded_with_all_that_led_to_it(
    run: Run, enrolled: Path, picture: str, grade: str
) -> None:
    answer = json.loads(run("grade", DRAWN / "mug" / picture, "--sku", "MUG", "--json").stdout)
    assert answer["grade"] == grade
    assert sum(answer["shares_ppm"].values()) == 1_000_000
    assert bool(answer["findings"]) == (grade != "new")
    assert answer["views"][0]["view"] == "top"
    assert answer["quality"]["top"]["faults"] == []
    assert answer["bank"]["name"] == "default/MUG"
    assert 0 < answer["model_ms"] <= answer["total_ms"]


@pytest.fixture
def own_models(run: Run, tmp_path: Path) -> Path:
    """A site's folder of models with a calibration that nobody approved yet: of 120 new mugs 90 were new."""
    row: dict[str, object] = {"merchant": "default", "sku": "MUG", "category": "tableware", "proposed": "new"}
    rows = [
        row
        | {"unit": f"u{number}", "day": f"2026-05-{1 + number // 20:02}", "raw_ppm": [980_000, 15_000, 5_000]}
        | {"grade": "used" if number % 4 == 0 else "new"}
        for number in range(120)
    ]
    path = tmp_path / "confirmed.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    result = run("train", "calibration", path, "--out", "own/calibration")
    assert result.exit_code == 0, result.output
    return tmp_path / "own"


def test_an_item_is_graded_with_the_sites_own_judge_once_it_is_approved(
    run: Run, enrolled: Path, own_models: Path
) -> None:
    asked = ("grade", DRAWN / "mug" / "good" / "030.jpg", "--sku", "MUG", "--category", "tableware", "--json")
    plain = json.loads(run(*asked).stdout)
    refused = run(*asked, "--models", own_models)
    assert (refused.exit_code, "not approved" in refused.stderr) == (1, True)
    approved = run("models", "approve", own_models / "calibration", "--by", "Kim", "--note", "figures")
    assert approved.exit_code == 0, approved.output
    judged = json.loads(run(*asked, "--models", own_models).stdout)
    assert judged["grade"] == plain["grade"] == "new"
    assert plain["shares_ppm"] != judged["shares_ppm"]
    assert "uncalibrated" in {reason["code"] for reason in plain["reasons"]}
    assert "uncalibrated" not in {reason["code"] for reason in judged["reasons"]}
    assert [model["name"] for model in judged["models"]][-1] == "share-calibration"


def test_an_item_is_graded_without_a_model_that_is_left_aside(run: Run) -> None:
    asked = ("grade", DRAWN / "mug" / "good" / "030.jpg", "--sku", "MUG", "--json")
    answer = json.loads(run(*asked, "--aside", "defect-segmenter").stdout)
    assert [model["name"] for model in answer["models"]] == ["efficientnet-lite0"]
    refused = run(*asked, "--aside", "efficientnet-lite0", "--aside", "defect-segmenter")
    assert (refused.exit_code, "exactly one backbone" in refused.stderr) == (1, True)


def test_the_picture_with_the_findings_can_be_kept(run: Run, enrolled: Path, tmp_path: Path) -> None:
    damaged = DRAWN / "mug" / "damaged_handle" / "001.jpg"
    result = run("grade", damaged, "--sku", "MUG", "--picture", "out.png")
    assert "Damaged" in result.output
    shown = decode((tmp_path / "out.png").read_bytes())
    assert shown.shape == (480, 640, 3)
    assert ((shown[:, :, 0] > 200) & (shown[:, :, 1] < 60) & (shown[:, :, 2] < 60)).any()


def test_views_are_named_before_the_picture(run: Run, enrolled: Path) -> None:
    picture = DRAWN / "mug" / "good" / "030.jpg"
    result = run("grade", picture, f"side={picture}", "--sku", "MUG")
    assert "not compared" in result.output
    twice = run("grade", picture, picture, "--sku", "MUG")
    assert (twice.exit_code, "two pictures of view top" in twice.output) == (2, True)


def test_a_bad_picture_is_an_answer_with_its_reason(run: Run, enrolled: Path) -> None:
    answer = json.loads(run("grade", ROOT / "LICENSE", "--sku", "MUG", "--json").stdout)
    assert answer["grade"] == "ungraded"
    assert answer["quality"]["top"]["faults"] == ["unreadable"]
    shown = run("grade", ROOT / "LICENSE", "--sku", "MUG", "--picture", "out.png", "--language", "zh_CN")
    assert "No picture could be read" in shown.stderr


def test_the_empty_bench_is_kept_and_known(run: Run, enrolled: Path) -> None:
    assert run("references", "bench", DRAWN / "bench.jpg").exit_code == 0
    answer = json.loads(run("grade", DRAWN / "bench.jpg", "--sku", "MUG", "--json").stdout)
    assert answer["quality"]["top"]["faults"] == ["empty_bench"]
    assert ReferenceStore(Path("var/references")).skus() == ["MUG"]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("references", "add", "MUG", ROOT / "LICENSE"), 1, "(bad_image)"),
        (("references", "add", "MUG", "nowhere.jpg"), 2, "No such file"),
        (("references", "add", "", DRAWN / "bench.jpg"), 1, "(bad_name)"),
        (("references", "card", "X"), 1, "(no_references)"),
        (("references", "bench", ROOT / "LICENSE"), 1, "(bad_image)"),
        (("grade", "nowhere.jpg", "--sku", "MUG"), 2, "No such file"),
        (("grade", DRAWN / "bench.jpg", "--sku", "MUG", "--picture", "no/such/folder/x.png"), 2, "No such"),
    ],
)
def test_bad_input_is_named(run: Run, args: tuple[str | Path, ...], code: int, said: str) -> None:
    result = run(*args)
    assert (result.exit_code, said in result.output + result.stderr) == (code, True), result.output
    assert "Traceback" not in result.output


def test_a_damaged_bank_stops_the_grading_with_a_sentence(run: Run, enrolled: Path) -> None:
    enrolled.write_bytes(enrolled.read_bytes()[:-1])
    result = run("grade", DRAWN / "mug" / "good" / "030.jpg", "--sku", "MUG")
    assert result.exit_code == 1
    assert "cut short" in result.stderr
    assert "(bank_refused)" in result.stderr
