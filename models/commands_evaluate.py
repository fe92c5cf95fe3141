"""`regrade evaluate folder|standard|peers|splits|reasons`: how well the models see and read, by one protocol.

Heavy modules are imported inside the command functions, so that `regrade --help` answers at once.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.evaluation.folder_run import ObjectFigures
    from models.evaluation.memory import RememberingBackbone
    from models.evaluation.pictures import Progress

SHOTS = 8
SEEDS = 5
DATA, RENDERED, OUT = Path("../shared/data"), Path("datasets/rendered"), Path("docs")
MORE = Path("var/rendered")
SENTENCES = Path("datasets/claims")

Folder = Annotated[Path, typer.Argument(help="Folder of objects: <object>/good/* and <object>/<other>/*.")]
Shots = Annotated[int, typer.Option("--shots", help="Good pictures to learn from.")]
Seeds = Annotated[int, typer.Option("--seeds", help="Draws of these pictures: seeds 0, 1, ...")]
Threads = Annotated[int, typer.Option("--threads", min=1, max=64, help="Threads of the model.")]
Data = Annotated[Path, typer.Option("--data", help="Folder of the public sets.")]
Rendered = Annotated[Path, typer.Option("--rendered", help="Folder of the rendered returns.")]
Out = Annotated[Path, typer.Option("--out", help="Folder of the page and the figures.")]
Reason = Annotated[
    str | None, typer.Option("--reason", help="Why frozen sets are looked at; it is written down.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add `evaluate` to the front door."""
    group = typer.Typer(help="How well the models see, by one protocol.", no_args_is_help=True)
    group.command("folder")(evaluate_folder)
    group.command("standard")(evaluate_standard)
    group.command("peers")(add_peers)
    group.command("splits")(write_splits)
    group.command("reasons")(evaluate_reasons)
    app.add_typer(group, name="evaluate")


def evaluate_folder(
    folder: Folder,
    shots: Shots = SHOTS,
    seeds: Seeds = SEEDS,
    good: Annotated[str, typer.Option("--good", help="Name of the folder of good pictures.")] = "good",
    match: Annotated[str, typer.Option("--match", help="Pattern that file names must fit.")] = "*",
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", help="Regular expression: file names that give the same stay together."),
    ] = None,
    reason: Reason = None,
    threads: Threads = 2,
    as_json: AsJson = False,
) -> None:
    """Learn from a few good pictures of each object, and tell the other good ones from the bad."""
    backbone = _backbone(threads)
    _note_look(folder, reason, backbone)
    from models.evaluation import folder_run
    from models.evaluation.folders import Selection
    from models.evaluation.methods import shipped

    selection = Selection(good=good, match=match, group_by=group_by)
    with _progress() as progress:
        rows = folder_run.evaluate_folder(
            folder, shipped(backbone), selection, shots=shots, seeds=seeds, progress=progress
        )
    _tell_unreadable(rows)
    answer = folder_run.folder_object(rows)
    if as_json:
        import orjson

        typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
        return
    from rich.console import Console

    from models.evaluation.tables import folder_tables

    for table in folder_tables(answer):
        Console().print(table)


