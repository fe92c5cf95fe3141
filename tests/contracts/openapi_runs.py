"""schemathesis with all its checks over a served centre; `make contracts` runs it for longer.

No check is left out. What JSON Schema cannot say of a request that is meant to be right is put right before
it is sent (`mended`): a hash that must be that of the body, a check digit, a signature, whole numbers without
a point. What is meant to be wrong goes out as it is.
"""

import hashlib
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import schemathesis
from hypothesis import strategies
from schemathesis import hooks
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.schemas import BaseSchema

from inspection.identity.check_digit import check_digit
from inspection.messages.base import time_text
from inspection.messages.webhook import sign_webhook
from inspection.messages.webhook_keys import HmacKey, SigningKey
from server.catalogue.schemas import COLUMNS as PRODUCT_COLUMNS
from server.returns.schemas import COLUMNS as UNIT_COLUMNS
from tests.contracts.served import HOOK_KEY, OUTCOME_KEY, Served, outcome_public_key
from tests.server.conftest import product_object, unit_object

SEED = 20261128
EARLY = "0001-01-01T00:00:00.000000Z"
NO_CARRIER = "https://10.0.0.1/"
"""An address that the policy refuses: there is no carrier here to be asked."""
NO_REFUND_SYSTEM = "http://127.0.0.1:9/refunds"
KNOWN = {"merchant": "m1", "site": "s1", "station": "st1", "node": "st1", "unit": "R1/1/1", "sku": "MUG-1"}
CARRIER_EVENT = {"v": 1, "parcel": "P1", "event": "picked_up", "at": "2026-05-04T11:00:00.000000Z"}
TABLES: Mapping[str, tuple[frozenset[str], dict[str, Any]]] = {
    "/v1/catalogue/products.csv": (PRODUCT_COLUMNS.required, product_object()),
    "/v1/returns.csv": (UNIT_COLUMNS.required, unit_object("R9/1/1")),
}
LOOKED_UP = frozenset({"/v1/refunds/search", "/v1/refunds/export.csv", "/v1/refunds/statistics"})


@dataclass(slots=True)
class Tally:
    """What a run did and what it found."""

    cases: Counter[str] = field(default_factory=Counter)
    """Requests by phase."""
    checks: Counter[str] = field(default_factory=Counter)
    failures: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    """By operation, check and title: what was said, and the request that shows it."""
    answers: Counter[int] = field(default_factory=Counter)
    """By status."""
    operations: set[str] = field(default_factory=set)
    took_s: float = 0.0

    def hear(self, event: Any) -> None:
        """Count one event of the engine."""
        if isinstance(event, events.NonFatalError | events.FatalError):
            what = str(getattr(event, "value", event))
            self.failures.setdefault(("error", str(getattr(event, "label", "")), what), []).append(what)
        if isinstance(event, events.ScenarioFinished):
            self._hear_scenario(event)

    def _hear_scenario(self, event: events.ScenarioFinished) -> None:
        recorder = event.recorder
        self.operations.add(recorder.label)
        self.cases[event.phase.value] += len(recorder.interactions)
        for interaction in recorder.interactions.values():
            self.answers[interaction.response.status_code if interaction.response else 0] += 1
        for check in itertools.chain.from_iterable(recorder.checks.values()):
            self.checks[check.name] += 1
            if check.failure_info is not None:
                failure = check.failure_info.failure
                said = f"{failure.message}\n{check.failure_info.code_sample}"
                self.failures.setdefault((recorder.label, check.name, failure.title), []).append(said)

    def report(self) -> str:
        """The failures, one example each."""
        rows = (f"{' | '.join(key)} ({len(said)})\n{said[0][:1500]}" for key, said in self.failures.items())
        return "\n\n".join(rows)


def run(centre: Served, *, examples: int, coverage: bool = True, seed: int = SEED) -> Tally:
    """Every operation of the contract, in all phases, with all checks."""
    config = SchemathesisConfig(seed=seed)
    project = config.projects.default
    project.continue_on_failure = True
    project.generation.update(max_examples=examples, deterministic=True, database="none", no_shrink=True)
    project.phases.coverage.enabled = coverage
    schemathesis.openapi.format("gtin", gtins())
    schema = schemathesis.openapi.from_url(f"{centre.url}/openapi.json", config=config)
    _carry_keys(schema, centre)
    tally, started = Tally(), time.monotonic()
    with _mending():
        for event in from_schema(schema).execute():
            tally.hear(event)
    tally.took_s = time.monotonic() - started
    return tally


def gtins() -> strategies.SearchStrategy[str]:
    """Codes whose check digit is right."""
    return strategies.from_regex(r"\A[0-9]{13}\Z").map(lambda digits: f"{digits}{check_digit(digits)}")


def _carry_keys(schema: BaseSchema, centre: Served) -> None:
    """Send a key of each scope that an operation names, in turn."""
    turns = itertools.count()

    @schema.auth(refresh_interval=None)
    class Key:
        def get(self, case: Any, context: Any) -> str | None:
            security = case.operation.definition.raw.get("security") or ()
            scopes = [scope for each in security for scope in each.get("Bearer", ())]
            return centre.keys[scopes[next(turns) % len(scopes)]] if scopes else None

        def set(self, case: Any, data: str | None, context: Any) -> None:
            if data:
                case.headers = {**(case.headers or {}), "Authorization": data}


@contextmanager
def _mending() -> Iterator[None]:
    def before_call(context: Any, case: Any, **kwargs: Any) -> None:
        if case.meta is not None and case.meta.generation.mode.is_positive:
            mended(case)

    hooks.hook(before_call)
    try:
        yield
    finally:
        hooks.unregister(before_call)


