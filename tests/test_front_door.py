"""The front door: every error becomes a sentence and an exit code, and never a stack trace."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

import regrade
from inspection.errors import BadMessage, BadSignature, PriceMissing

HEAVY = ("numpy", "cv2", "onnxruntime", "fastapi", "nicegui", "sqlalchemy", "cryptography", "paho", "httpx")


class Elsewhere(Exception):
    """An error of another library that carries a code of its own."""

    code = "e3q8"


def run(error: Exception | None, *args: str) -> Result:
    """The front door with one more command, `fail`, that raises `error`."""
    app = regrade.front_door()

    @app.command()
    def fail(times: int = 1, key: str = "hunter2") -> None:
        if error is not None:
            raise error

    return CliRunner().invoke(app, args or ("fail",))


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    return tmp_path


def test_a_command_that_ends_well_exits_with_zero() -> None:
    assert run(None).exit_code == 0


def test_an_error_of_ours_is_one_sentence_with_its_code_and_exits_with_one() -> None:
    result = run(BadSignature("the receipt is not signed by this log"))
    assert result.stderr == "regrade: the receipt is not signed by this log (bad_signature)\n"
    assert (result.exit_code, result.stdout) == (1, "")


def test_an_error_without_a_text_is_told_by_what_its_class_says() -> None:
    assert run(BadMessage()).stderr == "regrade: Wire bytes that are no message of ours. (bad_message)\n"


def test_what_a_peer_sent_cannot_write_to_the_terminal_or_fill_it() -> None:
    stderr = run(BadMessage("reader\n\x1b[2J says " + "x" * 5000)).stderr
    assert stderr.startswith("regrade: reader ?[2J says xxx")
    assert stderr.count("\n") == 1
    assert len(stderr) < 700


def test_each_error_of_a_task_group_has_its_line() -> None:
    group = ExceptionGroup(
        "two", [BadMessage("port 1 is gone"), ExceptionGroup("in", [PriceMissing("no price")])]
    )
    result = run(group)
    assert result.stderr == "regrade: port 1 is gone (bad_message)\nregrade: no price (price_missing)\n"
    assert result.exit_code == 1


@pytest.mark.parametrize(
    "error", [KeyError("sku"), Elsewhere("pool"), ExceptionGroup("mixed", [BadMessage(), KeyError()])]
)
def test_an_error_nobody_foresaw_names_the_file_with_its_trace(error: Exception, somewhere: Path) -> None:
    result = run(error)
    trace = next((somewhere / "var").glob("regrade-fault-*.txt"))
    assert result.stderr == f"regrade: unexpected {type(error).__name__}; the full trace is in {trace}\n"
    assert result.exit_code == 70
    assert "Traceback" not in result.output
    assert "Traceback" in trace.read_text()
    assert "hunter2" not in trace.read_text(), "local variables are never written"
    assert trace.stat().st_mode & 0o777 == 0o600


def test_an_error_of_the_operating_system_is_quoted(somewhere: Path) -> None:
    result = run(FileNotFoundError(2, "No such file or directory", "station.toml"))
    assert "FileNotFoundError ([Errno 2] No such file or directory: 'station.toml');" in result.stderr


def test_without_a_var_folder_the_trace_goes_to_the_temporary_one(
    somewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (somewhere / "var").rmdir()
    monkeypatch.setattr("tempfile.tempdir", str(somewhere))
    run(KeyError("sku"))
    assert len(list(somewhere.glob("regrade-fault-*.txt"))) == 1


def test_when_no_place_can_be_written_the_line_says_so(
    somewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (somewhere / "var").rmdir()
    monkeypatch.setattr("tempfile.tempdir", str(somewhere / "gone"))
    result = run(KeyError("sku"))
    assert result.stderr == "regrade: unexpected KeyError; and the trace could not be written anywhere\n"
    assert result.exit_code == 70


def test_a_command_that_fails_in_a_loop_keeps_only_the_newest_traces(somewhere: Path) -> None:
    for _ in range(regrade.TRACES_KEPT + 3):
        regrade.keep_trace(KeyError("sku"))
    assert len(list((somewhere / "var").iterdir())) == regrade.TRACES_KEPT


def test_wrong_use_exits_with_two_and_no_trace() -> None:
    for args in (["fail", "--times", "many"], ["fly"], ["fail", "--no-such-option"]):
        result = run(None, *args)
        assert result.exit_code == 2
        assert "Traceback" not in result.output


def test_a_command_chooses_its_own_exit_code() -> None:
    assert run(typer.Exit(1)).exit_code == 1


def test_an_interrupt_exits_quietly_with_130() -> None:
    app = regrade.front_door()

    @app.command()
    def wait() -> None:
        raise KeyboardInterrupt

    result = CliRunner().invoke(app, ["wait"])
    assert (result.exit_code, result.output.strip()) == (130, "")


def test_the_version_is_the_installed_one() -> None:
    assert re.fullmatch(r"regrade \d+\.\d+\.\d+\n", run(None, "--version").stdout)


def test_every_folder_with_commands_is_mounted() -> None:
    root = Path(regrade.__file__).parent
    offered = {f"{path.parent.name}.commands" for path in root.glob("*/commands.py")}
    assert {register.__module__ for register in regrade.MOUNTED} == offered


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = f"import sys, regrade; regrade.front_door(); print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_installed_script_answers() -> None:
    script = Path(sys.executable).with_name("regrade")
    done = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)
    assert "Usage: regrade" in done.stdout
