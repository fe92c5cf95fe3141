"""The statement that is signed: one shape, bounded, refused by name when it is not that."""

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict, Field, create_model

from inspection.custody.canonical import MAX_INTEGER, canonical
from inspection.custody.leaf import MAX_LEAF_BYTES, EntryType, Leaf
from inspection.errors import BadMessage, NotUnderstood, UnknownVersion
from inspection.findings import DefectKind, Severity, Zone
from inspection.messages.uplink import MAX_RECORD_BYTES
from inspection.record import MAX_EVIDENCE, MAX_FINDINGS, InspectionRecord, read_record
from inspection.rubrics import RUBRICS

Values = Callable[..., dict[str, Any]]

LONGEST_FINDING = [
    "swollen_battery",
    "packaging",
    "critical",
    1_000_000,
    1_000_000,
    7,
    3,
    [999_999, 999_999, 999_999, 999_999],
]


def longest(value: dict[str, Any]) -> dict[str, Any]:
    """The largest record that the bounds allow."""
    number = 2**53 - 1
    file = {"name": "n" * 32, "sha256": "b" * 64}
    image = value["evidence"][0] | {"bytes": 64 * 1024 * 1024, "view": "v" * 16}
    image |= {"quality": {"sharpness": 99_999, "brightness": 255}}
    stated = {"condition": "A+", "disposition": "resale", "channel": "vendor_return", "rule": "r" * 44}
    return value | {
        "origin": "o" * 72,
        "merchant": "m" * 24,
        "site": "s" * 24,
        "station": "t" * 24,
        "device": value["device"] | {"counter": number},
        "unit": value["unit"]
        | {"id": "u" * 48, "sku": "k" * 32, "inspection": 999, "purpose": "after_cleaning"},
        "findings": [LONGEST_FINDING] * MAX_FINDINGS,
        "proposal": value["proposal"] | stated | {"grade": "ungraded", "shown": False},
        "verdict": value["verdict"]
        | stated
        | {
            "grade": "ungraded",
            "reasons": ["c" * 44] * 6,
            "exception": "already_refunded",
            "role": "supervisor",
        },
        "versions": {"program": "p" * 16, "policy": file, "models": [file] * 3, "bank": file},
        "timings": dict.fromkeys(value["timings"], 86_400_000),
        "evidence": [image] * MAX_EVIDENCE,
        "clock": value["clock"] | {"state": "uncertain", "monotonic_ns": number, "offset_ms": -(10**12)},
        "personal": dict.fromkeys(value["personal"], "f" * 64),
    }


def test_a_record_writes_back_to_the_bytes_it_was_read_from(record_value: Values) -> None:
    content = canonical(record_value())
    assert read_record(content).to_bytes() == content


def test_the_id_names_key_boot_and_counter(record_value: Values) -> None:
    assert read_record(canonical(record_value())).id == f"{'0' * 32}/{'1' * 32}/1"


def test_the_largest_legal_record_fits_a_leaf(record_value: Values) -> None:
    value = longest(record_value())
    content = read_record(canonical(value)).to_bytes()
    leaf = Leaf(
        log="o" * 72,
        seq=2**53 - 1,
        prev="a" * 64,
        type=EntryType.VERDICT,
        id="verdict:" + "k" * 32 + "/" + "b" * 32 + "/" + str(2**53 - 1),
        recorded_at="2026-01-31T08:00:00.000000Z",
        device={"key": "0" * 32, "signature": "A" * 88},
        body=value,
    )
    assert len(content) <= MAX_RECORD_BYTES
    assert len(leaf.to_bytes()) <= MAX_LEAF_BYTES


