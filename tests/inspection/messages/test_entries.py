"""Entries: every type has one schema and one id, and nothing else passes for its body."""

from pathlib import Path

import pytest

from inspection.custody.canonical import canonical, parse_canonical
from inspection.custody.leaf import MAX_LEAF_BYTES, EntryType, read_leaf
from inspection.errors import BadMessage
from inspection.messages.entries import (
    CORRECTABLE,
    DERIVED_IDS,
    ENTRY_BODIES,
    REVERSIBLE,
    InstructionEntry,
    ModelEntry,
    OutcomeEntry,
    body_bytes,
    check_body,
    check_id,
    entry_id,
)
from inspection.messages.refund import RefundInstruction, RefundOutcome
from inspection.record import read_record

GOLDEN = Path(__file__).parents[2] / "golden"
TYPES = sorted(EntryType)


def golden(type: EntryType) -> bytes:
    """The body of the golden sample of a type, in canonical form."""
    if type == EntryType.VERDICT:
        return (GOLDEN / "record.json").read_bytes()
    kind = ENTRY_BODIES[type]
    content = (GOLDEN / "messages" / f"entries.{kind.__name__}.json").read_bytes()
    return body_bytes(kind.read(content))


def test_every_type_has_a_schema_and_no_schema_serves_two() -> None:
    assert set(ENTRY_BODIES) == set(EntryType)
    assert len(set(ENTRY_BODIES.values())) == len(EntryType)


@pytest.mark.parametrize("type", TYPES)
def test_a_body_is_read_and_written_back_to_the_same_bytes(type: EntryType) -> None:
    body = check_body(type, golden(type))
    assert body_bytes(body) == golden(type)
    assert len(golden(type)) < MAX_LEAF_BYTES


@pytest.mark.parametrize("type", TYPES)
def test_a_body_of_another_type_is_refused_by_name(type: EntryType) -> None:
    for other in set(TYPES) - {type}:
        with pytest.raises(BadMessage, match=f"^body of a {type.value} entry: "):
            check_body(type, golden(other))


@pytest.mark.parametrize("type", TYPES)
def test_a_body_with_one_field_more_or_less_is_refused(type: EntryType) -> None:
    kind, whole = ENTRY_BODIES[type], parse_canonical(golden(type))
    needed = [name for name, field in kind.model_fields.items() if field.is_required()]
    for broken in ({**whole, "surplus": 1}, {n: v for n, v in whole.items() if n != needed[0]}):
        with pytest.raises(BadMessage):
            check_body(type, written(broken))


def written(value: dict[str, object]) -> bytes:
    return canonical(value)


@pytest.mark.parametrize("type", TYPES)
def test_the_id_of_an_entry_follows_from_its_body_or_from_a_token(type: EntryType) -> None:
    body = check_body(type, golden(type))
    id = entry_id(type, body, "a-1")
    check_id(type, id, body)
    assert (id == f"{type.value}:a-1") == (type not in DERIVED_IDS)
    with pytest.raises(BadMessage, match=r"should be|must match"):
        check_id(type, f"{type.value}: not this", body)


def test_the_golden_leaf_has_the_id_of_its_record() -> None:
    leaf = read_leaf((GOLDEN / "leaf.json").read_bytes())
    check_id(leaf.type, leaf.id, read_record((GOLDEN / "record.json").read_bytes()))


def test_an_instruction_in_the_ledger_differs_from_the_one_sent_by_the_order_alone() -> None:
    assert set(RefundInstruction.model_fields) ^ set(InstructionEntry.model_fields) == {
        "order",
        "order_commitment",
    }
    sent, kept = RefundInstruction.model_json_schema(), InstructionEntry.model_json_schema()
    for name in set(RefundInstruction.model_fields) & set(InstructionEntry.model_fields):
        assert (
            RefundInstruction.model_fields[name].annotation == InstructionEntry.model_fields[name].annotation
        )
        assert sent["properties"][name] == kept["properties"][name]  # its limits too
    assert set(OutcomeEntry.model_fields) - set(RefundOutcome.model_fields) == {
        "matches",
        "target_total_minor",
    }


def test_only_what_a_person_stated_is_corrected_or_reversed() -> None:
    for type in (EntryType.ERASURE, EntryType.ACCESS, EntryType.KEY_REVOKE, EntryType.POLICY):
        assert type not in CORRECTABLE | REVERSIBLE
    assert EntryType.VERDICT not in REVERSIBLE


