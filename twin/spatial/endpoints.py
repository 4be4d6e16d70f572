"""The spatial API: versioned edits of every layer's features, and the configuration that clients start from."""

from __future__ import annotations

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Request, Response

from twin.errors import TwinError
from twin.settings import Settings
from twin.spatial import service
from twin.spatial.config import config
from twin.spatial.schemas import ConfigOut, FeatureChange, FeatureIn, FeatureOut, HistoryOut, RestoreIn
from twin.spatial.transfer.endpoints import router as transfer
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(route_class=TwinRoute)
# Before the paths with a layer in them: `import` and `export` are no layers.
router.include_router(transfer)

LayerKey = Annotated[str, Path(max_length=60, description="layer, e.g. `zone`", examples=["zone"])]
IfMatch = Annotated[str | None, Header(description='version that the change is based on, e.g. `"3"`')]


class VersionRequired(TwinError):
    """A change must say which version it is based on."""

    code = "precondition_required"
    status = 428


@router.get("/api/config", tags=["system"], summary="Configuration of clients")
async def get_config(request: Request) -> ConfigOut:
    """Site, hub address, views; needs no sign-in."""
    settings: Settings = request.app.state.settings
    return await config(request, settings)


@router.post("/api/spatial/{layer}", tags=["spatial"], status_code=201, summary="Create a feature")
async def create(
    layer: LayerKey, body: FeatureIn, uow: Uow, principal: CurrentPrincipal, response: Response
) -> FeatureOut:
    """Add a feature; faults of geometry and properties are all named."""
    found = service.editable_layer(layer)
    made = await service.create(uow, principal, found, body.geometry.model_dump(), body.properties)
    response.headers["Location"] = f"/ogc/collections/{found.key}/items/{made['id']}"
    return _answer(made, response)


@router.patch("/api/spatial/{layer}/{id}", tags=["spatial"], summary="Change a feature")
async def patch(
    layer: LayerKey,
    id: UUID,
    body: FeatureChange,
    uow: Uow,
    principal: CurrentPrincipal,
    response: Response,
    if_match: IfMatch = None,
) -> FeatureOut:
    """Change what is given. `If-Match` (or `version` in the body) names the version it is based on; stale is a 409."""
    version = _version(if_match, body.version)
    geometry = body.geometry.model_dump() if body.geometry else None
    changed = await service.patch(uow, principal, service.editable_layer(layer), id, version, geometry, body.properties)
    return _answer(changed, response)


@router.delete("/api/spatial/{layer}/{id}", tags=["spatial"], status_code=204, summary="Delete a feature")
async def delete(layer: LayerKey, id: UUID, uow: Uow, principal: CurrentPrincipal, if_match: IfMatch = None) -> None:
    """Delete a feature; its history can restore it."""
    await service.delete(uow, principal, service.editable_layer(layer), id, _version(if_match, None))


@router.get("/api/spatial/{layer}/{id}/history", tags=["spatial"], summary="Versions of a feature")
async def history(layer: LayerKey, id: UUID, uow: Uow, principal: CurrentPrincipal) -> HistoryOut:
    """All versions, newest first."""
    items = await service.history(uow, principal, service.editable_layer(layer), id)
    return HistoryOut.model_validate({"items": items})


@router.post("/api/spatial/{layer}/{id}/restore", tags=["spatial"], summary="Go back to a version")
async def restore(
    layer: LayerKey, id: UUID, body: RestoreIn, uow: Uow, principal: CurrentPrincipal, response: Response
) -> FeatureOut:
    """Make an earlier version the present one, also after a deletion."""
    return _answer(await service.restore(uow, principal, service.editable_layer(layer), id, body.version), response)


def _answer(feature: dict[str, Any], response: Response) -> FeatureOut:
    response.headers["ETag"] = f'"{feature["properties"]["version"]}"'
    return FeatureOut.model_validate(feature)


def _version(if_match: str | None, given: int | None) -> int:
    match = re.fullmatch(r'(?:W/)?"?(\d{1,9})"?', (if_match or "").strip())
    version = int(match[1]) if match else given
    if version is None:
        raise VersionRequired
    return version
