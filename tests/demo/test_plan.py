"""The plan of a run: the same from the same seed, and with everything in it."""

from collections import Counter
from pathlib import Path

import pytest

from demo.errors import BadSetUp
from demo.goods import UNPRICED
from demo.pictures import REFERENCES, read_albums
from demo.plan import MQTT_BENCH, SERIAL_BENCH, TAGGED, Plan, Planner, Twist, Way
from inspection.grades import Disposition, Grade
from inspection.identity.epc import read_epc
from inspection.refund import RefundKind

BENCHES = (SERIAL_BENCH, MQTT_BENCH)


def make(count: int = 200, seed: int = 1) -> Plan:
    return Planner(seed=seed, benches=BENCHES).plan(count)


def test_the_same_seed_gives_the_same_plan() -> None:
    assert make() == make()
    assert make() != make(seed=2)


@pytest.mark.parametrize("count", [40, 200])
@pytest.mark.parametrize("seed", range(5))
def test_every_grade_disposition_and_refund_kind_is_planned(count: int, seed: int) -> None:
    counted = make(count, seed).counted
    assert len(counted) == count
    assert {item.grade for item in counted} == set(Grade)
    assert {item.disposition for item in counted} == set(Disposition)
    assert {item.kind for item in counted} == set(RefundKind)
    assert {item.way for item in counted} == set(Way)


@pytest.mark.parametrize("count", [4, 40, 200])
def test_every_bad_input_occurs_on_every_bench_that_can_have_it(count: int) -> None:
    items = make(count).items
    for number, kind in enumerate(BENCHES):
        given = Counter(twist for item in items if item.bench == number for twist in item.twists)
        assert given == Counter(kind.twists)


def test_what_the_centre_has_to_refuse_comes_on_top() -> None:
    plan = make(50)
    assert len(plan.items) == 52
    assert [item.settled for item in plan.items if Twist.CANCELLED in item.twists] == [False, False]


def test_refunds_follow_the_rules_for_the_truth() -> None:
    for item in make().counted:
        assert 0 <= item.total_minor <= item.unit.paid_minor
        if item.truth == Grade.NEW and not item.escalated:
            assert (item.kind, item.total_minor) == (RefundKind.APPROVE, item.unit.paid_minor)
        if item.escalated:
            assert (item.kind, item.grade) == (RefundKind.HOLD, Grade.UNGRADED)


def test_tags_carry_the_product_and_no_two_items_share_anything() -> None:
    items = make().items
    for item in items:
        if item.way in TAGGED:
            assert item.unit.epc is not None
            assert read_epc(bytes.fromhex(item.unit.epc)).gtin == item.good.product.gtin
    assert len({item.unit.id for item in items}) == len(items)
    assert len({(item.picture.ware, item.picture.number) for item in items}) == len(items)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Thirty good bottles, four broken ones, and a phone with only three photos."""
    for name, count in {
        "bottle/good": 30,
        "bottle/broken": 2,
        "bottle/stain": 2,
        "phone_screen/good": 3,
    }.items():
        (tmp_path / name).mkdir(parents=True)
        for number in range(count):
            (tmp_path / name / f"{number:03d}.png").write_bytes(name.encode())
    return tmp_path


def test_the_first_good_photos_become_references_and_never_items(photos: Path) -> None:
    bottle, phone = read_albums(photos)
    assert [len(album.references) for album in (bottle, phone)] == [REFERENCES, 2]
    given = [bottle.take(Grade.NEW) for _ in range(11)]
    assert given[10] is None
    assert not set(given[:10]) & set(bottle.references)


def test_kinds_of_defect_take_turns(photos: Path) -> None:
    bottle = read_albums(photos)[0]
    shown = [bottle.take(Grade.DAMAGED) for _ in range(4)]
    assert [photo.condition for photo in shown if photo] == ["broken", "stain", "broken", "stain"]


def test_photos_are_used_once_and_their_end_is_stated(photos: Path) -> None:
    plan = Planner(seed=3, benches=BENCHES, albums=read_albums(photos)).plan(60)
    paths = [item.picture.path for item in plan.items if item.picture.path]
    assert len(paths) == len(set(paths)) == 15
    assert set(plan.photos_exhausted) == {
        "bottle/new",
        "bottle/damaged",
        "phone_screen/new",
        "phone_screen/damaged",
    }
    assert {item.grade for item in plan.counted} >= {Grade.NEW, Grade.USED, Grade.DAMAGED}


def test_a_folder_without_photos_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadSetUp, match="bottle/good"):
        read_albums(tmp_path)


def test_a_run_with_photos_still_comes_to_every_disposition(photos: Path) -> None:
    plan = Planner(seed=1, benches=BENCHES, albums=read_albums(photos)).plan(200)
    assert {item.disposition for item in plan.counted} == set(Disposition)
    assert UNPRICED in {item.good for item in plan.counted}
