"""Every code that a person may meet stands in the table of its page, and no other."""

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry

import edge.errors
import inspection.errors
import kit.errors
import server.errors
from devices.driver import Surroundings
from devices.registry import DRIVERS
from devices.supervisor import Supervisor
from edge.faults import Faults
from edge.metrics import StationMetrics
from inspection.evidence import ImageFault
from inspection.identity.borrowed import BORROWED
from inspection.identity.epc import OWN
from inspection.identity.faults import Fault
from inspection.identity.parts import PARTS
from inspection.identity.plus import HEADERS as PLUS
from inspection.journey import HoldReason
from inspection.messages.refund import InstructionEvent, OutcomeStatus
from inspection.messages.uplink import RefusalReason
from inspection.operator import CommandCode
from inspection.refund import RefundKind
from inspection.words.catalog import words
from kit.errors import Rejected
from kit.walk import Rule
from server import keys
from server.access import Scope
from server.alarms import AlarmKind
from server.catalogue import schemas as catalogue
from server.metrics import Metrics
from server.refunds.differing import DifferenceKind
from server.returns import schemas as returns
from server.stations.router import router

Table = Callable[[str, str], list[dict[str, str]]]
ROOT = Path(__file__).resolve().parents[2]
STATIONS, CENTRE, REFUNDS, FAULTS = (
    f"docs/{name}.md" for name in ("stations", "centre", "refunds", "faults")
)

ENUMS: Mapping[tuple[str, str, str], type[StrEnum]] = {
    (STATIONS, "holds", "code"): HoldReason,
    (CENTRE, "refusals", "reason"): RefusalReason,
    (CENTRE, "alarms", "alarm"): AlarmKind,
    (CENTRE, "scopes", "scope"): Scope,
    (REFUNDS, "kinds", "kind"): RefundKind,
    (REFUNDS, "outcomes", "status"): OutcomeStatus,
    (REFUNDS, "differences", "row"): DifferenceKind,
}


@pytest.mark.parametrize("place", ENUMS, ids=lambda place: place[1])
def test_a_table_of_codes_is_the_programs(table: Table, place: tuple[str, str, str]) -> None:
    name, title, column = place
    assert sorted(row[column] for row in table(name, title)) == sorted(ENUMS[place])


def test_every_command_code_stands_on_the_sheet_and_each_reason_by_its_word(table: Table) -> None:
    rows = {row["code"]: row["meaning"] for row in table(STATIONS, "commands")}
    assert list(rows) == [f"CMD:{code.value}" for code in CommandCode]


@pytest.mark.parametrize(
    ("title", "columns"), [("products-csv", catalogue.COLUMNS), ("returns-csv", returns.COLUMNS)]
)
def test_the_columns_of_an_import_are_the_importers(table: Table, title: str, columns: Any) -> None:
    rows = table(CENTRE, title)
    assert {row["column"] for row in rows} == columns.known
    assert {row["column"] for row in rows if row["needed"] == "yes"} == columns.required


def test_the_secrets_are_those_of_the_key_file(table: Table) -> None:
    assert [row["name"] for row in table(CENTRE, "keys")] == list(keys.NAMES)


def test_the_rejections_of_a_receiver_are_the_kits(table: Table) -> None:
    rows = {row["error"]: row["code"] for row in table(REFUNDS, "rejections")}
    assert rows == {kind.__name__: kind.code for kind in Rejected.__subclasses__()}


def metric_names(registry: CollectorRegistry) -> set[str]:
    """As Prometheus shows them."""
    return {f"{m.name}_total" if m.type == "counter" else m.name for m in registry.collect()}


def test_the_centres_metrics_are_the_programs(table: Table) -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    assert {row["metric"] for row in table(CENTRE, "server-metrics")} == metric_names(registry)


def test_the_stations_metrics_are_the_programs(table: Table) -> None:
    registry = CollectorRegistry()
    StationMetrics(registry)
    Faults(registry)
    surroundings = Surroundings(clock=lambda: pytest.fail("nobody asks"))
    Supervisor((), surroundings=surroundings, registry=registry)
    assert {row["metric"] for row in table(STATIONS, "station-metrics")} == metric_names(registry)


