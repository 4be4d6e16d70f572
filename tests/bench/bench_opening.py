"""The time machine in a real browser: from the pull at the big screen's line of the day to the drawn frame of that second - the colours of
its zones, its people, its points and its alarms - on the model (3D) and on the plan (2D), each opened from the present.

The peer is the same second's four answers over HTTP alone, asked at the same time over connections of their own as the screen asks them,
by turns first and second: the ratio is what the browser adds, here with software drawing, which is slow. It runs on the demo that browser
tests start, or on ``TWIN_E2E_URL`` on the same machine.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from playwright.sync_api import Page

from tests.bench.bench_features import Client
from tests.bench.bench_timemachine import PARTS
from tests.bench.harness import Row, quantile
from tests.bench.screen import screen
from tests.e2e.conftest import Plant, running_plant

DEFAULT = False
SECONDS, WARM = 20, 2
#: Seconds back that are asked for; the demo has to have lived so long.
NEAR, STEP = 20, 5
_READY = """() => window.__twin && __twin.ready && (__twin.kind === '2d' || __twin.tilesLoaded)
  && __twin.view.live.motions.layers.get('people')?.things.size > 50 && document.querySelector('[data-test=timeline-scrub]')"""
#: The pull, as the bar tells it; then the first frame after which everything of that second is drawn: ms.
_OPEN = """second => new Promise((done, fail) => {
  const bar = document.querySelector('[data-test=timeline-scrub]')
  const { view } = __twin
  const given = (layer, size) => (view.live.motions.layers.get(layer)?.things.size ?? 0) === size
  const settled = () => view.kind !== '2d' || !view.map || (view.zones.unsaid.length === 0 && view.map.isSourceLoaded('zones'))
  const began = performance.now()
  const state = () => JSON.stringify({ second, then: __twin.then, badges: view.live.overlay.badges.get('device')?.size,
    movers: [...view.live.motions.layers].map(([layer, { things }]) => [layer, things.size]), settled: settled(), frames: __twin.frames })
  const late = setTimeout(() => { off(); fail(new Error('the second was never drawn: ' + state())) }, 120000)
  const off = view.events.on('frame', () => {
    const then = __twin.then
    if (then?.at !== second || !given('people', then.people) || !given('vehicles', then.vehicles)) return
    if (view.live.overlay.badges.get('device')?.size !== then.points || !settled()) return
    clearTimeout(late)
    off()
    done(performance.now() - began)
  })
  bar.value = second
  bar.dispatchEvent(new Event('input', { bubbles: true }))
})"""
_NOW = "() => !document.querySelector('[data-test=past]')"


def _seconds(now: float) -> list[int]:
    """The seconds that are asked for, ms since 1970."""
    return [(int(now) - NEAR - STEP * n) * 1000 for n in range(SECONDS + WARM)]


def _drawn(page: Page, second: int) -> float:
    """Seconds until the past is on the screen; then back to the present, and a while for it."""
    took = float(page.evaluate(_OPEN, second))
    then: dict[str, Any] = page.evaluate("() => ({ ...__twin.then })")
    assert then["people"] > 50 and then["points"] > 100 and then["alarms"] is not None, then
    page.click("[data-test=past-live]")
    page.wait_for_function(_NOW, polling=100)
    page.wait_for_timeout(2000)
    return took / 1000.0


def _opened(page: Page, plant: Plant) -> tuple[list[float], list[float]]:
    """Seconds of each opening in the browser, and of its answers alone."""
    head = {"Cookie": f"twin_session={plant.token('control')}", "Accept-Encoding": "gzip"}
    port = urlsplit(plant.url).port or 80

    def get(client: Client, path: str, at: str) -> None:
        json.loads(client.get(f"{path}?at={quote(at)}"))

    def answers(second: int) -> float:
        clients = [Client(port, head) for _ in PARTS]  # the server keeps none of them for as long as a round takes
        at, begun = datetime.fromtimestamp(second / 1000, UTC).isoformat(), time.perf_counter()
        list(pool.map(get, clients, PARTS, [at] * len(PARTS)))
        return time.perf_counter() - begun

    ours, peer = [], []
    with ThreadPoolExecutor(len(PARTS)) as pool:
        for n, second in enumerate(_seconds(time.time())):
            if n % 2:
                alone, drawn = answers(second), _drawn(page, second)
            else:
                drawn, alone = _drawn(page, second), answers(second)
            if n >= WARM:
                ours.append(drawn)
                peer.append(alone)
    return ours, peer


def measure(plant: Plant, view: str) -> tuple[list[float], list[float]]:
    """With the screen of a control room, its picture ``view`` (3d, 2d)."""
    with screen(plant, _READY, view=view) as page:
        page.wait_for_timeout(max(0.0, NEAR + STEP * (SECONDS + WARM) - plant_age(plant)) * 1000)
        return _opened(page, plant)


def plant_age(plant: Plant) -> float:
    """Seconds for which the demo has told positions."""
    cookie, now = plant.token("control"), time.time()
    for ago in range(0, NEAR + STEP * (SECONDS + WARM + 1), STEP):
        at = datetime.fromtimestamp(now - ago - 1, UTC).isoformat()
        if len(plant.call("GET", f"/api/positions/at?at={quote(at)}", cookie=cookie)["items"]) < 100:
            return float(ago)
    return float("inf")


def rows() -> list[Row]:
    """Median and slowest of twenty, on the model and on the plan."""
    made = []
    with running_plant() as plant:
        for view, name in (("2d", "plan"), ("3d", "model")):
            ours, peer = measure(plant, view)
            what, than = (
                f"pull at the time line to the drawn second, {name}, software drawing",
                "its answers over HTTP alone",
            )
            for share, label in ((0.5, "p50"), (0.99, "p99")):
                made.append(Row(f"{what}, {label}", "s", quantile(ours, share), quantile(peer, share), than, "lower"))
            made.append(Row(f"{what}, p99", "s", quantile(ours, 0.99), None, "goal of the issue", "lower", 1.0))
    return made


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(row.as_json(), ensure_ascii=False))