def evaluate_standard(
    data: Data = DATA,
    rendered: Rendered = RENDERED,
    more: Annotated[
        Path, typer.Option("--more", help="Folder of the returns that are rendered on demand.")
    ] = MORE,
    elpv: Annotated[
        Path | None, typer.Option("--elpv", help="Folder with labels.csv of elpv-dataset, if not installed.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="A part to run; may be given again.")
    ] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Only parts without figures yet.")] = False,
    reason: Reason = None,
    out: Out = OUT,
    processes: Annotated[
        int, typer.Option("--processes", min=1, max=16, help="Parts that run at a time.")
    ] = 2,
    threads: Threads = 1,
) -> None:
    """Run every set, the grades and the false alarms, and write the page of figures."""
    _bind_threads(threads)
    from datetime import UTC, datetime

    from models.evaluation.elpv import installed
    from models.evaluation.standard_run import plan, run_standard
    from models.evaluation.workshop import Setup

    what = plan(out, only or (), missing=missing, reason=reason)
    setup = Setup(
        today=datetime.now(UTC).date(),
        data=data,
        rendered=rendered,
        more=more,
        elpv=elpv or installed(),
        threads=threads,
    )
    with _progress() as progress:
        run_standard(setup, what, progress, lambda line: typer.echo(line, err=True), processes=processes)
    typer.echo(f"Written: {out / 'evaluation.md'}")


def add_peers(
    file: Annotated[Path, typer.Argument(help="Figures that another program's run wrote.")], out: Out = OUT
) -> None:
    """Put figures of other programs beside ours on the page."""
    from models.evaluation import standard_run

    standard_run.add_peers(out, file)
    typer.echo(f"Written: {out / 'evaluation.md'}")


def write_splits(
    data: Data = DATA,
    rendered: Annotated[
        Path | None, typer.Option("--rendered", help="Folder of the rendered returns, to add them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell which pictures are references and which are tested, for every seed; all of them with --json."""
    from models.evaluation.splits_file import split_counts, splits_object

    splits = splits_object(data, rendered)
    if as_json:
        import orjson

        typer.echo(orjson.dumps(splits).decode())
        return
    for line in split_counts(splits):
        typer.echo(line)


def evaluate_reasons(
    sentences: Annotated[Path, typer.Option("--sentences", help="Folder of our own sentences.")] = SENTENCES,
    intents: Annotated[Path, typer.Option("--intents", help="Folder of Bitext's intents.")] = DATA / "text",
    embedding: Annotated[
        bool, typer.Option("--embedding", help="With the embedding (`make reasons`) as a second reader.")
    ] = False,
) -> None:
    """Tell how well return reasons are read, on our sentences and on questions that give none."""
    from inspection.claims.embedding import installed_reader
    from models.evaluation import reasons, reasons_page
    from models.evaluation.sentences import read_sentences

    other = installed_reader() if embedding else None
    reads = reasons.read_all(read_sentences(sentences), other)
    lines = [reasons_page.model_line(other), "", *reasons_page.sentence_lines(reads)]
    if intents.is_dir():
        answers = reasons.intent_answers(reasons.read_intents(intents), other)
        lines += ["", *reasons_page.intent_lines(answers)]
    else:
        typer.echo(f"{intents} is not there: only our own sentences are evaluated.", err=True)
    typer.echo("\n".join(lines))


def _note_look(folder: Path, reason: str | None, backbone: "RememberingBackbone") -> None:
    """Write a look at a frozen set down, where the list of looks lies below the working directory."""
    from models.evaluation.runs import FILE, NO_REASON
    from models.evaluation.standard import FROZEN
    from models.evaluation.standard_run import note_looks

    name = folder.resolve().name
    if name in FROZEN and folder.is_dir() and (OUT / FILE).is_file():
        version = backbone.version
        note_looks(OUT, [name], reason or NO_REASON, {version.name: version.sha256})
        typer.echo(f"{name} is a frozen set: this look is written down in {OUT / FILE}.", err=True)


def _backbone(threads: int) -> "RememberingBackbone":
    """The shipped backbone."""
    _bind_threads(threads)
    from models.backbone import load_backbone
    from models.evaluation.memory import RememberingBackbone

    return RememberingBackbone(load_backbone(threads=threads))


def _bind_threads(threads: int) -> None:
    """Bind every library to so many threads."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(threads))  # read once, when NumPy is first imported
    import cv2

    cv2.setNumThreads(threads)


def _tell_unreadable(rows: "list[ObjectFigures]") -> None:
    """Name on stderr what could not be read; it takes no part in the figures."""
    refused = [(row.name, one) for row in rows for one in row.unreadable]
    if refused:
        typer.echo(f"{len(refused)} pictures cannot be read and are left out:", err=True)
    for name, one in refused:
        typer.echo(f"  {name}/{one.item.name}: {one.why}", err=True)


@contextmanager
def _progress() -> "Iterator[Progress]":
    """A bar on stderr; rich shows none where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
