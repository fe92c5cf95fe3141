import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.rfid.json_events import Fault
from devices.rfid.zebra.orders import (
    Answer,
    Command,
    Model,
    Order,
    read_answers,
    read_command,
    write_command,
)

COMMANDS = [
    Command(order=order, id="a12cb5677")
    if order is not Order.OUTPUT
    else Command(order=order, id="a12cb5677", output=3, high=True)
    for order in Order
]


@pytest.mark.parametrize("model", get_args(Model))
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.order.value)
def test_what_is_written_is_read_again(command: Command, model: Model) -> None:
    if model == "sled" and command.order is Order.OUTPUT:
        with pytest.raises(ValueError, match="sleds do not know"):
            write_command(command, model)
    else:
        assert read_command(write_command(command, model)) == command


def test_commands_are_those_of_the_references() -> None:
    version, start = COMMANDS[3], COMMANDS[0]
    assert json.loads(write_command(version, "fixed")) == {
        "command": "get_version",
        "command_id": "a12cb5677",
        "payload": {},
    }
    assert json.loads(write_command(start, "sled")) == {
        "command": "control_operation",
        "requestId": "a12cb5677",
        "ctrlOprPayload": {"controlType": "RFID", "operation": "START"},
    }


def test_answers_of_both_models_are_read(sample: Any) -> None:
    fixed, sled = read_answers(sample("zebra_control_answers"))
    assert isinstance(fixed, Answer) and isinstance(sled, Answer)
    assert (fixed.id, fixed.succeeded, fixed.code) == ("a12cb5677", True, None)
    assert "FX7500" in fixed.detail
    assert (sled.id, sled.succeeded, sled.code, sled.detail) == ("abc123", True, 0, "Success")


@pytest.mark.parametrize("payload", [b"{", b"{}", b'{"command_id": 3}', b"[3]"])
def test_what_is_no_answer_is_a_fault(payload: bytes) -> None:
    assert all(isinstance(each, Fault) for each in read_answers(payload))
    assert read_command(payload) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_no_command_or_one(payload: bytes) -> None:
    assert read_command(payload) is None or read_answers(payload)
