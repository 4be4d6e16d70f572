"""The hub over the real database: layers, inbox, sign-out, restart, and the process itself."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jsonschema
import psutil
import pytest_asyncio
from websockets.asyncio.client import connect

from realtime.hub.asyncapi import document
from realtime.hub.codec import JSON_PROTOCOL
from realtime.hub.server import serve
from tests.conftest import Enterprise, SignIn
from tests.hub.support import Reader, eventually
from tests.support import make_enterprise
from twin.auth.service import authenticate_token
from twin.db.cluster import free_port
from twin.db.uow import unit_of_work
from twin.notify.service import mark, notify
from twin.registry.layer import layers
from twin.settings import Settings, child_environment
from twin.spatial import service as spatial

RING = [[118.0, 39.0], [118.02, 39.0], [118.02, 39.02], [118.0, 39.02], [118.0, 39.0]]
SITE = {
    "code": "demo", "name": "示范厂区", "crs": 4549, "timezone": "Asia/Shanghai",
    "origin_lon": 118.01, "origin_lat": 39.01, "origin_h": 10.0,
}  # fmt: skip


@dataclass
class Plant:
    """An enterprise with a site, and its manager."""

    enterprise: Enterprise
    username: str

    async def put(self, code: str, level: int = 4) -> dict[str, Any]:
        """Create a zone."""
        x = 118.001 + int(code[1:]) * 0.001
        ring = [[x, 39.001], [x + 0.0005, 39.001], [x + 0.0005, 39.0015], [x, 39.001]]
        fields = {"code": code, "name": f"区域 {code}", "kind": "area", "control_level": 2, "static_risk": level}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        async with unit_of_work(self.enterprise.id) as uow:
            heights = {"z_min": 10, "z_max": 20}
            return await spatial.create(uow, await self.principal(), layers()["zone"], geometry, {**fields, **heights})

    async def risk(self, feature: dict[str, Any], level: int) -> dict[str, Any]:
        """Change a zone's level."""
        async with unit_of_work(self.enterprise.id) as uow:
            return await spatial.patch(
                uow, await self.principal(), layers()["zone"], UUID(feature["id"]), feature["properties"]["version"],
                None,
                {"static_risk": level},
            )  # fmt: skip

    async def delete(self, feature: dict[str, Any]) -> None:
        """Delete a zone."""
        async with unit_of_work(self.enterprise.id) as uow:
            await spatial.delete(
                uow, await self.principal(), layers()["zone"], UUID(feature["id"]), feature["properties"]["version"]
            )

    async def principal(self) -> Any:
        """The manager."""
        return await authenticate_token(await self.token())

    async def token(self) -> str:
        """A session of the manager."""
        from twin.auth.service import sign_in

        if not hasattr(self, "_token"):
            self._token = (await sign_in(self.username, self.enterprise.password)).secret
        return self._token


async def _plant(enterprise: Enterprise, prefix: str = "") -> Plant:
    plant = Plant(enterprise, f"{prefix}manager")
    async with unit_of_work(enterprise.id) as uow:
        await spatial.create(
            uow, await plant.principal(), layers()["site"], {"type": "Polygon", "coordinates": [RING]}, SITE
        )
    return plant


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plant(database: Settings, enterprise: Enterprise) -> Plant:
    """The plant of the enterprise ``demo``."""
    return await _plant(enterprise)


@asynccontextmanager
async def hub(database: Settings) -> AsyncIterator[int]:
    """A hub on a free port."""
    settings = database.model_copy(update={"hub_port": free_port()})
    stop = asyncio.Event()
    task = asyncio.create_task(serve(settings, stop))
    await _answers(settings.hub_port)
    yield settings.hub_port
    stop.set()
    await task


