"""Commands of the models: `regrade references`, `grade`, and those of the commands_*.py beside it.

Heavy modules are imported inside the command functions, so that `regrade --help` answers at once.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from models import commands_evaluate, commands_parts, commands_read, commands_registry, commands_train
from models.choosing import BackboneFolder, chosen
from models.files import picture_bytes

if TYPE_CHECKING:
    from inspection.findings import Finding
    from inspection.readings import Frame
    from models.learning import Progress
    from models.pipeline import Examined

DEFAULT_STORE = Path("var/references")
DEFAULT_VIEW = "top"

Sku = Annotated[str, typer.Argument(help="SKU of the product.")]
Photos = Annotated[list[Path], typer.Argument(help="Good photos (JPEG or PNG), or folders of them.")]
Views = Annotated[
    list[str], typer.Argument(metavar="[VIEW=]IMAGE...", help="One picture per view of one item.")
]
View = Annotated[str, typer.Option("--view", help="View of the bench that the pictures show.")]
Store = Annotated[Path, typer.Option("--store", help="Folder of the references.")]
Merchant = Annotated[str, typer.Option("--merchant", help="Whose goods they are.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")]
Language = Annotated[str, typer.Option("--language", help="Language of the answer: en or zh_CN.")]
Audits = Annotated[
    Path | None,
    typer.Option("--audits", help="Confirmed verdicts (JSON lines): adds what may be decided alone."),
]
OwnModels = Annotated[
    Path | None,
    typer.Option("--models", help="Folder of your own models, with the calibration and the head."),
]
Aside = Annotated[
    list[str] | None, typer.Option("--aside", help="Name of a model that is not used, shipped ones too.")
]
Unapproved = Annotated[
    bool, typer.Option("--allow-unapproved", help="Also with models that nobody approved: to try them out.")
]
RecipeName = Annotated[
    Literal["default", "quick"] | None,
    typer.Option("--recipe", help="How the view is compared; as before, or default, where it is not given."),
]
AskedSku = Annotated[str, typer.Option("--sku", help="SKU of the product.")]
Category = Annotated[str, typer.Option("--category", help="Rubric to grade by.")]
Shown = Annotated[
    Path | None, typer.Option("--picture", help="Write the pictures with all that differs (PNG).")
]
Level = Annotated[
    Literal["off", "tightened", "normal", "reduced_sampling"],
    typer.Option("--level", help="What somebody allowed for the category."),
]
Budget = Annotated[
    list[str] | None, typer.Option("--budget", metavar="KIND=PPM", help="Error rate accepted of one kind.")
]


def register(app: typer.Typer) -> None:
    """Add this folder's commands to the front door."""
    group = typer.Typer(help="Good photos that returns are compared with.", no_args_is_help=True)
    group.command("add")(add_references)
    group.command("list")(list_references)
    group.command("card")(show_card)
    group.command("bench")(set_bench)
    group.command("part")(commands_parts.mark)
    app.add_typer(group, name="references")
    app.command("grade")(grade_pictures)
    commands_read.register(app)
    commands_train.register(app)
    commands_registry.register(app)
    commands_evaluate.register(app)


def add_references(
    sku: Sku,
    photos: Photos,
    view: View = DEFAULT_VIEW,
    store: Store = DEFAULT_STORE,
    merchant: Merchant = "default",
    as_json: AsJson = False,
    backbone: BackboneFolder = None,
    recipe: RecipeName = None,
) -> None:
    """Add good photos of a product to one view, and build its reference bank again."""
    from models.calibration import MIN_SHOTS
    from models.enrol import enrol
    from models.recipe import RECIPES
    from models.store import ReferenceStore

    paths = list(_pictures_in(photos))
    contents = [_read_photo(path) for path in paths]
    with _progress(f"{sku} {view}") as progress:
        done = enrol(
            ReferenceStore(store, merchant),
            chosen(backbone),
            sku=sku,
            view=view,
            photos=contents,
            progress=progress,
            recipe=RECIPES[recipe] if recipe else None,
        )
    if as_json:
        _say_json({name: getattr(done, name) for name in ("added", "already_known", "shots", "bank_sha256")})
        return
    typer.echo(f"{done.added} added, {done.already_known} known already, {done.shots} photos of {view} now.")
    if done.bank_sha256 is None:
        typer.echo(f"At least {MIN_SHOTS} are needed before anything is compared.")


def list_references(
    store: Store = DEFAULT_STORE, merchant: Merchant = "default", as_json: AsJson = False
) -> None:
    """List every product with its views and the number of good photos."""
    from models.store import ReferenceStore

    references = ReferenceStore(store, merchant)
    known = {
        sku: {view: references.count(sku, view) for view in references.views(sku)}
        for sku in references.skus()
    }
    if as_json:
        _say_json(known)
        return
    if not known:
        typer.echo(f"No references of merchant {merchant} in {store}.")
    for sku, views in known.items():
        typer.echo(f"{sku}: " + ", ".join(f"{view} {count}" for view, count in views.items()))


