"""Commands of a witness: `regrade witness init|add-log|run|status`.

Heavy modules are imported inside the command functions, so that `regrade --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer

Dir = Annotated[Path, typer.Option("--dir", help="The witness's folder.", file_okay=False)]
Name = Annotated[str, typer.Option("--name", help="Its name for ever, such as pay.example/witness.")]
Port = Annotated[int, typer.Option("--port", help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)]
Vkey = Annotated[str, typer.Argument(help="The log's verifier key, from its centre's trust.policy.")]

witness = typer.Typer(help="Cosign the checkpoints of logs that others operate.", no_args_is_help=True)


@witness.command("init")
def init(dir: Dir, name: Name) -> None:
    """Make a witness's key; prints its verifier key for the policy files of others."""
    from kit.witness_folder import init_witness

    typer.echo(init_witness(dir, name).public.to_text())


@witness.command("add-log")
def add_log(dir: Dir, vkey: Vkey) -> None:
    """Let a log's checkpoints be cosigned; a second key of the same log may be added too."""
    from inspection.custody.note import read_vkey
    from kit.witness_folder import book_of, read_key

    read_key(dir)
    key, book = read_vkey(vkey), book_of(dir)
    with book.transaction():
        fresh = book.add_log(key)
    book.close()
    typer.echo(f"{key.name} is known{'' if fresh else ' already'}")


@witness.command("run")
def run(dir: Dir, port: Port = 8420) -> None:
    """Serve on this machine until SIGINT or SIGTERM; prints one line when it is ready."""
    import asyncio

    from kit.witness import open_witness
    from kit.witness_server import witness_server

    def ready(url: str) -> None:
        print(f"witness ready {url}", flush=True)

    asyncio.run(witness_server(open_witness(dir), port, ready).serve())


@witness.command("status")
def status(dir: Dir) -> None:
    """Show each log's newest cosigned checkpoint; exit code 1 where a log forked."""
    from datetime import UTC, datetime

    from kit.witness_folder import book_of, read_key

    read_key(dir)
    book = book_of(dir)
    rows = book.standing()
    book.close()
    for row in rows:
        when = datetime.fromtimestamp(row.at_s, UTC).isoformat() if row.at_s else "never"
        forked = f"; FORKED: {row.forks} other checkpoints of a size that was cosigned" if row.forks else ""
        unproven = f"; {row.unproven} signed checkpoints came without a good proof" if row.unproven else ""
        typer.echo(f"{row.origin}: {row.size} entries, cosigned {when}{forked}{unproven}")
    raise typer.Exit(1 if any(row.forks for row in rows) else 0)
