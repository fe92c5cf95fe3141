"""Commands of the kit: `regrade verify log`.

Heavy modules are imported inside the command functions, so that `regrade --help` answers at once.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.commands_witness import witness

if TYPE_CHECKING:
    from kit.verify import Report

FAILED = 1
UNREADABLE = 2
BAR_FROM_BYTES = 4 * 1024 * 1024
"""Smaller files are read before a bar could be seen."""

Export = Annotated[Path, typer.Argument(help="Export of the log (`regrade ledger export`).")]
ReceiptFile = Annotated[Path | None, typer.Option("--receipt", help="Receipt that you hold, as JSON.")]
LogKey = Annotated[
    str | None, typer.Option("--key", help="The log's public key in base64, from somebody you trust.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add this folder's commands to the front door."""
    group = typer.Typer(help="Check proofs offline; only files are read.", no_args_is_help=True)
    group.command("log")(verify_log_command)
    app.add_typer(group, name="verify")
    app.add_typer(witness, name="witness")


def verify_log_command(
    export: Export, receipt: ReceiptFile = None, key: LogKey = None, as_json: AsJson = False
) -> None:
    """Check an export of the log, byte for byte, against a receipt.

    Finds and names every entry that was changed, dropped, swapped or inserted at or before the receipt's
    entry; what comes after it rests on the log's signed head. Without a receipt the answer says what it
    cannot exclude; without a key it shows only that the export fits itself.

    Exit codes: 0 verified; 1 failed, the entries are named; 2 a file that cannot be read.
    """
    from kit.errors import KitError

    try:
        report = _verified(export, receipt, key)
    except KitError as error:
        typer.echo(f"regrade verify: {error} ({error.code})", err=True)
        raise typer.Exit(UNREADABLE) from error
    from kit.report import as_object, sentences

    if as_json:
        import orjson

        typer.echo(orjson.dumps(as_object(report)).decode())
    else:
        typer.echo("\n".join(sentences(report)))
    raise typer.Exit(0 if report.verified else FAILED)


def _verified(export: Path, receipt: Path | None, key: str | None) -> "Report":
    from kit.basis import read_receipt
    from kit.errors import NotAnExport
    from kit.verify import verify_log

    held = read_receipt(receipt) if receipt else None
    trusted = _key(key) if key else None
    try:
        with export.open("rb") as file, _bar(export.stat().st_size) as progress:
            return verify_log(file, held, trusted, progress)
    except OSError as error:
        raise NotAnExport(f"{export}: {error.strerror}") from error


def _key(text: str) -> bytes:
    import base64

    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error, or a letter that is not ASCII
        raise typer.BadParameter("the key is no base64", param_hint="--key") from error
    if len(raw) != 32:
        raise typer.BadParameter(f"the key has {len(raw)} bytes, not 32", param_hint="--key")
    return raw


@contextmanager
def _bar(size: int) -> Iterator[Callable[[int], None] | None]:
    """A progress bar on stderr for a big file and a person who watches."""
    if size < BAR_FROM_BYTES or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading the log", total=size)
        yield lambda done: bar.update(task, completed=done)
