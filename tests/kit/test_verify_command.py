"""`regrade verify log` as a person or a script calls it."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from inspection.messages.uplink import ReceiptMessage
from kit.commands import register

Log = Any


@pytest.fixture
def files(log: Log, tmp_path: Path) -> tuple[Path, Path, str]:
    """An export, a receipt, and the log's key in base64."""
    (tmp_path / "export.jsonl").write_bytes(log.export())
    (tmp_path / "receipt.json").write_bytes(ReceiptMessage.of(log.receipt(9)).to_json())
    return tmp_path / "export.jsonl", tmp_path / "receipt.json", base64.b64encode(log.public).decode()


def run(*words: object) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["verify", "log", *map(str, words)])


def test_a_good_export_ends_with_0_and_says_what_is_proven(files: tuple[Path, Path, str]) -> None:
    export, receipt, key = files
    done = run(export, "--receipt", receipt, "--key", key)
    assert done.exit_code == 0
    assert "Your receipt proves entries 0 to 9, byte for byte." in done.stdout
    assert "own key was used" not in done.stdout


def test_without_a_key_it_says_that_only_self_consistency_is_shown(files: tuple[Path, Path, str]) -> None:
    done = run(files[0])
    assert done.exit_code == 0
    assert "its own key was used" in done.stdout
    assert "wrote the whole log anew" in done.stdout


def test_a_changed_export_ends_with_1_and_names_the_entry(files: tuple[Path, Path, str]) -> None:
    export, receipt, key = files
    export.write_bytes(export.read_bytes().replace(b'"seq":4', b'"seq":5'))
    done = run(export, "--receipt", receipt, "--key", key, "--json")
    answer = json.loads(done.stdout)
    assert done.exit_code == 1
    assert answer["verified"] is False
    assert (answer["problems"][0]["rule"], answer["problems"][0]["index"]) == ("changed", 4)


def test_the_failure_is_told_in_words(files: tuple[Path, Path, str]) -> None:
    export, receipt, key = files
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join([*lines[:4], *lines[5:]]))
    done = run(export, "--receipt", receipt, "--key", key)
    assert done.exit_code == 1
    assert "dropped: entry 3 was dropped (line 4): the entry is missing after line 4" in done.stdout


def test_a_name_in_the_file_cannot_draw_over_the_answer(log: Log, files: tuple[Path, Path, str]) -> None:
    header = replace(log.header(), origin="\rverified: centre\x1b[8m\n")
    files[0].write_bytes(b"".join(line + b"\n" for line in (header.to_bytes(), *log.leaves)))
    done = run(files[0], "--key", files[2])
    assert done.exit_code == 1
    assert done.stdout.startswith("FAILED: ?verified: centre?[8m?, 12 entries")


@pytest.mark.parametrize("broken", ["export", "receipt"])
def test_a_file_that_is_something_else_ends_with_2(files: tuple[Path, Path, str], broken: str) -> None:
    (files[0] if broken == "export" else files[1]).write_bytes(b"\x00\xffnothing")
    done = run(files[0], "--receipt", files[1])
    assert done.exit_code == 2
    assert f"not_a{'n_export' if broken == 'export' else '_receipt'}" in done.stderr


def test_a_missing_file_ends_with_2(tmp_path: Path) -> None:
    assert run(tmp_path / "none").exit_code == 2


@pytest.mark.parametrize("key", ["AAAA", "?", "é"])
def test_a_key_that_is_none_is_wrong_use(files: tuple[Path, Path, str], key: str) -> None:
    assert run(files[0], "--key", key).exit_code == 2
