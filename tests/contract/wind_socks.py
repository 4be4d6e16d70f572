"""What the guide promises of wind socks, run in a process of its own with the guide's package on the path."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import httpx
import mapbox_vector_tile

from realtime.hub import sources
from realtime.hub.asyncapi import document
from realtime.hub.topic import TopicKey
from tests.contract.conftest import tile_of
from tiles.features import typescript
from twin.app import create_app
from twin.db import migrate, outbox, uow
from twin.db.uow import unit_of_work
from twin.registry.layer import layers
from twin.settings import get_settings


async def main(password: str) -> None:
    """Follow section 4 of the guide."""
    settings = get_settings()
    assert settings.database_url is not None
    await asyncio.to_thread(migrate.upgrade, settings.database_url.get_secret_value())
    transport = httpx.ASGITransport(app=create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://twin.test", headers={"X-Twin": "1"}) as http:
        answer = await http.post("/api/auth/login", json={"username": "manager", "password": password})
        assert answer.status_code == 200, answer.text
        await follow(http)
    await uow.dispose()


async def follow(http: httpx.AsyncClient) -> None:
    """Add one, and find it everywhere."""
    gate = (await _get(http, "gate/items", limit=1))["features"][0]
    lon, lat = gate["geometry"]["coordinates"][:2]
    seen = await outbox.position()
    properties = {"code": "WS-01", "name": "一号风向标", "kind": "sock", "pole_m": 10, "lit": True}
    body = {"geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": properties}
    answer = await http.post("/api/spatial/wind_sock", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    refused = await http.post("/api/spatial/wind_sock", json={**body, "properties": {**properties, "kind": "kite"}})
    assert refused.status_code == 422, refused.text
    found = await _get(http, "wind_sock/items", filter="kind = 'sock' AND pole_m > 8")
    assert [f["id"] for f in found["features"]] == [made["id"]] and found["features"][0]["properties"]["lit"] is True
    told = await _get(http, "wind_sock/tiles/WebMercatorQuad")
    x, y = tile_of(lon, lat, 15)
    tile = await http.get(told["tiles"][0].format(z=15, y=y, x=x))
    (feature,) = mapbox_vector_tile.decode(tile.content)["wind_sock"]["features"]
    assert feature["properties"]["kind"] == "sock" and feature["properties"]["id"] == made["id"]
    for language, texts in (("zh-CN", ["风向袋", "风向标"]), ("en", ["Wind sock", "Wind vane"])):
        legend = await _get(http, "wind_sock/legend", lang=language)
        assert [e["text"] for e in legend["entries"]] == texts
    await on_the_hub(http, made, seen)
    assert "export interface WindSockProperties" in typescript.render()


async def on_the_hub(http: httpx.AsyncClient, made: dict[str, Any], seen: int) -> None:
    """The live topic: its snapshot, its event, its contract."""
    enterprise = (await http.get("/api/auth/me")).json()["enterprise"]["id"]
    spec = next(s for s in sources.specs() if s.name == "layer.wind_sock")
    assert spec.source is not None
    items, _ = await spec.source.snapshot(TopicKey(enterprise, spec.name))
    assert [item.value for item in items] == [made]
    await outbox.sequence()
    async with unit_of_work(enterprise) as unit:
        (event,) = await outbox.read(unit.session, seen, ["layer.wind_sock"])
    assert event.payload == made
    assert "layer_wind_sock" in str(document(layers().values(), "ws://127.0.0.1:1/")).replace(".", "_")


async def _get(http: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await http.get(f"/ogc/collections/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
