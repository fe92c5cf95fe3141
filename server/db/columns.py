"""How every table writes its columns; all tables hang on one metadata."""

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text(name: str, *, key: bool = False, nullable: bool = False) -> Column[str]:
    """A text column; times are text too."""
    return Column(name, String, primary_key=key, nullable=nullable)


def number(name: str, *, key: bool = False, nullable: bool = False) -> Column[int]:
    """An integer column, never numbered by the database."""
    return Column(name, Integer, primary_key=key, nullable=nullable, autoincrement=False)


def blob(name: str, *, nullable: bool = False) -> Column[bytes]:
    """A column of bytes, kept as they came."""
    return Column(name, LargeBinary, nullable=nullable)
