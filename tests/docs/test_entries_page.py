"""The page of entries says what the schemas say."""

from collections.abc import Callable

from inspection.custody.leaf import EntryType
from inspection.messages.entries import CORRECTABLE, DERIVED_IDS, ENTRY_BODIES, REVERSIBLE
from server.ledger.statements import STATED_BY

PAGE = "docs/entries.md"
Table = Callable[[str, str], list[dict[str, str]]]
ABOUT = {EntryType.CORRECTION: CORRECTABLE, EntryType.REVERSAL: REVERSIBLE}


def codes(cell: str) -> set[str]:
    """The codes of a cell that lists several."""
    return {part.strip().strip("`") for part in cell.split(",") if part.strip()}


def test_every_type_of_entry_has_its_row_and_the_form_of_its_id(table: Table) -> None:
    rows = {row["type"]: row["id"] for row in table(PAGE, "entries")}
    assert set(rows) == set(EntryType)
    assert {type for type, id in rows.items() if id == f"{type}:TOKEN"} == set(EntryType) - set(DERIVED_IDS)


def test_the_fields_of_each_body_are_the_schemas(table: Table) -> None:
    rows = {row["type"]: codes(row["fields"]) for row in table(PAGE, "bodies")}
    wanted = {type: set(ENTRY_BODIES[type].model_fields) for type in EntryType if type != EntryType.VERDICT}
    assert rows == wanted


def test_who_may_state_what_about_which_entries_is_the_programs(table: Table) -> None:
    rows = {
        row["type"]: (codes(row["key"]), codes(row["about entries of type"]))
        for row in table(PAGE, "statements")
    }
    stated = frozenset().union(*STATED_BY.values())
    assert rows == {
        type: ({scope for scope, types in STATED_BY.items() if type in types}, set(ABOUT.get(type, ())))
        for type in stated
    }
