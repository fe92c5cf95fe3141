"""Golden JSON: what crosses a wire today must cross it tomorrow, byte for byte."""

import importlib
import inspect
from pathlib import Path

import pytest

from inspection.custody.leaf import read_leaf
from inspection.errors import BadMessage
from inspection.messages.base import Message
from inspection.record import read_record

GOLDEN = Path(__file__).parents[2] / "golden"
MODULES = ("uplink", "station", "catalogue", "carrier", "refund", "references", "entries")


def messages() -> dict[str, type[Message]]:
    """Every message class of ours, by `module.Class`."""
    found: dict[str, type[Message]] = {}
    for name in MODULES:
        module = importlib.import_module(f"inspection.messages.{name}")
        for label, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, Message) and kind.__module__ == module.__name__:
                found[f"{name}.{label}"] = kind
    return found


@pytest.mark.parametrize(("name", "kind"), messages().items(), ids=str)
def test_every_message_reads_and_writes_its_golden_bytes(name: str, kind: type[Message]) -> None:
    golden = (GOLDEN / "messages" / f"{name}.json").read_bytes().rstrip(b"\n")
    assert kind.read(golden).to_json() == golden


def test_no_golden_file_is_left_without_its_message() -> None:
    assert {path.stem for path in (GOLDEN / "messages").iterdir()} == set(messages())


@pytest.mark.parametrize("kind", messages().values(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("content", [b"", b"null", b"[]", b'{"surplus":1}', b"\xff", b"{" * 2000])
def test_bytes_that_are_no_message_are_refused_by_name(kind: type[Message], content: bytes) -> None:
    with pytest.raises(BadMessage):
        kind.read(content)


def test_the_golden_record_and_leaf_keep_their_bytes() -> None:
    record = (GOLDEN / "record.json").read_bytes()
    leaf = (GOLDEN / "leaf.json").read_bytes()
    assert read_record(record).to_bytes() == record
    assert read_leaf(leaf).to_bytes() == leaf