@pytest.mark.parametrize(
    ("type", "change", "why"),
    [
        (EntryType.APPROVAL, {"by": ["Ada Example"]}, "override takes two persons"),
        (EntryType.APPROVAL, {"by": ["Ada Example", "Ada Example"]}, "a person stands in it twice"),
        (EntryType.KEY_ADD, {"key": "0" * 32}, "the key id is not that of the public key"),
        (EntryType.KEY_ADD, {"station": None}, "a station's key names its station"),
        (EntryType.KEY_ADD, {"role": "witness"}, "a station's key names its station, and no other does"),
        (EntryType.POLICY, {"kind": "retention"}, "retention has a minimum index"),
        (EntryType.POLICY, {"sha256": None}, "every other policy a hash"),
        (EntryType.MODEL, {"bank_sha256": None}, "what is published has a bank"),
        (EntryType.MODEL, {"event": "withdrawn"}, "what is withdrawn has none"),
        (EntryType.CORRECTION, {"changes": []}, "changes"),
        (EntryType.CORRECTION, {"corrects": -1}, "corrects"),
        (EntryType.REVERSAL, {"by": ""}, "by"),
        (EntryType.ACCESS, {"what": "peek"}, "what"),
        (EntryType.ERASURE, {"subject_commitment": "Ada Example"}, "subject_commitment"),
        (EntryType.AUTONOMY, {"level": "full"}, "level"),
    ],
)
def test_a_body_that_contradicts_itself_is_refused_and_says_why(
    type: EntryType, change: dict[str, object], why: str
) -> None:
    with pytest.raises(BadMessage, match=why):
        check_body(type, written({**parse_canonical(golden(type)), **change}))


def test_a_log_key_stands_under_its_name_and_no_station() -> None:
    body = parse_canonical(golden(EntryType.KEY_ADD))
    body |= {"role": "log", "station": None, "name": "centre.example/site/s1"}
    check_body(EntryType.KEY_ADD, written(body))


@pytest.mark.parametrize("type", [EntryType.KEY_ADD, EntryType.KEY_REVOKE])
def test_bodies_of_keys_written_before_roles_existed_are_read(type: EntryType) -> None:
    newer = {"role", "name", "reason"}
    older = {name: value for name, value in parse_canonical(golden(type)).items() if name not in newer}
    assert check_body(type, written(older)).model_dump()["role"] == "station"


def test_a_reference_set_is_one_entry_per_version() -> None:
    body = check_body(EntryType.MODEL, golden(EntryType.MODEL))
    assert isinstance(body, ModelEntry)
    assert entry_id(EntryType.MODEL, body) == f"model:{body.version}"


SIGN_OFF = {"merchant": "m1", "parcel": "P-1", "event": "signed_off", "at": "2026-01-31T08:00:00.000000Z"}


def test_a_sign_off_written_before_carriers_were_linked_keeps_its_bytes_and_its_id() -> None:
    body = check_body(EntryType.LOGISTICS, written(dict(SIGN_OFF)))
    assert body_bytes(body) == written(dict(SIGN_OFF))
    check_id(EntryType.LOGISTICS, "parcel:m1:P-1:signed-off", body)


@pytest.mark.parametrize(
    ("more", "id"),
    [
        ({"event": "in_transit", "event_id": "E.1"}, "parcel:m1:P-1:in-transit:id=E.1"),
        ({"event_id": "E.2"}, "parcel:m1:P-1:signed-off:id=E.2"),
        ({"assumed": True}, "parcel:m1:P-1:signed-off:assumed"),
    ],
)
def test_each_node_of_a_parcel_is_an_entry_of_its_own(more: dict[str, object], id: str) -> None:
    body = check_body(EntryType.LOGISTICS, written(SIGN_OFF | more))
    assert (body_bytes(body), entry_id(EntryType.LOGISTICS, body)) == (written(SIGN_OFF | more), id)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"event": "in_transit"}, "has the carrier's own id"),
        ({"event": "lost", "event_id": "E", "assumed": True}, "only a sign-off is assumed"),
        ({"event_id": "E", "assumed": True}, "only a sign-off is assumed"),
        ({"event": "teleported", "event_id": "E"}, "event"),
        ({"event_id": "a:b"}, "event_id"),
    ],
)
def test_a_node_that_contradicts_itself_is_refused(more: dict[str, object], why: str) -> None:
    with pytest.raises(BadMessage, match=why):
        check_body(EntryType.LOGISTICS, written(SIGN_OFF | more))
