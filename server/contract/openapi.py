"""The OpenAPI 3.1 document: FastAPI's, with what the rows say laid over it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from inspection.messages.base import Message
from server.access import Needs
from server.contract import refusals
from server.contract.registry import ROWS
from server.contract.row import JSON, Body, Media, Row, header_parameter, messages_of
from server.contract.schemas import Mode, Names, components
from server.contract.webhooks import WEBHOOKS, webhooks

Document = dict[str, Any]
TITLE = "Regrade centre"
SCHEME = "Bearer"
ABOUT = (
    "Returns in, verdicts out. Made from the messages of the program (`regrade server contract openapi`). "
    "Times are UTC with microseconds, money is in minor units with its ISO 4217 code, bytes are base64."
)

KEYS = "An API key of the scope that the route names; `POST /v1/keys` makes one."


def describe(app: FastAPI) -> None:
    """Let the app answer `openapi()` with the contract, made once."""
    app.openapi = _once(app)  # type: ignore[method-assign] # FastAPI's own way to change it


def _once(app: FastAPI) -> Callable[[], Document]:
    made: list[Document] = []

    def openapi() -> Document:
        if not made:
            made.append(document(app))
        return made[0]

    return openapi


def document(app: FastAPI) -> Document:
    """The whole contract of an app whose every route has its row."""
    plain = get_openapi(title=TITLE, version=version("regrade"), routes=app.routes)["paths"]
    routes, (made, names) = routes_of(app), components(_taken(), _given())
    parts = [_Part(row=row, bare=_bare(plain, row), route=routes[row.at]) for row in ROWS]
    problems = refusals.components(part.refused() for part in parts)
    paths: Document = {}
    for part in sorted(parts, key=lambda part: (part.row.path, part.row.method)):
        paths.setdefault(part.row.path, {})[part.row.method.lower()] = _operation(part, names)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": version("regrade"), "description": ABOUT},
        "paths": paths,
        "webhooks": webhooks(names),
        "components": {
            "schemas": dict(sorted((made | problems["schemas"]).items())),
            "responses": problems["responses"],
            "securitySchemes": {SCHEME: {"type": "http", "scheme": "bearer", "description": KEYS}},
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a route says of itself."""

    name: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A row beside its route."""

    row: Row
    bare: Document
    """FastAPI's operation."""
    route: Declared

    def refused(self) -> dict[int, tuple[str, ...]]:
        scoped, parameters = bool(self.route.scopes), bool(self.bare.get("parameters"))
        return refusals.refusals(self.row, scoped=scoped, parameters=parameters)


def routes_of(app: FastAPI) -> dict[str, Declared]:
    """Every route by `METHOD /path`, as the rows name it."""
    return {
        f"{method} {route.path_format}": Declared(name=str(route.name), scopes=_scopes(route))
        for route in iter_route_contexts(app.routes)
        for method in sorted(route.methods or ())
    }


def _scopes(route: Any) -> tuple[str, ...]:
    found = [need.scopes for need in _needs(route.dependant)]
    return tuple(sorted(scope.value for scope in found[0])) if found else ()


def _needs(dependant: Any) -> Iterator[Needs]:
    if isinstance(dependant.call, Needs):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _needs(inner)


def _bare(plain: Document, row: Row) -> Document:
    operation: Document = plain[row.path][row.method.lower()]
    return operation


def _operation(part: _Part, names: Names) -> Document:
    """FastAPI's operation with the row's bodies, refusals and scopes."""
    row, bare = part.row, part.bare
    parameters = [*map(_plain, bare.get("parameters", ())), *map(header_parameter, row.headers)]
    about = bare.get("description", "")
    return {
        "operationId": part.route.name,
        "summary": about.partition("\n")[0],
        "description": about,
        "tags": bare.get("tags", ["centre"]),
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": _content(row.takes, names, "validation", required=True)} if row.takes else {}),
        "responses": _answers(part, names),
        "security": [{SCHEME: [scope]} for scope in part.route.scopes],
    }


def _answers(part: _Part, names: Names) -> Document:
    row, answers = part.row, {}
    answers[row.status] = _given_as(row.gives, names)
    answers |= {status: _given_as(kind, names) for status, kind in row.answers.items()}
    for status, codes in part.refused().items():
        named = {"$ref": f"#/components/responses/{refusals.name_of(status, codes)}"}
        answers[status] = refusals.answer_of(status, codes, body=False) if row.method == "HEAD" else named
    return {str(status): answers[status] for status in sorted(answers)}


def _given_as(body: Body | None, names: Names) -> Document:
    if body is None:
        return {"description": "Done."}
    return _content(body, names, "serialization")


def _content(body: Body, names: Names, mode: Mode, **more: Any) -> Document:
    if isinstance(body, Media):
        inner = {"schema": dict(body.schema)} if body.schema else {}
        return {"description": body.about, "content": {body.type: inner}, **more}
    kinds = messages_of(body)
    about = (kinds[0].__doc__ or "").strip().partition("\n")[0]
    refs = [{"$ref": names[(kind, mode)]} for kind in kinds]
    schema = refs[0] if len(refs) == 1 else {"oneOf": refs}
    return {"description": about, "content": {JSON: {"schema": schema}}, **more}


def _plain(parameter: Document) -> Document:
    """A parameter without the titles that only repeat its name, and with null taken for "leave it out"."""
    schema = {key: value for key, value in parameter["schema"].items() if key != "title"}
    ways = [way for way in schema.get("anyOf", ()) if way != {"type": "null"}]
    if len(ways) == 1:
        schema = ways[0] | {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return parameter | {"schema": schema}


def _taken() -> Iterator[type[Message]]:
    return (kind for row in ROWS for kind in messages_of(row.takes))


def _given() -> Iterator[type[Message]]:
    yield from (
        kind for row in ROWS for body in (row.gives, *row.answers.values()) for kind in messages_of(body)
    )
    yield from (webhook.body for webhook in WEBHOOKS)