async def _answers(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(30):
        while True:
            with suppress(httpx.TransportError):
                await http.get(f"http://127.0.0.1:{port}/health")
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def reader(port: int, token: str) -> AsyncIterator[Reader]:
    """A signed-in connection, by cookie as a browser does it."""
    async with connect(
        f"ws://127.0.0.1:{port}/", subprotocols=[JSON_PROTOCOL], compression=None, proxy=None, max_size=None,
        additional_headers={"Cookie": f"twin_session={token}", "Origin": "http://127.0.0.1:8080"},
    ) as socket:  # fmt: skip
        found = Reader(socket)
        found.hello = await found.expect("hello")
        yield found


async def test_a_layer_lives(database: Settings, plant: Plant) -> None:
    async with hub(database) as port, reader(port, await plant.token()) as anna:
        first = await plant.put("z1")
        await anna.sub()
        assert {f["properties"]["code"] for f in anna.state.values()} >= {"z1"}
        second = await plant.put("z2")
        changed = await plant.risk(first, 1)
        await anna.until(lambda _: anna.state.get(first["id"]) == changed and second["id"] in anna.state)
        await plant.delete(second)
        await anna.until(lambda _: second["id"] not in anna.state)
        async with reader(port, await plant.token()) as fresh:
            await fresh.sub()
            assert fresh.state == anna.state, "stale snapshot + events == fresh snapshot"
        contract = document(layers().values(), "ws://127.0.0.1/")
        for frame in anna.frames:
            if frame["op"] in ("snap", "delta"):
                schema = {
                    "$ref": f"#/components/schemas/zone{frame['op'].title()}",
                    "components": contract["components"],
                }
                jsonschema.validate(frame, schema)


async def test_after_a_restart_of_the_hub_a_client_goes_on(database: Settings, plant: Plant) -> None:
    async with hub(database) as port, reader(port, await plant.token()) as anna:
        await anna.sub()
        feature = await plant.put("z3")
        await anna.until(lambda _: feature["id"] in anna.state)
        state, since = anna.state, anna.seq
    async with hub(database) as port, reader(port, await plant.token()) as anna:
        anna.state = dict(state)
        assert [f["op"] for f in await anna.sub(since=since)] == ["live"]
        feature = await plant.risk(feature, 2)
        await anna.until(lambda _: anna.state[feature["id"]] == feature)
        since = anna.seq
    await plant.risk(feature, 3)  # while no hub runs
    async with hub(database) as port, reader(port, await plant.token()) as anna:
        assert (await anna.sub(since=since))[0]["op"] == "snap"
        assert anna.state[feature["id"]]["properties"]["static_risk"] == 3


async def test_another_enterprise_sees_nothing(database: Settings, plant: Plant) -> None:
    other = await _plant(await make_enterprise("other"), "other-")
    async with (
        hub(database) as port,
        reader(port, await plant.token()) as anna,
        reader(port, await other.token()) as eve,
    ):
        await eve.sub()
        await anna.sub()
        ours = await plant.put("z4")
        theirs = await other.put("z5")
        await eve.until(lambda f: f["op"] == "delta")
        assert set(eve.state) == {theirs["id"]}
        await anna.until(lambda _: ours["id"] in anna.state)
        assert theirs["id"] not in anna.state


async def test_concurrent_writers_and_a_fresh_snapshot_agree(database: Settings, plant: Plant) -> None:
    async with hub(database) as port, reader(port, await plant.token()) as anna:
        features = [await plant.put(f"z{n}") for n in (6, 7, 8)]
        await anna.sub()

        async def churn(feature: dict[str, Any]) -> dict[str, Any]:
            for level in (1, 2, 3, 4, 1):
                feature = await plant.risk(feature, level)
            return feature

        ended = await asyncio.gather(*(churn(f) for f in features))
        await anna.until(lambda _: all(anna.state.get(f["id"]) == f for f in ended))
        async with reader(port, await plant.token()) as fresh:
            await fresh.sub()
            assert fresh.state == anna.state


async def test_the_inbox_is_pushed_and_read_elsewhere(database: Settings, plant: Plant) -> None:
    account = (await plant.principal()).account_id
    async with hub(database) as port, reader(port, await plant.token()) as anna:
        await anna.sub(topic="inbox")
        async with unit_of_work(plant.enterprise.id) as uow:
            ids = await notify(uow, [account], "audit_fault", {"count": 1, "reason": "x", "n": 1, "audit_id": "a"})
        await anna.until(lambda _: str(ids[0]) in anna.state)
        jsonschema.validate(anna.state[str(ids[0])], document((), "ws://x/")["components"]["schemas"]["inboxItem"])
        assert anna.state[str(ids[0])]["read_at"] is None and anna.state[str(ids[0])]["title"]
        async with unit_of_work(plant.enterprise.id) as uow:
            await mark(uow, account, ids, read=True, language="zh-CN")
        await anna.until(lambda _: anna.state[str(ids[0])]["read_at"])
        async with unit_of_work(plant.enterprise.id) as uow:
            await notify(uow, [account], "audit_fault", {"count": 2, "reason": "x", "n": 1, "audit_id": "a"})
            await uow.emit("inbox", "reload", str(account), {"account_id": str(account)})
        await anna.until(lambda f: f["op"] == "live" and len(anna.state) == 2)


async def test_signing_out_closes_the_connection(database: Settings, plant: Plant, sign_in: SignIn) -> None:
    http = await sign_in("employee")
    token = http.cookies["twin_session"]
    async with hub(database) as port, reader(port, token) as anna:
        await anna.sub()
        assert (await http.post("/api/auth/logout")).status_code < 300
        assert await anna.closed() == 4401


def _spawn(settings: Settings, **extra: str) -> subprocess.Popen[bytes]:
    env = {**child_environment(settings), **extra}
    return subprocess.Popen([sys.executable, "-m", "realtime.hub.server"], env=env, stderr=subprocess.DEVNULL)


async def test_the_process_ends_cleanly(database: Settings, plant: Plant) -> None:
    settings = database.model_copy(update={"hub_port": free_port()})
    process = _spawn(settings, TWIN_PARENT=str(os.getpid()))
    try:
        await _answers(settings.hub_port)
        async with reader(settings.hub_port, await plant.token()) as anna:
            await anna.sub()
            await plant.put("z9")
            await anna.until(lambda f: f["op"] == "delta")
            process.send_signal(signal.SIGTERM)
            assert await anna.closed() == 1001
        await eventually(lambda: process.poll() is not None)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


async def test_the_process_dies_with_its_parent(tmp_path: Path) -> None:
    """Also before the database answers: a hub without a supervisor would hold its port."""
    nowhere = "postgresql://nobody:x@127.0.0.1:1/none"
    env = {**os.environ, "TWIN_DATABASE_URL": nowhere, "TWIN_APP_DATABASE_URL": nowhere, "TWIN_VAR_DIR": str(tmp_path)}
    code = (
        "import os, subprocess, sys, time; os.environ['TWIN_PARENT'] = str(os.getpid());"
        "p = subprocess.Popen([sys.executable, '-m', 'realtime.hub.server'], stderr=subprocess.PIPE);"
        "p.stderr.readline(); print(p.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE)  # noqa: ASYNC220
    try:
        assert parent.stdout is not None
        child = psutil.Process(int(await asyncio.to_thread(parent.stdout.readline)))
        parent.kill()
        await eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    finally:
        parent.kill()
        parent.wait()
        assert parent.stdout is not None
        parent.stdout.close()
