"""From a factor event to the drawn colour: the storm of ``bench_risk`` up to the big screen in Chromium, on a model or a map with 2,000 zones.

Engine, publisher, hub, WebSocket, the screen's own client, store and scene, as in the product; only the zones' features reach the hub beside
the stream ``risk``, where in the product they come by the outbox, and the accounts are in memory. A plain Python client of the same hub is
the peer. The zones are a chequerboard on the demo's model (:mod:`tests.bench.mesh_zones`). The demo's own field, people and risk stand
still meanwhile: they are not what is measured, and without a graphics processor the picture needs their core.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from playwright.async_api import Page, Route, async_playwright

from realtime.hub.ingest import Publisher, Value
from realtime.risk.engine import RiskEngine
from realtime.risk.living import EngineTime
from realtime.risk.server import PlantRisk
from realtime.risk.streams import RISK
from tests.bench import bench_risk, mesh_zones
from tests.bench.bench_hub import Process
from tests.bench.harness import Row, quantile
from tests.bench.hub_processes import ENTERPRISE
from tests.e2e.conftest import CHROMIUM, FLAGS, PATIENCE, Plant

SECONDS = 4
#: Seconds in which the storm is made, before it begins.
_MADE = 8.0
_MODULE = "tests.bench.risk_processes"
_READY = """n => window.__twin && __twin.ready && __twin.tilesLoaded && __twin.zones === n
  && (__twin.kind === '2d' || __twin.view.feeds.settled)"""
#: Keeps which change of each zone the scene heard of when, and when a frame showed it: [id, time of the change, time seen], s. A change that
#: leaves the colour as it is drawn needs no frame.
_WATCH = """() => {
  const { view } = __twin
  const level = new Map(), waiting = new Map()
  window.__zone = id => view.model ? view.model.layer('zone').get(id).feature : view.layers.get('zone').get(id)
  window.__ids = () => [...(view.model ? view.model.layer('zone') : view.layers.get('zone')).keys()]
  window.__heard = []
  window.__drawn = []
  const change = view.changeLayer.bind(view)
  view.changeLayer = (layer, set, gone) => {
    if (layer === 'zone') {
      const now = Date.now() / 1000
      for (const [id, zone] of set) {
        const { risk, at } = zone.properties
        __heard.push([id, at, now])
        if (waiting.has(id) || level.get(id) !== risk) waiting.set(id, at)
        else __drawn.push([id, at, now])
        level.set(id, risk)
      }
    }
    change(layer, set, gone)
  }
  for (const id of __ids()) level.set(id, __zone(id).properties.risk)
  view.events.on('recolour', ids => {
    const now = Date.now() / 1000
    for (const id of ids)
      if (waiting.has(id)) {
        __drawn.push([id, waiting.get(id), now])
        waiting.delete(id)
      }
  })
  window.__waiting = () => waiting.size
}"""
#: The picture shows each zone as of the time of its last change.
_THERE = "last => __waiting() === 0 && Object.entries(last).every(([id, at]) => __zone(id).properties.at === at)"
_LEVELS = "() => Object.fromEntries(__ids().map(id => [id, __zone(id).properties.risk]))"
#: A browser without any 3D: the screen draws its plan by itself.
_PLAIN = ["--no-sandbox", "--disable-gpu", "--disable-3d-apis", "--no-first-run", "--lang=zh-CN"]
#: Services of the demo that stand still while the storm goes on.
_STILL = ("realtime.simulators", "realtime.tracking", "realtime.ingest", "realtime.risk", "twin.jobs")


class Both(Publisher):
    """Publishes each change of a level also as its zone's feature; a change of the cause alone paints nothing, as in the product."""

    def __init__(self, path: Path, zones: dict[str, dict[str, Any]]) -> None:
        super().__init__(path)
        self._zones = zones
        self._painted: dict[str, int] = {}
        #: when each zone was given another colour
        self.told: dict[str, list[float]] = {}

    def publish(self, enterprise: UUID, topic: str, items: Sequence[Value]) -> None:
        """As the risk process does it, and its transaction."""
        super().publish(enterprise, topic, items)
        if topic == RISK:
            values = [(code, at, value) for code, at, value in items if isinstance(value, dict)]
            self.paint(enterprise, [(code, at, v["level"]) for code, at, v in values])

    def paint(self, enterprise: UUID, levels: Sequence[tuple[str, float, int]]) -> None:
        """Give zones their level since a time."""
        fresh = [(code, at, level) for code, at, level in levels if self._painted.get(code) != level]
        for code, at, level in fresh:
            self._painted[code] = level
            self.told.setdefault(self._zones[code]["id"], []).append(at)
        super().publish(enterprise, "layer.zone", [self._feature(*one) for one in fresh])

    def _feature(self, code: str, at: float, level: int) -> Value:
        """A zone at a level since a time."""
        zone = self._zones[code]
        return zone["id"], at, {**zone, "properties": {**zone["properties"], "risk": level, "at": at}}


def ages(told: dict[str, list[float]], seen: Sequence[tuple[str, float, float]]) -> list[float]:
    """How old every change was when it, or a newer one of the same zone, was seen (zone, time of the change, time seen; in order), s."""
    made, known = [], dict.fromkeys(told, 0)
    for zone, at, when in seen:
        changes = told[zone]
        while known[zone] < len(changes) and changes[known[zone]] <= at:
            made.append(when - changes[known[zone]])
            known[zone] += 1
    return made


