"""From a zone's change through the API to the drawn frame that shows its new colour, in a real browser beside 50 other clients of the hub.

The peer is a plain Python client of the same hub, which notes when the same change arrives: the ratio is what the browser adds
(here with software rendering, which is slow). It runs on the demo that browser tests start, or on ``TWIN_E2E_URL``.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from typing import Any

from playwright.sync_api import TimeoutError as PlaywrightTimeout
from websockets.asyncio.client import connect

from tests.bench import mesh_zones, risk_drawn
from tests.bench.harness import Row, quantile
from tests.bench.screen import screen
from tests.e2e.conftest import Plant, running_plant

CLIENTS = 50
CHANGES = 60
#: Seconds after which a colour that has not come is taken for lost.
_LATE = 15
_READY = "() => window.__twin && __twin.ready && __twin.zones > 0 && (__twin.kind === '2d' || __twin.tilesLoaded)"
#: Milliseconds since the epoch when a frame showed the level, or null while none has since the change.
_SHOWN = """([code, level, since]) => {
  const zone = __twin.zone(code)
  return zone && zone.level === level && zone.recolouredAt >= since ? zone.recolouredAt : null
}"""


class Watchers:
    """Clients of the hub in a thread of their own; the first one is the peer."""

    def __init__(self, address: str, token: str, number: int) -> None:
        self.arrived: dict[tuple[str, int], float] = {}
        self._address, self._token, self._number = address, token, number
        self._loop = asyncio.new_event_loop()
        self._subscribed = threading.Semaphore(0)
        self._tasks: list[asyncio.Task[None]] = []
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()), daemon=True)

    def __enter__(self) -> Watchers:
        self._thread.start()
        for _ in range(self._number):
            if not self._subscribed.acquire(timeout=60):
                raise TimeoutError("a client of the hub got no subscription")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in self._tasks])
        self._thread.join(10)

    def wait(self, id_: str, version: int) -> float:
        """When this version came, in milliseconds since the epoch."""
        deadline = time.monotonic() + 30
        while (id_, version) not in self.arrived:
            if time.monotonic() > deadline:
                raise TimeoutError(f"version {version} of {id_} never came")
            time.sleep(0.005)
        return self.arrived[id_, version]

    async def _run(self) -> None:
        self._tasks = [asyncio.create_task(self._watch(note=n == 0)) for n in range(self._number)]
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self, note: bool) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        async with connect(self._address, subprotocols=["twin.json.1"], additional_headers=headers) as hub:  # type: ignore[list-item]
            await hub.send('{"op":"sub","id":1,"topic":"layer.zone"}')
            async for frame in hub:
                message = json.loads(frame)
                if message["op"] == "live":
                    self._subscribed.release()
                elif message["op"] == "ping":
                    await hub.send('{"op":"pong"}')
                elif message["op"] == "delta" and note:
                    for item in message["items"]:
                        self.arrived[item["k"], item["v"]["properties"]["version"]] = time.time() * 1000


def change(plant: Plant, cookie: str, zone: dict[str, Any], level: int) -> dict[str, Any]:
    """Give a zone a level through the API; the zone as it is then."""
    headers = {"If-Match": f'"{zone["properties"]["version"]}"'}
    body = {"properties": {"static_risk": level}}
    return dict(plant.call("PATCH", f"/api/spatial/zone/{zone['id']}", body, cookie=cookie, headers=headers))


def measure(plant: Plant) -> tuple[list[float], list[float]]:
    """Milliseconds from just before each change's request until the browser and the peer had it."""
    cookie = plant.token("manager")
    everything = plant.call("GET", "/ogc/collections/zone/items?limit=1000", cookie=cookie)["features"]
    units = sorted((z for z in everything if z["properties"]["kind"] == "unit"), key=lambda z: z["properties"]["code"])
    # one that something lifts, be it from a place in it, does not follow its static level
    whys = [plant.call("GET", f"/api/zones/{z['properties']['code']}/why", cookie=cookie) for z in units]
    zones = deque(z for z, why in zip(units, whys, strict=True) if not why["causes"] and not why["child"])
    before = {z["id"]: z["properties"]["static_risk"] for z in zones}
    browser: list[float] = []
    peer: list[float] = []
    hub = plant.call("GET", "/api/config")["hub"]
    with Watchers(hub, plant.token("control"), CLIENTS) as watchers, screen(plant, _READY, 640, 360) as page:
        while len(browser) < CHANGES:
            zone = zones.popleft()
            # as it is now: the demo's own events move zones, too
            zone = plant.call("GET", f"/ogc/collections/zone/items/{zone['id']}", cookie=cookie)
            before_it, level = zone["properties"]["risk"], zone["properties"]["static_risk"] % 4 + 1
            began = time.time() * 1000
            zone = change(plant, cookie, zone, level)
            if (level := zone["properties"]["risk"]) == before_it:  # something lifts it now: it is of no use any more
                continue
            code = zone["properties"]["code"]
            try:
                shown = page.wait_for_function(_SHOWN, arg=[code, level, began], polling=20, timeout=_LATE * 1000)
            except PlaywrightTimeout as error:
                if plant.call("GET", f"/api/zones/{code}/why", cookie=cookie)["level"] != level:
                    continue  # the same, between the change and its frame
                drawn = page.evaluate("code => __twin.zone(code)", code)
                raise TimeoutError(f"{code} has level {level} since {began}, drawn is {drawn}") from error
            zones.append(zone)
            browser.append(float(shown.json_value()) - began)
            peer.append(watchers.wait(zone["id"], zone["properties"]["version"]) - began)
    for zone in zones:
        if zone["properties"]["static_risk"] != before[zone["id"]]:
            change(plant, cookie, zone, before[zone["id"]])
    return browser, peer


def rows() -> list[Row]:
    """The median and the slowest of a hundred; the same on 2,000 zones without the way to the screen; and in a storm of factor events."""
    with running_plant() as plant:
        browser, peer = measure(plant)
        lon, lat, h = plant.call("GET", "/api/config")["site"]["center"]
        with screen(plant, _READY, 640, 360) as page:
            on_mesh = mesh_zones.rows(page, (lon, lat, h))
        in_a_storm = risk_drawn.rows(plant, (lon, lat, h))
    what, than = f"zone change to the frame that shows it, {CLIENTS} other clients", "a plain Python client of the hub"
    p50, p99 = quantile(browser, 0.5), quantile(browser, 0.99)
    return [
        Row(f"{what}, p99", "ms", p99, None, "", "lower", 1000.0),
        Row(f"{what}, p99", "ms", p99, quantile(peer, 0.99), than, "lower"),
        Row(f"{what}, p50", "ms", p50, quantile(peer, 0.5), than, "lower"),
        *on_mesh,
        *in_a_storm,
    ]


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(row.as_json(), ensure_ascii=False))
