"""The log: every leaf holds the hash of the one before, each id once, and the head fits."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, text, update

from inspection.custody.canonical import canonical, parse_canonical
from inspection.custody.leaf import GENESIS, EntryType, Leaf, leaf_hash_hex, read_leaf
from inspection.errors import BadMessage
from server.db.ledger_tables import heads, leaves
from server.errors import DuplicateId, LedgerBroken
from server.ledger.log import Entry, Head, Log, leaf_bytes

ORIGIN = "centre.test/site/s1"
AT = "2026-05-04T12:00:00.000000Z"


@pytest.fixture
def log() -> Log:
    return Log("s1", ORIGIN)


def entry(name: str, body: bytes = b'{"a":1}') -> Entry:
    return Entry(type=EntryType.LOGISTICS, id=name, body=body)


def stored(connection: Connection) -> list[bytes]:
    return [row.leaf for row in connection.execute(leaves.select().order_by(leaves.c.seq))]


@given(batches=st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=8), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_whatever_is_appended_the_leaves_chain(connection: Connection, batches: list[list[int]]) -> None:
    log = Log("s1", ORIGIN)
    connection.execute(delete(leaves))
    connection.execute(delete(heads))
    for batch in batches:
        log.append_all(connection, tuple(entry(f"id-{n}") for n in batch), AT)
    found = [read_leaf(leaf) for leaf in stored(connection)]
    assert len({leaf.id for leaf in found}) == len(found) == len({n for batch in batches for n in batch})
    previous = GENESIS
    for seq, (leaf, content) in enumerate(zip(found, stored(connection), strict=True)):
        assert (leaf.seq, leaf.prev, leaf.log) == (seq, previous, ORIGIN)
        previous = leaf_hash_hex(content)
    assert log.check(connection) == Head(size=len(found), hash=previous)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz_", max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(body=st.dictionaries(st.text("abcxyz_", max_size=4), json_values, max_size=4))
def test_a_spliced_leaf_equals_one_made_whole(body: dict[str, object]) -> None:
    content = canonical(body)
    made = leaf_bytes(
        ORIGIN,
        Head(size=7, hash="a" * 64),
        Entry(type=EntryType.VERDICT, id="verdict:x", body=content, device=("k" * 32, b"\0" * 64)),
        AT,
    )
    whole = Leaf(
        log=ORIGIN,
        seq=7,
        prev="a" * 64,
        type=EntryType.VERDICT,
        id="verdict:x",
        recorded_at=AT,
        body=parse_canonical(content),
        device={"key": "k" * 32, "signature": "A" * 86 + "=="},
    )
    assert made == whole.to_bytes()


def test_the_same_entry_again_returns_its_leaf(connection: Connection, log: Log) -> None:
    first = log.append(connection, entry("one"), AT)
    assert log.append(connection, entry("one"), AT) == first
    assert len(stored(connection)) == 1


@pytest.mark.parametrize(
    "other",
    [
        entry("one", b'{"a":2}'),
        entry("one", b'{"a":1,"b":2}'),
        replace(entry("one"), type=EntryType.ACCESS),
        replace(entry("one"), device=("k" * 32, bytes(64))),
    ],
    ids=["another body", "a longer body", "another type", "a device"],
)
def test_an_id_that_stands_for_other_content_is_refused_by_name(
    connection: Connection, log: Log, other: Entry
) -> None:
    log.append(connection, entry("one"), AT)
    with pytest.raises(DuplicateId, match="entry 0 has the id one and says something else"):
        log.append(connection, other, AT)
    with pytest.raises(DuplicateId):
        log.append_all(connection, (entry("two"), replace(other, id="two")), AT)


def test_the_same_signed_entry_again_returns_its_leaf(connection: Connection, log: Log) -> None:
    signed = replace(entry("one"), device=("k" * 32, bytes(range(64))))
    assert log.append(connection, signed, AT) == log.append(connection, signed, AT)


def test_an_entry_whose_body_was_dropped_is_found_by_its_id_alone(connection: Connection, log: Log) -> None:
    log.append(connection, entry("one"), AT)
    connection.execute(update(leaves).values(leaf=None))
    assert log.append(connection, entry("one", b'{"a":2}'), AT).seq == 0


def test_a_leaf_beyond_the_limit_is_refused(connection: Connection, log: Log) -> None:
    with pytest.raises(BadMessage, match="8192"):
        log.append(connection, entry("one", canonical({"a": "x" * 9000})), AT)


def test_an_empty_log_is_sound(connection: Connection, log: Log) -> None:
    assert log.check(connection) == Head(size=0, hash=GENESIS)


@pytest.mark.parametrize(
    "harm",
    [
        update(heads).values(head="f" * 64),
        update(heads).values(size=1),
        update(heads).values(size=3),
        delete(heads),
        delete(leaves).where(leaves.c.seq == 1),
        update(leaves).where(leaves.c.seq == 1).values(leaf=b"{}"),
        text("UPDATE heads SET size = 0"),
    ],
)
def test_a_head_that_does_not_fit_stops_the_start(connection: Connection, log: Log, harm: object) -> None:
    log.append_all(connection, (entry("one"), entry("two")), AT)
    connection.execute(harm)  # type: ignore[call-overload] # statements of several kinds
    with pytest.raises(LedgerBroken):
        log.check(connection)
