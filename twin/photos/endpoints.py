"""Live photos (``/api/photos``)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from twin.errors import Invalid, TooLarge
from twin.photos import repository, service
from twin.photos.models import LivePhoto
from twin.text_in import Asked, Body, Line
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/photos", tags=["photos"], route_class=TwinRoute)

_PICTURE: dict[str, Any] = {"requestBody": {"content": {"image/*": {"schema": {}}}, "required": True}}


class ChallengeIn(Body):
    """What is to be photographed, and where the phone or the badge says it is (EPSG:4326, degrees)."""

    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    number: Line = ""
    lon: Annotated[float | None, Field(ge=-180, le=180)] = None
    lat: Annotated[float | None, Field(ge=-90, le=90)] = None
    source: Literal["gnss", "badge", "none"] = "none"


class ChallengeOut(BaseModel):
    """A challenge: answer it before ``expires_at``. ``nonce`` is the key of the proof."""

    id: UUID
    nonce: str
    expires_at: datetime


class PhotoOut(BaseModel):
    """A live photo; ``attachment_id`` is the picture with its watermark (``/api/files/{id}/content``)."""

    id: UUID
    attachment_id: UUID | None
    sha256: str | None
    taken_at: datetime | None
    account_name: str
    place: str
    lon: float | None
    lat: float | None
    record_kind: str
    record_number: str


def out(row: LivePhoto) -> PhotoOut:
    """A photo as clients see it."""
    return PhotoOut.model_validate(row, from_attributes=True)


@router.post("/challenges", summary="Ask for a live-photo challenge", status_code=201)
async def challenge(body: ChallengeIn, uow: Uow, principal: CurrentPrincipal) -> ChallengeOut:
    """Good once and for 60 seconds."""
    row = await service.challenge(uow, principal, body.kind, body.number, body.lon, body.lat, body.source)
    return ChallengeOut(id=row.id, nonce=row.nonce, expires_at=row.expires_at)


@router.post("/{photo_id}", summary="Send the live photo", status_code=201, openapi_extra=_PICTURE)
async def send(
    photo_id: UUID,
    request: Request,
    uow: Uow,
    principal: CurrentPrincipal,
    proof: Annotated[str, Query(pattern=r"^[0-9a-fA-F]{64}$")],
) -> PhotoOut:
    """The body is the JPEG or PNG as the camera stream gave it; ``proof`` = HMAC-SHA256(nonce, hex SHA-256 of it)."""
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > service.MAX_BYTES:
                raise TooLarge(limit=service.MAX_BYTES // (1024 * 1024))
    except ClientDisconnect as error:
        raise Invalid(errors=[{"where": "body", "message": "incomplete"}]) from error
    return out(await service.take(uow, principal, photo_id, bytes(data), proof))


@router.get("", summary="Live photos of a record")
async def of_record(uow: Uow, principal: CurrentPrincipal, kind: Asked, key: Asked) -> list[PhotoOut]:
    """In the order in which they were taken."""
    principal.require("file:read")
    return [out(row) for row in await repository.of_records(uow.session, kind, [key])]
