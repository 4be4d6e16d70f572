"""Sources over HTTP: added, changed, tested, stopped and started without a restart; secrets never come out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from realtime.ingest import repository, vault
from tests.conftest import Enterprise, SignIn
from tests.history.conftest import Points
from tests.ingest.support import eventually, modbus_peer, quiet_port
from tests.ingest.test_gateway import running
from twin.db.uow import unit_of_work
from twin.settings import Settings


@pytest.mark.req("M9.1")
async def test_a_source_is_added_changed_stopped_and_started_without_a_restart(
    points: Points, enterprise: Enterprise, database: Settings, sign_in: SignIn, tmp_path: Path
) -> None:
    admin, device = await sign_in("system_admin"), points.devices[0]
    async with modbus_peer(1) as bus, running(database, enterprise.id, tmp_path, look=60) as (gateway, screen):
        bus.registers[1][0:2] = [5, 6]
        body = {
            "name": "plc",
            "kind": "modbus_tcp",
            "settings": {"host": "127.0.0.1", "port": bus.port, "period_s": 0.05},
        }
        made = await admin.post("/api/sources", json=body | {"bad_after_s": 30})
        assert made.status_code == 201, made.text
        at = f"/api/sources/{made.json()['id']}"
        assert (await admin.post("/api/sources", json=body)).status_code == 409
        put = await admin.put(at + "/points", json=[{"device_id": str(device), "address": "1:holding:0"}])
        assert put.status_code == 200, put.text
        await eventually(lambda: screen[device]["v"] == 5.0)
        moved = [{"device_id": str(device), "address": "1:holding:1", "scale": 10, "shift": 1}]
        assert (await admin.put(at + "/points", json=moved)).status_code == 200
        await eventually(lambda: screen[device]["v"] == 61.0)
        changed = await admin.patch(at, json={"name": "plc-1", "settings": {"period_s": 0.2}})
        assert changed.json()["settings"]["period_s"] == 0.2 and changed.json()["settings"]["port"] == bus.port
        await eventually(lambda: any(s.row.name == "plc-1" and s.connected for s in gateway.sources.values()))
        await gateway._note()
        (fares,) = (await admin.get("/api/sources")).json()
        assert fares["connected"] and fares["last_at"] and fares["points"] == 1 and fares["counts"]["taken"] > 0
        assert (await admin.post(at + "/stop")).json()["enabled"] is False
        await eventually(lambda: screen[device]["q"] == "bad" and not gateway.sources)
        assert (await admin.post(at + "/start")).json()["enabled"] is True
        await eventually(lambda: screen[device]["v"] == 61.0)
        assert (await admin.get(at + "/points")).json()[0]["address"] == "1:holding:1"
        assert (await admin.delete(at)).status_code == 204
        await eventually(lambda: not gateway.sources and screen[device]["q"] == "bad")
        assert (await admin.get(at)).status_code == 404


async def test_one_value_is_read_now_and_nothing_is_kept(points: Points, sign_in: SignIn) -> None:
    admin = await sign_in("system_admin")
    async with modbus_peer(1) as bus:
        bus.registers[1][3] = 42
        body = {"kind": "modbus_tcp", "settings": {"host": "127.0.0.1", "port": bus.port}, "addresses": ["1:holding:3"]}
        answer = (await admin.post("/api/sources/test", json=body)).json()
        assert answer["ok"] and answer["values"] == [
            {"address": "1:holding:3", "value": 42.0, "quality": "good", "ts": None}
        ]  # fmt: skip
        refused = await admin.post("/api/sources/test", json=body | {"addresses": ["nonsense"]})
        assert refused.status_code == 422 and refused.json()["code"] == "address_invalid"
    body["settings"] = {"host": "127.0.0.1", "port": quiet_port()}
    answer = (await admin.post("/api/sources/test", json=body)).json()
    assert not answer["ok"] and "no connection" in answer["error"] and answer["values"][0]["quality"] is None


@pytest.mark.req("S5")
async def test_secrets_never_come_out(points: Points, enterprise: Enterprise, sign_in: SignIn) -> None:
    admin = await sign_in("system_admin")
    body = {"name": "mq", "kind": "mqtt", "settings": {"host": "broker", "password": "hunter2-x"}, "enabled": False}
    made = await admin.post("/api/sources", json=body)
    assert made.status_code == 201 and "hunter2" not in made.text
    at = f"/api/sources/{made.json()['id']}"
    assert made.json()["secrets"] == ["password"] and "password" not in made.json()["settings"]
    await admin.patch(at, json={"settings": {"port": 1884}})  # what is left out stays
    async with unit_of_work(enterprise.id) as uow:
        row = await repository.source_named(uow.session, "mq")
        assert (
            row is not None and vault.opened(row.settings)["password"] == "hunter2-x" and row.settings["port"] == 1884
        )
        audit = (await uow.session.execute(text("SELECT * FROM audit"))).all()
        outbox = (await uow.session.execute(text("SELECT payload FROM outbox"))).all()
    everything = json.dumps(row.settings) + str(audit) + str(outbox)
    everything += (await admin.get(at)).text + (await admin.get("/api/sources")).text
    assert "hunter2" not in everything
    await admin.patch(at, json={"settings": {"password": ""}})  # an empty one takes it away
    assert (await admin.get(at)).json()["secrets"] == []


async def test_faults_are_named_and_rights_are_kept(points: Points, sign_in: SignIn) -> None:
    admin, manager = await sign_in("system_admin"), await sign_in("manager")
    wrong = {"name": "x", "kind": "modbus_tcp", "settings": {"host": "h", "port": 99999, "speed": 1}}
    told = await admin.post("/api/sources", json=wrong)
    assert told.status_code == 422 and [e["where"] for e in told.json()["errors"]] == ["speed"]
    del wrong["settings"]["speed"]  # type: ignore[attr-defined]
    told = await admin.post("/api/sources", json=wrong)
    assert told.status_code == 422 and [e["where"] for e in told.json()["errors"]] == ["port"]
    assert (await admin.post("/api/sources", json=wrong | {"kind": "telepathy"})).json()[
        "code"
    ] == "source_kind_unknown"
    wrong["settings"]["port"] = 502  # type: ignore[index]
    at = f"/api/sources/{(await admin.post('/api/sources', json=wrong | {'enabled': False})).json()['id']}"
    points_ = [
        {"device_id": str(points.devices[0]), "address": "?"},
        {"device_id": str(points.devices[0]), "address": "1:coil:1"},
    ]
    told = await admin.put(at + "/points", json=points_)
    assert told.status_code == 422
    assert [e["where"] for e in told.json()["errors"]] == ["points.0.address", "points.1.device_id"]
    assert (await admin.post(at + "/browse", json={})).json()["code"] == "not_browsable"
    kinds = {k["kind"]: k for k in (await admin.get("/api/sources/kinds", headers={"Accept-Language": "en"})).json()}
    assert kinds["mqtt"]["form"]["properties"]["password"]["title"] == "Password"
    for method, path in (
        ("GET", "/api/sources/kinds"), ("POST", "/api/sources"), ("POST", "/api/sources/test"), ("PATCH", at),
        ("DELETE", at), ("POST", at + "/stop"), ("PUT", at + "/points"), ("POST", at + "/browse"),
    ):  # fmt: skip
        body = {"POST": wrong, "PATCH": {}, "PUT": []}.get(method)
        if path.endswith("/test"):
            body = {"kind": "mqtt", "settings": {}}
        answer = await manager.request(method, path, json={} if path.endswith("browse") else body)
        assert answer.status_code == 403, (method, path, answer.text)
