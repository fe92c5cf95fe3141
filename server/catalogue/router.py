"""Routes of merchants and products."""

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from server.access import Caller, Scope, needs, own_merchant
from server.answers import answer
from server.bodies import read_body
from server.catalogue.repository import add_merchant, put_products
from server.catalogue.schemas import Accepted, MerchantMessage, ProductList
from server.catalogue.service import check_products, read_products
from server.centre import Here
from server.imports import import_answer

router = APIRouter(prefix="/v1", tags=["catalogue"])
Console = Annotated[Caller, needs(Scope.CONSOLE)]
Shop = Annotated[Caller, needs(Scope.SHOP)]


@router.post("/merchants", status_code=201)
async def post_merchant(request: Request, centre: Here, caller: Console) -> Response:
    """Serve a merchant at this site."""
    merchant = await read_body(request, MerchantMessage)
    at = centre.now()
    await centre.writer.submit(lambda c: add_merchant(c, centre.site, merchant.id, merchant.name, at))
    return answer(merchant, 201)


@router.put("/catalogue/products")
async def put_catalogue(request: Request, centre: Here, caller: Shop) -> Response:
    """Add or replace products of the caller's merchant; all of them or none."""
    products = (await read_body(request, ProductList)).products
    check_products(own_merchant(caller), products)
    await centre.writer.submit(lambda c: put_products(c, centre.site, products))
    return answer(Accepted(accepted=len(products)))


@router.post("/catalogue/products.csv")
async def import_products(request: Request, centre: Here, caller: Shop) -> Response:
    """Import a CSV file: good rows go in, bad rows come back."""
    merchant = own_merchant(caller)
    content, most = await request.body(), centre.settings.table_rows
    good, faults = await anyio.to_thread.run_sync(read_products, content, merchant, most)
    if good:
        await centre.writer.submit(lambda c: put_products(c, centre.site, tuple(good)))
    return answer(import_answer(len(good), faults, centre.metrics))
