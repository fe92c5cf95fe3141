"""Commands that care for the ledger: how it stands, whether it is whole, what it lacks, its end."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.stopped import with_centre

if TYPE_CHECKING:
    from server.ledger.report import Report

Dir = Annotated[Path, typer.Option("--dir", help="The centre's folder.", file_okay=False)]
Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Mirror folders, exports, receipts (.jsonl), evidence packs; beside the set mirror."),
]


def register(ledger: typer.Typer) -> None:
    """Mount the commands under `regrade ledger`."""
    for command in (status, fsck, refill, freeze, backup, rotate_key):
        ledger.command(command.__name__.replace("_", "-"))(command)


def status(dir: Dir) -> None:
    """Say how long the ledger is, what is signed, and what it lacks."""
    from server.ledger.beside import read_report

    show(read_report(dir))


def fsck(dir: Dir) -> None:
    """Recompute every hash, tile and root of the ledger; ends with 1 and names what is wrong."""
    from rich.progress import Progress

    from server.ledger.beside import check_ledger

    with Progress(transient=True) as bar:
        task = bar.add_task("entries")
        check = check_ledger(dir, lambda done, total: bar.update(task, completed=done, total=total))
    print(
        f"{check.leaves} entries ({check.leaves - check.bodies} without a body), {check.tiles} tiles, "
        f"{check.checkpoints} checkpoints"
    )
    for fault in check.faults:
        print(f"WRONG {fault}")
    if check.faults:
        raise typer.Exit(1)
    print("whole")


def refill(dir: Dir, files: Files = None) -> None:
    """Take back, while the centre is stopped, what a restored ledger lacks."""
    from server.ledger import care

    came, report = with_centre(dir, lambda centre: care.refill(centre, files or []))
    print(f"{came} entries came back")
    show(report)


def freeze(
    dir: Dir,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is shown for ever.")],
    lost: Annotated[bool, typer.Option("--lost", help="What is missing cannot come back.")] = False,
) -> None:
    """End the ledger: it takes no entry any more, and stays readable and provable."""
    from server.ledger import care

    report = with_centre(dir, lambda centre: care.freeze(centre, reason, lost=lost))
    show(report)
    print("Go on with a new ledger under another site name, whose first entry names this one:")
    host, _, site = report.origin.partition("/site/")
    print(
        f"regrade server init --dir NEW --host-name {host} --site {site}-2 "
        f"--continues {dir}/checkpoint.newest"
    )


def backup(
    out: Annotated[Path, typer.Argument(help="Folder for the copy; what it holds already stays.")],
    dir: Dir,
    with_keys: Annotated[
        bool, typer.Option("--with-subject-keys", help="Also what opens personal data.")
    ] = False,
) -> None:
    """Copy database, settings and files, while the centre runs or stands still; never its secrets."""
    from server.ledger.backup import back_up

    made = back_up(dir, out, subject_keys=with_keys)
    print(f"{made.size} entries and {made.files} new files copied to {out}")


def rotate_key(
    dir: Dir,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="Let the old key sign no more.")] = False,
) -> None:
    """Give the log a new key, while the centre is stopped; the old one signs beside it until dropped."""
    from server.ledger.rotation import drop_old_key, rotate

    if drop_old:
        drop_old_key(dir)
        print("The old key signs no more; keep its public half with the policies of old checkpoints.")
        return
    print(rotate(dir))


def show(report: "Report") -> None:
    """A report in lines, each `name: value`."""
    from server.ledger.report import name_range

    print(f"{report.origin}: {report.size} leaves; head {report.head}")
    print(f"state: {report.standing.state}{': ' + report.standing.reason if report.standing.reason else ''}")
    print(f"signed: {'nothing yet' if report.signed is None else f'{report.signed} entries'}")
    print(f"guard: {'nothing yet' if report.guarded is None else f'{report.guarded} entries'}")
    if report.missing:
        print(f"missing: {', '.join(map(name_range, report.missing))}")
    if report.waiting or report.bare:
        print(f"waiting: {report.waiting} entries ahead, {report.bare} without all their rows")
    print(f"shown from: {report.standing.min_index}")
    print(f"mirror: {'none' if report.mirrored is None else f'{report.mirrored} entries'}")
    named = ", ".join(report.witnesses) or "none"
    print(f"witnesses: {named}{'' if report.forks_detectable else ' (fork not detectable)'}")
