"""`regrade verify export|bundle|proof|between` and the one-file verifier, as a person calls them."""

import ast
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner, Result

from inspection.custody.canonical import canonical
from inspection.custody.leaf import leaf_hash_hex
from inspection.custody.note import note_key
from inspection.custody.signing import key_id
from inspection.custody.tiles import TreeView
from kit.archive_writer import write_folder, write_zip
from kit.commands import register
from tests.kit.conftest import ORIGIN
from tests.kit.judges import standalone_module
from tests.kit.world import (
    HELD_RECEIPT,
    STORY,
    Files,
    World,
    key,
    new_log,
    pack_of,
    tell,
    text,
    tiles_of,
    true_world,
    world_of,
)
from tests.kit.world import photo as photo_bytes

Desk = Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Everything of the small world as files."""
    world = true_world()
    lay_out(world, tmp_path)
    (tmp_path / "policy").write_bytes(world.policy)
    (tmp_path / "receipt.json").write_bytes(world.receipts[0])
    (tmp_path / "old").write_bytes(world.checkpoints[0])
    (tmp_path / "leaf").write_bytes(world.log.leaves[4])
    (tmp_path / "leaf.tlog-proof").write_bytes(world.proofs[4])
    return tmp_path


def lay_out(world: World, folder: Path) -> None:
    parts = [(name, (content,)) for name, content in world.files.items()]
    write_folder(folder / "archive", parts)
    zipped(folder / "archive.zip", world.files)
    (folder / "lines.jsonl").write_bytes(world.files["leaves.jsonl"])
    zipped(folder / "pack.zip", world.pack)


def zipped(path: Path, files: Files) -> None:
    with path.open("wb") as file:
        write_zip(file, [(name, (content,)) for name, content in files.items()])


def verify(desk: Desk, *words: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    there = [str(desk / word) if (desk / word).exists() else word for word in words]
    return CliRunner().invoke(app, ["verify", *there])


def alone(desk: Desk, *words: str) -> int:
    there = [str(desk / word) if (desk / word).exists() else word for word in words]
    code: int = standalone_module().main([*there, "--policy", str(desk / "policy")])
    return code


@pytest.mark.parametrize("archive", ["archive", "archive.zip"])
def test_a_true_archive_is_verified_and_its_witness_named(desk: Desk, archive: str) -> None:
    held = ("--receipt", "receipt.json", "--checkpoint", "old")
    done = verify(desk, "export", archive, "--policy", "policy", *held)
    assert done.exit_code == 0
    assert "Witness w1 saw this checkpoint at 2026-01-31 08:13:01 UTC." in done.stdout
    assert "fork not detectable" not in done.stdout
    assert alone(desk, archive, *held) == 0


def test_a_changed_tile_ends_with_1_and_is_named(desk: Desk) -> None:
    tile = desk / "archive/tile/0/000.p/14"
    tile.write_bytes(tile.read_bytes()[:-1] + b"\0")
    done = verify(desk, "export", "archive", "--policy", "policy")
    assert done.exit_code == 1
    assert (
        "tile: entry 0 a part of the archive is not of these entries: tile/0/000.p/14 is not" in done.stdout
    )
    assert alone(desk, "archive") == 1


def test_an_archive_packed_tightly_is_refused(desk: Desk) -> None:
    with zipfile.ZipFile(desk / "tight.zip", "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in true_world().files.items():
            out.writestr(name, content)
    done = verify(desk, "export", "tight.zip")
    assert (done.exit_code, "compressed" in done.stderr) == (2, True)
    assert alone(desk, "tight.zip") == 1


@pytest.mark.parametrize("broken", ["policy", "receipt.json", "old", "archive.zip"])
def test_a_file_that_is_something_else_ends_with_2(desk: Desk, broken: str) -> None:
    (desk / broken).write_bytes(b"\x00\xffnothing")
    held = ("--receipt", "receipt.json", "--checkpoint", "old")
    done = verify(desk, "export", "archive.zip", "--policy", "policy", *held)
    assert done.exit_code == 2


def test_a_true_pack_is_verified(desk: Desk) -> None:
    done = verify(desk, "bundle", "pack.zip", "--policy", "policy")
    assert done.exit_code == 0
    assert "1 verdicts carry the signature of their station." in done.stdout
    assert alone(desk, "pack.zip") == 0


def test_a_pack_by_its_own_policy_shows_only_that_it_fits_itself(desk: Desk) -> None:
    done = verify(desk, "bundle", "pack.zip", "--json")
    assert (done.exit_code, "own_key" in json.loads(done.stdout)["cannot_exclude"]) == (0, True)


def test_a_bundle_beside_its_photos_is_verified_and_a_changed_photo_named(desk: Desk) -> None:
    with zipfile.ZipFile(desk / "pack.zip") as pack:
        pack.extractall(desk / "out")
    assert verify(desk, "bundle", "out/bundle.json", "--policy", "policy").exit_code == 0
    assert alone(desk, "out/bundle.json") == 0
    (desk / "out/photos/top-1.jpg").write_bytes(photo_bytes(1, "left"))
    done = verify(desk, "bundle", "out/bundle.json", "--policy", "policy")
    assert done.exit_code == 1
    assert "photo: is not the photo that was taken: photos/top-1.jpg" in done.stdout
    assert alone(desk, "out/bundle.json") == 1


def test_only_the_photos_that_a_bundle_names_are_read(desk: Desk) -> None:
    with zipfile.ZipFile(desk / "pack.zip") as pack:
        pack.extractall(desk / "out")
    (desk / "out/photos/older").mkdir()
    (desk / "out/photos/gone.jpg").symlink_to("nowhere.jpg")
    assert verify(desk, "bundle", "out/bundle.json", "--policy", "policy").exit_code == 0
    assert alone(desk, "out/bundle.json") == 0


def test_a_photo_without_an_end_is_another_one(desk: Desk) -> None:
    with zipfile.ZipFile(desk / "pack.zip") as pack:
        pack.extractall(desk / "out")
    os.truncate(desk / "out/photos/top-1.jpg", 2**36)  # a hole: it takes no room on the disk
    done = verify(desk, "bundle", "out/bundle.json", "--policy", "policy")
    assert done.exit_code == 1
    assert "photo: is not the photo that was taken: photos/top-1.jpg" in done.stdout


def test_a_file_that_is_no_bundle_ends_with_2(desk: Desk) -> None:
    (desk / "bundle.json").write_bytes(b"{}")
    done = verify(desk, "bundle", "bundle.json")
    assert (done.exit_code, "not_a_bundle" in done.stderr) == (2, True)


def test_one_entry_is_proven(desk: Desk) -> None:
    done = verify(desk, "proof", "leaf", "leaf.tlog-proof", "--policy", "policy")
    assert done.exit_code == 0
    assert alone(desk, "leaf.tlog-proof", "--leaf", "leaf") == 0
    (desk / "leaf").write_bytes(true_world().log.leaves[5])
    done = verify(desk, "proof", "leaf", "leaf.tlog-proof", "--policy", "policy", "--json")
    assert (done.exit_code, json.loads(done.stdout)["problems"][0]["rule"]) == (1, "bad_proof")
    assert json.loads(done.stdout)["problems"][0]["index"] == 4


def test_a_file_that_is_no_proof_ends_with_2(desk: Desk) -> None:
    done = verify(desk, "proof", "leaf", "leaf", "--policy", "policy")
    assert (done.exit_code, "not_a_proof" in done.stderr) == (2, True)


@pytest.mark.parametrize("export", ["lines.jsonl", "archive.zip", "archive"])
def test_a_log_that_only_grew_is_consistent_by_its_export(desk: Desk, export: str) -> None:
    words = ("between", "old", "archive/checkpoint", "--policy", "policy", "--export", export)
    assert verify(desk, *words).exit_code == 0


def test_a_log_that_only_grew_is_consistent_by_a_proof(desk: Desk) -> None:
    view = TreeView(14, tiles_of(true_world().log))
    (desk / "proof").write_text("".join(f"{text(each)}\n" for each in view.consistency(8)))
    words = ("between", "old", "archive/checkpoint", "--policy", "policy")
    assert verify(desk, *words, "--proof", "proof").exit_code == 0
    assert verify(desk, *words).exit_code == 2
    (desk / "proof").write_text("".join(f"{text(each)}\n" for each in view.consistency(7)))
    assert verify(desk, *words, "--proof", "proof").exit_code == 1


def test_a_log_that_went_back_is_named(desk: Desk) -> None:
    done = verify(desk, "between", "archive/checkpoint", "old", "--policy", "policy", "--json")
    assert (done.exit_code, json.loads(done.stdout)["problems"][0]["rule"]) == (1, "inconsistent")


@pytest.mark.parametrize(
    "words",
    [
        ("log", "lines.jsonl"),
        ("export", "archive"),
        ("bundle", "pack.zip"),
        ("proof", "leaf", "leaf.tlog-proof"),
        ("between", "old", "archive/checkpoint", "--export", "archive"),
    ],
    ids=lambda words: words[0],
)
def test_of_two_trusted_keys_the_one_that_signed_is_named(desk: Desk, words: tuple[str, ...]) -> None:
    unused = note_key(ORIGIN, key("the next one")).to_text()
    (desk / "policy").write_text(f"log {unused}\n{true_world().policy.decode()}")
    done = verify(desk, *words, "--policy", "policy", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["log_key"] == key_id(true_world().log.public)


def test_two_histories_of_one_size_are_named(desk: Desk) -> None:
    other = world_of(tell(new_log(), (*STORY[:7], STORY[8])))
    (desk / "other").write_bytes(other.files["checkpoint"])
    done = verify(desk, "between", "old", "other", "--policy", "policy")
    assert done.exit_code == 1
    assert "two different roots for one size" in done.stdout


def test_missing_counters_are_a_remark_and_no_failure(desk: Desk) -> None:
    world = world_of(tell(new_log(), tuple(step for at, step in enumerate(STORY) if at not in (4, 5))))
    shutil.rmtree(desk / "archive")
    lay_out(world, desk)
    done = verify(desk, "export", "archive", "--policy", "policy")
    assert done.exit_code == 0
    assert "omission: entry 5 comes after records that are missing" in done.stdout
    assert "counter 2 missing before this entry" in done.stdout


@pytest.fixture
def retained() -> Callable[[int], Files]:
    """The archive after retention dropped the bodies of the first entries."""

    def files(count: int) -> Files:
        world = true_world()
        header, *leaves = world.files["leaves.jsonl"].split(b"\n")[:-1]
        hashes = [f'"{leaf_hash_hex(leaf)}"'.encode() for leaf in leaves[:count]]
        lines = b"".join(line + b"\n" for line in (header, *hashes, *leaves[count:]))
        whole = {name: content for name, content in world.files.items() if "entries" not in name}
        return whole | {"leaves.jsonl": lines}

    return files


def test_dropped_bodies_leave_every_place_proven(desk: Desk, retained: Callable[[int], Files]) -> None:
    zipped(desk / "kept.zip", retained(3))
    done = verify(desk, "export", "kept.zip", "--policy", "policy", "--receipt", "receipt.json", "--json")
    answer = json.loads(done.stdout)
    assert (done.exit_code, "retained" in answer["cannot_exclude"]) == (0, True)
    assert answer["size"] == 14
    assert alone(desk, "kept.zip", "--receipt", "receipt.json") == 0


def test_a_wrong_hash_in_place_of_a_dropped_body_is_found(
    desk: Desk, retained: Callable[[int], Files]
) -> None:
    files = retained(3)
    first = leaf_hash_hex(true_world().log.leaves[1]).encode()
    zipped(desk / "kept.zip", files | {"leaves.jsonl": files["leaves.jsonl"].replace(first, b"0" * 64)})
    assert verify(desk, "export", "kept.zip", "--policy", "policy").exit_code == 1
    assert alone(desk, "kept.zip") == 1


def test_places_alone_can_be_checked_and_that_is_said(desk: Desk) -> None:
    done = verify(desk, "export", "archive", "--policy", "policy", "--places-only", "--json")
    assert (done.exit_code, "unread" in json.loads(done.stdout)["cannot_exclude"]) == (0, True)


def test_several_receipts_are_all_checked(desk: Desk) -> None:
    fork = tell(new_log(), (*STORY[:2], STORY[3]))
    receipt = {**orjson.loads(true_world().receipts[0]), "index": 2, "leaf": text(fork.leaves[2])}
    receipt["signature"] = text(fork.receipt(2).signature)
    (desk / "other.json").write_bytes(canonical(receipt))
    held = ("--receipt", "receipt.json", "--receipt", "other.json")
    done = verify(desk, "export", "archive", "--policy", "policy", *held, "--json")
    problem = json.loads(done.stdout)["problems"][0]
    assert (done.exit_code, problem["rule"], problem["index"]) == (1, "split", 2)
    assert json.loads(done.stdout)["receipt_index"] == HELD_RECEIPT


def test_the_one_file_runs_alone(desk: Desk) -> None:
    path = Path(standalone_module().__file__ or "")
    words = [sys.executable, "-I", str(path), str(desk / "pack.zip"), "--policy", str(desk / "policy")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=desk)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("holds: evidence of R1/1/1")
    assert imported(path.read_text()) <= {*sys.stdlib_module_names, "cryptography"}


def imported(source: str) -> set[str]:
    """The packages that a program imports, anywhere."""
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [name.name for node in found for name in node.names if isinstance(node, ast.Import)]
    names += [node.module or "." for node in found if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def test_the_one_file_says_the_entry_and_the_rule(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    world = true_world()
    bundle = pack_of(world.log, world.proofs | {2: world.proofs[3]})
    zipped(desk / "pack.zip", bundle | {name: world.pack[name] for name in world.pack if "photos" in name})
    assert alone(desk, "pack.zip") == 1
    assert "bad_proof: entry 3" in capsys.readouterr().out


def test_the_one_file_ends_with_2_for_what_it_cannot_read(desk: Desk) -> None:
    assert alone(desk, "nothing-there.zip") == 2
