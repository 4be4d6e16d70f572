"""Layouts of big screens over HTTP: what the administrator places is what every screen of that scene gets."""

from __future__ import annotations

import pytest

from domain.screens import repository
from tests.conftest import Enterprise, SignIn
from tests.support import make_enterprise
from twin.db.uow import unit_of_work


@pytest.mark.req("S4")
async def test_each_scene_has_its_own_layout(enterprise: Enterprise, sign_in: SignIn) -> None:
    manager, control = await sign_in("manager"), await sign_in("control")
    scenes = (await control.get("/api/screens")).json()
    assert [(s["scene"], s["version"], s["panels"]) for s in scenes] == [
        ("control_room", 0, []), ("gatehouse", 0, []), ("meeting", 0, []),
    ]  # fmt: skip
    body = {
        "version": 0,
        "panels": [
            {"key": "alarms", "side": "left"},
            {"key": "people", "side": "right", "hidden": True},
            {"key": "timeline", "side": "bottom", "hidden": True},
        ],
        "carousel": {"seconds": 20, "views": ["home", "tanks"]},
    }
    assert (await control.put("/api/screens/gatehouse", json=body)).status_code == 403
    made = await manager.put("/api/screens/gatehouse", json=body)
    assert made.status_code == 200, made.text
    seen = (await control.get("/api/screens/gatehouse")).json()
    assert seen == made.json() and seen["version"] == 1
    assert [(p["key"], p["side"], p["hidden"]) for p in seen["panels"]] == [
        ("alarms", "left", False),
        ("people", "right", True),
        ("timeline", "bottom", True),
    ]
    assert (await control.get("/api/screens/meeting")).json()["version"] == 0
    # Two at once: the second one is told, nothing is lost.
    late = await manager.put("/api/screens/gatehouse", json=body)
    assert late.status_code == 409 and late.json()["code"] == "screen_layout_changed"
    assert (await manager.put("/api/screens/gatehouse", json={**body, "version": 1, "panels": []})).json()[
        "version"
    ] == 2
    for wrong in (
        {**body, "version": 2, "panels": [body["panels"][0]] * 2},
        {**body, "version": 2, "carousel": {"seconds": 2, "views": []}},
        {**body, "version": 2, "panels": [{"key": "alarms", "side": "top"}]},
    ):
        assert (await manager.put("/api/screens/gatehouse", json=wrong)).status_code == 422
    assert (await manager.put("/api/screens/attic", json=body)).status_code == 422
    audit = await (await sign_in("audit_admin")).get("/api/audit", params={"kind": "screen_layout"})
    assert len(audit.json()["items"]) == 2
    async with unit_of_work((await make_enterprise("elsewhere")).id) as uow:
        assert await repository.layouts(uow.session) == {}
