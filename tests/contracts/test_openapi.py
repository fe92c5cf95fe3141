"""The OpenAPI document: every route has its row, every message its schema, and the kept copy is today's."""

import base64
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from inspection.messages.base import Message, read_time, time_text
from server.app import routes_app
from server.contract.openapi import document, routes_of
from server.contract.registry import ROWS
from server.contract.schemas import TIME, base64_pattern, components
from server.contract.text import text_of

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/messages"
KEPT = ROOT / "docs/api/openapi.json"
RENEW = ".venv/bin/regrade server contract openapi > docs/api/openapi.json"
Document = dict[str, Any]


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return routes_app()


@pytest.fixture(scope="module")
def contract(app: FastAPI) -> Document:
    return document(app)


def test_every_route_has_its_row_and_every_row_its_route(app: FastAPI) -> None:
    routes, rows = set(routes_of(app)), [row.at for row in ROWS]
    missing = "".join(
        f'\n    Row("{at}", takes=..., gives=..., refuses=(...)),' for at in sorted(routes - {*rows})
    )
    assert not missing, (
        f"these routes have no row: add to the file of their subject in server/contract/rows/ "
        f"(CONTRIBUTING.md, Adding a route){missing}"
    )
    assert sorted(rows) == sorted(routes), f"rows without a route, or twice: {set(rows) - routes}"


def test_the_kept_copy_is_what_the_code_says(contract: Document) -> None:
    assert KEPT.read_bytes() == text_of(contract), f"the interface changed; write it anew: {RENEW}"


def test_names_of_operations_are_good_for_a_client(contract: Document) -> None:
    names = [operation["operationId"] for path in contract["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z_]+", name) for name in names)
    doubled = [name for name in contract["components"]["schemas"] if "__" in name]
    assert doubled == [], "two messages share a name: give one of them another"


def test_every_reference_leads_somewhere(contract: Document) -> None:
    for ref in set(re.findall(r'"\$ref":"#/([^"]+)"', json.dumps(contract, separators=(",", ":")))):
        place: Any = contract
        for part in ref.split("/"):
            assert part in place, ref
            place = place[part]


def test_every_schema_is_a_json_schema(contract: Document) -> None:
    for name, schema in contract["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema.get("description") or schema["type"] != "object", name


def test_scopes_stand_with_every_route_that_needs_a_key(contract: Document) -> None:
    post = contract["paths"]["/v1/parcels/{parcel}/sign-off"]["post"]
    assert post["security"] == [{"Bearer": ["console"]}, {"Bearer": ["shop"]}]
    assert post["responses"]["401"] == {"$ref": "#/components/responses/401.no_key"}
    assert contract["paths"]["/v1/log"]["get"]["security"] == []
    assert contract["components"]["securitySchemes"]["Bearer"]["scheme"] == "bearer"


def test_a_refusal_says_its_codes_and_when_to_come_back(contract: Document) -> None:
    found = contract["components"]["responses"]["503.busy.frozen.recovering.storage_failed"]
    assert found["headers"]["Retry-After"]["required"]
    schema = found["content"]["application/problem+json"]["schema"]
    assert schema["allOf"][1]["properties"]["code"]["enum"] == [
        "busy",
        "frozen",
        "recovering",
        "storage_failed",
    ]


def test_the_webhook_names_its_headers(contract: Document) -> None:
    post = contract["webhooks"]["refund.instruction"]["post"]
    names = [parameter["name"] for parameter in post["parameters"]]
    assert names == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    assert post["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/InstructionEvent")


def described(contract: Document) -> list[str]:
    """Golden messages whose schema stands in the document, by file."""
    names = {path.stem.partition(".")[2]: path.stem for path in GOLDEN.iterdir()}
    return sorted(names[name] for name in contract["components"]["schemas"] if name in names)


def test_golden_messages_fit_their_schemas(contract: Document) -> None:
    found = described(contract)
    assert len(found) >= 30
    for stem in found:
        root = {
            "$ref": f"#/components/schemas/{stem.partition('.')[2]}",
            "components": contract["components"],
        }
        sample = json.loads((GOLDEN / f"{stem}.json").read_bytes())
        assert [fault.message for fault in Draft202012Validator(root).iter_errors(sample)] == [], stem


async def test_a_centre_serves_it(app: FastAPI, contract: Document) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://centre.test") as http:
        answer = await http.get("/openapi.json")
        assert (answer.headers["content-type"], answer.content) == ("application/json", text_of(contract))
        assert (await http.get("/asyncapi.json")).json()["asyncapi"] == "3.0.0"


@given(st.binary(max_size=80), st.integers(0, 60), st.one_of(st.none(), st.integers(0, 60)))
def test_the_form_of_base64_fits_these_lengths_and_no_others(
    content: bytes, least: int, more: int | None
) -> None:
    most = None if more is None else least + more
    fits = least <= len(content) <= (len(content) if most is None else most)
    text = base64.b64encode(content).decode()
    assert (re.search(base64_pattern(least, most), text) is not None) == fits


@given(st.datetimes())
def test_the_form_of_a_time_fits_every_time(moment: datetime) -> None:
    assert re.search(TIME, time_text(moment.replace(tzinfo=UTC)))


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T00:00:00.000000Z",
        "1900-02-29T00:00:00.000000Z",
        "2026-04-31T00:00:00.000000Z",
        "2026-13-01T00:00:00.000000Z",
        "2026-01-01T24:00:00.000000Z",
        "2026-01-01T00:00:60.000000Z",
        "0000-01-01T00:00:00.000000Z",
    ],
)
def test_what_is_no_time_fits_it_no_more_than_it_is_read(text: str) -> None:
    assert re.search(TIME, text) is None
    with pytest.raises(ValueError, match=r"."):
        read_time(text)


def test_a_field_is_described_by_what_stands_below_it() -> None:
    class Parcel(Message):
        """A parcel."""

        weight_g: int
        """On the dock's
        scale."""
        note: str

    schemas, names = components([Parcel], [])
    assert names[(Parcel, "validation")] == "#/components/schemas/Parcel"
    assert schemas["Parcel"]["properties"] == {
        "weight_g": {"type": "integer", "description": "On the dock's scale."},
        "note": {"type": "string"},
    }
