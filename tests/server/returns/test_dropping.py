"""The drop folder: a file is taken whole, read once, and ends where a person sees what became of it."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from server.alarms import AlarmKind, count_standing
from server.db.return_tables import dropped_faults, dropped_files
from server.db.tables import units
from server.returns.dropping import folder, watcher
from server.returns.dropping.faults import safe
from server.returns.dropping.folder import is_name
from server.returns.dropping.watcher import Watcher
from server.returns.repository import find_units
from server.settings import ServerSettings

if TYPE_CHECKING:
    from tests.server.conftest import Site

HEAD = "id,authorization,order,customer,line,index,sku,paid_minor,currency,reason,reason_text\n"


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    (tmp_path / "drop" / "m1").mkdir(parents=True)
    return ServerSettings(
        host_name="centre.test",
        site="s1",
        recovery_wait_s=0.0,
        returns_drop_dir=tmp_path / "drop",
        drop_limit_bytes=100_000,
        drop_settle_s=0,
    )


def rows(numbers: Iterable[int], **changes: str) -> str:
    return "".join(row(number, **changes) for number in numbers)


def row(number: int, sku: str = "MUG-1", paid: str = "5000", text: str = "") -> str:
    return f"R{number}/1/1,R{number},O-{number},C-1,1,1,{sku},{paid},CNY,other,{text}\n"


class Office:
    """Whoever drops files, and the watcher."""

    def __init__(self, site: "Site") -> None:
        root = site.centre.settings.returns_drop_dir
        assert root is not None
        self.site, self.folder = site, root / "m1"
        self.watcher = Watcher(site.centre, root)

    def drop(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def names(self, inner: str) -> list[str]:
        return sorted(path.name.partition("-")[2] for path in (self.folder / inner).iterdir())

    def text(self, inner: str, end: str) -> str:
        (path,) = (path for path in (self.folder / inner).iterdir() if path.name.endswith(end))
        return path.read_text("utf-8-sig")

    async def units(self) -> list[str]:
        chosen = select(units.c.id).order_by(units.c.id)
        return await self.site.centre.reader.run(lambda c: list(c.execute(chosen).scalars()))

    async def files(self) -> list[tuple[Any, ...]]:
        chosen = select(dropped_files.c.state, dropped_files.c.accepted, dropped_files.c.rejected)
        return await self.site.centre.reader.run(lambda c: [tuple(r) for r in c.execute(chosen)])


@pytest.fixture
async def office(site: "Site") -> Office:
    await site.announce("R0/1/1")
    return Office(site)


async def test_a_file_goes_in_once_and_bad_rows_come_back_beside_it(office: Office) -> None:
    bad = row(7, sku="JUG-1", text="=1+1") + row(8, paid="1.5") + row(9).replace(",other,", ",=cmd,")
    content = HEAD + rows(range(1, 7)) + bad
    office.drop("退货.csv", content)
    await office.watcher.turn()
    assert await office.units() == [f"R{n}/1/1" for n in range(7)]
    assert (office.names("taken"), office.names("done")) == ([], ["退货.csv", "退货.csv.faults.csv"])
    told = office.text("done", ".faults.csv").splitlines()
    assert told[0].startswith("row,column,code,detail,id,")
    assert [line.split(",")[:3] for line in told[1:]] == [
        ["8", "sku", "unknown_sku"], ["9", "paid_minor", "bad_value"], ["10", "reason", "bad_value"],
    ]  # fmt: skip
    assert told[1].endswith(",'=1+1")
    assert ",'=cmd," in told[3]
    office.drop("again.csv", content)
    await office.watcher.turn()
    assert await office.files() == [("done", 6, 3)]
    assert office.site.counted("regrade_drop_files_total", result="repeated") == 1
    kept = select(dropped_faults)
    assert await office.site.centre.reader.run(lambda c: c.execute(kept).all()) == []


async def test_the_encoding_of_a_chinese_windows_is_read(office: Office) -> None:
    office.drop("a.csv", (HEAD + row(1, text="屏幕碎了")).encode("gb18030"))
    office.drop("b.csv", b"\xef\xbb\xbf" + (HEAD + row(2)).encode())
    await office.watcher.turn()
    assert await office.units() == ["R0/1/1", "R1/1/1", "R2/1/1"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04\x00\x00", "binary"),
        (HEAD.encode("utf-16"), "binary"),
        (HEAD.encode() + b"\xff\xff\xff", "encoding"),
        (b"x" * 100_001, "too_large"),
        (b"id,what\n1,2\n", "bad_table"),
        (b"", "bad_table"),
    ],
)
async def test_what_is_no_table_is_refused_with_its_reason(office: Office, content: bytes, code: str) -> None:
    office.drop("a.csv", content)
    await office.watcher.turn()
    assert office.names("refused") == ["a.csv", "a.csv.refused.txt"]
    assert office.text("refused", ".txt").splitlines()[0] == code
    standing = await office.site.centre.reader.run(lambda c: count_standing(c, "s1"))
    assert {kind.value: many for kind, many in standing.items()}["drop"] == 1


async def test_a_line_that_never_ends_is_refused(office: Office) -> None:
    object.__setattr__(office.site.centre.settings, "drop_limit_bytes", 10_000_000)
    office.drop("a.csv", HEAD + "x" * 1_000_000)
    await office.watcher.turn()
    assert "characters" in office.text("refused", ".txt")


async def test_a_file_that_grows_is_waited_for(office: Office) -> None:
    object.__setattr__(office.site.centre.settings, "drop_settle_s", 1000.0)
    path = office.drop("a.csv", HEAD)
    await office.watcher.turn()
    with path.open("a") as file:
        file.write(row(1))
    await office.watcher.turn()
    assert path.exists()
    object.__setattr__(office.site.centre.settings, "drop_settle_s", 0.0)
    await office.watcher.turn()
    assert await office.units() == ["R0/1/1", "R1/1/1"]


async def test_links_folders_and_other_names_are_left_alone(office: Office, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(HEAD + row(1))
    (office.folder / "link.csv").symlink_to(secret)
    (office.folder / "folder.csv").mkdir()
    os.mkfifo(office.folder / "pipe.csv")
    for name in (".hidden.csv", "a.csv.part", "b.txt"):
        office.drop(name, HEAD + row(2))
    (office.folder.parent / "m2").symlink_to(office.folder)
    await office.watcher.turn()
    assert await office.units() == ["R0/1/1"]
    assert (office.folder / "link.csv").is_symlink()


async def test_a_merchants_folder_that_is_a_link_is_not_entered(office: Office, tmp_path: Path) -> None:
    office.folder.rename(tmp_path / "elsewhere")
    office.folder.symlink_to(tmp_path / "elsewhere")
    office.drop("a.csv", HEAD + row(1))
    await office.watcher.turn()
    assert await office.units() == ["R0/1/1"]


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("a.csv", True), ("A.CSV", True), ("退货 1.csv", True), ("a.csv.faults", False), (".a.csv", False),
        ("a\n.csv", False), ("a\u202e.csv", False), ("x" * 150 + ".csv", False), ("..", False),
    ],
)  # fmt: skip
def test_which_names_are_looked_at(name: str, seen: bool) -> None:
    assert is_name(name) is seen


async def test_a_later_row_of_a_unit_replaces_an_earlier_one(office: Office) -> None:
    office.drop("a.csv", HEAD + row(1, paid="1") + row(2) + row(1, paid="3") + row(1, paid="2"))
    await office.watcher.turn()
    assert await office.files() == [("done", 4, 0)]
    held = await office.site.centre.reader.run(lambda c: find_units(c, "s1", ["R1/1/1"]))
    assert held["R1/1/1"].message.paid_minor == 2


async def test_an_open_quote_ends_the_rows_and_is_told(office: Office) -> None:
    office.drop("a.csv", HEAD + rows((1, 2)) + 'R3/1/1,"R3,never closed\n')
    await office.watcher.turn()
    assert await office.files() == [("done", 2, 1)]
    assert "bad_csv" in office.text("done", ".faults.csv")


async def test_too_many_waiting_files_raise_the_alarm(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MOST_WAITING", 2)
    monkeypatch.setattr(watcher, "MOST_WAITING", 2)
    for number in range(1, 5):
        office.drop(f"{number}.csv", HEAD + row(number))
    await office.watcher.turn()
    standing = await office.site.centre.reader.run(lambda c: count_standing(c, "s1"))
    assert standing[AlarmKind.DROP] == 1
    assert office.site.counted("regrade_drop_waiting") == 3
    await office.watcher.turn()
    assert len(await office.units()) == 5


async def test_files_that_were_kept_long_enough_go(office: Office) -> None:
    office.drop("a.csv", HEAD + row(1))
    await office.watcher.turn()
    office.site.clock.moment = office.site.clock.moment.replace(year=2099)
    await Watcher(office.site.centre, office.folder.parent).turn()
    assert office.names("done") == []


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(cell: str) -> None:
    assert safe(cell) == f"'{cell}"
    assert safe(f"x{cell}") == f"x{cell}"
