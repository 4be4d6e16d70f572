"""Attachments (``/api/files``)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from twin.errors import Invalid
from twin.files import service, sniff
from twin.files.models import Attachment
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/files", tags=["files"], route_class=TwinRoute)

_BINARY: dict[str, Any] = {"*/*": {"schema": {}}}  # whatever was uploaded


class AttachmentOut(BaseModel):
    """An attachment. ``media_type`` was found out from the bytes."""

    id: UUID
    name: str
    size: int
    media_type: str
    sha256: str
    owner_kind: str
    owner_key: str
    created_by: UUID | None
    created_at: datetime


def _out(row: Attachment) -> AttachmentOut:
    return AttachmentOut.model_validate(row, from_attributes=True)


@router.post(
    "", summary="Upload a file", status_code=201, openapi_extra={"requestBody": {"content": _BINARY, "required": True}}
)
async def upload(
    request: Request,
    uow: Uow,
    principal: CurrentPrincipal,
    name: Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")],
) -> AttachmentOut:
    """The body is the file itself, streamed; its kind is found out from its bytes."""
    try:
        return _out(await service.upload(uow, principal, name, request.stream()))
    except ClientDisconnect as error:
        raise Invalid(errors=[{"where": "body", "message": "incomplete"}]) from error


@router.get("/{attachment_id}", summary="About a file")
async def about(attachment_id: UUID, uow: Uow, principal: CurrentPrincipal) -> AttachmentOut:
    """Name, size, kind and digest."""
    return _out(await service.get(uow, principal, attachment_id))


@router.get(
    "/{attachment_id}/content",
    summary="Download a file",
    response_class=FileResponse,
    responses={
        200: {"content": _BINARY},
        206: {"description": "Part of the file", "content": _BINARY},
        304: {"description": "Not changed"},
        416: {"description": "Range outside the file"},
    },
)
async def content(attachment_id: UUID, request: Request, uow: Uow, principal: CurrentPrincipal) -> Response:
    """The bytes; ``Range`` requests are answered."""
    row = await service.get(uow, principal, attachment_id)
    headers = {
        "ETag": f'"{row.sha256}"',
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    if row.media_type != "application/pdf":  # browsers show no PDF inside a sandbox
        headers["Content-Security-Policy"] = "sandbox"
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    shown = "inline" if row.media_type in sniff.INLINE else "attachment"
    return FileResponse(
        service.path(row), media_type=row.media_type, filename=row.name, content_disposition_type=shown, headers=headers
    )


@router.delete("/{attachment_id}", summary="Delete a file", status_code=204)
async def delete(attachment_id: UUID, uow: Uow, principal: CurrentPrincipal) -> None:
    """One's own upload, as long as it belongs to nothing."""
    await service.delete(uow, principal, attachment_id)