@contextmanager
def _still(plant: Plant) -> Iterator[None]:
    """The demo's own field stands still."""
    children = psutil.Process(plant.process.pid).children(recursive=True) if plant.process else []
    field = [p for p in children if any(name in " ".join(p.cmdline()) for name in _STILL)]
    for process in field:
        process.suspend()
    try:
        yield
    finally:
        for process in field:
            process.resume()


async def _screen(page: Page, plant: Plant, port: int, given: mesh_zones.Board, view: str) -> None:
    """The big screen on the bench's hub, the board on its model."""

    async def config(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(json={**await answer.json(), "hub": f"ws://127.0.0.1:{port}/"})

    async def raster(route: Route) -> None:
        path = "/" + route.request.url.split("/", 3)[3]
        if path in given.texels:
            await route.fulfill(body=given.texels[path], content_type="application/octet-stream")
        else:
            await route.fulfill(json=given.card)

    page.set_default_timeout(PATIENCE)
    await page.route("**/api/config", config)
    await page.route("**/rasters/zone", raster)
    await page.route("**/tiles3d/bench/**", raster)
    cookie = {"name": "twin_session", "value": await asyncio.to_thread(plant.token, "control"), "url": plant.url}
    await page.context.add_cookies([cookie])  # type: ignore[list-item]
    await page.goto(f"{plant.url}/screen/" + ("" if view == "plan" else f"?view={view}"))
    await page.wait_for_function(_READY, arg=len(given.features), polling=200)
    await page.evaluate(_WATCH)


async def _storm(publisher: Both, engine: RiskEngine) -> None:
    """Tell the engine a storm in real time and publish each step, as the process does."""
    plant_risk = PlantRisk(ENTERPRISE, publisher, EngineTime())
    begin, told = time.time() + _MADE, 0
    events = bench_risk.storm(bench_risk.PER_SECOND * SECONDS, bench_risk.PER_SECOND, begin)
    gc.collect()
    gc.freeze()  # what makes the storm is not to be gone through while it is told
    await asyncio.sleep(max(0.0, begin - time.time()))
    while told < len(events):
        await asyncio.sleep(bench_risk.STEP)
        due = min(len(events), int((time.time() - begin) * bench_risk.PER_SECOND))
        for fact in events[told:due]:
            engine.put(fact)
        told = due
        plant_risk.show(engine.drain())


async def _run(plant: Plant, given: mesh_zones.Board, view: str) -> tuple[list[float], list[float], list[float]]:
    zones = dict(zip([zone.code for zone in bench_risk.plant()], given.features, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hub.sock"
        with Process("hub", os.fspath(path), module=_MODULE) as hub:
            publisher = Both(path, zones)
            async with publisher, async_playwright() as playwright:
                engine = RiskEngine(bench_risk.plant(), bench_risk.rules(), time.time())
                publisher.paint(ENTERPRISE, [(code, time.time(), level) for code, level in engine.levels().items()])
                browser = await playwright.chromium.launch(
                    executable_path=CHROMIUM, args=_PLAIN if view == "plan" else FLAGS
                )
                page = await browser.new_page(viewport={"width": 640, "height": 360}, locale="zh-CN")
                await _screen(page, plant, hub.port, given, view)
                # last: it answers no ping of the hub
                publisher.told.clear()
                with _still(plant):
                    with await asyncio.to_thread(Process, "clients", str(hub.port), "1", module=_MODULE) as peer:
                        await _storm(publisher, engine)
                        alone = (await asyncio.to_thread(peer))["ages"]
                    last = {zone: times[-1] for zone, times in publisher.told.items()}
                    await page.wait_for_function(_THERE, arg=last, polling=500)
                levels = await page.evaluate(_LEVELS)
                heard, drawn = await page.evaluate("() => [__heard, __drawn]")
                await browser.close()
            wrong = {c for c, level in engine.levels().items() if levels[zones[c]["id"]] != level}
            assert not wrong, wrong
            shown = ages(publisher.told, drawn)
            assert len(shown) == sum(map(len, publisher.told.values()))  # none is left out
            return ages(publisher.told, heard), shown, alone


def rows(plant: Plant, origin: tuple[float, float, float]) -> list[Row]:
    """Beside the demo ``plant``, whose model stands at ``origin``: on the plan of computers without 3D, on the map, on the model."""
    board = mesh_zones.board(origin)
    return [
        row
        for view, name in (("plan", "plan"), ("2d", "map"), ("3d", "model"))
        for row in _rows(name, *asyncio.run(_run(plant, board, view)))
    ]


def _rows(where: str, heard: list[float], drawn: list[float], peer: list[float]) -> list[Row]:
    storm = f"{where}: {bench_risk.PER_SECOND:,} factor events/s for {SECONDS} s"
    name = f"{storm} to the drawn colour, software drawing"
    than = "a plain Python client of the hub"
    p50, p99 = quantile(drawn, 0.5), quantile(drawn, 0.99)
    return [
        Row(
            f"{storm} to the browser's scene, p99", "s", quantile(heard, 0.99), None, "goal of the issue", "lower", 1.0
        ),
        Row(f"{name}, p99", "s", p99, None, "goal of the issue", "lower", 1.0),
        Row(f"{name}, p99", "s", p99, quantile(peer, 0.99), than, "lower"),
        Row(f"{name}, p50", "s", p50, quantile(peer, 0.5), than, "lower"),
    ]
