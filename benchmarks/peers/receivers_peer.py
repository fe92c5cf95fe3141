"""Sixteen receivers at one moment on PostgreSQL: `make peers-refunds-receivers` (needs psycopg and a server).

Starts a server of its own in a temporary folder, without a network port, and offers the instructions of
300 units, four numbers each and each one twice, in any order. Every receiver pays in the transaction in
which it offers, and comes again when the database refuses it, as the centre would send it again. Right is
when for every unit exactly the total of its highest number was paid.
"""

import importlib
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from inspection.messages.refund import RefundInstruction
from inspection.refund import RefundKind
from kit.receiver import Instructions, Standing

UNITS, NUMBERS, RECEIVERS = 300, 4, 16
LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
driver: Any = importlib.import_module("psycopg")


def main() -> int:
    """Print the table; 1 when a unit was paid anything but its last total."""
    print(
        "| isolation | units | wrongly paid | new | same | superseded | came again | webhooks/s |\n|"
        + "---|" * 8
    )
    wrong = 0
    with server() as folder:
        for level in LEVELS:
            found = contest(folder, level)
            wrong += found["wrong"]
            print(
                f"| {level.lower()} | {UNITS} | " + " | ".join(f"{each:,}" for each in found.values()) + " |"
            )
    return int(wrong > 0)


@contextmanager
def server() -> Iterator[Path]:
    """A server that ends with the block; as the user postgres where we are root, since it refuses root."""
    found = shutil.which("initdb") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), "")
    if not found:
        sys.exit("these peers need a PostgreSQL server: sudo apt-get install -y postgresql")
    with tempfile.TemporaryDirectory() as name:
        folder, user = Path(name), pwd.getpwuid(Path(name).stat().st_uid).pw_name
        if user == "root":
            user = "postgres"
            shutil.chown(folder, user)
        control = Path(found).with_name("pg_ctl")
        data, run = str(folder / "data"), subprocess.run
        quiet: Any = {"user": user, "check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
        run([found, "-A", "trust", "-U", "postgres", "-D", data], **quiet)
        options = f"-k {folder} -c listen_addresses='' -c max_connections={RECEIVERS + 10}"
        run([control, "-D", data, "-w", "-l", folder / "log", "-o", options, "start"], **quiet)
        try:
            yield folder
        finally:
            run([control, "-D", data, "-w", "-m", "fast", "stop"], **quiet)


def contest(folder: Path, level: str) -> dict[str, int]:
    """One isolation level: what was paid, what the table said, how often a receiver had to come again."""
    name = level.replace(" ", "_").lower()
    dsn = f"host={folder} user=postgres dbname={name}"
    with driver.connect(f"host={folder} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = '{level.lower()}'")
    with driver.connect(dsn) as connection:
        Instructions(connection=connection, paramstyle=driver.paramstyle).create()
        connection.execute("CREATE TABLE paid (unit TEXT, amount_minor INTEGER)")
    told = [instruction(unit, number) for unit in range(UNITS) for number in range(1, NUMBERS + 1)] * 2
    Random(6).shuffle(told)  # noqa: S311 # the same order in every run
    began = perf_counter()
    with ThreadPoolExecutor(RECEIVERS) as pool:
        shares = [told[number::RECEIVERS] for number in range(RECEIVERS)]
        tally = sum(pool.map(lambda share: receive(dsn, share), shares), Counter[str]())
    took_s = perf_counter() - began
    with driver.connect(dsn) as connection:
        paid = dict(connection.execute("SELECT unit, sum(amount_minor) FROM paid GROUP BY unit").fetchall())
    wanted = {one.unit: one.target_total_minor for one in told if one.number == NUMBERS}
    wrong = sum(paid.get(unit) != total for unit, total in wanted.items())
    counts = {name: tally[name] for name in (*Standing, "again")}
    return {"wrong": wrong} | counts | {"per_s": round(len(told) / took_s)}


def receive(dsn: str, told: list[RefundInstruction]) -> Counter[str]:
    """One receiver: offer and pay in one transaction, and come again when the database says no."""
    tally = Counter[str]()
    with driver.connect(dsn) as connection:
        table = Instructions(connection=connection, paramstyle=driver.paramstyle)
        for one in told:
            while True:
                try:
                    with connection.transaction():
                        standing = table.offer(one)
                        if standing is Standing.NEW:
                            pay(connection, one)
                    break
                except driver.Error:
                    tally["again"] += 1
            tally[standing] += 1
    return tally


def pay(connection: Any, one: RefundInstruction) -> None:
    """The difference between the total and what was paid for the unit."""
    query = "SELECT coalesce(sum(amount_minor), 0) FROM paid WHERE unit = %s"
    so_far = connection.execute(query, (one.unit,)).fetchone()[0]
    connection.execute("INSERT INTO paid VALUES (%s, %s)", (one.unit, one.target_total_minor - so_far))


def instruction(unit: int, number: int) -> RefundInstruction:
    """Each number of a unit owes another total."""
    name = f"R{unit}/1/1"
    return RefundInstruction.model_validate(
        {
            "v": 1, "id": f"{name}#{number}", "number": number, "merchant": "m1", "site": "s1", "unit": name,
            "authorization": f"R{unit}", "order": "O-1", "kind": RefundKind.PARTIAL,
            "target_total_minor": 1000 - 100 * number + unit, "currency": "EUR", "grade": "used",
            "disposition": "resale", "exception": None, "rule": "refund.share", "reasons": (), "images": (),
            "issued_at": datetime(2026, 1, 31, 8, tzinfo=UTC),
        },
        strict=False,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
