"""Cameras record alarms by themselves, with what was before: real streams, real files."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.alarms.recorder import AvRecorder, NoRecording
from domain.alarms.recording import Recordings
from tests.alarms.cameras import rtsp_camera, rtsp_missing, tcp_camera
from tests.alarms.test_desk import up
from tests.conftest import Enterprise, SignIn
from tests.history.conftest import Points
from tests.history.conftest import points as points
from tests.ingest.support import eventually
from twin.db.uow import unit_of_work
from twin.ids import uuid7

av = pytest.importorskip("av", reason="the extra 'video' is not installed")
HERE = {"lon": 119.1, "lat": 36.7, "h": 10.0}


def pictures(content: bytes) -> int:
    """How many frames of a clip can be decoded."""
    with av.open(io.BytesIO(content)) as clip:
        return sum(1 for _ in clip.decode(video=0))


async def ready(recorder: AvRecorder, url: str, seconds: float) -> None:
    """Wait until the ring holds this much."""

    def held() -> bool:
        ring = list(recorder._cameras[url]._ring) if url in recorder._cameras else []
        return bool(ring) and ring[-1][0] - ring[0][0] >= seconds

    await eventually(held)


async def record(url: str, folder: Path) -> None:
    recorder = AvRecorder()
    try:
        recorder.watch([url], 1.0)
        await ready(recorder, url, 1.0)
        clips = await asyncio.gather(*(recorder.record(url, length, folder) for length in (1.0, 1.5)))
        for clip, length in zip(clips, (1.0, 1.5), strict=True):
            assert clip.pre_roll_s >= 1.0, "the second before the call is in the clip"
            assert pictures(clip.path.read_bytes()) >= 5 and clip.seconds > length * 0.5
    finally:
        recorder.close()


async def test_a_clip_begins_before_the_call(tmp_path: Path) -> None:
    with tcp_camera() as url:
        await record(url, tmp_path)


@pytest.mark.req("M9.4", "S3.2")
async def test_a_real_rtsp_camera_is_recorded(tmp_path: Path) -> None:
    if why := rtsp_missing():
        pytest.skip(f"no RTSP server on this machine: {why}")
    async with rtsp_camera() as url:
        await record(url, tmp_path)


async def test_a_camera_that_is_away_is_told(tmp_path: Path) -> None:
    recorder = AvRecorder()
    with pytest.raises(NoRecording):
        await recorder.record("tcp://127.0.0.1:9", 0.3, tmp_path)
    recorder.close()
    assert not await asyncio.to_thread(lambda: list(tmp_path.iterdir()))


async def camera(enterprise: Enterprise, site: UUID, code: str, stream: str, lon: float) -> UUID:
    async with unit_of_work(enterprise.id) as uow:
        id_ = uuid7()
        await uow.session.execute(
            text(
                "INSERT INTO camera (id, enterprise_id, site_id, code, name, kind, stream, geom, version, created_at,"
                " updated_at) VALUES (:id, :e, :site, :code, :code, 'fixed', :stream,"
                " ST_SetSRID(ST_MakePoint(:lon, :lat, 12), 4326), 1, now(), now())"
            ),
            {"id": id_, "e": enterprise.id, "site": site, "code": code, "stream": stream, "lon": lon, "lat": 36.7},
        )
    return id_


@asynccontextmanager
async def desk_at_work(recordings: Recordings) -> AsyncIterator[None]:
    async def work() -> None:
        while True:
            await recordings.step()
            await asyncio.sleep(0.1)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await recordings.close()


@pytest.mark.req("M9.4")
async def test_bound_and_nearest_cameras_record_by_themselves(
    points: Points,
    enterprise: Enterprise,
    sign_in: SignIn,
) -> None:
    desk, admin, device = await sign_in("control"), await sign_in("manager"), points.devices[0]
    async with unit_of_work(enterprise.id) as uow:
        site = (await uow.session.execute(text("SELECT id FROM site"))).scalar_one()

    async def of(alarm: UUID, status: str) -> list[dict[str, Any]]:
        async with asyncio.timeout(60):
            while True:
                rows = (await desk.get(f"/api/alarms/{alarm}/recordings")).json()
                if rows and all(row["status"] == status for row in rows):
                    return list(rows)
                await asyncio.sleep(0.05)

    with tcp_camera() as one, tcp_camera() as two:
        near = await camera(enterprise, site, "CAM-NEAR", one, HERE["lon"] + 0.0001)
        far = await camera(enterprise, site, "CAM-FAR", two, HERE["lon"] + 1)
        body = {"recording": {"max_grade": 2, "length_s": 1, "pre_roll_s": 1, "cameras": 1, "radius_m": 50}}
        assert (await admin.put("/api/alarms/desk", json=body)).status_code == 200
        bound = await admin.put(f"/api/alarms/points/{device}/cameras", json={"cameras": [str(far)]})
        assert bound.json()["cameras"] == [str(far)]
        recorder = AvRecorder()
        async with desk_at_work(Recordings(recorder)):
            await ready(recorder, one, 1.0)
            await ready(recorder, two, 1.0)
            by_place = await up(enterprise, "point:place:hh", **HERE)
            by_bond = await up(enterprise, "point:bond:hh", subject_layer="device", subject_id=device, **HERE)
            minor = await up(enterprise, "point:minor:h", grade=3, **HERE)
            (first,), (second,) = await of(by_place, "kept"), await of(by_bond, "kept")
            assert (first["camera_id"], second["camera_id"]) == (str(near), str(far))
            for alarm, row in ((by_place, first), (by_bond, second)):
                assert row["pre_roll_s"] >= 1.0 and row["seconds"] > 1.0
                clip = await desk.get(f"/api/alarms/{alarm}/recordings/{row['id']}/content")
                assert clip.status_code == 200 and clip.headers["content-type"] == "video/mp4"
                assert pictures(clip.content) >= 5
            assert (await desk.get(f"/api/alarms/{minor}/recordings")).json() == []
