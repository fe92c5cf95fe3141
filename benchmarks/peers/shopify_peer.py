"""Shopify's own schemas look at our requests; `make peers-refunds-shopify` writes the dated page.

The schemas are in npm's `@shopify/dev-mcp`, by version of the API. Nothing of them is kept here, except the
list of error codes, which the golden file holds and this compares.
"""

import gzip
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode, build_client_schema, parse, validate
from graphql.execution.values import get_variable_values

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = json.loads((ROOT / "tests/golden/refunds/shopify.json").read_text("utf-8"))


def schema_of(file: Path) -> GraphQLSchema:
    """One version of the API."""
    told = json.loads(gzip.decompress(file.read_bytes()))
    return build_client_schema(told.get("data", told), assume_valid=True)


def faults(schema: GraphQLSchema, body: dict[str, Any]) -> list[str]:
    """What the schema has against a request: its text, or the values that go with it."""
    document = parse(body["query"])
    found = [error.message for error in validate(schema, document)]
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    values = get_variable_values(schema, operation.variable_definitions or (), body["variables"])
    return found + ([error.message for error in values] if isinstance(values, list) else [])


def row(file: Path) -> tuple[str, bool]:
    """One line of the page, and whether all of it holds."""
    schema = schema_of(file)
    wrong = [fault for case in GOLDEN["requests"] for fault in faults(schema, case["body"])]
    codes = sorted(schema.type_map["ReturnErrorCode"].values)  # type: ignore[attr-defined, unused-ignore]
    new = sorted(set(codes) ^ set(GOLDEN["error_codes"]["codes"]))
    mutations = schema.mutation_type.fields if schema.mutation_type else {}
    said = [
        name
        for name in ("returnProcess", "refundCreate")
        if "idempotency" in (mutations[name].description or "")
    ]
    version = file.name.removeprefix("admin_").removesuffix(".json.gz")
    cells = [
        version,
        f"{len(GOLDEN['requests'])}",
        f"{len(wrong)}",
        ", ".join(new) or "none",
        ", ".join(said),
    ]
    print(*wrong, sep="\n")
    return f"| {' | '.join(cells)} |", not wrong and not new


def main(folder: Path) -> int:
    """Check both stable versions that we may be called with, and write the page."""
    rows = [row(folder / f"admin_{version}.json.gz") for version in ("2026-07", "2026-10")]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    lines = "\n".join(line for line, _ in rows)
    page = f"""# Shopify requests against Shopify's schema, {today}

`make peers-refunds-shopify` over `tests/golden/refunds/shopify.json`: the text of each request and the
values that go with it, by graphql-core and the schemas in `@shopify/dev-mcp` 1.16.0 (npm).

| API version | requests | faults | error codes that differ | documented as idempotent |
|---|---|---|---|---|
{lines}

No request was sent to a shop.
"""
    (ROOT / f"docs/peers/shopify-{today}.md").write_text(page, encoding="utf-8")
    print(page)
    return int(not all(holds for _, holds in rows))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
