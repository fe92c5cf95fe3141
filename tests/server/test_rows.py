"""Tables that people upload: good rows go in, bad rows come back by number and column."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import BadRequest
from server.rows import LONGEST_CELL, Columns, Row, decode, read_rows

if TYPE_CHECKING:
    from tests.server.conftest import Site

COLUMNS = Columns(required=frozenset({"sku", "title"}), optional=frozenset({"note"}))

PRODUCTS = """sku,gtin,title,category,currency,list_price_minor,recovery,hazards,hygiene
MUG-1,04012345678901,Becher 杯子,tableware,CNY,5900,new:restock:5900|used:open_box:3000:900000:200,,no
BAD-1,04012345678902,Mug,tableware,CNY,5900,,,no
BAD-2,04012345678901,Mug,tableware,CNY,59.00,,,no
BAD-3,04012345678901,Mug,tableware,yuan,5900,,,no
BAD-4,04012345678901,Mug,tableware,CNY,5900,new:restock,,no
BAD-5,04012345678901,Mug,tableware,CNY,5900,,fire,no
BAD-6,04012345678901,Mug,tableware,CNY,5900,,,maybe
BAD-7,04012345678901
,04012345678901,Mug,tableware,CNY,5900,,,no
"""
RETURNS = """id,authorization,order,customer,line,index,sku,paid_minor,currency,reason,epc
R1/1/1,R1,O-1,C-1,1,1,MUG-1,5000,CNY,changed_mind,30340BFF0000000000000001
R1/1/1,R1,O-1,C-1,1,1,MUG-1,5000,CNY,changed_mind,
R2/1/1,R2,O-2,C-1,1,1,CUP-9,5000,CNY,changed_mind,
R3/1/1,R3,O-3,C-1,1,1,MUG-1,5000,CNY,bored,
R4/1/1,R4,O-4,C-1,0,1,MUG-1,5000,CNY,other,
R5/1/1,R5,O-5,C-1,1,1,MUG-1,5000,CNY,other,30340bff0000000000000001
"""


def rows(text: str) -> list[dict[str, str]]:
    return [row.values for row in read_rows(text.encode(), COLUMNS, 100)[0]]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_three_separators_are_understood(separator: str) -> None:
    text = f"SKU{separator} Title \nA{separator}One\n\n"
    assert rows(text) == [{"sku": "A", "title": "One"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_three_encodings_are_understood(encoding: str) -> None:
    assert decode("sku,title\nA,陶瓷杯\n".encode(encoding)).endswith("陶瓷杯\n")


def test_a_row_is_named_by_the_line_an_editor_shows() -> None:
    content = b'sku,title\r\nA,"one\r\ntwo"\r\nB,three\r\n'
    found = read_rows(content, COLUMNS, 100)[0]
    assert found[1] == Row(number=4, values={"sku": "B", "title": "three"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"sku\nA\n", "lacks: title"),
        (b"sku,title,price\n", "unknown columns: price"),
        (b"sku,title,sku\n", "twice"),
        (b"sku,title\n\x00,A\n", "NUL"),
        (b"\xff\xff\xff", "neither UTF-8 nor GB18030"),
        (b"sku,title\n" + b"A,B\n" * 101, "more than 100 rows"),
    ],
)
def test_what_is_no_such_table_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        read_rows(content, COLUMNS, 100)


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        (b"A,B,C", None, "cell_count"),
        (b"A,", "title", "cell_empty"),
        (b"A," + b"x" * (LONGEST_CELL + 1), "title", "cell_too_long"),
        (b'A,"B', None, "bad_csv"),
        (b'A,"B"C', None, "bad_csv"),
    ],
)
def test_a_bad_row_is_named(line: bytes, column: str | None, code: str) -> None:
    good, (fault,) = read_rows(b"sku,title\nX,Y\n" + line + b"\n", COLUMNS, 100)
    assert (len(good), fault.column, fault.code) == (1, column, code)


@given(content=st.binary(max_size=300))
def test_whatever_is_uploaded_is_taken_or_refused_in_words(content: bytes) -> None:
    try:
        good, faults = read_rows(b"sku,title\n" + content, COLUMNS, 50)
    except BadRequest:
        return
    assert all(set(row.values) <= COLUMNS.known for row in good)
    assert len(good) + len(faults) <= 51


async def test_good_products_go_in_and_bad_ones_come_back(site: "Site") -> None:
    answer = await site.http.post(
        "/v1/catalogue/products.csv", content=PRODUCTS.encode("gb18030"), headers=site.shop
    )
    body = answer.json()
    assert (answer.status_code, body["accepted"]) == (200, 1)
    assert [(row["row"], row["column"], row["code"]) for row in body["rejected"]] == [
        (3, "gtin", "check_digit"),
        (4, "list_price_minor", "bad_value"),
        (5, "currency", "bad_value"),
        (6, "recovery", "bad_value"),
        (7, "hazards", "bad_value"),
        (8, "hygiene", "bad_value"),
        (9, None, "cell_count"),
        (10, "sku", "cell_empty"),
    ]
    assert site.counted("regrade_rows_rejected_total", code="bad_value") == 5


async def test_good_returns_go_in_and_bad_ones_come_back(site: "Site") -> None:
    await site.announce("R0/1/1")
    answer = await site.http.post("/v1/returns.csv", content=RETURNS.encode(), headers=site.shop)
    body = answer.json()
    assert body["accepted"] == 1
    assert [(row["row"], row["column"], row["code"]) for row in body["rejected"]] == [
        (3, "id", "doubled"),
        (4, "sku", "unknown_sku"),
        (5, "reason", "bad_value"),
        (6, "line", "bad_value"),
        (7, "epc", "epc_taken"),
    ]


async def test_a_file_that_is_none_is_a_problem(site: "Site") -> None:
    answer = await site.http.post("/v1/returns.csv", content=b"\xff\xff\xff", headers=site.shop)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
