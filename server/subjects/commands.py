"""Erase a customer and keep holds from the command line, while the centre is stopped.

A running centre is the only one that writes its database: it is asked over HTTP instead.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from server.stopped import with_centre

Dir = Annotated[Path, typer.Option("--dir", help="The centre's folder.", file_okay=False)]
Merchant = Annotated[str, typer.Option("--merchant", help="Whose customer it is.")]
Customer = Annotated[str | None, typer.Option("--customer", help="The customer's number at the shop.")]
Unit = Annotated[str | None, typer.Option("--unit", help="One of the customer's returned units.")]
By = Annotated[str, typer.Option("--by", help="Who answers for it: it stands in the ledger.")]

hold = typer.Typer(help="Legal holds: what they cover is not erased.", no_args_is_help=True)


def register(server: typer.Typer, ledger: typer.Typer) -> None:
    """Mount the commands under `regrade server` and `regrade ledger`."""
    server.command("erase")(erase)
    server.command("backup-keys")(backup_keys)
    server.add_typer(hold, name="hold")
    ledger.command("retain")(retain)


def erase(
    dir: Dir,
    merchant: Merchant,
    reason: Annotated[str, typer.Option("--reason", help="A code, such as asked_by_customer.")],
    by: By,
    customer: Customer = None,
    unit: Unit = None,
) -> None:
    """Destroy a customer's key and all that it opens; prints the signed certificate."""
    from rich.console import Console

    from server.subjects.schemas import ErasureRequest

    asked = {"merchant": merchant, "customer": customer, "unit": unit, "reason": reason, "by": by}
    wanted = ErasureRequest.read(json.dumps(asked))
    answer = with_centre(dir, lambda centre: centre.eraser.erase(wanted, by), "POST /v1/subjects/erasures")
    for text in answer.text.values():
        Console(stderr=True).print(text + "\n")
    print(answer.to_json().decode())


def backup_keys(
    out: Annotated[Path, typer.Argument(help="Folder of the key store's backups.", file_okay=False)],
    dir: Dir,
) -> None:
    """Copy the key store, and delete copies older than `subject_backup_days`; also while the centre runs."""
    import os
    from contextlib import closing

    from server.keys import read_keys
    from server.settings import load_settings
    from server.subjects.backup import back_up
    from server.subjects.keys import SubjectKeys

    days, wrap = load_settings(dir, os.environ).subject_backup_days, read_keys(dir).wrap
    with closing(SubjectKeys(dir, wrap, read_only=True)) as keys:
        target, over = back_up(keys, out, days, datetime.now(UTC))
    print(f"{target} written; {len(over)} older than {days} days deleted")


@hold.command("add")
def add(
    dir: Dir,
    merchant: Merchant,
    reason: Annotated[str, typer.Option("--reason", help="Why, in words.")],
    by: By,
    customer: Customer = None,
    unit: Unit = None,
) -> None:
    """Keep a merchant's, a customer's or a unit's data from being erased; prints the hold's id."""
    from server.subjects.holds import add_hold
    from server.subjects.schemas import HoldRequest

    asked = {"merchant": merchant, "customer": customer, "unit": unit, "reason": reason, "by": by}
    wanted = HoldRequest.read(json.dumps(asked))
    row = with_centre(
        dir,
        lambda at: at.writer.submit(lambda c: add_hold(c, at.log, wanted, by, at.clock())),
        "POST /v1/holds",
    )
    print(row.id)


@hold.command("list")
def list_(dir: Dir) -> None:
    """Show every hold, the newest first."""
    from server.subjects.holds import list_holds

    rows = with_centre(dir, lambda at: at.reader.run(lambda c: list_holds(c, at.site)), "GET /v1/holds")
    for row in rows:
        ended = f"released {row.released_at} by {row.released_by}" if row.released_at else "stands"
        print(
            f"{row.id} {row.scope} {row.merchant} {row.unit or '-'} {row.at} {row.by}: {row.reason} ({ended})"
        )


@hold.command("release")
def release(
    id: Annotated[str, typer.Argument(help="The hold's id.")],
    dir: Dir,
    reason: Annotated[str, typer.Option("--reason", help="Why, in words.")],
    by: By,
) -> None:
    """End a hold; it stays listed."""
    from server.subjects.holds import release_hold

    said = (reason, by)
    row = with_centre(
        dir,
        lambda at: at.writer.submit(lambda c: release_hold(c, at.log, id, said, at.clock())),
        f"POST /v1/holds/{id}/release",
    )
    print(f"{row.id} released")


def retain(
    dir: Dir,
    by: By,
    index: Annotated[int | None, typer.Option("--index", help="First entry that stays shown.", min=0)] = None,
    before: Annotated[
        datetime | None, typer.Option("--before", help="Or: first day (UTC) that does.")
    ] = None,
    drop_bodies: Annotated[bool, typer.Option("--drop-bodies", help="Delete the bodies for good.")] = False,
) -> None:
    """Withhold the bodies of old entries, as far as the retention policy allows; proofs stay good."""
    from server.ledger.retention import RetainFrom, retain_in

    moment = before.replace(tzinfo=UTC) if before is not None else None
    wanted = RetainFrom(index=index, before=moment, drop_bodies=drop_bodies, by=by)
    done = with_centre(
        dir,
        lambda at: retain_in(at.writer, at.log, wanted, at.settings.retention_days, at.clock()),
        "POST /v1/ledger/retention",
    )
    print(f"entries below {done.min_index} are withheld; {done.dropped} bodies were dropped")