@pytest.mark.parametrize("version", [0, 2, 99, "1", None])
def test_a_record_of_another_version_asks_for_an_upgrade(record_value: Values, version: object) -> None:
    with pytest.raises(UnknownVersion, match="this program reads"):
        read_record(canonical(record_value(v=version)))


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"merchant": "a/b"}, "merchant"),
        ({"station": ""}, "station"),
        ({"surplus": 1}, "surplus"),
        ({"machine_ppm": [1, 2, 3]}, "1000000"),
        ({"machine_ppm": [1_000_001, 0, -1]}, "machine_ppm"),
        ({"findings": [LONGEST_FINDING] * 33}, "findings"),
        ({"unit": {"purpose": "fun"}}, "unit.purpose"),
        ({"device": {"counter": 0}}, "device.counter"),
        ({"verdict": {"grade": "perfect"}}, "verdict.grade"),
        ({"clock": {"device_time": "2026-01-31T08:00:01Z"}}, "clock.device_time"),
        ({"evidence": [{"view": "top"}]}, "evidence"),
    ],
)
def test_a_field_out_of_bounds_is_named(record_value: Values, changes: dict[str, Any], where: str) -> None:
    with pytest.raises(BadMessage, match=where):
        read_record(canonical(record_value(**changes)))


def test_a_refusal_never_echoes_the_input(record_value: Values) -> None:
    with pytest.raises(BadMessage) as refused:
        read_record(canonical(record_value(merchant="secret secret")))
    assert "secret" not in str(refused.value)


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_is_refused_or_still_canonical(record_value: Values, data: st.DataObject) -> None:
    content = bytearray(canonical(record_value()))
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] = data.draw(st.integers(0, 255))
    try:
        record = read_record(bytes(content))
    except NotUnderstood:
        return
    assert record.to_bytes() == bytes(content)


def test_every_rubric_row_can_stand_in_a_record_as_a_reason(record_value: Values) -> None:
    for rubric in RUBRICS.values():
        for kind, zone, severity in product(DefectKind, Zone, Severity):
            rule = rubric.judge(kind, zone, severity).rule
            read_record(canonical(record_value(verdict={"reasons": [rule]})))


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A JSON schema and every schema in it: each says what one value may be, or nothing of it."""
    yield schema
    inner = [*schema.get("$defs", {}).values(), *schema.get("properties", {}).values()]
    inner += [*schema.get("anyOf", ()), *schema.get("prefixItems", ())]
    for each in [*inner, schema["items"]] if "items" in schema else inner:
        yield from parts(each)


def has_canonical_form(part: dict[str, Any]) -> bool:
    """Whether all that this part allows has one; parts that it names or holds answer for themselves."""
    match part.get("type"):
        case None:
            return "$ref" in part or "anyOf" in part
        case "object":
            return part.get("additionalProperties") is False and all(
                name.isascii() for name in part["properties"]
            )
        case "array":
            return "items" in part or part.get("maxItems") == len(part["prefixItems"])
        case "integer":
            lowest = part.get("minimum", part.get("exclusiveMinimum", part.get("const", -math.inf)))
            highest = part.get("maximum", part.get("const", math.inf))
            return bool(lowest >= -MAX_INTEGER and highest <= MAX_INTEGER)
        case kind:
            return kind in {"string", "boolean", "null"}


def test_a_record_has_no_place_for_what_has_no_canonical_form() -> None:
    """What writes back to the same bytes is believed: so no floats, no free keys, no longer integers."""
    found = list(parts(InspectionRecord.model_json_schema()))
    assert len(found) > 100
    assert [part for part in found if not has_canonical_form(part)] == []


@pytest.mark.parametrize(
    "loose",
    [
        Any,
        float,
        int,
        dict[str, str],
        tuple[Any, ...],
        tuple[str, Any],
        str | Any,
        Annotated[int, Field(ge=0)],
    ],
)
def test_a_field_of_anything_would_be_noticed(loose: Any) -> None:
    made = create_model("Loose", __config__=ConfigDict(extra="forbid"), type=(str, ...), loose=(loose, ...))
    found = list(parts(made.model_json_schema()))
    assert [part for part in found if not has_canonical_form(part)] != []
