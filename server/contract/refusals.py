"""What a route refuses, as problems (RFC 9457): by its own row, its scopes, its body and its parameters."""

from collections.abc import Iterable
from typing import Any

from inspection.errors import BadMessage
from server import errors
from server.contract.row import Media, Row
from server.problems import MEDIA_TYPE, status_of_kind

PROBLEM = "Problem"
READS = frozenset({"GET", "HEAD"})
WRITES = (errors.Busy, errors.StorageFailed, errors.LedgerRecovering, errors.LedgerFrozen)
"""What any route that writes may be told by the writer's queue and by the ledger; so may a read that has to
sign a checkpoint first."""
HEADERS: dict[int, tuple[str, str, dict[str, Any]]] = {
    401: ("WWW-Authenticate", "How to say who one is.", {"type": "string", "const": "Bearer"}),
    429: ("Retry-After", "Seconds to wait.", {"type": "integer", "minimum": 1}),
    503: ("Retry-After", "Seconds to wait.", {"type": "integer", "minimum": 1}),
}
"""The header that comes with a status, always."""
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": PROBLEM,
    "description": "RFC 9457. `code` is the same in every language; `detail` is a sentence for a person.",
    "properties": {
        "type": {"type": "string", "format": "uri", "pattern": "^urn:regrade:problem:[a-z_]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "maxLength": 500},
        "code": {"$ref": "#/components/schemas/ProblemCode"},
        "incident": {"type": "string", "description": "Names the fault in the centre's log; with 500 only."},
    },
    "required": ["type", "title", "status", "detail", "code"],
}


def refusals(row: Row, *, scoped: bool, parameters: bool) -> dict[int, tuple[str, ...]]:
    """The codes that a route may answer, by status."""
    kinds: list[type[Exception]] = [*row.refuses]
    kinds += (errors.NoKey, errors.WrongScope) if scoped else ()
    kinds += (errors.TooLarge,) if row.takes else ()
    kinds += () if row.takes is None or isinstance(row.takes, Media) else (errors.BadRequest, BadMessage)
    kinds += (errors.BadRequest,) if parameters else ()
    kinds += (errors.NotFound,) if "{" in row.path else ()  # of an address that is none of any route
    kinds += WRITES if row.method not in READS else ()
    found: dict[int, set[str]] = {500: {"internal"}}
    for kind in kinds:
        found.setdefault(status_of_kind(kind), set()).add(code_of(kind))
    return {status: tuple(sorted(codes)) for status, codes in sorted(found.items())}


def code_of(kind: type[Exception]) -> str:
    """The code that is the same in every language."""
    return str(getattr(kind, "code", "error"))


def name_of(status: int, codes: Iterable[str]) -> str:
    """What an answer is called among the components."""
    return ".".join((str(status), *codes))


def answer_of(status: int, codes: Iterable[str], *, body: bool) -> dict[str, Any]:
    """One answer; an answer to HEAD has no body."""
    made: dict[str, Any] = {"description": ", ".join(codes)}
    if status in HEADERS:
        name, about, schema = HEADERS[status]
        made["headers"] = {name: {"description": about, "required": True, "schema": schema}}
    if body:
        exact = {"properties": {"code": {"enum": list(codes)}, "status": {"const": status}}}
        schema = {"allOf": [{"$ref": f"#/components/schemas/{PROBLEM}"}, exact]}
        made["content"] = {MEDIA_TYPE: {"schema": schema}}
    return made


def components(all_codes: Iterable[dict[int, tuple[str, ...]]]) -> dict[str, dict[str, Any]]:
    """The problem, its codes, and every answer that some route refuses with."""
    answers = {pair for codes in all_codes for pair in codes.items()}
    named = sorted({code for _, codes in answers for code in codes})
    schemas = {PROBLEM: PROBLEM_SCHEMA, "ProblemCode": {"type": "string", "enum": named}}
    responses = {name_of(*pair): answer_of(*pair, body=True) for pair in sorted(answers)}
    return {"schemas": schemas, "responses": responses}
