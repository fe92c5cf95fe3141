"""Errors as problems (RFC 9457): the one place that knows status codes. No stack trace leaves here.

A problem carries `code`, the same in every language, and `detail`, a sentence for a person.
"""

import secrets
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inspection.errors import BadMessage, BadSignature, DomainError
from server import errors
from server.metrics import Metrics

MEDIA_TYPE = "application/problem+json"
LONGEST_DETAIL = 500

STATUS: dict[type[Exception], int] = {
    errors.TryLater: 503,
    errors.TooOften: 429,
    errors.NotAdmitted: 403,
    errors.NoKey: 401,
    errors.EndpointRefused: 403,
    errors.NoSuchWayOut: 409,
    errors.NotTaken: 422,
    errors.BadRequest: 400,
    errors.TooLarge: 413,
    errors.LengthMissing: 411,
    errors.QuotaUsed: 507,
    errors.NotFound: 404,
    errors.Erased: 410,
    errors.Withheld: 410,
    errors.Conflict: 409,
    BadMessage: 422,
    BadSignature: 403,
    DomainError: 422,
}
"""By the nearest class in the error's own line of descent."""

METHOD_NOT_ALLOWED = 405
HTTP_CODES = {404: "not_found", METHOD_NOT_ALLOWED: "method_not_allowed"}


def status_of(error: Exception) -> int:
    """The status of an error of ours; 500 for what stands in no row."""
    return status_of_kind(type(error))


def status_of_kind(wanted: type[Exception]) -> int:
    """The status of a class of errors; 500 for what stands in no row."""
    return next((STATUS[kind] for kind in wanted.__mro__ if kind in STATUS), 500)


def problem(status: int, code: str, detail: str, **more: object) -> Response:
    """Make the answer; `more` are extension members, such as an incident."""
    content: dict[str, Any] = {
        "type": f"urn:regrade:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "detail": detail[:LONGEST_DETAIL],
        "code": code,
        **more,
    }
    return Response(orjson.dumps(content), status, media_type=MEDIA_TYPE)


def problem_of(error: Exception) -> Response:
    """The answer for an error of ours."""
    answer = problem(status_of(error), getattr(error, "code", "error"), str(error))
    if isinstance(error, errors.TryLater):
        answer.headers["retry-after"] = str(error.retry_after_s)
    if isinstance(error, errors.NoKey):
        answer.headers["www-authenticate"] = "Bearer"
    return answer


def install(app: FastAPI, metrics: Metrics) -> None:
    """Answer every error of ours, of FastAPI and of Starlette with a problem, and count it."""

    async def ours(_: Request, error: Exception) -> Response:
        metrics.problems.labels(getattr(error, "code", "error")).inc()
        return problem_of(error)

    async def unreadable(_: Request, error: Exception) -> Response:
        metrics.problems.labels("bad_request").inc()
        return problem(400, "bad_request", _first_fault(error))

    async def http(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 500)
        code = HTTP_CODES.get(status, "http_error")
        metrics.problems.labels(code).inc()
        answer = problem(status, code, str(getattr(error, "detail", "")))
        if status == METHOD_NOT_ALLOWED:
            answer.headers["allow"] = ", ".join(methods_at(app, request.scope["path"]))
        return answer

    app.add_exception_handler(errors.CentreError, ours)
    app.add_exception_handler(DomainError, ours)
    app.add_exception_handler(RequestValidationError, unreadable)
    app.add_exception_handler(HTTPException, http)


def methods_at(app: FastAPI, path: str) -> list[str]:
    """What may be done at a path: by every route of the first form that it has, each one method."""
    matching = [each for each in iter_route_contexts(app.routes) if each.path_regex.match(path)]
    first = matching[0].path if matching else None
    return sorted({method for each in matching if each.path == first for method in each.methods or ()})


def _first_fault(error: Exception) -> str:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": (), "msg": ""}
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


class NoTraces:
    """Outermost layer: what nobody foresaw becomes a problem with an incident; the trace stays in the log."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log: structlog.stdlib.BoundLogger) -> None:
        self._app = app
        self._metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer 500 with an incident when it falls through."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:  # nobody is left to be answered, and nothing is wrong here
            self._metrics.problems.labels("went_away").inc()
        except Exception as error:  # the last place that can still turn it into an answer
            incident = self._note(scope, error)
            if not begun:
                answer = problem(
                    500, "internal", f"a fault of the centre; incident {incident}", incident=incident
                )
                await answer(scope, receive, send)

    def _note(self, scope: Scope, error: Exception) -> str:
        incident = secrets.token_hex(8)
        self._metrics.problems.labels("internal").inc()
        self._log.error("unforeseen", incident=incident, path=scope.get("path"), exc_info=error)
        return incident
