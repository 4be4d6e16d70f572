"""The demo plant's dual prevention: made through the services, in every state, and signed so that it verifies."""

from __future__ import annotations

from datetime import timedelta

import httpx
from gis_assets.demo_steps import ACCOUNTS, ENTERPRISE
from gis_assets.sites.demo.accounts import views
from gis_assets.sites.demo.build import features

from domain.hazards import demo as hazards
from domain.hazards import demo_steps as hazard_steps
from domain.inspections import demo as inspections
from domain.inspections import demo_steps as inspection_steps
from domain.risks import demo as risks
from domain.risks import demo_steps as risk_steps
from twin import clock
from twin.auth import demo as people
from twin.db.uow import unit_of_work
from twin.settings import Settings
from twin.spatial.site import load_site


async def test_the_demo_has_a_register_inspections_and_hazards_in_every_state(
    database: Settings, client: httpx.AsyncClient
) -> None:
    await people._load(ENTERPRISE, "渤海示范化工有限公司", "Bohai", ACCOUNTS)
    manager = await people.principal("manager")
    data = features()
    async with unit_of_work(manager.enterprise_id) as uow:
        await load_site(uow, {"site": data["site"], "zone": data["zone"]}, views())
    steps = (*risk_steps.STEPS, *inspection_steps.STEPS, *hazard_steps.STEPS)
    assert not any(step.done(database) for step in steps)
    await risks.load()
    await inspections.load()
    await hazards.load()
    assert all(step.done(database) for step in steps)

    signed = {"username": "manager", "password": ACCOUNTS[0].password}
    assert (await client.post("/api/auth/login", json=signed)).status_code == 200
    units = (await client.get("/api/risks/units")).json()
    counts = (await client.get("/api/risks/statistics")).json()
    assert len(units) >= 50 and counts["total"] >= 80 and counts["without_measure"] == 0
    # The register agrees with the colours that the map has had.
    zones = (await client.get("/ogc/collections/zone/items", params={"limit": 100})).json()["features"]
    assert {f["properties"]["version"] for f in zones} == {1}
    statistics = (await client.get("/api/hazards/statistics")).json()
    states = {"reported", "to_assign", "rectifying", "extension_asked", "to_accept", "closed", "dismissed"}
    assert set(statistics["by_status"]) == states and statistics["overdue"] >= 1 and statistics["on_time_rate"] == 1.0
    span = {"since": (clock.now() - timedelta(days=31)).isoformat(), "until": clock.now().isoformat()}
    rates = (await client.get("/api/inspections/statistics", params=span)).json()
    assert rates["done"] > 300 and 0.9 < rates["rate"] < 1 and rates["late"] > 0
    waiting = (await client.get("/api/inspections/tasks", params={"status": "waiting"})).json()["items"]
    assert waiting
    done = (await client.get("/api/inspections/tasks", params={"status": "done", "limit": 20})).json()["items"]
    signatures = [task["signature_id"] for task in done if task["signature_id"]]
    assert len(signatures) >= 3
    for signature in signatures:
        assert (await client.get(f"/api/verify/{signature}")).json()["valid"]
    closed = (await client.get("/api/hazards", params={"status": "closed"})).json()["items"][0]
    detail = (await client.get(f"/api/hazards/{closed['id']}")).json()
    (first, second) = detail["rectifications"][-1]["acceptances"]
    for acceptance in (first, second):
        assert (await client.get(f"/api/verify/{acceptance['signature_id']}")).json()["valid"]
