"""A zip that cannot be read is said to be one, by the program and by the one file, whatever is odd."""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from kit.archive import open_archive
from kit.archive_writer import write_zip
from kit.commands import register
from kit.errors import NotABundle, Unreadable
from tests.kit.judges import standalone_module
from tests.kit.world import true_world

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def patched(local: int, central: int, value: bytes) -> Callable[[bytes, str], bytes]:
    """Overwrite a field of both headers of a part; the offsets are those of each header's form."""

    def change(content: bytes, name: str) -> bytes:
        out = bytearray(content)
        for magic, offset, length in ((LOCAL, local, 30), (CENTRAL, central, 46)):
            at = content.index(name.encode(), content.index(magic)) - length
            while content[at : at + 4] != magic:
                at = content.index(name.encode(), at + length + 1) - length
            out[at + offset : at + offset + len(value)] = value
        return bytes(out)

    return change


def renamed(content: bytes, name: str) -> bytes:
    """A name that says it is UTF-8 and is not."""
    flagged = patched(6, 8, struct.pack("<H", 0x800))(content, name)
    return flagged.replace(name.encode(), b"\xff" + name.encode()[1:])


ODD: dict[str, Callable[[bytes, str], bytes]] = {
    "encrypted": patched(6, 8, struct.pack("<H", 0x1)),
    "patched data": patched(6, 8, struct.pack("<H", 0x20)),
    "strong encryption": patched(6, 8, struct.pack("<H", 0x40)),
    "of a later version": patched(4, 6, struct.pack("<H", 99)),
    "with a name that is no text": renamed,
    "with a wrong checksum": patched(14, 16, b"\0\0\0\0"),
}


@pytest.fixture(params=ODD)
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[dict[str, bytes], str], Path]:
    """Write files as a zip with one odd part."""

    def write(files: dict[str, bytes], name: str) -> Path:
        path = tmp_path / "odd.zip"
        with path.open("wb") as file:
            write_zip(file, [(each, (content,)) for each, content in files.items()])
        path.write_bytes(ODD[request.param](path.read_bytes(), name))
        return path

    return write


Odd = Callable[[dict[str, bytes], str], Path]


def verify(*words: object) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["verify", *map(str, words)])


def policy(folder: Path) -> Path:
    (folder / "policy").write_bytes(true_world().policy)
    return folder / "policy"


def test_an_odd_pack_ends_with_2(odd: Odd, tmp_path: Path) -> None:
    path = odd(true_world().pack, "bundle.json")
    done = verify("bundle", path, "--policy", policy(tmp_path))
    assert (done.exit_code, "not_a_bundle" in done.stderr) == (2, True)


def test_an_odd_archive_ends_with_2(odd: Odd, tmp_path: Path) -> None:
    path = odd(true_world().files, "leaves.jsonl")
    done = verify("export", path, "--policy", policy(tmp_path))
    assert (done.exit_code, "not_an_export" in done.stderr) == (2, True)


def test_the_lines_of_an_odd_archive_end_with_2(odd: Odd, tmp_path: Path) -> None:
    path = odd(true_world().files, "leaves.jsonl")
    (tmp_path / "old").write_bytes(true_world().checkpoints[0])
    (tmp_path / "new").write_bytes(true_world().files["checkpoint"])
    words = ("between", tmp_path / "old", tmp_path / "new", "--policy", policy(tmp_path), "--export", path)
    assert verify(*words).exit_code == 2


def test_the_one_file_shows_no_traceback(
    odd: Odd, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = odd(true_world().pack, "bundle.json")
    code = standalone_module().main([str(path), "--policy", str(policy(tmp_path))])
    said = capsys.readouterr()
    assert code == (1 if "FAILED: unreadable" in said.out else 2)
    assert code == 1 or "cannot be read" in said.err


def test_a_structure_too_deep_to_be_read_still_fails_in_the_one_file(tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    path.write_bytes(b'{"entries":' + b"[" * 100_000)
    assert standalone_module().main([str(path), "--policy", str(policy(tmp_path))]) == 1


def test_a_fault_while_a_part_is_read_is_not_told_as_no_zip(tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("bundle.json", b"{}")
    with pytest.raises(NotABundle, match="is damaged: the disk"), open_archive(path, NotABundle):
        raise OSError("the disk is gone")
    with pytest.raises(Unreadable, match="no zip and no folder"), open_archive(tmp_path / "nothing"):
        pass