def show_card(
    sku: Sku,
    store: Store = DEFAULT_STORE,
    merchant: Merchant = "default",
    as_json: AsJson = False,
    language: Language = "en",
    audits: Audits = None,
    own: OwnModels = None,
    level: Level = "off",
    budget: Budget = None,
    backbone: BackboneFolder = None,
) -> None:
    """Show what a product's references prove, what they cannot see, and what may be decided alone."""
    from models import autonomy_card
    from models.readiness import as_object, readiness
    from models.store import ReferenceStore

    card = readiness(ReferenceStore(store, merchant), chosen(backbone), sku)
    alone = None
    if audits is not None:
        question = autonomy_card.Question(audits=audits, models=own, level=level, budget=budget or [])
        alone = autonomy_card.answer(question, card)
    if as_json:
        _say_json({**as_object(card), **({"autonomy": autonomy_card.as_object(alone)} if alone else {})})
        return
    from rich.console import Console

    from inspection.words.catalog import words
    from models.tables import card_parts

    console, said = Console(), words(language)
    for part in (*card_parts(card, said), *(autonomy_card.autonomy_parts(alone, said) if alone else ())):
        console.print(part)


def set_bench(
    picture: Annotated[Path, typer.Argument(help="Picture of the empty bench.")],
    view: View = DEFAULT_VIEW,
    store: Store = DEFAULT_STORE,
    merchant: Merchant = "default",
) -> None:
    """Keep the picture of the empty bench: a frame that shows no more than it is taken again."""
    from models.store import ReferenceStore

    ReferenceStore(store, merchant).set_bench(view, picture_bytes(picture))
    typer.echo(f"Kept as the empty bench of view {view}.")


def grade_pictures(
    images: Views,
    sku: AskedSku,
    view: View = DEFAULT_VIEW,
    category: Category = "general",
    store: Store = DEFAULT_STORE,
    merchant: Merchant = "default",
    as_json: AsJson = False,
    picture: Shown = None,
    language: Language = "en",
    own: OwnModels = None,
    aside: Aside = None,
    unapproved: Unapproved = False,
) -> None:
    """Grade one item from its pictures. Exit code 1 only when it cannot be asked; `ungraded` is an answer."""
    from inspection.evidence import Evidence
    from inspection.grading import grade
    from models.answers import graded_object, unpriced, view_areas
    from models.loading import load_models
    from models.registry import site_registry
    from models.store import ReferenceStore

    frames = tuple(_frame(image, view) for image in images)
    _refuse_doubles(frames)
    models = load_models(site_registry(own, allow_unapproved=unapproved, without=aside or ()))
    examined = models.detector(ReferenceStore(store, merchant)).examine(sku, Evidence(frames=frames))
    detection, areas = examined.detection, view_areas(examined.sights)
    grading = grade(unpriced(merchant, sku, category), detection)
    if picture:
        _write_picture(picture, frames, grading.findings, examined)
    if as_json:
        _say_json(graded_object(sku, detection, grading, areas))
        return
    from rich.console import Console

    from inspection.words.catalog import words
    from models.tables import graded_parts

    console = Console()
    for part in graded_parts(detection, grading, words(language), areas):
        console.print(part)


def _pictures_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and for a folder its JPEG and PNG files by name."""
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.iterdir() if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
        else:
            yield path


def _read_photo(path: Path) -> bytes:
    """A good photo that passes the gate; the error names the file."""
    from models.enrol import check_photo
    from models.errors import BadImage

    content = picture_bytes(path)
    try:
        check_photo(content)
    except BadImage as bad:
        raise BadImage(bad.fault, f"{path}: {bad}") from bad
    return content


def _frame(argument: str, default_view: str) -> "Frame":
    """`view=path`, or a path of the default view."""
    from datetime import UTC, datetime

    from inspection.readings import Frame
    from models.images import PNG_MAGIC

    view, equals, name = argument.partition("=")
    if not equals or Path(argument).exists():
        view, name = default_view, argument
    content = picture_bytes(Path(name))
    kind = "image/png" if content.startswith(PNG_MAGIC) else "image/jpeg"
    now = datetime.now(UTC)
    return Frame(view=view, camera="file", content=content, media_type=kind, captured_at=now)


def _refuse_doubles(frames: "tuple[Frame, ...]") -> None:
    views = [frame.view for frame in frames]
    twice = sorted({view for view in views if views.count(view) > 1})
    if twice:
        raise typer.BadParameter(f"two pictures of view {twice[0]}: name the views, as in side=IMAGE")


def _write_picture(
    path: Path, frames: "tuple[Frame, ...]", findings: "tuple[Finding, ...]", examined: "Examined"
) -> None:
    """The pictures that could be read, with what differs and the findings of their view."""
    from models.errors import BadImage
    from models.images import decode
    from models.picture import heats_of, marked, side_by_side, warmed

    shown, heats = [], heats_of(examined.detection, examined.sights)
    for frame in frames:
        try:
            pixels = decode(frame.content)
        except BadImage:
            continue  # the answer names its fault
        warm = warmed(pixels, heats.get(frame.view))
        shown.append(marked(warm, [f for f in findings if f.view == frame.view]))
    if not shown:
        typer.echo("No picture could be read, so none was written.", err=True)
        return
    try:
        path.write_bytes(side_by_side(shown))
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from error


@contextmanager
def _progress(title: str) -> "Iterator[Progress]":
    """A bar on stderr; rich shows none where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _say_json(value: object) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
