"""The front door: mounts each folder's commands, and nothing else.

Exit codes, the same for every command:

    0    done
    1    refused, or a check that failed; one line on stderr says what and why
    2    wrong use: an unknown command, option or value
    70   a fault of the program itself; the line names the file that holds the full trace
    130  interrupted from the keyboard

A folder offers `commands.py` with `register(app)`, which adds its commands to the front door. That module
imports heavy things (NumPy, ONNX Runtime, FastAPI, NiceGUI) inside the command functions, so that
`regrade --help` answers at once.
"""

import gc
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import demo.commands
import devices.commands
import edge.commands
import kit.commands
import models.commands
import server.commands

REFUSED = 1
FAULT = 70

FOLDERS = ("inspection", "devices", "models", "link", "kit", "edge", "server", "demo")
MOUNTED: tuple[Callable[[typer.Typer], None], ...] = (
    demo.commands.register,
    models.commands.register,
    edge.commands.register,  # adds verbs to the models' `references`
    server.commands.register,
    devices.commands.register,
    kit.commands.register,
)

YOUNG_OBJECTS = 20_000
"""Made and not yet gone before the collector looks. Python's own 700 are fewer than one batch of records
makes, and hardly any of them is a cycle; a start makes half a million and keeps them: a tenth of its time."""
TRACES_KEPT = 20
"""A command that fails in a loop must not fill the disk."""
LINE_MAX = 600
"""Longest sentence shown, in characters; an error may quote what a peer sent."""


class FrontDoor(TyperGroup):
    """The command group at the top: no stack trace passes it."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run one command line; ends in SystemExit with one of the codes above."""
        try:
            return super().main(*args, **extra)
        except Exception as error:  # the last place that can still turn it into a sentence
            raise SystemExit(told(error)) from None


def front_door() -> typer.Typer:
    """The whole command line, with every folder's commands mounted."""
    app = typer.Typer(
        cls=FrontDoor,
        help="Regrade: returns inspection for warehouses.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # a pretty trace prints local variables, and keys are among them
        pretty_exceptions_show_locals=False,
    )
    app.callback()(_options)
    for register in MOUNTED:
        register(app)
    return app


def main() -> None:
    """Entry point of the `regrade` script."""
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)
    front_door()(prog_name="regrade")


def told(error: Exception) -> int:
    """Say on stderr what went wrong, one line each, and return the exit code."""
    lines = _refusals(error)
    for line in lines or [_fault_line(error)]:
        print(f"regrade: {line}", file=sys.stderr)
    return REFUSED if lines else FAULT


def _refusals(error: BaseException) -> list[str]:
    """One line per error of ours, a task group's unpacked; empty when any of them is not ours."""
    if isinstance(error, BaseExceptionGroup):
        inner = [_refusals(each) for each in error.exceptions]
        return [line for lines in inner for line in lines] if all(inner) else []
    code = getattr(error, "code", None)
    # other libraries' errors carry a `code` too: only those that one of our folders defines are ours
    ours = isinstance(code, str) and type(error).__module__.partition(".")[0] in FOLDERS
    return [f"{_sentence(error)} ({code})"] if ours else []


def _fault_line(error: Exception) -> str:
    """What a person is told of an error nobody foresaw.

    Only the operating system's errors are quoted: the text of others may hold what was typed into a form.
    """
    what = type(error).__name__
    if isinstance(error, OSError):
        what += f" ({_sentence(error)})"
    trace = keep_trace(error)
    where = f"the full trace is in {trace}" if trace else "and the trace could not be written anywhere"
    return f"unexpected {what}; {where}"


def keep_trace(error: BaseException) -> Path | None:
    """Write the full trace to `var/` of the working directory, else to the temporary folder.

    The file is readable by its owner only. None when neither place can be written.
    """
    text = "".join(traceback.format_exception(error))
    for folder in (Path("var"), Path(tempfile.gettempdir())):
        with suppress(OSError):
            handle, name = tempfile.mkstemp(prefix="regrade-fault-", suffix=".txt", dir=folder.absolute())
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            _drop_old_traces(folder)
            return Path(name)
    return None


def _drop_old_traces(folder: Path) -> None:
    traces = sorted(folder.glob("regrade-fault-*.txt"), key=lambda path: path.stat().st_mtime_ns)
    for old in traces[:-TRACES_KEPT]:
        with suppress(OSError):
            old.unlink()


def _sentence(error: BaseException) -> str:
    """The error's text as one printable line; its class's description when it has none."""
    text = " ".join(str(error).split()) or " ".join((type(error).__doc__ or type(error).__name__).split())
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown if len(shown) <= LINE_MAX else shown[: LINE_MAX - 3] + "..."


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"regrade {version('regrade')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
]


def _options(version: Version = False) -> None:
    """Take the options that stand before a command; each acts by its own callback."""


if __name__ == "__main__":
    main()
