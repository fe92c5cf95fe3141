"""Verdicts become EPCIS 2.0 events; the golden document's hashes were computed by somebody else's program."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.grades import Channel, Disposition, Grade, ReturnException
from server.errors import NotSayable
from server.refunds.adapters.epcis import (
    CARRIED_OUT,
    EXCEPTIONS,
    MOST_EVENTS,
    VERDICTS,
    Captured,
    Stage,
    Unit,
    event_hash,
    read,
    to_event,
    to_wire,
)

GOLDEN = json.loads((Path(__file__).parents[3] / "golden/refunds/epcis.json").read_text("utf-8"))
AT = datetime(2026, 1, 31, 8, 0, 0, 250_000, tzinfo=UTC)
UNIT = Unit(
    gtin="09506000134352",
    serial="32a/b",
    authorization="R 1/1",
    station="bench-1",
    gln="9506000134338",
    grade=Grade.NEW,
    disposition=Disposition.RESALE,
    channel=Channel.RESTOCK,
    exception=None,
    parts_complete=True,
    at=AT,
    offset_min=60,
)
DAMAGED = replace(UNIT, grade=Grade.DAMAGED, parts_complete=None)
HELD = replace(DAMAGED, grade=Grade.UNGRADED, disposition=Disposition.HOLD, channel=Channel.HOLD_AREA)
USED = replace(UNIT, grade=Grade.USED, serial=None, channel=Channel.OPEN_BOX)
REPAIR = replace(DAMAGED, disposition=Disposition.REPAIR, channel=Channel.REFURBISH, offset_min=-210)
SCRAP = replace(DAMAGED, disposition=Disposition.SCRAP, channel=Channel.RECYCLE)


def told() -> list[dict[str, Any]]:
    """Every word that we use, once."""
    verdicts = [UNIT, USED, REPAIR, replace(REPAIR, channel=Channel.VENDOR_RETURN), SCRAP, HELD]
    exceptions = [replace(HELD, exception=exception) for exception in ReturnException]
    done = [
        replace(DAMAGED, disposition=disposition, channel=channel) for disposition, channel in CARRIED_OUT
    ]
    return [
        *(to_event(unit) for unit in [*verdicts, *exceptions]),
        *(to_event(unit, Stage.CARRIED_OUT) for unit in done),
    ]


def test_the_capture_of_every_word_is_the_golden_one() -> None:
    request = to_wire(told(), AT)
    assert json.loads(request.body) == GOLDEN["request"]["body"]
    assert {"method": request.method, "path": request.path, "headers": dict(request.headers)} == {
        name: GOLDEN["request"][name] for name in ("method", "path", "headers")
    }


def test_the_event_hashes_are_those_of_the_peer() -> None:
    assert [event["eventID"] for event in told()] == GOLDEN["hashes"]["of_peer"]


@pytest.mark.parametrize(
    ("unit", "word"),
    [
        (UNIT, "sellable_not_accessible"),
        (REPAIR, "damaged"),
        (replace(REPAIR, channel=Channel.VENDOR_RETURN), "needs_replacement"),
        (SCRAP, "damaged"),
        (replace(HELD, exception=ReturnException.WRONG_ITEM), "mismatch_class"),
        (replace(HELD, exception=ReturnException.WRONG_SERIAL), "mismatch_instance"),
        (replace(HELD, exception=ReturnException.EMPTY_BOX), "mismatch_quantity"),
    ],
)
def test_a_verdict_is_an_inspection_and_says_what_was_found(unit: Unit, word: str) -> None:
    event = to_event(unit)
    assert (event["bizStep"], event["disposition"]) == ("inspecting", word)


def test_nothing_is_told_as_destroyed_before_it_is() -> None:
    assert to_event(SCRAP)["disposition"] == "damaged"
    done = to_event(SCRAP, Stage.CARRIED_OUT)
    assert (done["bizStep"], done["disposition"]) == ("destroying", "destroyed")
    with pytest.raises(NotSayable):
        to_event(replace(SCRAP, channel=Channel.DONATE), Stage.CARRIED_OUT)


def test_every_exception_and_disposition_has_a_word() -> None:
    assert set(EXCEPTIONS) == set(ReturnException)
    assert set(VERDICTS) == set(Disposition)


def test_an_empty_box_is_told_as_none_of_what_was_expected() -> None:
    event = to_event(replace(HELD, exception=ReturnException.EMPTY_BOX))
    assert event["quantityList"] == [{"epcClass": "https://id.gs1.org/01/09506000134352", "quantity": 0}]
    assert "epcList" not in event


def test_what_is_complete_and_new_stays_so_but_not_beside_an_exception() -> None:
    assert to_event(UNIT)["persistentDisposition"] == {"set": ["completeness_verified", "conformant"]}
    assert "persistentDisposition" not in to_event(replace(UNIT, exception=ReturnException.RECALL))


def test_the_same_verdict_has_the_same_id_in_whatever_zone_its_time_is_written() -> None:
    elsewhere = replace(UNIT, at=AT.astimezone(timezone(timedelta(hours=8))))
    assert to_event(elsewhere) == to_event(UNIT)
    assert to_event(replace(UNIT, at=AT + timedelta(milliseconds=1)))["eventID"] != to_event(UNIT)["eventID"]


def test_the_id_is_no_part_of_the_hash() -> None:
    event = to_event(UNIT)
    assert event_hash(event) == event["eventID"]
    event["persistentDisposition"]["set"].reverse()  # a set has no order
    assert event_hash(event) == event["eventID"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"gtin": None},
        {"gtin": "09506000134351"},
        {"gtin": "9506000134352"},
        {"gln": "9506000134339"},
        {"gln": ""},
        {"offset_min": 900},
    ],
)
def test_a_missing_or_wrong_identifier_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotSayable):
        to_event(replace(UNIT, **wrong))


@pytest.mark.parametrize("count", [0, MOST_EVENTS + 1])
def test_a_capture_is_bounded(count: int) -> None:
    with pytest.raises(NotSayable):
        to_wire([to_event(UNIT)] * count, AT)


@pytest.mark.parametrize(
    ("status", "became"),
    [
        (202, Captured.TAKEN),
        (201, Captured.TAKEN),
        (400, Captured.REFUSED),
        (401, Captured.REFUSED),
        (413, Captured.REFUSED),
        (429, Captured.AGAIN),
        (500, Captured.AGAIN),
        (301, Captured.AGAIN),
        (0, Captured.AGAIN),
    ],
)
def test_what_a_repository_answers(status: int, became: Captured) -> None:
    assert read(status) == became


ANY = list(product(Disposition, Channel, [None, *ReturnException], Grade))


@given(st.sampled_from(ANY), st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=60))
def test_whatever_is_decided_is_said_or_refused_by_name(
    decided: tuple[Disposition, Channel, ReturnException | None, Grade], serial: str, authorization: str
) -> None:
    disposition, channel, exception, grade = decided
    unit = replace(
        UNIT,
        disposition=disposition,
        channel=channel,
        exception=exception,
        grade=grade,
        serial=serial,
        authorization=authorization,
    )
    try:
        event = to_event(unit)
    except NotSayable:
        return
    assert re.fullmatch(r"ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0", event["eventID"])
    for uri in (*event.get("epcList", ()), event["bizTransactionList"][0]["bizTransaction"]):
        assert re.fullmatch(r"[!-~]+", uri)
    to_wire([event], AT)
