"""Bring a database to the tables of this program; done at every start, in one transaction."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from server.errors import BadSettings

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent / "migrations"
NEWEST = "v0009"
"""The last of `migrations/versions`; a test holds it to that."""


def alembic_config(connection: Connection) -> "Config":
    """Alembic's configuration without an ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(engine: Engine) -> None:
    """Apply what is missing; raises BadSettings for a database of a newer program."""
    with engine.begin() as connection:
        if standing(connection) != NEWEST:
            _upgrade(connection)


def standing(connection: Connection) -> str | None:
    """The last step that a database has taken; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command  # 0.1 s of every start, for what the first one after an update needs
    from alembic.util import CommandError

    try:
        command.upgrade(alembic_config(connection), "head")
    except CommandError as error:
        raise BadSettings(f"this database belongs to another version of the program: {error}") from error
