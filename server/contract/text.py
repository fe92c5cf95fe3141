"""A contract as text: the same document gives the same bytes."""

from typing import Any

import orjson


def text_of(document: dict[str, Any]) -> bytes:
    """JSON with sorted names, indented, with a line's end."""
    return orjson.dumps(
        document, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    )
