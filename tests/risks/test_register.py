"""The register over HTTP: hierarchy, computed levels, signed overrides, and zones of the map that follow."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import Enterprise, SignIn
from tests.kernel.tools import owner
from tests.risks.support import event, make_unit, post
from tests.signature.support import confirmation
from tests.support import make_enterprise
from twin.settings import Settings

Json = dict[str, Any]


async def _zone(http: httpx.AsyncClient, code: str) -> Json:
    answer = await http.get("/ogc/collections/zone/items", params={"filter": f"code = '{code}'"})
    (found,) = answer.json()["features"]
    return dict(found["properties"])


@pytest.mark.req("M4.1")
@pytest.mark.req("M8.5")
async def test_a_risk_is_registered_and_colours_its_zone(manager: httpx.AsyncClient) -> None:
    before = await _zone(manager, "Z-61")
    assert (before["static_risk"], before["control_level"]) == (4, 4)
    unit = await make_unit(manager, "U-61", ["Z-61"])
    low = await post(manager, "/api/risks/events", event(unit, 1, 2))
    assert (low["level"], low["control_level"]) == (4, 4)
    high = await post(manager, "/api/risks/events", event(unit, 5, 5, name="油气爆炸"))
    assert (high["score"], high["level"], high["control_level"]) == (25, 1, 1)
    after = await _zone(manager, "Z-61")
    assert (after["static_risk"], after["control_level"]) == (1, 1) and after["version"] == before["version"] + 1
    # Back when the cause is gone.
    path = f"/api/risks/events/{high['id']}"
    assert (await manager.delete(path, params={"version": high["version"]})).status_code == 204
    back = await _zone(manager, "Z-61")
    assert (back["static_risk"], back["control_level"]) == (4, 4)
    # The unit moves: the zone that it enters takes its level.
    worse = await post(manager, "/api/risks/events", event(unit, 3, 5, name="蒸汽爆炸"))
    units = {u["code"]: u for u in (await manager.get("/api/risks/units")).json()}
    body = {k: units["U-61"][k] for k in ("object_id", "code", "name")} | {"zone_codes": ["Z-62"]}
    moved = await manager.put(f"/api/risks/units/{unit['id']}", params={"version": units["U-61"]["version"]}, json=body)
    assert moved.status_code == 200, moved.text
    assert worse["level"] == 2 and (await _zone(manager, "Z-62"))["static_risk"] == 2


@pytest.mark.req("M8.5")
async def test_a_control_level_below_the_risk_is_refused(manager: httpx.AsyncClient, database: Settings) -> None:
    unit = await make_unit(manager, "U-85")
    for likelihood, severity, level in ((5, 4, 1), (3, 5, 2), (3, 3, 3)):
        body = event(unit, likelihood, severity, name=f"e{level}")
        refused = await manager.post("/api/risks/events", json={**body, "control_level": level + 1})
        assert refused.status_code == 422 and refused.json()["errors"][0]["code"] == "control_too_low"
        made = await post(manager, "/api/risks/events", {**body, "control_level": 1})
        assert made["control_level"] == 1  # a higher one may control it
    with owner(database) as connection, pytest.raises(Exception, match="ck_risk_event_control"):
        connection.execute("UPDATE risk_event SET control_level = 4 WHERE level = 1")


@pytest.mark.req("M4.1")
async def test_an_override_needs_reason_and_signature_and_any_later_change_shows(
    manager: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    unit = await make_unit(manager, "U-ov")
    made = await post(manager, "/api/risks/events", event(unit, 2, 2))
    path = f"/api/risks/events/{made['id']}"
    body = {"level": 2, "reason": "本年度发生过同类未遂事件", "confirmation": confirmation()}
    for wrong in ({**body, "reason": ""}, {k: v for k, v in body.items() if k != "confirmation"}):
        assert (await manager.post(f"{path}/override", params={"version": 1}, json=wrong)).status_code == 422
    bad = {**body, "confirmation": confirmation("wrong")}
    assert (await manager.post(f"{path}/override", params={"version": 1}, json=bad)).status_code == 401
    done = (await manager.post(f"{path}/override", params={"version": 1}, json=body)).json()
    assert (done["computed_level"], done["level"], done["control_level"]) == (4, 2, 2)
    check = (await client.get(f"/api/verify/{done['override_id']}")).json()
    assert check["valid"] and check["checks"]["record"] is True and check["title"] == "风险等级人工调整"
    stale = await manager.post(f"{path}/override", params={"version": 1}, json=body)
    assert stale.status_code == 409
    # Assessed anew: the override ends, and the old signature says what differs.
    anew = await manager.put(path, params={"version": done["version"]}, json=event(unit, 3, 3))
    assert (anew.json()["level"], anew.json()["override_id"]) == (3, None)
    check = (await client.get(f"/api/verify/{done['override_id']}")).json()
    assert not check["valid"] and {"level", "override_reason", "factors.L"} <= set(check["changed"])


@pytest.mark.req("M4.1")
async def test_the_register_is_asked_by_department_level_control_owner_and_zone(manager: httpx.AsyncClient) -> None:
    unit, other = await make_unit(manager, "U-q1", ["Z-43"]), await make_unit(manager, "U-q2", ["Z-44"])
    for n in range(7):
        await post(
            manager, "/api/risks/events", event(unit, 3, 3, name=f"q{n}", department="公用工程部", owner="孙卫东")
        )
    odd = await post(
        manager, "/api/risks/events", event(other, 4, 4, name="odd", department="公用工程部", owner="钱伟")
    )
    await post(manager, "/api/risks/measures", {
        "event_id": odd["id"], "description": "联锁", "classify1": 1, "classify2": "1-4", "data_src": 1,
    })  # fmt: skip

    async def ask(**query: Any) -> list[Json]:
        rows: list[Json] = []
        page: Json = {"next": ""}
        while page["next"] is not None:
            extra = {"after": page["next"]} if page["next"] else {}
            page = (await manager.get("/api/risks", params={**query, **extra, "limit": 3})).json()
            rows += page["items"]
        return rows

    assert [r["name"] for r in await ask(department="公用工程部", level=3)] == [f"q{n}" for n in range(7)]
    (one,) = await ask(zone="Z-44")
    assert (one["id"], one["measures"], one["unit_code"], one["zone_codes"]) == (odd["id"], 1, "U-q2", ["Z-44"])
    assert [r["id"] for r in await ask(owner="钱伟")] == [odd["id"]]
    assert [r["id"] for r in await ask(department="公用工程部", control_level=2)] == [odd["id"]]
    assert len(await ask(unit=unit["id"])) == 7 and [r["name"] for r in await ask(q="odd")] == ["odd"]
    counts = (await manager.get("/api/risks/statistics", params={"department": "公用工程部"})).json()
    assert counts["total"] == 8 and counts["by_level"] == {"1": 0, "2": 1, "3": 7, "4": 0}
    assert counts["by_zone"] == {"Z-43": {"3": 7}, "Z-44": {"2": 1}}
    detail = (await manager.get(f"/api/risks/events/{odd['id']}")).json()
    assert [m["description"] for m in detail["measure_items"]] == ["联锁"]


async def test_only_managers_write_and_each_enterprise_has_its_own(
    manager: httpx.AsyncClient, site: Enterprise, sign_in: SignIn
) -> None:
    await make_enterprise("other")
    unit = await make_unit(manager, "U-own")
    made = await post(manager, "/api/risks/events", event(unit))
    employee, stranger, visitor = await sign_in("employee"), await sign_in("other-manager"), await sign_in("visitor")
    assert (await employee.post("/api/risks/events", json=event(unit))).status_code == 403
    assert (await employee.get("/api/risks")).status_code == 200
    assert (await visitor.get("/api/risks")).status_code == 403
    assert (await stranger.get(f"/api/risks/events/{made['id']}")).json()["code"] == "risk_not_found"
    assert (await stranger.get("/api/risks")).json()["items"] == []
    assert (await stranger.post("/api/risks/events", json=event(unit))).status_code == 404


async def test_what_others_hang_on_stays(manager: httpx.AsyncClient) -> None:
    unit = await make_unit(manager, "U-use")
    made = await post(manager, "/api/risks/events", event(unit))
    (row,) = [u for u in (await manager.get("/api/risks/units")).json() if u["code"] == "U-use"]
    refused = await manager.delete(f"/api/risks/units/{unit['id']}", params={"version": row["version"]})
    assert refused.json()["code"] == "risk_in_use"
    assert (await manager.delete(f"/api/risks/events/{made['id']}", params={"version": 9})).status_code == 409
    twice = await manager.post("/api/risks/objects", json={"code": "O-U-use", "name": "x"})
    assert twice.json()["code"] == "code_taken"
    wrong = await manager.post(
        "/api/risks/units", json={"object_id": row["object_id"], "code": "n", "name": "n", "zone_codes": ["Z-nope"]}
    )
    assert wrong.json()["errors"][0]["code"] == "risk_zone_unknown"
    broken = await manager.post("/api/risks/objects", json={"code": "O-1", "name": "a\u0000b"})
    assert broken.status_code == 422


@pytest.mark.req("M4.1")
async def test_dictionaries_have_versions(manager: httpx.AsyncClient) -> None:
    unit = await make_unit(manager, "U-dict")
    unknown = await manager.post("/api/risks/events", json=event(unit, accident_types=["27"]))
    assert unknown.json()["errors"][0]["code"] == "not_in_dictionary"
    version = {"name": "accident_types", "version": "GB 6441-2025", "effective_from": "2026-07-01",
               "items": [["08", "火灾", "Fire"], ["27", "其他", "Other"]]}  # fmt: skip
    rows = await post(manager, "/api/risks/dictionaries", version)
    assert [(d["version"], d["in_force"]) for d in rows if d["name"] == "accident_types"] == [
        ("GB 6441-1986", False), ("GB 6441-2025", True),
    ]  # fmt: skip
    book = (await manager.get("/api/risks/dictionaries/template")).content
    read = await manager.post("/api/risks/dictionaries/rows", files={"file": ("types.xlsx", book)})
    assert read.json()["items"] == version["items"]
    twice = {**version, "version": "twice", "items": [["08", "火灾", "Fire"]] * 2}
    refused = await manager.post("/api/risks/dictionaries", json=twice)
    assert (refused.status_code, refused.json()["errors"][0]["message"]) == (422, "第 2 行：编号“08”重复。")
    made = await post(manager, "/api/risks/events", event(unit, accident_types=["27"]))
    assert made["dictionary_version"] == "GB 6441-2025"
    assert (await manager.post("/api/risks/dictionaries", json=version)).json()["code"] == "code_taken"
