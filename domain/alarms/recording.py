"""Cameras record alarms by themselves (clause M9.4): those bound to the point, else the nearest. Clips are attachments."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from domain.alarms import repository, repository_recordings
from domain.alarms.desk import DeskSettings, RecordingSettings
from domain.alarms.recorder import Clip, Recorder
from twin import clock
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.files.models import Attachment
from twin.files.service import store
from twin.ids import uuid7
from twin.settings import get_settings

log = structlog.get_logger("domain.alarms")

#: Alarms older than this are not recorded any more: there is nothing left to see.
FRESH = timedelta(seconds=60)
#: Streams of one enterprise that are watched for their pre-roll, and alarms taken up in one step.
WATCHED, STEP = 32, 20
#: Recordings of one camera at once; further alarms (a flood) share the newest of them.
AT_ONCE = 3
_CHUNK = 1024 * 1024


class Recordings:
    """Starts recordings and keeps what comes of them; call :meth:`step` once a second."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: dict[UUID, list[list[UUID]]] = {}  # camera: recordings that share a clip, for each clip
        self._began = False

    async def step(self) -> None:
        """Follow what is set and take up new alarms."""
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            if not self._began:
                await repository_recordings.interrupted(uow.session, clock.now())
            found = await repository_recordings.enterprises(uow.session)
        self._began = True
        streams: set[str] = set()
        pre_roll = 0
        for enterprise, raw in found:
            settings = DeskSettings.model_validate(raw).recording
            if not settings.enabled:
                continue
            async with unit_of_work(enterprise, origin="recording") as uow:
                seen = await repository_recordings.streams(uow.session, WATCHED)
                streams |= {url for url in seen if reachable(url)}
                pre_roll = max(pre_roll, settings.pre_roll_s)
                due = await repository_recordings.due(uow.session, clock.now() - FRESH, settings.max_grade, STEP)
                chosen = [(alarm, await _cameras(uow.session, alarm, settings)) for alarm in due]
            for alarm, cameras in chosen:
                for camera in cameras:
                    await self._begin(enterprise, alarm["id"], camera, settings)
        self._recorder.watch(streams if pre_roll else (), pre_roll)

    async def _begin(self, enterprise: UUID, alarm: UUID, camera: dict[str, Any], settings: RecordingSettings) -> None:
        recording = uuid7()
        async with unit_of_work(enterprise, origin="recording") as uow:
            await repository_recordings.begin(uow.session, enterprise, recording, alarm, camera, clock.now())
        running = self._running.setdefault(camera["id"], [])
        if len(running) >= AT_ONCE:
            running[-1].append(recording)
            return
        sharing = [recording]
        running.append(sharing)
        task = asyncio.create_task(self._record(enterprise, camera, sharing, settings.length_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _record(self, enterprise: UUID, camera: dict[str, Any], sharing: list[UUID], length_s: int) -> None:
        clip: Clip | None = None
        try:
            clip = await self._recorder.record(camera["stream"], length_s, get_settings().var_dir / "recordings")
            self._running[camera["id"]].remove(sharing)
            await _keep(enterprise, sharing, camera, clip)
        except Exception as error:  # one camera's fault is its own
            if sharing in self._running[camera["id"]]:
                self._running[camera["id"]].remove(sharing)
            log.warning("an alarm was not recorded", camera=camera["code"], error=str(error))
            async with unit_of_work(enterprise, origin="recording") as uow:
                for recording in sharing:
                    await repository_recordings.finish(
                        uow.session, recording, clock.now(), error=str(getattr(error, "params", "")) or str(error)
                    )
        finally:
            if clip is not None:
                await asyncio.to_thread(clip.path.unlink, missing_ok=True)

    async def close(self) -> None:
        """Break off what runs; the next process marks it as failed."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._recorder.close()


def reachable(stream: str) -> bool:
    """Whether an address can be one at all: hosts under ``.invalid`` (RFC 2606) are the demo's."""
    return not (urlsplit(stream).hostname or "").endswith(".invalid")


async def _cameras(session: Any, alarm: dict[str, Any], settings: RecordingSettings) -> list[dict[str, Any]]:
    """Cameras bound to the alarm's point, else the nearest within the radius."""
    found = [
        row
        for row in await repository.cameras(session, alarm, 50)
        if row["stream"] and reachable(row["stream"])
        and (row["bound"] or (row["distance_m"] is not None and row["distance_m"] <= settings.radius_m))
    ]  # fmt: skip
    bound = [row for row in found if row["bound"]]
    return (bound or found)[: settings.cameras]


async def _keep(enterprise: UUID, sharing: list[UUID], camera: dict[str, Any], clip: Clip) -> None:
    kept = await store().put(_chunks(clip.path))
    now = clock.now()
    async with unit_of_work(enterprise, origin="recording") as uow:
        for recording in sharing:
            row = Attachment(
                enterprise_id=enterprise, sha256=kept.sha256, size=kept.size, media_type=kept.media_type,
                name=f"{camera['code']}-{now:%Y%m%dT%H%M%SZ}.mp4", owner_kind="alarm", created_by=None,
            )  # fmt: skip
            uow.session.add(row)
            await uow.session.flush()
            alarm = await repository_recordings.finish(
                uow.session, recording, now, attachment=row.id, seconds=clip.seconds, pre_roll_s=clip.pre_roll_s
            )
            row.owner_key = str(alarm)
            after = {"alarm": str(alarm), "camera": camera["code"], "sha256": kept.sha256, "seconds": clip.seconds}
            await uow.audit("record", "attachment", str(row.id), after=after)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as source:
        while chunk := await asyncio.to_thread(source.read, _CHUNK):
            yield chunk
