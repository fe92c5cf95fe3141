"""The manifest's fields stand on the models' page, no more and no fewer."""

from collections.abc import Callable

from models.manifest import Manifest

Table = Callable[[str, str], list[dict[str, str]]]


def test_the_fields_of_a_manifest_are_the_programs(table: Table) -> None:
    rows = table("docs/models.md", "manifest")
    assert [row["field"] for row in rows] == list(Manifest.model_fields)
    needed = [name for name, field in Manifest.model_fields.items() if field.is_required()]
    assert [row["field"] for row in rows if row["needed"] == "yes"] == needed
