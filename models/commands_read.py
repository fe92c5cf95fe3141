"""`regrade read`: what is printed on an item, read from its picture.

Heavy modules are imported inside the command functions, so that `regrade --help` answers at once.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.codes import SeenCode
    from models.labels import SeenText

Picture = Annotated[Path, typer.Argument(help="Picture (JPEG or PNG) of the item.")]
AlsoText = Annotated[
    bool, typer.Option("--text", help="Read the words of labels too (extra `text`; takes seconds).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the `read` verb to the front door."""
    app.command("read")(read_picture)


def read_picture(image: Picture, text: AlsoText = False, as_json: AsJson = False) -> None:
    """Read the codes in a picture and, where asked, the words of its labels."""
    from models.codes import codes_in
    from models.files import picture_bytes
    from models.images import decode
    from models.labels import TextReader

    pixels = decode(picture_bytes(image))
    codes = codes_in(pixels)
    lines = TextReader().read(pixels) if text else ()
    if as_json:
        import orjson

        answer = {"codes": [code_object(one) for one in codes], "text": [line_object(one) for one in lines]}
        typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
        return
    for one in codes:
        typer.echo(f"{one.symbology} {one.code.raw}" + (f"  GTIN {one.code.gtin}" if one.code.gtin else ""))
    for line in lines:
        typer.echo(f"text {line.text}  ({line.confidence_ppm / 10_000:.0f} %)")
    if not codes and not lines:
        typer.echo("Nothing printed was found.")


def code_object(seen: "SeenCode") -> dict[str, object]:
    """One code for JSON; the box in ppm of the picture: left, top, width, height."""
    code, region = seen.code, seen.region
    return {
        "text": code.raw,
        "symbology": seen.symbology,
        "gtin": code.gtin,
        "serial": code.serial,
        "region_ppm": [region.left_ppm, region.top_ppm, region.width_ppm, region.height_ppm],
    }


def line_object(seen: "SeenText") -> dict[str, object]:
    """One line of text for JSON."""
    region = seen.region
    return {
        "text": seen.text,
        "confidence_ppm": seen.confidence_ppm,
        "region_ppm": [region.left_ppm, region.top_ppm, region.width_ppm, region.height_ppm],
    }
