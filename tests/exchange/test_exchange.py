"""The exchange against a receiving server: full first, then increments, parents first, and recovery from every refusal."""

from __future__ import annotations

import base64
import io
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from domain.exchange import wire
from tests.exchange.receiver import Receiver, serve
from tests.hazards.support import Crew, accept
from tests.risks.support import event, make_unit, post
from tests.signature.support import confirmation
from twin import clock

KEY, IV = "00112233445566778899aabbccddeeff", "0102030405060708090a0b0c0d0e0f10"
Json = dict[str, Any]


async def _chain(crew: Crew) -> Json:
    """A unit with an event and measures, an inspected measure with its record, a closed hazard, a stop."""
    manager = crew.people["manager"]
    unit = await make_unit(manager, "U-EX", ["Z-11"])
    risk = await post(manager, "/api/risks/events", event(unit, 3, 4))
    measures = [
        await post(manager, "/api/risks/measures", {
            "event_id": risk["id"], "description": f"措施 {n}", "classify1": 1, "classify2": "1-4", "check_content": f"检查 {n}",
        })
        for n in range(25)
    ]  # fmt: skip
    plan = await post(manager, "/api/inspections/plans", {
        "code": "EX-1", "name": "上报", "rule": {"unit": "hour", "every": 2, "at": "00:00"}, "post": "employee",
        "starts_on": (clock.now() - timedelta(days=2)).date().isoformat(), "zone_codes": ["Z-12"],
    })  # fmt: skip
    plan = await post(
        manager, f"/api/inspections/plans/{plan['id']}/fill", {"measure_ids": [m["id"] for m in measures[:2]]}
    )
    await manager.post("/api/inspections/dispatch")
    tasks = (await manager.get("/api/inspections/tasks", params={"plan_id": plan["id"]})).json()["items"]
    task = min(tasks, key=lambda t: str(t["starts_at"]))
    results = [{"item_id": item["id"], "result": 0} for item in plan["items"]]
    work = {"client_id": str(uuid4()), "results": results, "confirmation": confirmation()}
    await post(crew.people["employee"], f"/api/inspections/tasks/{task['id']}/submit", work, 200)
    hazard = await crew.report(risk_measure_id=measures[0]["id"])
    await crew.step("manager", hazard, "evaluate", {"level": 0, "hazard_type": 7})
    await crew.step("manager", hazard, "assign", crew.assignment(acceptor_ids=[str(crew.ids["leader"])]))
    await crew.step("employee", hazard, "rectify", await crew.rectification(hazard))
    await post(manager, "/api/inspections/stops", {
        "kind": "stop", "scope": "unit", "scope_key": "U-EX", "reason": "检修", "starts_at": clock.now().isoformat(),
        "ends_at": (clock.now() + timedelta(days=2)).isoformat(),
    })  # fmt: skip
    return {"hazard": hazard, "event": risk, "measures": measures, "plan": plan, "unit": unit}


async def _target(crew: Crew, code: str, address: str, **more: Any) -> str:
    body = {
        "code": code,
        "name": "省平台",
        "base_url": f"{address}/api",
        "company_code": "110000001",
        "key": KEY,
        "iv": IV,
        **more,
    }
    made = await post(crew.people["manager"], "/api/exchange/targets", body)
    assert KEY not in str(made)
    return str(made["id"])


async def _send(crew: Crew, target: str) -> dict[str, tuple[str, int]]:
    with clock.travel(by=timedelta(seconds=10)):
        rows = await post(crew.people["manager"], f"/api/exchange/targets/{target}/send", {}, 200)
    return {row["kind"]: (row["outcome"], row["rows"]) for row in rows}


