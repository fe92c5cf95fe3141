"""The page of carriers: its commands against a centre and a played carrier, its tables against the code."""

import doctest
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from demo.carrier.app import Desk
from demo.carrier.faults import Faults
from demo.carrier.world import World
from inspection.messages.carrier import CarrierEvent
from inspection.parcels import MOVES, Node
from server.inbound.schemas import HookAnswer
from server.inbound.sources import SOURCES
from tests.docs import test_centre_session as centre_session
from tests.docs.test_centre_session import Session, exchanges, same
from tests.server.carriers.conftest import serving

session = centre_session.session
PAGE, CENTRE = "docs/carriers.md", "docs/centre.md"
ROOT = Path(__file__).resolve().parents[2]
SET_UP = 6
"""Commands of the centre's page: up to the units in parcel P-55, none of them a sign-off."""
Blocks = Callable[[str], list[Any]]
Table = Callable[[str, str], list[dict[str, str]]]


@pytest.fixture
async def carrier() -> AsyncIterator[str]:
    faults = Faults(random=Random(1))
    async with serving(Desk(world=World(seed=1), faults=faults, credential="example-credential")) as url:
        yield url


async def test_every_command_of_the_page_is_answered_as_it_says(
    session: Session, carrier: str, blocks: Blocks
) -> None:
    for command, _ in exchanges(blocks(CENTRE))[:SET_UP]:
        assert (await session.type(command)).is_success, command
    session.variables["CARRIER"] = carrier
    done = 0
    for command, shown in exchanges(blocks(PAGE)):
        answer = await session.type(command)
        assert same(httpx.Response(200, text=shown).json(), answer.json()), answer.text
        done += 1
    assert done == 4


def test_the_python_of_the_page_comes_out_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(ROOT / PAGE), module_relative=False, encoding="utf-8")
    assert (result.attempted >= 6, result.failed) == (True, 0)


def test_the_schema_on_the_page_is_the_programs(blocks: Blocks) -> None:
    shown = next(block.text for block in blocks(PAGE) if block.mark == "schema: CarrierEvent")
    assert json.loads(shown) == CarrierEvent.model_json_schema()


def followers(cell: str) -> set[str]:
    """The nodes of a cell, also where it names those that are left out."""
    every = {node.value for node in Node}
    named = set(re.findall(r"[a-z_]{4,}", cell)) & every
    return every - named if cell.startswith("every other") else named


def test_the_nodes_and_their_order_are_the_tables(table: Table) -> None:
    rows = {row["node"]: followers(row["may be followed by"]) - {row["node"]} for row in table(PAGE, "nodes")}
    assert rows == {node.value: {other.value for other in others} for node, others in MOVES.items()}


def test_the_sources_are_the_registrys(table: Table) -> None:
    rows = {row["source"]: (row["signed with"], row["id"], row["window"]) for row in table(PAGE, "sources")}
    assert rows == {
        name: (
            source.scheme.signature_header,
            source.scheme.id_header,
            f"{source.scheme.window_s} s" if source.scheme.window_s else "none",
        )
        for name, source in SOURCES.items()
    }


def test_the_states_of_a_webhook_are_those_that_are_answered(table: Table) -> None:
    allowed = HookAnswer.model_json_schema()["properties"]["state"]["enum"]
    assert [row["state"] for row in table(PAGE, "hook-states")] == allowed
