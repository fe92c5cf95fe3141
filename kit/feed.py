"""For refund systems: catch up by asking, after a loss of data or instead of webhooks.

`GET /v1/events?after=` is the merchant's part of the ledger, in its order; the cursor is the ledger's index.
Write the cursor down with what you did on it, in one transaction, and nothing is missed or done twice:

    for item in catch_up(fetch, after=last_index):
        with payments:
            take(item)
            last_index = item.index

`fetch` asks the centre for a path, with your API key, and returns the answer's bytes. The body that a webhook
about an instruction would bring is `fetch(f"/v1/events/{item.index}")`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import orjson

from kit.errors import Malformed

MOST_PER_PAGE = 1000
MAX_PAGE_BYTES = 16 * 1024 * 1024
"""A thousand leaves of 8 KiB, and what stands between them."""
Fetch = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """One entry of the ledger."""

    index: int
    leaf: bytes | None
    """Its bytes as they were hashed; None for one that the centre no longer shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """One answer of the feed."""

    items: tuple[FeedItem, ...]
    cursor: int
    """What to ask behind next."""
    more: bool


def read_page(content: bytes) -> FeedPage:
    """Read one answer; raises Malformed.

    >>> read_page(b'{"events":[{"index":7,"entry":{"v":1}}],"cursor":7,"more":false}').items[0].leaf
    b'{"v":1}'
    """
    if len(content) > MAX_PAGE_BYTES:
        raise Malformed(f"a page of the feed has at most {MAX_PAGE_BYTES} bytes")
    try:
        page = orjson.loads(content)
        items = tuple(
            FeedItem(index=int(item["index"]), leaf=_leaf(item["entry"])) for item in page["events"]
        )
        return FeedPage(items=items, cursor=int(page["cursor"]), more=page["more"] is True)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise Malformed(f"this is no page of the feed: {error}") from error


def _leaf(entry: object) -> bytes | None:
    """A leaf is canonical JSON, so reading and writing it gives back the very bytes."""
    return orjson.dumps(entry, option=orjson.OPT_SORT_KEYS) if entry is not None else None


def catch_up(fetch: Fetch, after: int = -1, limit: int = MOST_PER_PAGE) -> Iterator[FeedItem]:
    """All entries behind an index, oldest first; raises Malformed for a feed that does not go forward."""
    more = True
    while more:
        page = read_page(fetch(f"/v1/events?after={after}&limit={limit}"))
        for item in page.items:
            if item.index <= after:
                raise Malformed(f"the feed goes back, from entry {after} to {item.index}")
            after = item.index
            yield item
        if page.cursor != after or (page.more and not page.items):
            raise Malformed(f"the feed's cursor {page.cursor} is not that of its last entry {after}")
        more = page.more
