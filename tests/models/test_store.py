"""The folder of references: names that cannot escape it, photos that count once, banks that follow."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.evidence import ImageFault
from models.backbone import Backbone
from models.calibration import MIN_SHOTS
from models.enrol import enrol
from models.errors import BadImage, BadName, BankRefused, TooManyReferences
from models.store import BANK_FILE, MAX_SHOTS, MAX_VIEWS, ReferenceStore, folder_name

Drawn = Callable[..., list[bytes]]


@pytest.fixture
def store(tmp_path: Path) -> ReferenceStore:
    return ReferenceStore(tmp_path, "shop")


@given(st.text(min_size=1, max_size=20))
def test_a_name_is_one_folder_and_can_be_read_back(name: str) -> None:
    try:
        folder = folder_name(name)
    except BadName:
        return
    assert "/" not in folder
    assert not folder.startswith(".")
    assert unquote(folder) == name


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b", "x" * 200])
def test_a_name_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadName):
        folder_name(name)


def test_names_with_slashes_and_dots_stay_inside(store: ReferenceStore, tmp_path: Path, drawn: Drawn) -> None:
    path = store.add_photo("../../SKU", "..", drawn("mug", "good", 1, 1)[0])
    assert path.resolve().is_relative_to(tmp_path / "shop")
    assert store.skus() == ["../../SKU"]
    assert store.views("../../SKU") == [".."]


def test_photos_are_kept_as_the_camera_sent_them(store: ReferenceStore, drawn: Drawn) -> None:
    contents = drawn("mug", "good", 1, 3)
    for content in contents:
        store.add_photo("MUG", "top", content)
    photos = store.photos("MUG", "top")
    assert [photo.content for photo in photos] == contents
    assert [photo.path.name for photo in photos] == ["001.jpg", "002.jpg", "003.jpg"]


def test_an_unknown_product_has_nothing(store: ReferenceStore) -> None:
    assert (store.skus(), store.views("X"), store.photos("X", "top")) == ([], [], [])
    assert store.bank("X", "top", backbone_sha256="b" * 64) is None
    assert store.bench("top") is None


def test_a_view_holds_only_so_many_photos(store: ReferenceStore, drawn: Drawn) -> None:
    content = drawn("mug", "good", 1, 1)[0]
    for _ in range(MAX_SHOTS):
        store.add_photo("MUG", "top", content)
    with pytest.raises(TooManyReferences, match="photos already"):
        store.add_photo("MUG", "top", content)


def test_a_product_has_only_so_many_views(store: ReferenceStore, drawn: Drawn) -> None:
    content = drawn("mug", "good", 1, 1)[0]
    for number in range(MAX_VIEWS):
        store.add_photo("MUG", f"v{number}", content)
    with pytest.raises(TooManyReferences, match="views already"):
        store.add_photo("MUG", "one more", content)


def test_a_bank_needs_enough_photos(store: ReferenceStore, backbone: Backbone, drawn: Drawn) -> None:
    few = enrol(store, backbone, sku="MUG", view="top", photos=drawn("mug", "good", 1, MIN_SHOTS - 1))
    assert (few.shots, few.bank_sha256) == (MIN_SHOTS - 1, None)
    calls: list[tuple[int, int]] = []
    more = enrol(
        store,
        backbone,
        sku="MUG",
        view="top",
        photos=drawn("mug", "good", 1, MIN_SHOTS),
        progress=lambda done, total: calls.append((done, total)),
    )
    assert (more.added, more.already_known, more.shots) == (1, MIN_SHOTS - 1, MIN_SHOTS)
    bank = store.bank("MUG", "top", backbone_sha256=backbone.version.sha256)
    assert bank is not None
    assert bank.sha256 == more.bank_sha256
    assert len(bank.header.photos) == MIN_SHOTS
    assert calls[-1][0] == calls[-1][1]


def test_a_photo_counts_once(store: ReferenceStore, backbone: Backbone, drawn: Drawn) -> None:
    photos = drawn("mug", "good", 1, 6)
    first = enrol(store, backbone, sku="MUG", view="top", photos=photos)
    again = enrol(store, backbone, sku="MUG", view="top", photos=[photos[2], photos[2]])
    assert (again.added, again.already_known, again.shots) == (0, 2, 6)
    assert again.bank_sha256 == first.bank_sha256


def test_a_bad_photo_is_refused_before_any_is_stored(
    store: ReferenceStore, backbone: Backbone, drawn: Drawn
) -> None:
    with pytest.raises(BadImage) as caught:
        enrol(store, backbone, sku="MUG", view="top", photos=[*drawn("mug", "good", 1, 2), b"no picture"])
    assert caught.value.fault is ImageFault.UNREADABLE
    assert store.count("MUG", "top") == 0


def test_a_bank_moved_to_another_product_or_damaged_is_refused(
    store: ReferenceStore, backbone: Backbone, drawn: Drawn, tmp_path: Path
) -> None:
    sha256 = backbone.version.sha256
    enrol(store, backbone, sku="MUG", view="top", photos=drawn("mug", "good", 1, 5))
    source = tmp_path / "shop" / "MUG" / "top" / BANK_FILE
    moved = tmp_path / "shop" / "CUP" / "top" / BANK_FILE
    moved.parent.mkdir(parents=True)
    moved.write_bytes(source.read_bytes())
    with pytest.raises(BankRefused, match="SKU 'MUG', not 'CUP'"):
        store.bank("CUP", "top", backbone_sha256=sha256)
    with pytest.raises(BankRefused, match="backbone"):
        store.bank("MUG", "top", backbone_sha256="0" * 64)
    source.write_bytes(source.read_bytes()[:-100])
    with pytest.raises(BankRefused, match="cut short"):
        store.bank("MUG", "top", backbone_sha256=sha256)
