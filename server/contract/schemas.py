"""JSON Schemas of messages, as they are on the wire: times in the one spelling, bytes in base64."""

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema

from inspection.messages.base import Message

Mode = Literal["validation", "serialization"]
Names = dict[tuple[type[BaseModel], Mode], str]
"""Reference to a message's schema, by message and direction."""
REF = "#/components/schemas/{model}"

_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_LEAP = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
_CLOCK = r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
TIME = rf"^(?!0000)(?:[0-9]{{4}}-{_DAY}|{_LEAP}){_CLOCK}$"
"""Every day that there is, in the one spelling that `inspection.messages.base.read_time` takes."""
WRAPPERS = ("function-before", "function-after", "function-wrap")
GROUP = "[A-Za-z0-9+/]"


def base64_pattern(least: int, most: int | None) -> str:
    """What `least` to `most` bytes look like in base64 with its padding."""
    ends = ((0, ""), (1, f"{GROUP}{{2}}=="), (2, f"{GROUP}{{3}}="))
    ways = [
        f"(?:{GROUP}{{4}}){_times(_groups(least, rest), most, rest)}{end}"
        for rest, end in ends
        if most is None or _groups(least, rest) <= (most - rest) // 3
    ]
    return f"^(?:{'|'.join(ways)})$"


def _groups(least: int, rest: int) -> int:
    """How many groups of three bytes there are before the last `rest` bytes, at least."""
    return -(-max(0, least - rest) // 3)


def _times(least: int, most: int | None, rest: int) -> str:
    if most is None:
        return f"{{{least},}}"
    greatest = (most - rest) // 3
    return f"{{{least}}}" if greatest == least else f"{{{least},{greatest}}}"


class WireSchema(GenerateJsonSchema):
    """Says of times and bytes what is on the wire, both ways, and takes sentences from docstrings."""

    def generate_inner(self, schema: Any) -> JsonSchemaValue:
        """Answer for the two types that JSON does not have; leave the rest to pydantic."""
        inner, bounds = _unwrapped(schema)
        if inner["type"] == "datetime":
            return {"type": "string", "format": "date-time", "pattern": TIME}
        if inner["type"] == "bytes":
            pattern = base64_pattern(bounds.get("minLength", 0), bounds.get("maxLength"))
            return {"type": "string", "contentEncoding": "base64", "pattern": pattern}
        return super().generate_inner(schema)

    def dict_schema(self, schema: Any) -> JsonSchemaValue:
        """A mapping whose names are bounded: no other name may stand in it."""
        made = super().dict_schema(schema)
        patterns = made.pop("patternProperties", None)
        if patterns:
            ((pattern, value),) = patterns.items()
            made |= {"propertyNames": {"pattern": pattern}, "additionalProperties": value}
        return made

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        """A message with what its fields' docstrings say."""
        made, cls = super().model_schema(schema), schema["cls"]
        names = {field.alias or name: name for name, field in cls.model_fields.items()}
        for alias, described in made.get("properties", {}).items():
            sentence = field_sentences(cls).get(names.get(alias, alias))
            if sentence:
                described["description"] = sentence
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:
        """A title that only repeats the name says nothing."""
        return False


def _unwrapped(schema: Any) -> tuple[Any, dict[str, int]]:
    """What functions are wrapped around, and the lengths that they bound it to."""
    bounds: dict[str, int] = {}
    while schema["type"] in WRAPPERS:
        bounds |= schema.get("metadata", {}).get("pydantic_js_updates", {})
        schema = schema["schema"]
    return schema, bounds


@cache
def field_sentences(cls: type[BaseModel]) -> dict[str, str]:
    """What stands below a field in its class, and in those above it."""
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        if issubclass(each, Message) and each is not Message:
            found |= _own_sentences(each)
    return found


def _own_sentences(cls: type) -> dict[str, str]:
    try:
        (made,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError):  # made without a source of its own
        return {}
    lines: list[ast.stmt] = getattr(made, "body", [])
    return {
        field.target.id: inspect.cleandoc(below.value.value).replace("\n", " ")
        for field, below in itertools.pairwise(lines)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


def components(
    taken: Iterable[type[Message]], given: Iterable[type[Message]]
) -> tuple[dict[str, Any], Names]:
    """Schemas of all of them by name, and the name of each message in each direction."""
    wanted: list[tuple[type[BaseModel], Mode]] = [(kind, "validation") for kind in _ordered(taken)]
    wanted += [(kind, "serialization") for kind in _ordered(given)]
    refs, made = models_json_schema(wanted, by_alias=True, ref_template=REF, schema_generator=WireSchema)
    names: Names = {(kind, mode): str(refs[(kind, mode)]["$ref"]) for kind, mode in wanted}
    return dict(sorted(made.get("$defs", {}).items())), names


def _ordered(kinds: Iterable[type[Message]]) -> list[type[Message]]:
    return sorted(set(kinds), key=lambda kind: kind.__name__)