def mended(case: Any) -> None:
    """Put right what JSON Schema cannot say of a request that is meant to be right."""
    path, media = case.operation.path, case.media_type
    if len(repr(case.body)) % 2:
        case.path_parameters = known(case.path_parameters)
        case.body = known(case.body)
    if media == "application/octet-stream" and case.method == "PUT":
        case.body = repr(case.body).encode()
        case.path_parameters = {**case.path_parameters, "sha256": hashlib.sha256(case.body).hexdigest()}
    elif media == "text/csv":
        case.body = table(*TABLES[path], number=len(repr(case.body)))
    elif media == "application/json":
        case.body = whole(case.body)
    if path == "/v1/returns" and isinstance(case.body, dict):
        case.body = {"units": [promised(unit) for unit in case.body["units"]]}
    if path == "/v1/references" and isinstance(case.body, dict):
        photos = {photo["sha256"]: photo for photo in case.body["photos"]}
        case.body = case.body | {"photos": list(photos.values())}
    if path == "/v1/returns" and case.method == "GET":
        case.query = {"order": "O-1"} | {name: each for name, each in (case.query or {}).items() if each}
    if path == "/v1/parcels/{parcel}/pick-up" and isinstance(case.body, dict):
        first, last = sorted((case.body["not_before"], case.body["not_after"]))
        first = first if first < last else EARLY
        case.body = case.body | {"not_before": first, "not_after": last}
    _mend_refunds(path, case)
    if path == "/v1/refunds/outcomes":
        if isinstance(case.body, dict) and isinstance(case.body.get("currency"), str):
            case.body = case.body | {"currency": "CNY"}
        sign(case, SigningKey(OUTCOME_KEY))
    elif path == "/v1/hooks/{source}" and isinstance(case.body, dict):
        case.path_parameters = {"source": "carrier"}
        case.body = case.body | {"key": HOOK_KEY.to_text()}
    elif path == "/v1/hooks/{merchant}/{source}":
        case.path_parameters = {"merchant": "m1", "source": "carrier"}
        case.body = CARRIER_EVENT | {"id": f"E{len(repr(case.body))}"}
        sign(case, HOOK_KEY)


def _mend_refunds(path: str, case: Any) -> None:
    """The same for the routes of refunds that are signed by nobody."""
    if path == "/v1/refunds/cases/{id}/leave" and isinstance(case.body, dict):
        case.body = case.body | {"deductions": [], "amount_minor": 1}
    if path == "/v1/carrier" and isinstance(case.body, dict):
        case.body = case.body | {"url": NO_CARRIER}
    if path == "/v1/refunds/endpoint" and isinstance(case.body, dict):
        informed = {"mode": "inform", "gateway": None, "credentials": None}
        named = {"url": NO_REFUND_SYSTEM, "outcome_public_key": outcome_public_key()}
        case.body = case.body | informed | named
    if path == "/v1/refunds/endpoint/keys" and isinstance(case.body, dict):
        key = HOOK_KEY.to_text() if case.body["use"] == "verify" else None
        case.body = case.body | {"key": key}
    if path in LOOKED_UP and isinstance(case.query, dict):
        case.query = looked_up(case.query)
    if path == "/v1/refunds/approvals" and isinstance(case.body, dict):
        until = datetime.now(UTC) + timedelta(days=1 + len(repr(case.body)) % 80)
        case.body = case.body | {"until": time_text(until), "currency": "EUR"}
    if path == "/v1/refunds/replay" and isinstance(case.body, dict):
        case.body = {"first_index": 0, "last_index": len(repr(case.body))}


def looked_up(query: dict[str, Any]) -> dict[str, Any]:
    """Days that there are, in their order, whose merchant it is, and no cursor that no page gave."""
    today = datetime.now(UTC)
    days = {"told_from": time_text(today - timedelta(days=9))[:10], "told_to": time_text(today)[:10]}
    asked = {name: each for name, each in query.items() if name != "after"}
    return asked | {"merchant": "m1"} | (days if days.keys() & query.keys() else {})


def promised(unit: dict[str, Any]) -> dict[str, Any]:
    """No more than what was paid."""
    most = unit.get("promised_minor")
    return unit if most is None else unit | {"promised_minor": min(most, unit["paid_minor"])}


def sign(case: Any, key: HmacKey | SigningKey) -> None:
    """Sign the body as requests is going to write it."""
    content = json.dumps(case.body, allow_nan=False).encode()
    signed = sign_webhook([key], hashlib.sha256(content).hexdigest(), int(time.time()), content)
    case.headers = {**(case.headers or {}), **signed}


def known(value: Any) -> Any:
    """The same with names that stand here, so that more than its form is looked at."""
    if isinstance(value, dict):
        return {name: KNOWN.get(name, known(each)) for name, each in value.items() if each is not None} | {
            name: None for name, each in value.items() if each is None
        }
    return [known(each) for each in value] if isinstance(value, list) else value


def whole(value: Any) -> Any:
    """`7.0` is an integer to JSON Schema; the centre reads whole numbers without a point alone."""
    if isinstance(value, dict):
        return {name: whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def table(columns: frozenset[str], row: Mapping[str, Any], *, number: int) -> str:
    """A file with a header row and one row, and a second one that is wrong in each other file."""
    names = sorted(columns)
    lines = [",".join(names), ",".join(str(row[name]) for name in names)]
    return "\n".join(lines + ["?"] * (number % 2)) + "\n"
