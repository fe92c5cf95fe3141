"""The route of evidence packs."""

from typing import Annotated

from fastapi import APIRouter, Response

from server.access import Caller, Scope, needs
from server.centre import Here
from server.packs.making import make_pack

router = APIRouter(prefix="/v1", tags=["returns"])
Reader = Annotated[Caller, needs(Scope.SHOP, Scope.AUDITOR, Scope.CONSOLE)]


@router.get("/returns/{unit:path}/evidence-pack")
async def get_evidence_pack(unit: str, centre: Here, caller: Reader, full: bool = False) -> Response:
    """Everything that proves one return as a zip; `full` shows what belongs to the customer too."""
    content = await make_pack(centre, caller, unit, full=full)
    name = f"evidence-{unit.replace('/', '_')}.zip"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-store"}
    return Response(content, media_type="application/zip", headers=headers)
