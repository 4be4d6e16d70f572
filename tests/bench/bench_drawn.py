"""From a badge's measurement to the frame of the big screen's plan that draws it, in a real browser beside the demo's
325 movers.

Somebody walks in a straight line and a gateway tells once a second, over UDP, where. Between two fixes a dot glides,
for as long as they lie apart, and never ahead of what is known; so there are two answers. The first frame whose dot is
on its way to the new place: somebody looking sees that the person went on. And the frame whose dot stands there. It
runs on the demo that browser tests start, or on ``TWIN_E2E_URL`` on the same machine.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from gis_assets.sites.demo.frame import to_lonlat
from playwright.sync_api import Page

from tests.bench.harness import Row, quantile
from tests.bench.screen import screen
from tests.e2e.conftest import Plant, running_plant
from tests.e2e.console.crew import PLACE, crew_of

DEFAULT = False
#: The UDP port of positions is this much above the hub's, unless it is set (realtime.tracking.config).
UDP_ABOVE = 10
FIXES, WARM, SPEED = 130, 10, 0.8
_READY = "() => window.__twin && __twin.ready && __twin.view.live.motions.layers.get('people')?.things.size > 50"
#: Notes of each frame: its end, the event time of the person's newest fix, metres of the dot along the way (two ends in
#: degrees).
_WATCH = """([id, from, to]) => {
  const { view } = __twin
  const [a, b] = [from, to].map(([lon, lat]) => view.frame.toLocal(lon, lat, view.frame.height))
  const length = Math.hypot(b[0] - a[0], b[1] - a[1])
  window.__frames = []
  view.events.on('frame', () => {
    const thing = view.live.motions.get({ layer: 'people', id })
    if (!thing) return
    const [x, y] = [thing.at[0] - a[0], thing.at[1] - a[1]]
    const along = (x * (b[0] - a[0]) + y * (b[1] - a[1])) / length
    __frames.push([performance.timeOrigin + performance.now(), thing.mover.t, along])
  })
}"""


def _walk(plant: Plant, page: Page, person: dict[str, Any], badge: str) -> list[tuple[float, float]]:
    """Send the walk, once a second: event time in s since 1970, and metres along the way."""
    x, y = PLACE
    hub = urlsplit(plant.call("GET", "/api/config")["hub"])
    target = (str(hub.hostname), (hub.port or 0) + UDP_ABOVE)
    page.evaluate(_WATCH, [person["id"], to_lonlat(x, y), to_lonlat(x + 100.0, y)])
    sent = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
        due = time.monotonic()
        for n in range(FIXES):
            t, along = time.time(), n * SPEED
            fix = {"x": x + along, "y": y, "source": "vendor", "floor": 0, "sigma": 0.2}
            report = {"gateway": "BENCH", "t": t, "badges": [{"badge": badge, "fix": fix, "moving": True}]}
            gateway.sendto(json.dumps(report).encode(), target)
            sent.append((t, along))
            due += 1.0
            page.wait_for_timeout(max(0.0, (due - time.monotonic()) * 1000.0))
    page.wait_for_timeout(5000)
    return sent


def measure(plant: Plant) -> tuple[list[float], list[float]]:
    """Seconds from each measurement until a frame's dot went to it, and until one stood there."""
    with crew_of(plant, measured=False) as crew, screen(plant, _READY, view="2d") as page:
        sent = _walk(plant, page, crew.people[0], crew.badge(0))
        frames: list[tuple[float, float, float]] = page.evaluate("() => __frames")
    going, there = [], []
    for t, along in sent[WARM:]:
        seen = [(at / 1000.0 - t, place) for at, event, place in frames if event >= t * 1000.0 - 1.0]
        going.append(seen[0][0])
        there.append(next(age for age, place in seen if place > along - 0.1))
    return going, there


def rows() -> list[Row]:
    """Median and slowest of a hundred."""
    with running_plant() as plant:
        going, there = measure(plant)
    what = f"measurement over UDP to the drawn frame, {len(going)} fixes at 1 Hz"
    return [
        Row(f"{what}: the dot is on its way, p50", "s", quantile(going, 0.5), None, "", "lower"),
        Row(f"{what}: the dot is on its way, p99", "s", quantile(going, 0.99), None, "goal of the issue", "lower", 1.0),
        Row(f"{what}: it stands there, p50", "s", quantile(there, 0.5), None, "", "lower"),
        Row(f"{what}: it stands there, p99", "s", quantile(there, 0.99), None, "the order", "lower", 5.0),
    ]


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(row.as_json(), ensure_ascii=False))
