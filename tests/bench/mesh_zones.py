"""2,000 zones on the real mesh in a real browser: what a change of levels and a question at the pointer cost the main thread.

The screen is the demo's, with its model and its scene; only the zones are others: a chequerboard over the plant, given to the scene as the hub's
are and cut into a raster by the server's own code.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, Route

from tests.bench.harness import Row, quantile
from tiles.tiles3d.georef import enu_frame, geodetic
from tiles.tiles3d.raster import REACH, Area, Raster
from tiles.tiles3d.rasters import pack

COLUMNS, ROWS = 50, 40
#: West, south, width and height of the chequerboard, metres in the demo's frame.
_BOARD = (-220.0, -200.0, 440.0, 400.0)
REPEAT = 40
QUESTIONS = 400
#: Changes between two looks at the processor's time.
_AT_ONCE = 4

#: Zones of the demo stay away, frames are as fine as on a graphics processor, and every draw call is counted.
_PREPARE = """async zones => {
  const view = __twin.view
  const bench = (window.__bench = { draws: 0, upload: 0 })
  const gl = view.engine.canvas.getContext('webgl2')
  for (const name of ['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced']) {
    const real = gl[name].bind(gl)
    gl[name] = (...given) => { bench.draws += 1; real(...given) }
  }
  const shader = view.engine.drape.shader
  const update = shader.update.bind(shader)
  shader.update = state => { const began = performance.now(); update(state); bench.upload += performance.now() - began }
  const change = view.changeLayer.bind(view)
  bench.change = set => change('zone', set, new Set())
  view.changeLayer = (layer, set, gone) => { if (layer !== 'zone') change(layer, set, gone) }
  bench.zones = zones
  bench.frame = () => new Promise(done => { const off = view.events.on('frame', () => { off(); done() }); view.engine.draw() })
  bench.calm = async () => { while (view.zones.pulses.size) await bench.frame() }
  // without a graphics processor what was told to draw is drawn on the cores that the page needs: wait until it is
  bench.rest = () => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4))
  view.setLayer('zone', zones)
  view.setVisible(new Set(['zone']))
}"""
_CUT = "version => __twin.view.feeds.zone?.version === version && __twin.view.feeds.settled"
#: Milliseconds of each change of ``count`` zones, the texture's upload in its frame included; draw calls of frames without and with it.
_RECOLOUR = """async ([repeat, count]) => {
  const { __bench: bench } = window
  const times = [], before = [], after = [], uploads = []
  for (let n = -10; n < repeat; n++) { // the first ones let the engine compile what runs
    await bench.calm()
    await bench.frame()
    bench.draws = 0
    await bench.frame()
    before.push(bench.draws)
    const set = new Map()
    for (let i = 0; i < count; i++) {
      const at = ((n + 10) * 37 + i) % bench.zones.length
      const old = bench.zones[at]
      // as the hub's message gives it: everything new
      const zone = JSON.parse(JSON.stringify(old))
      zone.properties.risk = (old.properties.risk % 4) + 1
      bench.zones[at] = zone
      set.set(zone.id, zone)
    }
    bench.upload = bench.draws = 0
    bench.rest()
    const frame = bench.frame()
    const began = performance.now()
    bench.change(set)
    const said = performance.now() - began
    await frame
    if (n >= 0) {
      times.push(said + bench.upload)
      uploads.push(bench.upload)
    }
    after.push(bench.draws)
  }
  return { times, before, after, uploads }
}"""
#: Makes ``repeat`` changes of all zones, as the hub's messages give them, and then takes them in one after the other.
_MAKE = """repeat => {
  const { __bench: bench } = window
  bench.sets = []
  for (let n = 0; n < repeat; n++) {
    bench.zones = bench.zones.map(old => {
      const zone = JSON.parse(JSON.stringify(old))
      zone.properties.risk = (old.properties.risk % 4) + 1
      return zone
    })
    bench.sets.push(new Map(bench.zones.map(zone => [zone.id, zone])))
  }
}"""
_TAKE = "() => { for (const set of __bench.sets.splice(0)) __bench.change(set) }"
#: Milliseconds of each question, how many found a zone, draw calls that they caused.
_IDENTIFY = """async count => {
  const { __bench: bench, __twin: { view } } = window
  await bench.calm()
  await bench.frame()
  const { clientWidth: width, clientHeight: height } = view.options.element
  view.pointer.thingUnder(width / 2, height / 2) // waits for the frame to be drawn
  bench.draws = 0
  const times = []
  let found = 0
  for (let i = 0; i < count; i++) {
    const [x, y] = [width * (0.3 + (0.4 * ((i * 61) % 97)) / 97), height * (0.4 + (0.3 * ((i * 29) % 89)) / 89)]
    const began = performance.now()
    const ref = view.pointer.thingUnder(x, y)
    times.push(performance.now() - began)
    if (ref?.layer === 'zone') found += 1
  }
  return { times, found, draws: bench.draws }
}"""


@dataclass(frozen=True)
class Board:
    """The zones as the scene gets them, and their raster as the server sends it."""

    features: list[dict[str, Any]]
    card: dict[str, Any]
    texels: dict[str, bytes]


def board(origin: tuple[float, float, float]) -> Board:
    """A chequerboard of zones around ``origin`` (degrees, ellipsoidal metres of the ground)."""
    frame, ground = enu_frame(*origin), origin[2]
    west, south, width, height = _BOARD
    features, areas = [], {}
    for n in range(COLUMNS * ROWS):
        x, y = west + n % COLUMNS * width / COLUMNS, south + n // COLUMNS * height / ROWS
        ring = np.array(
            [(x, y), (x + width / COLUMNS, y), (x + width / COLUMNS, y + height / ROWS), (x, y + height / ROWS), (x, y)]
        )
        local = np.column_stack([ring, np.zeros(len(ring))])
        corners = [[float(v) for v in geodetic(frame[:3, :3] @ p + frame[:3, 3])] for p in local]
        key = f"bench-{n:04d}"
        areas[key] = Area.of(key, "zone", [ring], ground, ground + 60)
        features.append(
            {
                "id": key,
                "geometry": {"type": "Polygon", "coordinates": [corners]},
                "properties": {
                    "code": key,
                    "name": key,
                    "kind": "unit",
                    "z_min": ground,
                    "z_max": ground + 60,
                    "risk": n % 4 + 1,
                },
            }
        )
    raster = Raster(2048)
    raster.update(areas)
    assert raster.box is not None
    base = f"/tiles3d/bench/{raster.version}"
    card = {
        "version": raster.version, "origin": origin, "box": raster.box, "size": raster.texels, "ids": [a.id for a in raster.order],
        "layers": [a.layer for a in raster.order], "ranges": [(a.z_min, a.z_max) for a in raster.order], "reach": REACH,
        "url": f"{base}/ids", "edges": f"{base}/edges",
    }  # fmt: skip
    return Board(features, card, {f"{base}/{what}": gzip.decompress(pack(raster, what)) for what in ("ids", "edges")})


def serve(page: Page, given: Board) -> None:
    """Lay the board on the page's model and wait until it is painted."""

    def answer(route: Route) -> None:
        path = "/" + route.request.url.split("/", 3)[3]
        if path in given.texels:
            route.fulfill(body=given.texels[path], content_type="application/octet-stream")
        else:
            route.fulfill(json=given.card)

    page.route("**/rasters/zone", answer)
    page.route("**/tiles3d/bench/**", answer)
    page.evaluate(_PREPARE, given.features)
    page.wait_for_function(_CUT, arg=given.card["version"], polling=100)
    page.wait_for_function("() => __twin.tilesLoaded", polling=100)
    page.evaluate("__twin.view.engine.software = false")


