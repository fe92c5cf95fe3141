"""Commands to Zebra readers and their answers: JSON, with an id that the reader repeats.

Source: raw MQTT payloads of the IoT Connector (start, stop, get_version, get_mode, set_gpo) for fixed
readers, and the RFD40/RFD90 MQTT API reference (control_operation, get_version, get_operating_mode) for
sleds. start, stop and the mode belong to the control interface, the others to the management interface.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from devices.rfid.json_events import Fault, Object, name, objects, whole

Model = Literal["fixed", "sled"]


class Order(StrEnum):
    """What we ask of a reader."""

    START = "start"
    STOP = "stop"
    MODE = "get_mode"
    VERSION = "get_version"
    OUTPUT = "set_gpo"


MANAGEMENT = frozenset({Order.VERSION, Order.OUTPUT})
"""Orders of the management interface."""
SLEDS_WORDS = {
    Order.MODE: "get_operating_mode",
    Order.VERSION: "get_version",
    Order.START: "control_operation",
    Order.STOP: "control_operation",
}
ALREADY = {Order.START: 11, Order.STOP: 12}
"""Codes of a sled that is as it was asked to be already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command."""

    order: Order
    id: str
    output: int | None = None
    """Of `set_gpo`, from 1."""
    high: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reader answered."""

    id: str
    succeeded: bool
    code: int | None
    """Of a sled."""
    detail: str
    """What it says beside it, shortened."""


def write_command(command: Command, model: Model) -> bytes:
    """The bytes of a command; raises ValueError for what this model does not know."""
    if model == "sled":
        return json.dumps(_for_a_sled(command)).encode()
    payload: Object = {}
    if command.order is Order.START:
        payload = {"doNotPersistState": True}
    elif command.order is Order.OUTPUT:
        payload = {"port": command.output, "state": command.high}
    return json.dumps({"command": command.order.value, "command_id": command.id, "payload": payload}).encode()


def _for_a_sled(command: Command) -> Object:
    if command.order not in SLEDS_WORDS:
        raise ValueError(f"sleds do not know {command.order.value}")
    body: Object = {"command": SLEDS_WORDS[command.order], "requestId": command.id}
    if command.order in ALREADY:
        body["ctrlOprPayload"] = {"controlType": "RFID", "operation": command.order.name}
    return body


def read_command(payload: bytes) -> Command | None:
    """The command in a message, of either model; None where there is none that we know."""
    for value in objects(payload):
        if isinstance(value, Fault):
            continue
        identity = name(value.get("command_id")) or name(value.get("requestId"))
        order = _order(value)
        if identity and order:
            given = _table(value.get("payload"))
            high = given.get("state")
            return Command(
                order=order,
                id=identity,
                output=whole(given.get("port"), 1, 64),
                high=high if isinstance(high, bool) else None,
            )
    return None


def _order(value: Object) -> Order | None:
    if value.get("command") == "control_operation":
        asked = _table(value.get("ctrlOprPayload")).get("operation")
        return {"START": Order.START, "STOP": Order.STOP}.get(str(asked))
    if value.get("command") == "get_operating_mode":
        return Order.MODE
    return next((order for order in Order if order.value == value.get("command")), None)


def read_answers(payload: bytes) -> list[Answer | Fault]:
    """The answers in a message."""
    return [value if isinstance(value, Fault) else _answer(value) for value in objects(payload)]


def _answer(value: Object) -> Answer | Fault:
    identity = name(value.get("command_id")) or name(value.get("requestId"))
    if identity is None:
        return Fault(reason="not_an_event", sentence="an answer that does not say to which command")
    response = value.get("response")
    if isinstance(response, dict):
        code = whole(response.get("code"), 0, 10_000)
        return Answer(
            id=identity, succeeded=code == 0, code=code, detail=str(response.get("description", ""))[:160]
        )
    detail = json.dumps(_table(value.get("payload")))[:160]
    return Answer(id=identity, succeeded=response == "success", code=None, detail=detail)


def _table(value: Any) -> Object:
    return value if isinstance(value, dict) else {}
