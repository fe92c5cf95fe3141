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