@pytest.mark.req("M4.6")
async def test_the_whole_chain_arrives_in_form_and_order(crew: Crew) -> None:
    manager = crew.people["manager"]
    chain = await _chain(crew)
    schema = (await manager.get("/api/exchange/schema")).json()
    receiver = Receiver(bytes.fromhex(KEY), bytes.fromhex(IV), schema)
    with serve(receiver) as address:
        target = await _target(crew, "province", address)
        receiver.down = True
        assert await _send(crew, target) == {"riskUnit": ("failed", 0)} and receiver.rows == {}
        receiver.down = False
        done = await _send(crew, target)
        assert done == {
            "riskUnit": ("sent", 1), "riskEvent": ("sent", 1), "riskMeasure": ("sent", 25), "checkTask": ("sent", 2),
            "checkRecord": ("sent", 2), "hiddenDanger": ("sent", 1), "stopRecord": ("sent", 1),
        }  # fmt: skip
        assert [page for page in receiver.pages if page[0] == "riskMeasure"] == [
            ("riskMeasure", 20),
            ("riskMeasure", 5),
        ]
        danger = receiver.rows["hiddenDanger"][chain["hazard"]["id"]]
        assert (danger["dangerState"], danger["hazardDangerType"], danger["riskMeasureId"]) == (
            1,
            7,
            chain["measures"][0]["id"],
        )
        for field in ("dangerPicture", "rectifyPicture"):
            with Image.open(io.BytesIO(base64.b64decode(danger[field], validate=True))) as picture:
                assert picture.format == "JPEG" and max(picture.size) <= 1280
        assert danger["dangerPicture"] != danger["rectifyPicture"]
        assert len(danger["registTime"]) == 14 and danger["companyCode"] == "110000001" and danger["deleted"] == "0"
        task = next(iter(receiver.rows["checkTask"].values()))
        assert (task["checkCycle"], task["checkCycleUnit"], task["workStartTime"]) == (2, "小时", "00:00")

        assert {rows for _, rows in (await _send(crew, target)).values()} == {0}  # nothing new, nothing sent
        await crew.step("leader", chain["hazard"], "accept", accept("合格"))
        gone = await manager.delete(f"/api/risks/measures/{chain['measures'][9]['id']}", params={"version": 1})
        assert gone.status_code == 204
        again = await _send(crew, target)
        assert again["hiddenDanger"] == ("sent", 1) and again["riskMeasure"] == ("sent", 1)
        assert receiver.rows["hiddenDanger"][chain["hazard"]["id"]]["dangerState"] == 9
        assert receiver.rows["riskMeasure"][chain["measures"][9]["id"]]["deleted"] == "1"

        # The receiver loses its parents: it refuses the child, and the sender brings all of them again.
        receiver.rows = {}
        risk = {**event(chain["unit"], 3, 3), "name": "新的事件"}
        await post(manager, "/api/risks/events", risk)
        assert (await _send(crew, target))["riskEvent"] == ("orphans", 0)
        healed = await _send(crew, target)
        assert healed["riskUnit"] == ("sent", 1) and healed["riskEvent"][0] == "sent"
        log = (await manager.get(f"/api/exchange/targets/{target}/runs")).json()
        assert {"failed", "orphans", "sent"} <= {run["outcome"] for run in log}


@pytest.mark.req("M4.6")
async def test_every_row_of_every_kind_holds_the_schema(crew: Crew) -> None:
    for kind in wire.schema()["$defs"]:
        shown = (await crew.people["manager"].get(f"/api/exchange/preview/{kind}")).json()
        assert shown["rows"] and shown["faults"] == [], kind
    assert (await crew.people["employee"].get("/api/exchange/targets")).status_code == 403


@pytest.mark.parametrize("cipher", wire.CIPHERS)
def test_the_wire_goes_both_ways(cipher: str) -> None:
    rows = [{"id": "1", "名称": "法兰"}]
    assert (
        wire.unpack(
            wire.pack(rows, cipher, bytes.fromhex(KEY), bytes.fromhex(IV)),
            cipher,
            bytes.fromhex(KEY),
            bytes.fromhex(IV),
        )
        == rows
    )


def test_times_are_spelled_as_the_target_wants() -> None:
    at = datetime.fromisoformat("2026-11-28T16:30:00+00:00")
    assert wire.spell({"at": at}, "c", "compact")["at"] == "20261129003000"
    assert wire.spell({"at": at}, "c", "plain")["at"] == "2026-11-29 00:30:00"
