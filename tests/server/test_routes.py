"""Every route declares its scope, and no key of another scope passes; bodies are bounded; no trace leaves."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from server.access import Caller, Needs, Scope, new_key
from server.app import PUBLIC, create_app
from server.centre import Centre, open_centre
from server.errors import Busy
from server.keys import ServerKeys
from server.settings import ServerSettings

if TYPE_CHECKING:
    from tests.server.conftest import Site

Declared = tuple[str, str, frozenset[Scope]]


def declared(app: FastAPI) -> list[Declared]:
    """Method, path and scopes of every route of the app."""
    return [
        (method, str(route.path), scopes(route))
        for route in iter_route_contexts(app.routes)
        for method in sorted(route.methods or ())
    ]


def scopes(route: Any) -> frozenset[Scope]:
    dependant = getattr(route, "dependant", None)
    found = [need.scopes for need in needs(dependant)] if dependant else []
    return found[0] if found else frozenset()


def needs(dependant: Dependant) -> Iterator[Needs]:
    if isinstance(dependant.call, Needs):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from needs(inner)


def url(path: str) -> str:
    return re.sub(r"{[^}]*}", "a" * 64, path)


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("centre.sqlite*"))


async def caller_of(centre: Centre, scope: Scope) -> dict[str, str]:
    merchant = "m1" if scope is Scope.SHOP else None
    station = "st1" if scope is Scope.STATION else None
    caller = Caller(scope=scope, merchant=merchant, station=station)
    key = await centre.writer.submit(lambda c: new_key(c, centre.site, caller, "test", centre.now()))
    return {"authorization": f"Bearer {key}"}


async def test_every_route_is_public_by_the_list_or_scoped(centre: Centre) -> None:
    routes = declared(create_app(centre))
    assert len(routes) >= 25
    assert {path for _, path, wanted in routes if not wanted} == PUBLIC


async def test_no_route_opens_without_a_key(centre: Centre, http: httpx.AsyncClient) -> None:
    for method, path, wanted in declared(create_app(centre)):
        if wanted:
            for key in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic x"}):
                answer = await http.request(method, url(path), headers=key)
                assert answer.status_code == 401, (method, path)


async def test_no_route_opens_for_another_scope(centre: Centre, http: httpx.AsyncClient) -> None:
    keys = {scope: await caller_of(centre, scope) for scope in Scope}
    for method, path, wanted in declared(create_app(centre)):
        for scope in set(Scope) - wanted if wanted else ():
            answer = await http.request(method, url(path), headers=keys[scope])
            assert answer.status_code == 403, (method, path, scope)
            assert method == "HEAD" or answer.json()["code"] == "wrong_scope"
        for scope in wanted:
            answer = await http.request(method, url(path), headers=keys[scope])
            assert answer.status_code not in (401, 500), (method, path, scope, answer.text)


async def test_a_database_copy_holds_no_key(centre: Centre, tmp_path: Path) -> None:
    headers = await caller_of(centre, Scope.CONSOLE)
    key = headers["authorization"].removeprefix("Bearer ").encode()
    assert key not in await asyncio.to_thread(everything, tmp_path)


async def test_a_merchant_sees_only_its_own(site: "Site", centre: Centre, http: httpx.AsyncClient) -> None:
    await site.announce("R1/1/1")
    caller = Caller(scope=Scope.SHOP, merchant="m2")
    key = await centre.writer.submit(lambda c: new_key(c, "s1", caller, "test", centre.now()))
    other = {"authorization": f"Bearer {key}"}
    assert (await http.get("/v1/returns/R1/1/1", headers=other)).status_code == 404
    assert (await http.post("/v1/returns/R1/1/1/cancel", headers=other)).status_code == 404
    assert (await http.get("/v1/returns/R1/1/1", headers=site.shop)).status_code == 200


@pytest.mark.parametrize("announce", [True, False])
async def test_a_body_beyond_the_limit_is_refused(site: "Site", announce: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 1024 * 1024

    content = b"x" * 3 * 1024 * 1024 if announce else chunks()
    answer = await site.http.post("/v1/returns", content=content, headers=site.shop)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert site.counted("regrade_problems_total", code="too_large") == 1


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("PATCH", "/v1/log", 405, "method_not_allowed"),
        ("GET", "/v1/worklist?after=x", 401, "no_key"),
    ],
)
async def test_what_is_not_there_is_a_problem(
    http: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await http.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/references", "GET, PUT"),
        ("/v1/log", "GET"),
        ("/v1/returns/R1/1/1/cancel", "POST"),
        ("/v1/returns/R1/1/1/evidence-pack", "GET"),
        (f"/v1/evidence/{'a' * 64}", "HEAD, PUT"),
    ],
)
async def test_a_method_that_is_not_there_is_answered_with_those_that_are(
    http: httpx.AsyncClient, path: str, allowed: str
) -> None:
    for method in ("PATCH", "OPTIONS"):
        answer = await http.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_an_unreadable_query_is_named(site: "Site", centre: Centre) -> None:
    headers = await caller_of(centre, Scope.STATION)
    answer = await site.http.get("/v1/worklist?after=x", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert "after" in answer.json()["detail"]


async def test_no_trace_reaches_a_person(
    centre: Centre, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(*_: object) -> NoReturn:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(centre.log, "head", fall)
    with capture_logs() as logs:
        answer = await http.get("/v1/log")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["incident"] == logs[0]["incident"]


async def test_a_caller_that_hangs_up_is_no_fault_of_the_centre(site: "Site", centre: Centre) -> None:
    came: list[dict[str, Any]] = [{"type": "http.request", "body": b"{", "more_body": True}]
    answered: list[Any] = []

    async def receive() -> dict[str, Any]:
        return came.pop() if came else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answered.append(message)

    key = site.console["authorization"].encode()
    scope = {
        "type": "http", "method": "POST", "path": "/v1/merchants", "query_string": b"",
        "headers": [(b"authorization", key), (b"content-length", b"100")],
    }  # fmt: skip
    with capture_logs() as logs:
        await create_app(centre)(scope, receive, send)
    assert (answered, logs) == ([], [])
    assert site.counted("regrade_problems_total", code="went_away") == 1


async def test_a_full_centre_says_when_to_come_back(
    site: "Site", centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> NoReturn:
        raise Busy("full")

    monkeypatch.setattr(centre.writer, "submit", full)
    answer = await site.http.post("/v1/merchants", json={"id": "m2", "name": "x"}, headers=site.console)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_metrics_are_for_those_who_look_after_it(site: "Site") -> None:
    assert (await site.http.get("/metrics")).status_code == 401
    answer = await site.http.get("/metrics", headers=site.console)
    assert "regrade_ledger_size 0.0" in answer.text


async def test_the_log_tells_its_keys_and_nothing_secret(http: httpx.AsyncClient, keys: ServerKeys) -> None:
    log = (await http.get("/v1/log")).json()
    assert (log["origin"], log["size"], log["head"]) == ("centre.test/site/s1", 0, "0" * 64)
    assert set(log) == {
        "origin", "size", "head", "state", "min_index", "log_key", "log_key_previous",
        "fork_detectable", "quorum", "witnessed",
        "log_public_key", "sealing_public_key", "webhook_public_key", "webhook_key", "webhook_key_previous",
    }  # fmt: skip


async def test_a_second_centre_on_the_same_folder_is_refused(
    centre: Centre, tmp_path: Path, settings: ServerSettings, keys: ServerKeys
) -> None:
    with pytest.raises(Exception, match="another process") as caught:
        async with open_centre(tmp_path, settings, keys, registry=CollectorRegistry()):
            pass
    assert caught.value.code == "already_running"  # type: ignore[attr-defined] # of CentreError
