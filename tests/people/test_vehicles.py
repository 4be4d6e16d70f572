"""Vehicles: kept, given units, and what a bad route or parking place says."""

from __future__ import annotations

import httpx

from tests.conftest import Enterprise
from tests.people.support import place


async def test_vehicles(manager: httpx.AsyncClient, site: Enterprise) -> None:
    body = {"plate": "冀j12345", "type": "tanker", "driver": "周师傅", "waybill": "E1", "parking": ["Z-54"],
            "parking_minutes": 60}  # fmt: skip
    made = (await manager.post("/api/vehicles", json=body)).json()
    assert made["plate"] == "冀J12345" and made["version"] == 1 and made["unit"] is None
    again = await manager.post("/api/vehicles", json=body)
    assert again.status_code == 409 and again.json()["code"] == "plate_taken"
    bad = await manager.post("/api/vehicles", json={"plate": "X", "type": "car", "roads": ["R-x"], "parking": ["Z-x"]})
    assert bad.status_code == 422 and sorted(e["where"] for e in bad.json()["errors"]) == ["parking", "roads"]
    await manager.put("/api/people/terminals/VU-1", json={"kind": "vehicle_unit"})
    assert (await manager.put(f"/api/vehicles/{made['id']}/unit", json={"unit": "VU-1"})).json()["unit"] == "VU-1"
    other = (await manager.post("/api/vehicles", json={"plate": "冀J2", "type": "truck"})).json()
    taken = await manager.put(f"/api/vehicles/{other['id']}/unit", json={"unit": "VU-1"})
    assert taken.status_code == 409 and "冀J12345" in taken.json()["message"]
    await place(site.id, made["id"], "Z-54")
    page = (await manager.get("/api/vehicles", params={"q": "周师傅"})).json()["items"]
    assert page[0]["position"]["zone"] == "Z-54" and page[0]["parking_minutes"] == 60
    changed = await manager.patch(f"/api/vehicles/{made['id']}", json={"version": 1, "driver": "吴师傅"})
    assert changed.json()["driver"] == "吴师傅"
    stale = await manager.patch(f"/api/vehicles/{made['id']}", json={"version": 1, "driver": "郑师傅"})
    assert stale.status_code == 409
    assert (await manager.delete(f"/api/vehicles/{made['id']}/unit")).json()["unit"] is None
    units = (await manager.get(f"/api/vehicles/{made['id']}/units")).json()
    assert [u["unit"] for u in units] == ["VU-1"] and units[0]["until"]
