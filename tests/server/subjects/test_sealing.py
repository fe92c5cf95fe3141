"""What is personal lies in the centre's database under a person's key only, in old databases too."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from alembic import command
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection

from inspection.custody.sealing import SALT_BYTES, commit
from inspection.messages.station import InspectorMessage, WorklistPage
from server.centre import DATABASE, open_centre
from server.db.engine import writing_engine
from server.db.migrate import alembic_config
from server.errors import BadSettings
from server.keys import ServerKeys, make_keys
from server.returns.repository import find_units
from server.settings import ServerSettings
from server.stations.worklist import worklist_page
from server.subjects.bound import keys_of
from server.subjects.opening import opened

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

SALT = bytes(range(32))
VALUES = (b"O-secret-1", b"C-secret-1", b"SERIAL-1", b"3066c4409047e140075bcd15", b"Ines Weber")
PERSON = {
    "site": "s1",
    "id": "ines",
    "display_name": "Ines Weber",
    "badge": "badge-1234",
    "language": "en",
    "role": "inspector",
}
NAMED: dict[str, Any] = {
    "order": "O-secret-1",
    "customer": "C-secret-1",
    "serial": "SERIAL-1",
    "epc": "3066c4409047e140075bcd15",
}


def rows_of(folder: Path) -> bytes:
    """The centre's database and its log, without the key store."""
    return b"".join(path.read_bytes() for path in folder.glob("centre.sqlite*"))


async def test_no_personal_value_stands_in_the_database(site: "Site", bench: "Bench", tmp_path: Path) -> None:
    await site.http.post("/v1/inspectors", json=PERSON, headers=site.console)
    await site.announce("R1/1/1", **NAMED)
    await site.upload(bench, b"image")
    signed = bench.signed("R1/1/1", (b"image",), personal={"order": commit(SALT, "O-secret-1")})
    opening = signed.openings[0].model_copy(update={"value": "O-secret-1"})
    await site.send(bench, signed.model_copy(update={"openings": (opening,)}))
    found = rows_of(tmp_path)
    assert [value for value in (*VALUES, SALT, SALT.hex().encode()) if value in found] == []
    assert signed.image_keys[0].wrapped not in found
    page = await site.http.get("/v1/worklist", headers=bench.auth)
    assert WorklistPage.read(page.content).inspectors[0].display_name == "Ines Weber"


async def test_the_openings_of_a_record_come_back(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    await site.upload(bench, b"image")
    signed = bench.signed("R1/1/1", (b"image",))
    await site.send(bench, signed)
    record = f"{bench.key_id}/{bench.boot}/1"
    found = await site.centre.reader.run(lambda c: opened(c, "s1", record))
    assert (found.fields, found.images) == (signed.openings, signed.image_keys)
    assert (found.erased_fields, found.erased_images) == ((), ())
    assert found.field("order") == signed.openings[0]
    assert found.field("note") is None


async def test_a_tag_finds_its_unit_though_no_row_holds_it(site: "Site") -> None:
    await site.announce("R1/1/1", **NAMED)
    body = {"units": [unit | {"id": "R2/1/1"} for unit in [await announced(site)]]}
    answer = await site.http.post("/v1/returns", json=body, headers=site.shop)
    assert answer.status_code == 409
    assert "epc_taken" in answer.text


async def announced(site: "Site") -> dict[str, Any]:
    units = await site.centre.reader.run(lambda c: find_units(c, "s1", ["R1/1/1"]))
    found: dict[str, Any] = orjson.loads(units["R1/1/1"].message.to_json())
    return found


def test_without_its_key_store_a_database_opens_nothing(tmp_path: Path) -> None:
    engine = writing_engine(tmp_path / "x.sqlite")
    with engine.begin() as connection, pytest.raises(BadSettings, match="key store"):
        keys_of(connection)
    engine.dispose()


@pytest.fixture
def old_centre(tmp_path: Path, record_value: Callable[..., dict[str, Any]]) -> Iterator[ServerKeys]:
    """A folder whose database was written by the program before, in the clear."""
    keys = make_keys(tmp_path)
    engine = writing_engine(tmp_path / DATABASE)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "v0002")
        write_old_rows(connection, keys.wrap)
    engine.dispose()
    yield keys


def write_old_rows(connection: Connection, wrap: bytes) -> None:
    unit = orjson.dumps(OLD_UNIT)
    person = InspectorMessage(
        id="ines", display_name="Ines Weber", badge_commitment="a" * 64, language="en", role="inspector"
    )
    record, nonce = f"{'0' * 32}/{'1' * 32}/1", bytes(12)
    content = orjson.dumps([SALT.hex(), "C-secret-1"])
    sealed = nonce + AESGCM(wrap).encrypt(nonce, content, f"{record}/customer".encode())
    run = connection.exec_driver_sql
    run(
        "INSERT INTO units (site,id,merchant,sku,epc,state,inspection,body,changed) "
        "VALUES (?,?,?,?,?,?,?,?,?)",
        ("s1", "R1/1/1", "m1", "MUG-1", NAMED["epc"], "expected", 1, unit, 1),
    )
    run("INSERT INTO inspectors VALUES (?,?,?,?)", ("s1", "ines", person.to_json(), 2))
    run(
        "INSERT INTO records (site,leaf_seq,inspection,announced,id,sha256,merchant,unit,sku,station,kind,"
        "grade,disposition,channel,recorded_at) VALUES ('s1',0,1,?,?,?,?,?,?,?,?,?,?,?,?)",
        (unit, record, "a" * 64, "m1", "R1/1/1", "MUG-1", "st1", "confirm", "new", "resale", "open", "now"),
    )
    run("INSERT INTO openings VALUES ('s1',?,'customer',?)", (record, sealed))
    run("INSERT INTO record_evidence VALUES ('s1',?,?,?,?)", (record, "d" * 64, b"w" * 80, SALT))


OLD_UNIT = {
    "merchant": "m1",
    "id": "R1/1/1",
    "authorization": "R1",
    "line": 1,
    "index": 1,
    "sku": "MUG-1",
    "paid_minor": 5000,
    "currency": "CNY",
    "reason": "changed_mind",
    **NAMED,
}


async def test_rows_in_the_clear_are_sealed_at_the_first_start(
    old_centre: ServerKeys, tmp_path: Path, settings: ServerSettings
) -> None:
    assert all(value in rows_of(tmp_path) for value in VALUES), "so the search can find them"
    record = f"{'0' * 32}/{'1' * 32}/1"
    for _ in range(2):
        async with open_centre(tmp_path, settings, old_centre, registry=CollectorRegistry()) as centre:
            found = rows_of(tmp_path)
            assert [value for value in (*VALUES, SALT, b"w" * 80) if value in found] == []
            units = await centre.reader.run(lambda c: find_units(c, "s1", ["R1/1/1"]))
            assert orjson.loads(units["R1/1/1"].message.to_json()).items() >= OLD_UNIT.items()
            whole = await centre.reader.run(lambda c: opened(c, "s1", record))
            assert [(each.field, each.value) for each in whole.fields] == [("customer", "C-secret-1")]
            assert [each.wrapped for each in whole.images] == [b"w" * 80]
            assert len(whole.images[0].salt) == SALT_BYTES
            page = await centre.reader.run(lambda c: worklist_page(c, "s1", 0, centre.clock()))
            assert page.inspectors[0].display_name == "Ines Weber"
    with sqlite3.connect(tmp_path / DATABASE) as file:
        assert file.execute("SELECT count(*) FROM units WHERE personal IS NULL").fetchone() == (0,)
    file.close()
