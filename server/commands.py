"""The centre's commands: set it up, run it, export its ledger, show its console.

What is heavy (FastAPI, SQLAlchemy, NiceGUI) is imported inside the commands, so that
`regrade --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from server.contract import commands as contract
from server.ledger import commands as care
from server.packs import commands as packs
from server.subjects import commands as subjects

Dir = Annotated[Path, typer.Option("--dir", help="The centre's folder.", file_okay=False)]
Port = Annotated[int | None, typer.Option("--port", help="Port; 0 takes a free one.", min=0, max=65535)]
ExportTo = Annotated[Path, typer.Argument(help="OUT.jsonl, OUT.zip or a folder; must not exist.")]

server = typer.Typer(help="The central service.", no_args_is_help=True)
ledger = typer.Typer(help="The centre's ledger.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Mount the centre's commands."""
    packs.register(ledger)
    care.register(ledger)
    subjects.register(server, ledger)
    contract.register(server)
    app.add_typer(server, name="server")
    app.add_typer(ledger, name="ledger")
    app.command("console")(console)


@server.command("init")
def init(
    dir: Dir,
    host_name: Annotated[str, typer.Option("--host-name", help="Name of this centre, for ever.")],
    site: Annotated[str, typer.Option("--site", help="The building that it serves.")],
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8400,
    continues: Annotated[
        Path | None, typer.Option("--continues", help="Last checkpoint of a frozen ledger that this follows.")
    ] = None,
) -> None:
    """Make settings, secrets and database; shows the first console key, this once."""
    from rich.console import Console

    from server.setup import init_centre

    key = init_centre(dir, host_name, site, port, continues)
    Console(stderr=True).print(f"A centre for {host_name}/site/{site} is in {dir}. Its first console key:")
    print(key)


@server.command("run")
def run(dir: Dir, port: Port = None) -> None:
    """Serve until SIGINT or SIGTERM; prints one line when it is ready."""
    import asyncio
    import os

    from server.keys import read_keys
    from server.logs import set_up_logs
    from server.run import serve
    from server.settings import load_settings

    set_up_logs()
    settings = load_settings(dir, os.environ)
    if port is not None:
        settings = settings.model_copy(update={"port": port})
    asyncio.run(serve(dir, settings, read_keys(dir), lambda url: print(f"centre ready {url}", flush=True)))


@server.command("rotate-webhook-key")
def rotate_webhook_key(
    dir: Dir,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="Let the old key sign no more.")] = False,
) -> None:
    """Give the centre a new key for webhooks; the old one signs beside it until dropped."""
    from rich.console import Console

    from server.keys import drop_webhook_key
    from server.keys import rotate_webhook_key as rotate

    keys = drop_webhook_key(dir) if drop_old else rotate(dir)
    said = "only this key signs" if drop_old else "this key signs, and the old one beside it"
    Console(stderr=True).print(f"From the centre's next start {said}. Refund systems need it:")
    print(keys.webhook_signers[0].verifying().to_text())


@server.command("reconcile")
def reconcile(
    dir: Dir,
    there: Annotated[
        bool,
        typer.Option("--there/--here", help="Ask the payment systems too, or compare our own books alone."),
    ] = True,
    per_second: Annotated[
        float, typer.Option("--per-second", help="Payments asked about in a second.", min=0.1, max=1000)
    ] = 5.0,
) -> None:
    """Compare all books of refunds with each other and with the payment systems; ends with 1 if any differ.

    The centre may run meanwhile.
    """
    from rich.console import Console
    from rich.progress import Progress

    from server.refunds.reconciling_there import reconcile as compare

    with Progress(transient=True, console=Console(stderr=True)) as bar:
        task = bar.add_task("payments")
        report = compare(
            dir,
            there=there,
            per_second=per_second,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for row in report.differences:
        print(f"{row.unit}\t{row.kind.value}\tours {row.ours}\ttheirs {row.theirs}")
    print(f"{report.payments} payments compared, {report.asked} with their payment system")
    if report.differences:
        print(f"{len(report.differences)} differences")
        raise typer.Exit(1)
    print("nothing differs")


@ledger.command("export")
def export(out: ExportTo, dir: Dir) -> None:
    """Write the whole ledger out, up to the newest state that its witnesses have seen.

    A .jsonl file is what `regrade verify log` reads; a .zip or a folder holds the tree and all kept
    checkpoints too, for `regrade verify export`. The same ledger gives the same bytes.
    """
    from server.ledger.files import export_to

    head = export_to(out, dir)
    print(f"{head.size} leaves written to {out}; head {head.head}")


def console(dir: Dir, port: Port = None) -> None:
    """Show the supervisors' page on this machine."""
    import os

    from server.console.run import serve_console
    from server.settings import load_settings

    serve_console(dir, load_settings(dir, os.environ), 8401 if port is None else port)
