"""Chemicals and major hazards from outside: levels follow from what is stored, and every figure opens to its rows."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from gis_assets.sites.demo.build import features
from openpyxl import Workbook
from sqlalchemy import text

from domain.chemicals import demo, gb18218
from domain.chemicals.subscribers import FromTanks
from domain.chemicals.watch import watch
from realtime.history import repository as history
from realtime.history.config import HistorySettings
from realtime.history.samples import GOOD, micros, pack
from realtime.history.writer import Writer
from tests.conftest import Enterprise, SignIn
from twin import clock
from twin.auth.demo import principal
from twin.db.outbox import Event
from twin.db.uow import unit_of_work
from twin.settings import Settings
from twin.spatial.site import load_site

Json = dict[str, Any]


def test_the_formula_by_hand() -> None:
    # 30 t of ammonia (Q 10, beta 2) and 5 t of chlorine (Q 5, beta 4), 60 residents: S = 3 + 1, R = 1.5 * (6 + 4).
    assert gb18218.outcome([(30, 10, 2), (5, 5, 4)], 60) == gb18218.Outcome(4.0, 15.0, 3)
    assert gb18218.outcome([(9.99, 10, 2)], 1000) == gb18218.Outcome(0.999, 3.996, None)
    assert gb18218.outcome([(0.1, 1, 1)] * 10, 1) == gb18218.Outcome(1.0, 1.0, 4)
    assert gb18218.outcome([], 0) == gb18218.Outcome(0.0, 0.0, None)


@pytest.mark.parametrize(
    ("residents", "factor"), [(0, 0.5), (1, 1), (29, 1), (30, 1.2), (49, 1.2), (50, 1.5), (99, 1.5), (100, 2)]
)
def test_alpha_by_residents(residents: int, factor: float) -> None:
    assert gb18218.alpha(residents) == factor


@pytest.mark.parametrize(("q", "level"), [(99.9, 4), (100, 3), (499.9, 3), (500, 2), (999.9, 2), (1000, 1)])
def test_levels_at_their_bounds(q: float, level: int) -> None:
    assert gb18218.outcome([(q, 10, 1)], 1).level == level


def test_q_and_beta_say_their_row() -> None:
    assert gb18218.rate("nh3", "J3", None, None) == gb18218.Rated(10, "named:nh3", 2, "named:nh3")
    assert gb18218.rate("benzene", "W5.3", 7, 7) == gb18218.Rated(50, "named:benzene", 1, "classes:W5.3")
    assert gb18218.rate("", "W2", 10, None) == gb18218.Rated(10, "entered", 1.5, "classes:W2")
    assert gb18218.rate("", "", None, None) == gb18218.Rated(None, "", None, "")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(database: Settings, enterprise: Enterprise) -> Enterprise:
    """Zones, tanks and their level points."""
    data = features()
    points = [item for item in data["device"] if "LI-" in str(item)]
    async with unit_of_work(enterprise.id) as uow:
        await load_site(uow, {**{key: data[key] for key in ("site", "zone", "tank")}, "device": points}, [])
    return enterprise


async def chemical(http: httpx.AsyncClient, **values: Any) -> Json:
    answer = await http.post("/api/chemicals", json={"roles": ["raw"], **values})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def unit(http: httpx.AsyncClient, status: int = 201, **values: Any) -> Json:
    body = {"kind": "tank_farm", "zone_code": "Z-11", "residents": 0, **values}
    answer = await http.post("/api/major-hazards", json=body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


@pytest.mark.req("M1.7")
async def test_a_level_follows_from_tanks_and_moves_with_what_is_stored(
    site: Enterprise, database: Settings, sign_in: SignIn
) -> None:
    manager = await sign_in("manager")
    lpg = await chemical(manager, name="液化气", entry="lpg", category="W2", density=0.5, hazards="极易燃")
    assert (lpg["q"], lpg["beta"], lpg["q_from"], lpg["beta_from"]) == (50, 1.5, "named:lpg", "classes:W2")
    line = {"chemical_id": lpg["id"], "tank_code": "V-501", "filling": 0.9, "level_tag": "LI-4101"}
    made = await unit(manager, name="球罐区", residents=12, lines=[line])
    # 2,000 m3 * 0.9 * 0.5 t/m3 = 900 t: S = 18, R = 1.0 * 1.5 * 18 = 27. No level yet: as if it were full.
    assert made["result"]["design"] == made["result"]["now"] == {"s": 18.0, "r": 27.0, "level": 3}
    row = made["result"]["rows"][0]
    assert (row["design_t"], row["volume_m3"], row["q"], row["beta"], row["now_known"]) == (900, 2000, 50, 1.5, False)

    async with unit_of_work(site.id) as uow:
        device = (await uow.session.execute(text("SELECT id FROM device WHERE tag = 'LI-4101'"))).scalar_one()
        tags = await history.ensure_tags(uow.session, site.id, [device])
    writer = Writer(database, "test", HistorySettings(keep_days=30, ahead_days=3, _env_file=None))
    at = micros(clock.now() - timedelta(seconds=1))
    await writer.write(pack([(tags[device], at, at, 10.0, GOOD)]))
    await writer.close()
    address = f"/api/major-hazards/{made['id']}"
    now = (await manager.get(address)).json()["result"]
    # A sphere at a tenth of its height holds 2.8 % of 2,000 m3, 28 t: S = 0.56, no major hazard as it stands; the statutory level does
    # not move.
    assert now["now"] == {"s": 0.56, "r": 0.84, "level": None} and now["design"]["level"] == 3
    assert now["rows"][0]["now_known"] and now["rows"][0]["level_percent"] == 10.0

    change = {**{key: made[key] for key in ("name", "kind", "zone_code", "lines")}, "residents": 100, "version": 1}
    assert (await manager.put(address, json=change)).json()["result"]["design"] == {"s": 18.0, "r": 54.0, "level": 2}
    assert (await manager.put(address, json=change)).status_code == 409

    async with unit_of_work(site.id) as uow:
        tank = (await uow.session.execute(text("SELECT id FROM tank WHERE code = 'V-501'"))).scalar_one()
    edit = {"properties": {"volume_m3": 4000}}
    answer = await (await sign_in("system_admin")).patch(
        f"/api/spatial/tank/{tank}", json=edit, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200, answer.text
    async with unit_of_work(site.id) as uow:
        rows = await uow.session.execute(
            text("SELECT kind, key, payload FROM outbox WHERE topic = 'layer.tank' ORDER BY at DESC LIMIT 1")
        )
        kind, key, payload = rows.one()
        event = Event(
            seq=1, topic="layer.tank", kind=kind, key=key, payload=payload, at=clock.now(), enterprise_id=site.id
        )
        for _ in range(2):
            await FromTanks().handle(event, uow)
    assert (await manager.get(address)).json()["result"]["design"] == {"s": 36.0, "r": 108.0, "level": 1}

    kept = (await manager.get(f"{address}/results")).json()
    assert [(r["cause"], r["result"]["design"]["level"]) for r in kept] == [("tank:V-501", 1), ("unit", 2), ("unit", 3)]
    assert [r["result"]["rows"][0]["volume_m3"] for r in kept] == [4000, 2000, 2000]

    body = {**{k: v for k, v in lpg.items() if k not in ("id", "q", "q_from", "beta", "beta_from", "updated_at")}}
    answer = await manager.put(f"/api/chemicals/{lpg['id']}", json={**body, "density": None})
    assert answer.status_code == 422 and answer.json()["errors"][0]["where"] == "lines.0.chemical_id"
    assert (await manager.put(f"/api/chemicals/{lpg['id']}", json={**body, "density": 0.25})).status_code == 200
    assert (await manager.get(f"{address}/results")).json()[0]["cause"] == "chemical:液化气"

    zone = (await (await sign_in("employee")).get("/api/zones/Z-11")).json()
    assert zone["sections"]["chemicals"]["items"][0]["hazards"] == "极易燃"
    assert zone["sections"]["major_hazards"]["items"][0]["level"] == 2

    assert (await manager.delete(f"/api/chemicals/{lpg['id']}")).status_code == 409
    assert (await manager.delete(address, params={"version": 2})).status_code == 204
    assert (await manager.get(address)).status_code == 404
    assert (await manager.delete(f"/api/chemicals/{lpg['id']}")).status_code == 204


@pytest.mark.req("M1.7")
async def test_goods_and_faults(site: Enterprise, sign_in: SignIn) -> None:
    manager = await sign_in("manager")
    bare = await chemical(manager, name="清水")
    ammonia = await chemical(manager, name="液氨", entry="nh3", category="J3", cas="7664-41-7", roles=["intermediate"])
    made = await unit(
        manager, name="危化品库", kind="warehouse", zone_code="Z-52", residents=29,
        lines=[{"chemical_id": ammonia["id"], "place": "东格", "design_t": 12, "current_t": 3}],
    )  # fmt: skip
    assert made["result"]["design"] == {"s": 1.2, "r": 2.4, "level": 4}
    assert made["result"]["now"] == {"s": 0.3, "r": 0.6, "level": None}
    lines = [
        {"chemical_id": bare["id"], "design_t": 5},
        {"chemical_id": ammonia["id"], "tank_code": "V-501", "filling": 0.9},
        {"chemical_id": ammonia["id"], "tank_code": "V-999", "filling": 0.9},
        {"chemical_id": str(uuid4()), "design_t": 5},
        {"chemical_id": ammonia["id"], "current_t": 5},
    ]
    refused = await unit(manager, 422, name="错", lines=lines)
    assert {e["where"] for e in refused["errors"]} == {
        "lines.0.chemical_id", "lines.1.chemical_id", "lines.2.tank_code", "lines.2.chemical_id", "lines.3.chemical_id",
        "lines.4.design_t",
    }  # fmt: skip
    assert len((await manager.get("/api/major-hazards")).json()) == 1
    for values, where in (({"own_q": 10}, "basis"), ({"entry": "gold"}, "entry"), ({"lel": 5, "uel": 1}, "uel")):
        answer = await manager.post("/api/chemicals", json={"name": "甲", "roles": ["raw"], **values})
        assert answer.status_code == 422 and answer.json()["errors"][0]["where"] == where
    assert (await manager.post("/api/chemicals", json={"name": "液氨", "roles": ["raw"]})).status_code == 409
    employee = await sign_in("employee")
    assert [row["name"] for row in (await employee.get("/api/chemicals?q=7664")).json()["items"]] == ["液氨"]
    assert (await employee.post("/api/chemicals", json={"name": "乙", "roles": ["raw"]})).status_code == 403
    assert len((await employee.get("/api/chemicals/dictionary")).json()["named"]) == 23


@pytest.mark.req("M1.7")
async def test_what_is_stored_is_a_history_of_its_own(site: Enterprise, database: Settings, sign_in: SignIn) -> None:
    manager = await sign_in("manager")
    oil = await chemical(manager, name="石脑油甲", own_q=100, own_beta=1, basis="论证", density=0.5)
    line = {"chemical_id": oil["id"], "tank_code": "V-502", "filling": 0.9, "level_tag": "LI-4102"}
    draft = {"residents": 12, "lines": [line]}
    seen = (await manager.post("/api/major-hazards/preview", json=draft)).json()
    assert seen["result"]["design"] == {"s": 9.0, "r": 9.0, "level": 4} and seen["faults"] == []
    wrong = {**draft, "lines": [{**line, "tank_code": "V-999"}]}
    assert [f["code"] for f in (await manager.post("/api/major-hazards/preview", json=wrong)).json()["faults"]] == [
        "unknown_code"
    ]
    made = await unit(manager, name="罐组甲", residents=12, lines=[line])
    async with unit_of_work(site.id) as uow:
        device = (await uow.session.execute(text("SELECT id FROM device WHERE tag = 'LI-4102'"))).scalar_one()
        tags = await history.ensure_tags(uow.session, site.id, [device])
    writer = Writer(database, "test", HistorySettings(keep_days=30, ahead_days=3, _env_file=None))
    # A sphere at 20 % of its height holds 10.4 % of 2,000 m3, 104 t: S = 1.04, a level 4 still; at 5 % 7 t: none any more; 60 % again one
    for number, percent in enumerate((20.0, 5.0, 4.0, 60.0)):
        at = micros(clock.now()) - 10_000_000 + number * 1_000_000
        await writer.write(pack([(tags[device], at, at, percent, GOOD)]))
        await watch()
    await writer.close()
    rows = (await manager.get(f"/api/major-hazards/{made['id']}/results")).json()
    assert [(r["cause"], r["result"]["now"]["level"]) for r in rows] == [("stored", 4), ("stored", None), ("unit", 4)]
    assert {r["result"]["design"]["level"] for r in rows} == {4}
    assert (await manager.delete(f"/api/major-hazards/{made['id']}", params={"version": 1})).status_code == 204


async def _import(http: httpx.AsyncClient, rows: list[list[Any]], dry: bool = False) -> Json:
    book, out = Workbook(), io.BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(out)
    answer = await http.post("/api/chemicals/import", params={"dry": dry}, files={"file": ("c.xlsx", out.getvalue())})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.req("M1.7")
async def test_chemicals_come_in_by_the_template_whole_or_not_at_all(site: Enterprise, sign_in: SignIn) -> None:
    manager = await sign_in("manager")
    template = (await manager.get("/api/chemicals/import/template")).content
    example = await manager.post("/api/chemicals/import", params={"dry": True}, files={"file": ("t.xlsx", template)})
    assert (example.json()["errors"], example.json()["rows"], example.json()["applied"]) == ([], 1, False)
    solvent = await chemical(manager, name="溶剂乙", own_q=500, own_beta=1, basis="论证", density=0.8, leak="吸附")
    line = {"chemical_id": solvent["id"], "tank_code": "V-503", "filling": 0.9}
    made = await unit(manager, name="罐组乙", lines=[line])
    head = ["名称*", "用途", "GB 18218 列名物质", "自定临界量 Q（t）", "依据", "密度（t/m³）"]
    good = [head, ["苯酐", "原料；产品", "", 200, "论证", 1.53], ["环氧乙烷甲", "中间产品", "环氧乙烷", "", "", 0.87]]
    faulty = [
        *good, ["苯酐", "原料", "", "", "", ""], ["丙", "原材料", "", "", "", ""], ["丁", "产品", "黄金", "", "", ""],
        ["戊", "产品", "", "多", "", ""], ["己", "产品", "", 5, "", ""], ["溶剂乙", "原料", "", 500, "论证", ""],
    ]  # fmt: skip
    for dry in (True, False):
        found = await _import(manager, faulty, dry)
        assert [(e["row"], e["column"]) for e in found["errors"]] == [
            (4, "名称"), (5, "用途"), (6, "GB 18218 列名物质"), (7, "自定临界量 Q（t）"), (8, "依据"), (9, ""),
        ]  # fmt: skip
        assert found["errors"][1]["message"] == "“原材料”不被接受。"
        assert "没有密度" in found["errors"][5]["message"], "its tank could no longer be computed"
        assert (await manager.get("/api/chemicals?q=苯酐")).json()["items"] == [] and found["applied"] is False
    assert (await _import(manager, good, dry=True))["created"] == 2
    assert (await manager.get("/api/chemicals?q=苯酐")).json()["items"] == []
    done = await _import(manager, [*good, ["溶剂乙", "原料", "", 500, "论证", 0.4]])
    assert (done["created"], done["updated"], done["applied"], done["errors"]) == (2, 1, True, [])
    (row,) = (await manager.get("/api/chemicals?q=苯酐")).json()["items"]
    assert (row["roles"], row["own_q"], row["density"]) == (["raw", "product"], 200, 1.53)
    assert (await manager.get(f"/api/chemicals/{solvent['id']}")).json()["leak"] == "吸附", "no column, no change"
    results = (await manager.get(f"/api/major-hazards/{made['id']}/results")).json()
    assert results[0]["cause"] == "chemical:溶剂乙"
    assert (await _import(manager, good))["unchanged"] == 2
    employee = await sign_in("employee")
    answer = await employee.post("/api/chemicals/import", files={"file": ("t.xlsx", template)})
    assert answer.status_code == 403
    assert (await manager.delete(f"/api/major-hazards/{made['id']}", params={"version": 1})).status_code == 204


@pytest.mark.req("M1.7")
async def test_the_demos_tank_farms(site: Enterprise, sign_in: SignIn) -> None:
    manager = await principal("manager")
    async with unit_of_work(site.id, manager.account_id) as uow:
        await demo.enter(uow, manager)
    found = (await (await sign_in("manager")).get("/api/major-hazards")).json()
    levels = {row["name"]: row["result"]["design"]["level"] for row in found if row["kind"] == "tank_farm"}
    # Aromatics: 3,000 m3 * 0.9: benzene 2 * 2373.3 / 50 = 94.93, toluene 2 * 2340.9 / 500 = 9.36,
    # xylene 3 * 2332.8 / 5000 = 1.40, C9 2362.5 / 5000 = 0.47; S = R = 106.17 with alpha 1.
    # Naphtha: 3 * 6480 / 1000 = 19.44, R = 9.72 with alpha 0.5.
    assert levels == {"液化烃球罐区": 1, "石脑油罐区": 4, "芳烃罐区": 1, "中间罐区": 4}
