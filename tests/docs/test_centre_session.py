"""The session of docs/centre.md, command by command, against a real centre."""

import re
import shlex
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.app import create_app
from server.centre import open_centre
from server.keys import read_keys
from server.settings import load_settings
from server.setup import init_centre

PAGE = "docs/centre.md"
ANY = "…"
Blocks = Callable[[str], list[Any]]


class Session:
    """A person at a terminal: files, variables, and curl."""

    def __init__(self, http: httpx.AsyncClient, console: str, files: dict[str, bytes]) -> None:
        self.http, self.files = http, files
        self.variables = {"CENTRE": "http://127.0.0.1:8400", "CONSOLE": console}

    async def type(self, command: str) -> httpx.Response:
        """Do what a curl command of the page says; keep an API key as the page tells to."""
        words = shlex.split(
            re.sub(r"\$([A-Z]+)", lambda m: self.variables[m[1]], command.replace("\\\n", ""))
        )
        assert words[:2] == ["curl", "-sS"], command
        answer = await self.http.request(**self.request(words[2:]))
        is_json = answer.headers["content-type"] == "application/json"
        key = answer.json().get("api_key", "") if answer.is_success and is_json else ""
        if key:
            self.variables[key.partition("_")[0].upper()] = key
        return answer

    def request(self, words: list[str]) -> dict[str, Any]:
        """What httpx needs; an option that the page does not use yet is a KeyError."""
        wanted: dict[str, Any] = {"method": "GET", "headers": {}}
        while words:
            word = words.pop(0)
            if not word.startswith("-"):
                wanted["url"] = word
                continue
            value = words.pop(0)
            if word == "-H":
                name, _, text = value.partition(": ")
                wanted["headers"][name.lower()] = text
            else:
                option = {"-X": "method", "--json": "content", "--data-binary": "content"}[word]
                wanted[option] = self.files[value[1:]] if value.startswith("@") else value
        return wanted


@pytest.fixture
async def session(tmp_path: Path, blocks: Blocks) -> AsyncIterator[Session]:
    console = init_centre(tmp_path / "centre", "centre.example", "s1")
    files = {
        block.mark.removeprefix("file: "): block.text.encode()
        for block in blocks(PAGE)
        if block.mark.startswith("file: ")
    }
    folder = tmp_path / "centre"
    async with open_centre(folder, load_settings(folder, {}), read_keys(folder)) as centre:
        transport = httpx.ASGITransport(create_app(centre))
        async with httpx.AsyncClient(transport=transport) as http:
            yield Session(http, console, files)


def same(shown: Any, got: Any) -> bool:
    """True when an answer is the one on the page, where `…` stands for anything."""
    if isinstance(shown, dict):
        fits = isinstance(got, dict) and shown.keys() == got.keys()
        return fits and all(same(shown[name], got[name]) for name in shown)
    if isinstance(shown, list):
        return len(shown) == len(got) and all(map(same, shown, got))
    if isinstance(shown, str) and ANY in shown:
        return re.fullmatch(re.escape(shown).replace(ANY, ".+"), str(got)) is not None
    return bool(shown == got)


def exchanges(blocks: list[Any]) -> list[tuple[str, str]]:
    """Each marked command with the answer below it."""
    found = list(enumerate(blocks))
    return [(each.text, blocks[at + 1].text) for at, each in found if each.mark.startswith("run: ")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_every_command_of_the_centres_page_is_answered_as_it_says(
    session: Session, blocks: Blocks, encoding: str
) -> None:
    session.files = {name: text.decode().encode(encoding) for name, text in session.files.items()}
    done = 0
    for command, shown in exchanges(blocks(PAGE)):
        answer = await session.type(command)
        assert same(httpx.Response(200, text=shown).json(), answer.json()), answer.text
        done += 1
    assert done >= 10


async def test_the_code_and_endpoint_commands_of_other_pages_are_answered_as_they_say(
    session: Session, blocks: Blocks
) -> None:
    for command, shown in exchanges(blocks(PAGE))[:2]:
        assert (await session.type(command)).is_success, shown
    session.variables["OUTCOMEKEY"] = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    for command, shown in exchanges(blocks("docs/stations.md")) + exchanges(blocks("docs/refunds.md")):
        answer = await session.type(command)
        filled = shown.replace("$OUTCOMEKEY", session.variables["OUTCOMEKEY"])
        assert same(httpx.Response(200, text=filled).json(), answer.json()), answer.text


async def test_the_commands_of_the_returns_page_are_answered_as_they_say(
    session: Session, blocks: Blocks
) -> None:
    for command, shown in exchanges(blocks(PAGE)):
        if "/v1/returns" in command:
            break
        assert (await session.type(command)).is_success, shown
    told = exchanges(blocks("docs/returns.md"))
    assert len(told) >= 4
    for command, shown in told:
        answer = await session.type(command)
        assert same(httpx.Response(200, text=shown).json(), answer.json()), answer.text


async def test_metrics_and_export_open_with_the_auditors_key(session: Session, blocks: Blocks) -> None:
    for command, _ in exchanges(blocks(PAGE))[:3]:
        await session.type(command)
    for route in ("/metrics", "/v1/ledger/export"):
        answer = await session.type(f'curl -sS $CENTRE{route} -H "Authorization: Bearer $AUDITOR"')
        assert answer.status_code == 200
