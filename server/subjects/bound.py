"""The key store goes along with the connection: rows are sealed where they are written, opened where read.

Every function over the tables is given a connection already; what is personal in a row and what is not is
the business of that row's repository alone, so no rule and no route ever handles a key.
"""

from typing import cast

from sqlalchemy import Connection, Engine

from server.errors import BadSettings
from server.subjects.keys import SubjectKeys

OPTION = "subject_keys"


def bind(engine: Engine, keys: SubjectKeys) -> Engine:
    """The engine whose connections carry the key store."""
    return engine.execution_options(**{OPTION: keys})


def keys_of(connection: Connection) -> SubjectKeys:
    """The key store of a connection; raises BadSettings for one that was opened without."""
    keys = connection.get_execution_options().get(OPTION)
    if keys is None:
        raise BadSettings("this database was opened without its key store: nothing personal can be read")
    return cast(SubjectKeys, keys)
