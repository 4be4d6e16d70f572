"""Settings of the desk, spoken alarms, recordings."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import BaseModel

from domain.alarms import repository, service, speech
from domain.alarms.desk import DeskSettings
from realtime.alarms.raising import view
from twin import clock
from twin.files.service import AttachmentNotFound, store
from twin.i18n import t
from twin.web import CurrentPrincipal, TwinRoute, Uow

desk = APIRouter(prefix="/desk", route_class=TwinRoute)
router = APIRouter(route_class=TwinRoute)


class Recording(BaseModel):
    """A recording of an alarm. ``status``: recording, kept (then ``attachment_id``: ``/api/files``), failed."""

    id: UUID
    camera_id: UUID
    camera_name: str
    status: str
    begun_at: datetime
    ended_at: datetime | None
    seconds: float | None
    pre_roll_s: float | None
    attachment_id: UUID | None
    error: str


@desk.get("", summary="Settings of the alarm desk")
async def desk_settings(uow: Uow, principal: CurrentPrincipal) -> DeskSettings:
    """Annunciator and recording."""
    principal.require("alarm:write")
    return DeskSettings.model_validate(await repository.desk_settings(uow.session))


@desk.put("", summary="Set the alarm desk")
async def set_desk(body: DeskSettings, uow: Uow, principal: CurrentPrincipal) -> DeskSettings:
    """In force within a second."""
    principal.require("alarm:write")
    before = await repository.desk_settings(uow.session)
    after = body.model_dump(mode="json")
    await repository.put_desk_settings(uow.session, uow.enterprise_id, after, clock.now())
    await uow.audit("set", "alarm_desk", str(uow.enterprise_id), before=before, after=after)
    return body


@router.get(
    "/{id}/speech",
    summary="An alarm, spoken",
    response_class=FileResponse,
    responses={200: {"content": {"audio/wav": {}}}},
)
async def spoken(
    id: UUID, uow: Uow, principal: CurrentPrincipal, language: Literal["zh-CN", "en"] = "zh-CN"
) -> FileResponse:
    """WAV; 503 ``no_speech`` where the server has no voice, then the browser's may be used."""
    principal.require("map:read")
    row = view(await service.require(uow, id))
    title = row["title"] if language == "zh-CN" else row["title_en"]
    text = t(f"alarm.spoken.{row['grade']}", language, title=title)
    headers = {"Cache-Control": "private, max-age=3600"}
    return FileResponse(await speech.spoken(text, language), media_type="audio/wav", headers=headers)


@router.get("/{id}/recordings", summary="What the cameras recorded of an alarm")
async def recordings(id: UUID, uow: Uow, principal: CurrentPrincipal) -> list[Recording]:
    """The first first."""
    principal.require("map:read")
    await service.require(uow, id)
    return [Recording(**row) for row in await repository.recordings(uow.session, id)]


@router.get(
    "/{id}/recordings/{recording_id}/content",
    summary="A recording of an alarm",
    response_class=FileResponse,
    responses={200: {"content": {"video/mp4": {}}}, 206: {"description": "Part of the file"}},
)
async def clip(id: UUID, recording_id: UUID, uow: Uow, principal: CurrentPrincipal) -> FileResponse:
    """For everybody who may see the alarm."""
    principal.require("map:read")
    digest = await repository.recorded(uow.session, id, recording_id)
    if digest is None or not (path := store().path(digest)).is_file():
        raise AttachmentNotFound(id=str(recording_id))
    return FileResponse(path, media_type="video/mp4")
