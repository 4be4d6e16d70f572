"""OPC UA: security with certificates, picking nodes, and what the server kept while the line was cut."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from realtime.history import repository as history
from realtime.ingest import certificates
from realtime.ingest.plugin import FieldPoint, SourceError
from realtime.ingest.sources.opcua import KIND, OpcuaSettings, connected, hang_up
from tests.conftest import Enterprise, SignIn
from tests.history.conftest import Points
from tests.ingest.support import URI, Ear, Line, eventually, ua_peer
from tests.ingest.test_gateway import put, running
from twin import clock
from twin.db.uow import unit_of_work
from twin.settings import Settings


@pytest.mark.req("M9.1", "S3.2")
async def test_a_server_that_demands_certificates(database: Settings, tmp_path: Path) -> None:
    certificates.make(tmp_path / "server.der", tmp_path / "server.pem", "urn:test:server", "server")
    async with ua_peer(2, keys=tmp_path) as peer:
        given = {"url": peer.url, "publishing_ms": 50, "sampling_ms": 0, "timeout_s": 8}
        with pytest.raises(SourceError):
            await KIND.run(OpcuaSettings.model_validate(given), [FieldPoint(0, f"nsu={URI};s=P0")], Ear())
        secure = given | {"policy": "Basic256Sha256", "server_certificate": str(tmp_path / "server.der")}
        ear = Ear()
        settings = OpcuaSettings.model_validate(secure)
        task = asyncio.create_task(KIND.run(settings, [FieldPoint(0, f"nsu={URI};s=P0")], ear))
        try:
            await eventually(lambda: ear.samples or task.done())
            await peer.write(0, 77.5)
            await eventually(lambda: 77.5 in ear.of(0) or task.done())
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert ear.of(0)[-1] == 77.5
        shown = hashlib.sha256((tmp_path / "server.der").read_bytes()).hexdigest()
        given |= {"policy": "Basic256Sha256"}
        with pytest.raises(SourceError, match=f"not known yet.*{shown}"):
            await connected(OpcuaSettings.model_validate(given))
        with pytest.raises(SourceError, match=f"another.*{shown}"):
            await connected(OpcuaSettings.model_validate(given | {"server_thumbprint": "ab" * 32}))
        colons = ":".join(shown[n : n + 2] for n in range(0, len(shown), 2)).upper()
        await hang_up(await connected(OpcuaSettings.model_validate(given | {"server_thumbprint": colons})))
    key = database.var_dir / "secrets" / "opcua.pem"
    assert key.stat().st_mode & 0o077 == 0


async def test_nodes_are_picked_from_the_servers_tree(points: Points, sign_in: SignIn) -> None:
    admin = await sign_in("system_admin")
    async with ua_peer(3) as peer:
        body = {"name": "tree", "kind": "opcua", "settings": {"url": peer.url, "timeout_s": 3}, "enabled": False}
        at = f"/api/sources/{(await admin.post('/api/sources', json=body)).json()['id']}"
        answer = await admin.post(at + "/browse", json={})
        assert answer.status_code == 200, answer.text
        root = {branch["name"]: branch for branch in answer.json()}
        assert root["P2"] == {
            "node": f"nsu={URI};s=P2", "address": f"nsu={URI};s=P2", "name": "P2", "variable": True, "value": 2.0,
        }  # fmt: skip
        assert not root["Server"]["variable"]
        under = (await admin.post(at + "/browse", json={"node": root["Server"]["node"]})).json()
        assert "ServerStatus" in {branch["name"] for branch in under}
    gone = await admin.post(at + "/browse", json={})
    assert gone.status_code == 503 and gone.json()["code"] == "source_unreachable"
    certificate = await admin.get("/api/sources/opcua/certificate")
    assert certificate.status_code == 200 and certificate.content[:1] == b"\x30"


@pytest.mark.req("M9.2")
async def test_what_the_server_kept_while_the_line_was_cut_is_not_lost_and_not_doubled(
    points: Points, enterprise: Enterprise, database: Settings, tmp_path: Path
) -> None:
    device = points.devices[8]
    async with (
        ua_peer(1, history=True) as peer,
        Line("127.0.0.1", peer.port).laid() as line,
        running(database, enterprise.id, tmp_path) as (gateway, screen),
    ):
        given = {"url": f"opc.tcp://127.0.0.1:{line.port}/", "publishing_ms": 50, "sampling_ms": 0, "silent_s": 1.5}
        kept: list[tuple[float, datetime]] = []

        async def process(values: range) -> None:
            for n in values:
                kept.append((100.0 + n, clock.now()))
                await peer.write(0, *kept[-1])

        await put(enterprise.id, "kept", "opcua", given, {device: f"nsu={URI};s=P0"}, bad=1.0)
        await eventually(lambda: screen[device]["q"] == "good")
        await process(range(3))
        await eventually(lambda: screen[device]["v"] == 102.0)
        line.cut()
        await eventually(lambda: screen[device]["q"] == "bad")
        await process(range(3, 20))  # it goes on; nobody hears it
        assert screen[device]["v"] is None
        line.whole = True
        await eventually(lambda: screen[device]["v"] == 119.0)
        await eventually(lambda: sum(s.feed.counts.replayed for s in gateway.sources.values()) >= 17)
        await gateway.recorder.flush()
    async with unit_of_work(enterprise.id) as uow:
        tag = (await history.ensure_tags(uow.session, enterprise.id, [device]))[device]
        rows = await uow.session.execute(
            text(
                "SELECT value, ts FROM history_sample WHERE tag_id = :t AND quality >= 0 AND value >= 100 ORDER BY ts"
            ),
            {"t": tag},
        )
        stored = [(row.value, row.ts) for row in rows]
    assert [pair for pair in stored if pair in kept] == kept
    assert len({ts for _, ts in stored}) == len(stored)
