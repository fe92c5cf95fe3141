"""docs/ledger.md lists what no verifier can find: the very classes that the verifiers were tried with."""

from collections.abc import Callable

from tests.kit.mutations import UNDETECTED

Table = Callable[[str, str], list[dict[str, str]]]


def test_the_page_lists_every_attack_that_files_cannot_show(table: Table) -> None:
    rows = table("docs/ledger.md", "undetected")
    assert [row["what no verifier can find in the files"] for row in rows] == list(UNDETECTED)


def test_the_page_has_a_row_for_every_attack_that_a_ledger_must_answer(table: Table) -> None:
    assert len(table("docs/ledger.md", "attacks")) == 9