def _processor(page: Page) -> float:
    """Milliseconds that the page's main thread has had a core so far: time that others or the host had it does not count."""
    browser = page.context.browser
    assert browser is not None
    told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderer = max((p for p in told if p["type"] == "renderer"), key=lambda p: p["cpuTime"])["id"]
    return int(Path(f"/proc/{renderer}/task/{renderer}/schedstat").read_text().split()[0]) / 1e6


def _cost(page: Page, repeat: int) -> float:
    """Milliseconds of the main thread's processor time for one change of all zones, the upload left out: the median of ``repeat`` runs of a
    few changes each, which are as fresh in the caches as what a message has just brought."""
    costs = []
    for _ in range(repeat):
        page.evaluate("__bench.calm()")
        page.evaluate(_MAKE, _AT_ONCE)
        before = _processor(page)
        page.evaluate(_TAKE)
        costs.append((_processor(page) - before) / _AT_ONCE)
    return quantile(costs, 0.5)


def rows(page: Page, origin: tuple[float, float, float], repeat: int = REPEAT) -> list[Row]:
    """On a page whose model is loaded."""
    serve(page, board(origin))
    number = COLUMNS * ROWS
    one = page.evaluate(_RECOLOUR, [repeat, 1])
    every = page.evaluate(_RECOLOUR, [repeat, number])
    cost = _cost(page, repeat // 4) + quantile(every["uploads"], 0.5)
    asked = page.evaluate(_IDENTIFY, QUESTIONS)
    if asked["found"] < QUESTIONS / 2:
        raise RuntimeError(f"only {asked['found']} of {QUESTIONS} questions found a zone")
    added = max(max(run["after"]) - max(run["before"]) for run in (one, every))
    on, thread = f"of {number} zones on the mesh", "main thread"
    return [
        Row(f"recolour one {on}, {thread}, p95", "ms", quantile(one["times"], 0.95), None, "", "lower", 2.0),
        Row(f"recolour one {on}, {thread}, p50", "ms", quantile(one["times"], 0.5), None, "", "lower", 2.0),
        Row(f"recolour all {on}, {thread}, processor time and median upload", "ms", cost, None, "", "lower", 2.0),
        Row(f"recolour all {on}, {thread}, p95", "ms", quantile(every["times"], 0.95), None, "", "lower", 2.0),
        Row(f"recolour all {on}, {thread}, p50", "ms", quantile(every["times"], 0.5), None, "", "lower", 2.0),
        Row(f"draw calls that recolouring adds, {number} zones", "calls", float(added), None, "", "lower", 0.0),
        Row(f"identify the zone under the pointer, {number} zones, p95", "ms", quantile(asked["times"], 0.95), None, "", "lower", 5.0),
        Row(f"draw calls of {QUESTIONS} such questions", "calls", float(asked["draws"]), None, "", "lower", 0.0),
    ]  # fmt: skip
