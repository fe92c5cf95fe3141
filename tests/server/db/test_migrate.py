"""A database comes to the tables of this program, once."""

import sys
from pathlib import Path
from shutil import copyfile
from subprocess import run

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from server.db.engine import writing_engine
from server.db.migrate import NEWEST, alembic_config, migrate, standing
from server.errors import BadSettings


def test_the_newest_step_is_the_last_one_of_the_folder(connection: Connection) -> None:
    assert ScriptDirectory.from_config(alembic_config(connection)).get_heads() == [NEWEST]


def test_an_empty_file_takes_every_step_and_an_older_one_the_rest(tmp_path: Path) -> None:
    engine = writing_engine(tmp_path / "x.sqlite")
    with engine.begin() as connection:
        assert standing(connection) is None
        command.upgrade(alembic_config(connection), "v0003")
        assert standing(connection) == "v0003"
    migrate(engine)
    with engine.begin() as connection:
        assert standing(connection) == NEWEST
        assert inspect(connection).has_table("refunds")
    engine.dispose()


OLDER = (
    "INSERT INTO leaves (site, seq, id, type, hash, recorded_at) VALUES "
    "('s1', 0, 'v', 'verdict', x'', '2026-05-04T12:00:00.000000Z'), "
    "('s1', 1, 'i', 'refund_instruction', x'', '2026-05-04T12:00:01.000000Z'), "
    "('s1', 2, 'o', 'refund_outcome', x'', '2026-05-04T12:01:01.000000Z'), "
    "('s1', 3, 'p', 'refund_outcome', x'', '2026-05-04T12:05:00.000000Z')",
    "INSERT INTO records (site, id, leaf_seq, sha256, merchant, unit, inspection, sku, station, kind, grade, "
    "disposition, channel, announced, recorded_at) VALUES ('s1', 'r', 0, '', 'm1', 'u', 1, 'S', 'st1', "
    "'graded', 'used', 'resale', 'shelf', x'', '2026-05-04T12:00:00.000000Z')",
    "INSERT INTO instructions (site, id, merchant, unit, number, inspection, record, verdict_seq, leaf_seq, "
    "kind, target_total_minor, currency, body) VALUES ('s1', 'u#1', 'm1', 'u', 1, 1, 'r', 0, 1, 'partial', "
    """4000, 'CNY', CAST('{"grade":"used","issued_at":"2026-05-04T12:00:01.000000Z"}' AS BLOB))""",
    "INSERT INTO outcomes (site, merchant, id, sha256, instruction, status, refunded_total_minor, matches, "
    "leaf_seq) VALUES ('s1', 'm1', 'a', '', 'u#1', 'settled', 4000, 1, 2), "
    "('s1', 'm1', 'b', '', 'u#1', 'settled', 4000, 1, 3)",
)
"""Told and settled, twice, by a program that kept no refunds yet."""


@pytest.mark.parametrize("kept", ["v0007", "v0008"])
def test_a_refund_of_an_older_database_has_its_grade_and_its_time(tmp_path: Path, kept: str) -> None:
    """Whether that program kept no refunds yet, or kept them without these two."""
    engine = writing_engine(tmp_path / "x.sqlite")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "v0007")
        for statement in OLDER:
            connection.exec_driver_sql(statement)
        command.upgrade(alembic_config(connection), kept)
    migrate(engine)
    with engine.begin() as connection:
        found = connection.exec_driver_sql("SELECT unit, grade, round(settled_s) FROM refunds").all()
    assert found == [("u", "used", 61.0)]
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), kept)
        assert standing(connection) == kept
    engine.dispose()


def test_a_database_of_a_newer_program_is_refused_and_stays_as_it_is(tables: Path, tmp_path: Path) -> None:
    engine = writing_engine(copyfile(tables, tmp_path / "x.sqlite"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'v9999'"))
    with pytest.raises(BadSettings, match="another version of the program"):
        migrate(engine)
    with engine.begin() as connection:
        assert standing(connection) == "v9999"
    engine.dispose()


def test_a_start_that_changes_nothing_loads_neither_the_steps_nor_what_draws() -> None:
    asked = "import server.run, sys; print(*sorted({'alembic', 'reportlab', 'PIL'} & set(sys.modules)))"
    ended = run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == []
