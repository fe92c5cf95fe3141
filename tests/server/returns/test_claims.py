"""The shop sees what its customer wrote beside what the bench found."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

CRACK = ["crack", "any", "major", 900_000, 12_000, 0, -1, None]


@pytest.mark.parametrize(
    ("text", "findings", "check", "look"),
    [
        ("The mug arrived cracked", [], "not_found", True),
        ("The mug arrived cracked", [CRACK], "agrees", False),
        ("杯子裂了", [CRACK], "agrees", False),
        ("hm", [], "cannot_tell", False),
    ],
)
async def test_the_words_are_held_against_the_findings(
    site: "Site", bench: "Bench", text: str, findings: list[Any], check: str, look: bool
) -> None:
    await site.announce("R1/1/1", reason_text=text)
    new = {"grade": "damaged" if findings else "new", "condition": "D" if findings else "A"}
    answer = await site.send(bench, bench.signed("R1/1/1", (b"one",), findings=findings, verdict=new))
    assert answer.results[0].kind == "receipt", answer
    said = (await site.http.get("/v1/returns/R1/1/1", headers=site.shop)).json()
    claim = said["verdicts"][0]["claim"]
    assert (claim["check"], claim["needs_look"]) == (check, look)
    assert claim["reasons"]


async def test_without_words_nothing_is_compared(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("R1/1/1"))
    said = (await site.http.get("/v1/returns/R1/1/1", headers=site.shop)).json()
    assert said["verdicts"][0]["claim"] is None
