"""Rows that stand in the clear are sealed at the first start of this program, before anybody is served.

It goes row by row and each is done once, so a start that is cut off goes on where it ended. What is
overwritten is zeroed by SQLite (secure_delete), and the log is emptied behind it.
"""

from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine, Table, select, update

from inspection.messages.catalogue import UnitMessage
from inspection.messages.refund import RefundInstruction
from inspection.messages.station import InspectorMessage
from inspection.messages.uplink import ImageKey, Opening
from server.db.engine import writing_engine
from server.db.refund_tables import instructions
from server.db.tables import inspectors, openings, record_evidence, records, units
from server.errors import BadKeys
from server.returns.repository import looked_up_by
from server.subjects.bound import keys_of
from server.subjects.personal import (
    GONE,
    part_inspector,
    part_instruction,
    part_unit,
    seal_image_key,
    seal_opening,
    whole_unit,
)

PAGE = 500
OLD_NONCE_BYTES = 12


def seal_clear_rows(engine: Engine, wrap: bytes) -> int:
    """Seal every row that is not sealed yet; returns how many there were. `wrap` opens the old openings."""
    done = 0
    for page in (_units, _records, _instructions, _inspectors, _names):
        while True:
            with engine.begin() as connection:
                sealed = page(connection, AESGCM(wrap))
            done += sealed
            if sealed < PAGE:
                break
    if done:
        _empty_log(engine)
    return done


def check_not_lost(database: Path, store: Path) -> None:
    """Raise BadKeys where there is no key store and the database has sealed rows: then its backup is missing.

    An empty file in its place says that there is none, and that what it opened is given up: so it is asked
    before anything makes that file. The caller holds the database's lock.
    """
    if store.exists() or not database.exists():
        return
    engine = writing_engine(database)
    try:
        with engine.begin() as connection:
            lost = _has_sealed(connection)
    finally:
        engine.dispose()
    if lost:
        raise BadKeys(
            f"{store.name} is missing: restore it from its own backup; to give up what it opened, "
            "put an empty file in its place"
        )


def _has_sealed(connection: Connection) -> bool:
    """False also for tables of a program that sealed nothing yet."""
    columns = {row.name for row in connection.exec_driver_sql("PRAGMA table_info(units)")}
    sealed = select(units.c.id).where(units.c.personal != GONE).limit(1)
    return units.c.personal.name in columns and connection.execute(sealed).first() is not None


def _empty_log(engine: Engine) -> None:
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _clear(connection: Connection, table: Table) -> list[Any]:
    return list(connection.execute(select(table).where(table.c.personal.is_(None)).limit(PAGE)))


def _units(connection: Connection, _: AESGCM) -> int:
    keys, found = keys_of(connection), _clear(connection, units)
    messages = [UnitMessage.read(row.body) for row in found]
    keys.ensure(keys.secrets.customer(unit.merchant, unit.customer) for unit in messages)
    for row, unit in zip(found, messages, strict=True):
        parted = part_unit(keys, unit)
        tag = keys.secrets.tag(unit.epc) if unit.epc else None
        values = {"body": parted.body, "personal": parted.personal, "subject": parted.subject, "epc": tag}
        mine = (units.c.site == row.site, units.c.id == row.id)
        connection.execute(update(units).where(*mine).values(values))
    return len(found)


def _names(connection: Connection, _: AESGCM) -> int:
    """Names to look units up by, of those that are older than the names."""
    keys = keys_of(connection)
    chosen = select(units).where(units.c.authorization.is_(None), units.c.personal.is_not(None))
    found = list(connection.execute(chosen.limit(PAGE)))
    for row in found:
        unit = whole_unit(keys, row.body, row.personal)
        names = looked_up_by(keys, unit) | {"epc": row.epc}
        if row.erased_at is not None or not keys.opens(row.personal):
            names |= {name: None for name in names if name.endswith("_name")}
        changed = update(units).where(units.c.site == row.site, units.c.id == row.id)
        connection.execute(changed.values(names))
    return len(found)


def _records(connection: Connection, old: AESGCM) -> int:
    keys, found = keys_of(connection), _clear(connection, records)
    messages = [UnitMessage.read(row.announced) for row in found]
    keys.ensure(keys.secrets.customer(unit.merchant, unit.customer) for unit in messages)
    for row, unit in zip(found, messages, strict=True):
        parted = part_unit(keys, unit)
        values = {"announced": parted.body, "personal": parted.personal, "subject": parted.subject}
        mine = (records.c.site == row.site, records.c.id == row.id)
        connection.execute(update(records).where(*mine).values(values))
        _openings(connection, row, parted.subject, old)
        _image_keys(connection, row, parted.subject)
    return len(found)


def _openings(connection: Connection, record: Any, customer: str, old: AESGCM) -> None:
    keys, mine = keys_of(connection), (openings.c.site == record.site, openings.c.record == record.id)
    for row in connection.execute(select(openings).where(*mine)).all():
        nonce, content = row.sealed[:OLD_NONCE_BYTES], row.sealed[OLD_NONCE_BYTES:]
        salt, value = orjson.loads(old.decrypt(nonce, content, f"{record.id}/{row.field}".encode()))
        said = {"field": row.field, "salt": bytes.fromhex(salt), "value": value}
        opening = Opening.model_validate(said)
        subject = keys.secrets.inspector(value) if row.field == "inspector" else customer
        sealed = seal_opening(keys, record.id, opening, subject)
        changed = update(openings).where(*mine, openings.c.field == row.field)
        connection.execute(changed.values(sealed=sealed, subject=subject))


def _image_keys(connection: Connection, record: Any, customer: str) -> None:
    keys = keys_of(connection)
    mine = (record_evidence.c.site == record.site, record_evidence.c.record == record.id)
    for row in connection.execute(select(record_evidence).where(*mine)).all():
        key = ImageKey(ciphertext_sha256=row.sha256, wrapped=row.wrapped_key, salt=row.salt)
        wrapped, salt = seal_image_key(keys, record.id, key, customer)
        changed = update(record_evidence).where(*mine, record_evidence.c.sha256 == row.sha256)
        connection.execute(changed.values(wrapped_key=wrapped, salt=salt))


def _instructions(connection: Connection, _: AESGCM) -> int:
    keys, found = keys_of(connection), _clear(connection, instructions)
    for row in found:
        mine = (records.c.site == row.site, records.c.id == row.record)
        subject = connection.execute(select(records.c.subject).where(*mine)).scalar_one()
        parted = part_instruction(keys, RefundInstruction.read(row.body), subject)
        changed = update(instructions).where(instructions.c.site == row.site, instructions.c.id == row.id)
        connection.execute(changed.values(body=parted.body, personal=parted.personal))
    return len(found)


def _inspectors(connection: Connection, _: AESGCM) -> int:
    keys, found = keys_of(connection), _clear(connection, inspectors)
    for row in found:
        parted = part_inspector(keys, InspectorMessage.read(row.body))
        changed = update(inspectors).where(inspectors.c.site == row.site, inspectors.c.id == row.id)
        connection.execute(changed.values(body=parted.body, personal=parted.personal))
    return len(found)
