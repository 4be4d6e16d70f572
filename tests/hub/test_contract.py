"""The hub's contract and counts over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from realtime.hub.asyncapi import document
from realtime.hub.endpoints import hub_url
from realtime.hub.protocol import CLIENT_MESSAGES, HUB_MESSAGES
from realtime.hub.sources import streams
from tests.conftest import SignIn
from tests.hub.support import running
from twin.registry.layer import layers
from twin.settings import Settings, get_settings


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from _refs(part)
    elif isinstance(value, list):
        for part in value:
            yield from _refs(part)


def test_every_live_layer_and_message_is_in_asyncapi_and_every_reference_leads_somewhere() -> None:
    found = document(layers().values(), "wss://twin.example/hub", streams())
    assert found["asyncapi"] == "3.0.0"
    server = found["servers"]["hub"]
    assert (server["protocol"], server["host"], server["pathname"]) == ("wss", "twin.example", "/hub")
    assert {key for key, layer in layers().items() if layer.live} == {
        c[6:] for c in found["channels"] if c.startswith("layer.")
    }
    assert "system" in found["channels"]
    assert {m.__name__ for m in (*CLIENT_MESSAGES, *HUB_MESSAGES)} <= set(found["components"]["messages"])
    risk = found["components"]["schemas"]["zoneItem"]["properties"]["properties"]["properties"]["risk"]
    assert {1, 2, 3, 4} <= set(risk["enum"])
    refs = set(_refs(found))
    assert len(refs) > 50
    for ref in refs:
        place: Any = found
        for part in ref.removeprefix("#/").split("/"):
            place = place[part.replace("~1", "/")]


async def test_asyncapi_is_served(client: httpx.AsyncClient) -> None:
    answer = await client.get("/asyncapi.json")
    assert answer.status_code == 200 and "layer.zone" in answer.json()["channels"]


def test_address_of_the_hub() -> None:
    assert hub_url(Settings(hub_port=9, _env_file=None), "plant") == "ws://plant:9/"
    assert hub_url(Settings(hub_port=9, _env_file=None), "::1") == "ws://[::1]:9/"
    assert hub_url(Settings(hub_public_url="wss://x/hub", _env_file=None), "plant") == "wss://x/hub"


async def test_counts_for_the_system_administrator(sign_in: SignIn, monkeypatch: Any) -> None:
    admin, employee = await sign_in("system_admin"), await sign_in("employee")
    assert (await employee.get("/api/hub")).status_code == 403
    async with running() as rig, rig.client() as anna:
        await anna.sub()
        monkeypatch.setenv("TWIN_HUB_PORT", str(rig.port))
        get_settings.cache_clear()
        answer = await admin.get("/api/hub")
        assert answer.status_code == 200 and answer.json()["clients"] == 1
        await rig.listener.stop()
        assert (await admin.get("/api/hub")).json()["code"] == "unavailable"
    get_settings.cache_clear()
