"""The AsyncAPI document: valid by its own JSON Schema, and the kept copy is today's."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from typer.testing import CliRunner

from inspection.messages.station import Birth
from regrade import front_door
from server.contract.asyncapi import document
from server.contract.channels import CHANNELS, TOPICS
from server.contract.text import text_of
from server.inbound.schemes import STANDARD
from server.inbound.sources import SOURCES

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden"
KEPT = ROOT / "docs/api/asyncapi.json"
RENEW = ".venv/bin/regrade server contract asyncapi > docs/api/asyncapi.json"


def test_it_is_valid_by_the_schema_of_asyncapi_3() -> None:
    schema = json.loads((GOLDEN / "asyncapi/3.0.0.json").read_bytes())
    assert [fault.message for fault in Draft7Validator(schema).iter_errors(document())] == []


def test_the_kept_copy_is_what_the_code_says() -> None:
    assert KEPT.read_bytes() == text_of(document()), f"the messages changed; write it anew: {RENEW}"


def test_golden_messages_fit_what_their_channels_carry() -> None:
    made, samples = (
        document(),
        {path.stem.partition(".")[2]: path for path in (GOLDEN / "messages").iterdir()},
    )
    for channel in CHANNELS:
        name = channel.body.__name__
        root: dict[str, Any] = {
            **made["components"]["messages"][name]["payload"],
            "components": made["components"],
        }
        sample = json.loads(samples[name].read_bytes())
        assert [fault.message for fault in Draft7Validator(root).iter_errors(sample)] == [], name


def test_a_message_that_is_none_does_not_fit() -> None:
    made = document()
    root = {**made["components"]["messages"]["Birth"]["payload"], "components": made["components"]}
    sample = json.loads((GOLDEN / "messages/station.Birth.json").read_bytes())
    assert not Draft7Validator(root).is_valid(sample | {"seq": -1})
    assert Birth.model_fields["schema_"].alias in made["components"]["schemas"]["Birth"]["properties"]


def test_every_source_that_signs_as_standard_webhooks_is_a_channel() -> None:
    wanted = {f"/v1/hooks/{{merchant}}/{name}" for name, row in SOURCES.items() if row.scheme is STANDARD}
    assert wanted <= {channel.address for channel in CHANNELS}, "add a row to server/contract/channels.py"


def test_topics_are_the_stations_own() -> None:
    topics = {channel["address"] for channel in document()["channels"].values() if channel["address"]}
    assert {f"{TOPICS}/{name}" for name in ("birth", "death", "health", "presence", "worklist")} <= topics


def test_the_command_prints_it() -> None:
    answer = CliRunner().invoke(front_door(), ["server", "contract", "asyncapi"])
    assert (answer.exit_code, answer.stdout_bytes) == (0, text_of(document()))
