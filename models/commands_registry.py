"""`regrade models list|check|approve`: which models lie here, and who let them grade.

Heavy modules are imported inside the command functions, so that `regrade --help` answers at once.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.registry import Checked

Own = Annotated[
    list[Path] | None, typer.Option("--models", help="A folder of your own models, beside the shipped ones.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the `models` verbs to the front door."""
    group = typer.Typer(help="The models that grade.", no_args_is_help=True)
    group.command("list")(list_models)
    group.command("check")(check)
    group.command("approve")(approve)
    app.add_typer(group, name="models")


def list_models(own: Own = None, as_json: AsJson = False) -> None:
    """List every model with kind, hash, licence, approval, figures and size."""
    from models.model_tables import model_table, models_object

    found = _checked(own)
    if as_json:
        import orjson

        typer.echo(orjson.dumps(models_object(found), option=orjson.OPT_INDENT_2).decode())
        return
    from rich.console import Console

    Console().print(model_table(found))


def check(own: Own = None) -> None:
    """Look at every model as a station would at its start; exit code 1 when one would be refused."""
    found = _checked(own)
    for each in found:
        name = each.manifest.name if each.manifest else each.folder.name
        typer.echo(f"{name}: {each.problem or 'good'}")
    if any(each.problem for each in found):
        raise typer.Exit(1)


def approve(
    folder: Annotated[Path, typer.Argument(help="The model's folder.")],
    by: Annotated[str, typer.Option("--by", help="Who lets it grade.")],
    note: Annotated[str, typer.Option("--note", help="On what ground: the figures that were looked at.")],
) -> None:
    """Let a model grade: its file as it lies there now. Another file needs another approval."""
    from datetime import UTC, datetime

    from models.approving import approve as approve_model

    done = approve_model(folder, by=by, note=note, at=datetime.now(UTC).replace(microsecond=0))
    typer.echo(f"{done.name} {done.sha256[:16]} may grade, says {by}.")


def _checked(own: list[Path] | None) -> "list[Checked]":
    from models.manifest import ZOO
    from models.registry import check_models

    return check_models([ZOO, *(own or ())])
