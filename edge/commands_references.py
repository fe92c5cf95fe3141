"""`regrade references push|pull|withdraw`: references between a folder and the centre.

They stand beside the models' own `references` verbs, but here: only this folder may talk to the centre.
Heavy modules are imported inside the commands, so that `regrade --help` answers at once.
"""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from link.http import HttpLink

GROUP = "references"
Centre = Annotated[str, typer.Option("--centre", help="Address of the centre.")]
Store = Annotated[Path, typer.Option("--store", help="Folder of the references.")]
Merchant = Annotated[str, typer.Option("--merchant", help="Whose goods they are.")]
CaFile = Annotated[Path | None, typer.Option("--ca-file", help="Certificate authority of the centre (PEM).")]
Sku = Annotated[str, typer.Argument(help="SKU of the product.")]
DEFAULT_STORE = Path("var/references")


def register(app: typer.Typer) -> None:
    """Add the verbs to the group that the models' folder has mounted."""
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    group = groups.get(GROUP)
    if group is None:
        group = typer.Typer(help="Good photos that returns are compared with.", no_args_is_help=True)
        app.add_typer(group, name=GROUP)
    group.command("push")(push)
    group.command("pull")(pull)
    group.command("withdraw")(withdraw)


def push(
    sku: Sku,
    centre: Centre,
    merchant: Merchant,
    store: Store = DEFAULT_STORE,
    ca_file: CaFile = None,
) -> None:
    """Publish every view of a product at the centre; the key stands in REGRADE_REFERENCES_KEY."""
    from edge import exchange
    from models.errors import NoReferences
    from models.store import ReferenceStore

    references = ReferenceStore(store, merchant)
    views = references.views(sku)
    if not views:
        raise NoReferences(f"no references of {sku} of merchant {merchant} in {store}")
    parcels = [exchange.pack(store, references, sku, view) for view in views]

    async def send() -> None:
        async with _link(centre, ca_file) as link:
            for parcel in parcels:
                done = await exchange.push(link, parcel)
                typer.echo(f"{sku} {parcel.references.view} is published as version {done.version}.")

    asyncio.run(send())


def pull(
    centre: Centre,
    merchant: Merchant,
    sku: Annotated[str | None, typer.Argument(help="One product; without it all of the merchant.")] = None,
    store: Store = DEFAULT_STORE,
    ca_file: CaFile = None,
) -> None:
    """Bring photos and banks from the centre into the folder; the key stands in REGRADE_REFERENCES_KEY."""
    from edge import exchange
    from models.store import ReferenceStore

    references = ReferenceStore(store, merchant)

    async def fetch() -> None:
        count = 0
        async with _link(centre, ca_file) as link:
            async for published in exchange.announced(link, merchant):
                wanted = published.references
                if sku in (None, wanted.sku):
                    photos = await exchange.pull(link, store, references, wanted)
                    count += 1
                    typer.echo(
                        f"{wanted.sku} {wanted.view} version {published.version}: {photos} photos came."
                    )
        typer.echo(f"{count} views of merchant {merchant} are as at the centre.")

    asyncio.run(fetch())


def withdraw(
    sku: Sku,
    view: Annotated[str, typer.Option("--view", help="View of the bench.")],
    centre: Centre,
    merchant: Merchant,
    ca_file: CaFile = None,
) -> None:
    """Let the stations forget the bank of one view; the key stands in REGRADE_REFERENCES_KEY."""
    from edge import exchange

    wanted = exchange.set_of(merchant, sku, view, None, ())

    async def send() -> int:
        async with _link(centre, ca_file) as link:
            return (await exchange.publish(link, wanted)).version

    typer.echo(f"{sku} {view} is withdrawn with version {asyncio.run(send())}.")


def _link(centre: str, ca_file: Path | None) -> "HttpLink":
    from pydantic import SecretStr

    from edge.exchange import key_from
    from link.http import HttpConfig, HttpLink
    from link.tls import TlsFiles

    tls = TlsFiles(ca_file=ca_file) if ca_file else None
    key = SecretStr(key_from(os.environ))
    return HttpLink(HttpConfig(base_url=centre, key=key, tls=tls, timeout_s=60.0))