def source(folder: str) -> Iterator[ast.AST]:
    """Every node of a folder's code."""
    for path in (ROOT / folder).rglob("*.py"):
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def texts(node: ast.AST) -> Iterator[str]:
    """The text constants inside a node that look like codes."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value.isidentifier():
            yield each.value


def device_reasons() -> set[str]:
    """What stands behind `reason=` or in a count, and the tables of failures."""
    found: set[str] = set()
    for node in source("devices"):
        match node:
            case ast.keyword(arg="reason", value=ast.Constant(value=str(text))):
                found.add(text)
            case ast.Call(func=ast.Attribute(attr="_count"), args=[ast.Constant(value=str(text)), *_]):
                found.add(text)
            case ast.Dict(values=[ast.Tuple(), *_] as rows):
                found |= {text for row in rows for text in texts(row) if "_" in text or text == "overflow"}
    return found


def test_every_reason_that_the_devices_give_stands_in_the_night_table(table: Table) -> None:
    shown = {row["code"] for row in table(STATIONS, "device-reasons")}
    assert device_reasons() - set(DRIVERS) - shown == set()
    known = {text for node in source("devices") if isinstance(node, ast.Constant) for text in texts(node)}
    assert shown - known == set(), "the page names a reason that no device gives"


def decode_errors() -> set[str]:
    """What stands behind `BadBytes`, `reason` or in a fault of `regrade devices decode`."""
    return {text for node in source("devices") if isinstance(node, ast.Constant) for text in texts(node)}


def test_every_fault_of_a_tag_or_code_stands_among_the_decode_errors(table: Table) -> None:
    shown = {row["error"] for row in table("docs/devices/README.md", "decode-errors")}
    assert set(Fault) <= shown
    assert shown <= set(Fault) | decode_errors(), "the page names an error that nothing gives"


@pytest.mark.parametrize(
    ("title", "known"),
    [
        ("own-schemes", {**{header: kind.SCHEME for header, kind in [*OWN.items(), *PARTS.items()]}, **PLUS}),
        ("borrowed-schemes", {header: borrowed.scheme for header, borrowed in BORROWED.items()}),
    ],
)
def test_the_schemes_of_tags_are_the_programs(table: Table, title: str, known: Mapping[int, str]) -> None:
    lines = (ROOT / "docs/identity.md").read_text(encoding="utf-8").partition(f"<!-- table: {title} -->")[2]
    cells = re.findall(r"`([0-9A-F]{2})` \| ([\w+-]+)", lines.split("\n\n")[0])
    assert {int(header, 16): scheme for header, scheme in cells} == known


def codes_of(module: Any) -> set[str]:
    """The codes of a tree of errors."""
    kinds = (kind for kind in vars(module).values() if isinstance(kind, type))
    return {kind.code for kind in kinds if issubclass(kind, Exception) and hasattr(kind, "code")}


def test_every_error_that_keeps_a_station_from_starting_is_explained(table: Table) -> None:
    shown = {row["code"] for row in table(STATIONS, "start-errors")}
    assert shown <= codes_of(edge.errors) | {"broker_down", "model_refused"}
    assert {kind.code for kind in edge.errors.SetUpWrong.__subclasses__()} <= shown | {"key_cloned"}


def test_every_code_of_a_bad_input_exists(table: Table) -> None:
    reasons = {row["code"] for row in table(STATIONS, "device-reasons")}
    trees = (edge.errors, inspection.errors, kit.errors, server.errors)
    known = set().union(*map(codes_of, trees), HoldReason, RefusalReason, ImageFault, Rule, reasons)
    known |= {key.removeprefix("notice.") for key in words("en").texts if key.startswith("notice.")}
    known |= {row["code"] for row in table(CENTRE, "row-codes")} | {"bad_answer", "held_time_ahead"}
    rows = table(FAULTS, "inputs")
    assert {row["code"] for row in rows} - known == set()


def test_every_trial_of_a_device_that_the_page_names_is_a_test(table: Table) -> None:
    named = [
        each.strip("`") for row in table(FAULTS, "device-trials") for each in row["shown by"].split("<br>")
    ]
    assert len(named) > 60
    missing = []
    for each in named:
        path, _, test = each.partition("::")
        file = ROOT / "tests" / path
        if not file.is_file() or not re.search(rf"^(async )?def {test}\(", file.read_text("utf-8"), re.M):
            missing.append(each)
    assert missing == []


def test_every_refusal_stands_among_the_bad_inputs(table: Table) -> None:
    named = {row["code"] for row in table(FAULTS, "inputs") if row["where it shows"] == "refused"}
    assert named == set(RefusalReason)


def test_every_row_code_of_an_import_stands_in_its_table(table: Table) -> None:
    calls = [node for node in source("server") if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name)]
    faults = {
        keyword.value.value
        for call in named
        if isinstance(call.func, ast.Name) and call.func.id == "RowFault"
        for keyword in call.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    units = {
        call.args[2].value
        for call in named
        if isinstance(call.func, ast.Name) and call.func.id == "_fault" and len(call.args) == 4
        if isinstance(call.args[2], ast.Constant)
    }
    assert len(units) >= 5
    assert {row["code"] for row in table(CENTRE, "row-codes")} == faults | units


def test_the_event_on_the_refunds_page_is_the_golden_one(blocks: Callable[[str], list[Any]]) -> None:
    """What the page shortens by `…` begins as the golden file does."""
    (shown,) = (json.loads(b.text) for b in blocks(REFUNDS) if b.mark == "golden: refund.InstructionEvent")
    golden = (ROOT / "tests/golden/messages/refund.InstructionEvent.json").read_bytes()
    assert same(shown, InstructionEvent.read(golden.rstrip()).model_dump(mode="json"))


def same(shown: Any, golden: Any) -> bool:
    if isinstance(shown, dict):
        return shown.keys() == golden.keys() and all(same(shown[name], golden[name]) for name in shown)
    if isinstance(shown, list):
        return len(shown) == len(golden) and all(map(same, shown, golden))
    if isinstance(shown, str) and shown.endswith("…"):
        return bool(golden.startswith(shown.removesuffix("…")))
    return bool(shown == golden)


def test_what_a_station_tells_is_what_the_centre_takes(table: Table) -> None:
    told = {row["message"] for row in table(CENTRE, "station-words")}
    posts = {
        route.path
        for route in router.routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    }
    assert told == {path.rpartition("/")[2] for path in posts} & {"birth", "health", "presence", "death"}
    assert len(told) == 4
