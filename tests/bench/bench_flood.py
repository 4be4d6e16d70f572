"""A flood of 5,000 alarms in 10 s and a person who goes on working: big screen (2D) and alarm desk in a real browser.

During the flood somebody clicks twice a second. What is measured is the browser's own word, from the click until the frame
that shows its effect is on the screen (Event Timing), and the CPU time of the page's main thread. The peer is the same page
in the same seconds before the flood. At the end the screens must show the number that the database has.

As in a control room the screen has a computer of its own: half of the cores belong to the browser, the other half to the
plant and the flood. No graphics card is here, so the pixels are a quarter as wide and high as on the wall, and drawing them
in software takes about as little time as a card would need; layout, work and texts are those of 1600 x 900.

It runs on the demo that browser tests start, or on ``TWIN_E2E_URL`` with the data folder in ``TWIN_VAR_DIR`` (its processes
then run where they run).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.bench.harness import Row, quantile
from tests.e2e.conftest import CHROMIUM, FLAGS, PATIENCE, Plant, running_plant
from twin.settings import Settings, child_environment

ALARMS, SECONDS = 5000, 10.0
#: Seconds between two clicks.
PAUSE = 0.5
_CORES = sorted(os.sched_getaffinity(0))
#: One core only: both share it.
_PLANT, _BROWSER = set(_CORES[: len(_CORES) // 2] or _CORES), set(_CORES[len(_CORES) // 2 :])
#: A click has been answered when the frame after it was made; how long until it is seen the browser says later, and not at all below 16 ms.
_WATCH = """() => {
  window.__clicks = []
  window.__answered = 0
  addEventListener('click', () => requestAnimationFrame(() => setTimeout(() => { __answered += 1 })), true)
  window.__tasks = []
  new PerformanceObserver(list => list.getEntries().forEach(e => e.name === 'click' && __clicks.push(e.duration)))
    .observe({ type: 'event', durationThreshold: 16 })
  new PerformanceObserver(list => list.getEntries().forEach(e => __tasks.push(e.duration))).observe({ type: 'longtask' })
}"""


@dataclass
class Felt:
    """What a person felt: ms from each click to its frame, ms of each task over 50 ms, share of a core that the page's main
    thread took; after a flood also s until the number was right, and by how much it was wrong then."""

    clicks: list[float]
    tasks: list[float]
    busy: float
    settled: float = 0.0
    wrong: int = 0


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Processes that are started meanwhile run on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def opened(plant: Plant, path: str, ready: str) -> Iterator[Page]:
    """A page of the manager in Chromium."""
    with sync_playwright() as playwright:
        with on_cores(_BROWSER):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 900}, device_scale_factor=0.25, locale="zh-CN")
        page.set_default_timeout(PATIENCE)
        plant.login(page, "manager")
        page.goto(f"{plant.url}{path}")
        page.wait_for_selector(ready)
        yield page
        browser.close()


def work(page: Page, click: str, holds: Callable[[], bool], then: Callable[[], None] = lambda: None) -> Felt:
    """Click while ``holds``; ``then`` is called before the frames that are still to come are waited for."""
    box = page.locator(click).first.bounding_box()
    assert box is not None
    thread = page.context.new_cdp_session(page)
    thread.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.evaluate(_WATCH)
    before, began, clicks = _cpu(thread), time.monotonic(), 0
    while holds():
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        clicks += 1
        page.wait_for_timeout(PAUSE * 1000)
    busy = (_cpu(thread) - before) / (time.monotonic() - began)
    then()
    page.wait_for_function("clicks => __answered >= clicks", arg=clicks)
    page.wait_for_timeout(2000)  # the browser reports what it has shown a moment later
    clicked, tasks = page.evaluate("() => [__clicks, __tasks]")
    return Felt([*clicked, *[16.0] * (clicks - len(clicked))], tasks, busy)


def _cpu(thread: CDPSession) -> float:
    metrics = thread.send("Performance.getMetrics")["metrics"]
    return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))


def calm(page: Page, click: str) -> Felt:
    """Work without a flood."""
    end = time.monotonic() + SECONDS
    return work(page, click, lambda: time.monotonic() < end)


def flooded(plant: Plant, page: Page, click: str, shown: Callable[[], int]) -> Felt:
    """Work through a flood."""
    environment = os.environ | child_environment(Settings(var_dir=plant.var_dir, _env_file=None))
    command = [sys.executable, "-m", "tests.bench.alarm_flood", str(ALARMS), str(SECONDS)]
    with on_cores(_PLANT):
        process = subprocess.Popen(command, env=environment)
    settled, wrong = 0.0, 0

    def settle() -> None:
        nonlocal settled, wrong
        ended, cookie = time.monotonic(), plant.token("manager")
        while True:
            there = plant.call("GET", "/api/alarms/counts", cookie=cookie)["open"]
            wrong, settled = abs(shown() - there), time.monotonic() - ended
            if not wrong or settled > 30:
                return
            page.wait_for_timeout(100)

    felt = work(page, click, lambda: process.poll() is None, settle)
    if process.returncode:
        raise RuntimeError("the flood failed")
    felt.settled, felt.wrong = settled, wrong
    return felt


def rows() -> list[Row]:
    """The figures of both screens."""
    with ExitStack() as stack:
        with on_cores(_PLANT):
            plant = stack.enter_context(running_plant())
        if "TWIN_E2E_URL" in os.environ:
            plant = Plant(plant.url, None, Path(os.environ["TWIN_VAR_DIR"]))
        made = []
        with opened(plant, "/screen/?view=2d", "[data-alarm]") as page:
            panel, grade = page.locator("[data-panel-alarms]"), "[data-grade-count='2']"
            before = calm(page, grade)
            felt = flooded(plant, page, grade, lambda: int(panel.get_attribute("data-total") or 0))
            # without a graphics card a click takes seconds without any flood: it may take half as much again
            made += _rows("big screen", felt, before, max(500.0, 1.5 * quantile(before.clicks, 0.95)))
        with opened(plant, "/console/alarms", "[data-test=alarm]") as page:
            counts, box = page.locator("[data-test=counts]"), "[data-test=alarm] input"
            before = calm(page, box)
            felt = flooded(plant, page, box, lambda: _open(counts.inner_text()))
            made += _rows("alarm desk", felt, before, 500.0)
    return made


def _open(counts: str) -> int:
    """The number of open alarms in the desk's line of counts."""
    found = re.search(r"未关闭\s*(\d+)", counts)
    return int(found[1]) if found else -1


def _rows(screen: str, felt: Felt, before: Felt, goal: float) -> list[Row]:
    name, than = f"{ALARMS} alarms in {SECONDS:g} s, {screen}: ", "before the flood"
    p95 = quantile(felt.clicks, 0.95), quantile(before.clicks, 0.95)
    longest = max(felt.tasks, default=0.0), max(before.tasks, default=0.0)
    return [
        Row(f"{name}main thread", "cores", felt.busy, None, "", "lower", 0.5),
        Row(f"{name}main thread", "cores", felt.busy, before.busy, than, "lower"),
        Row(f"{name}click to frame p95 of {len(felt.clicks)}", "ms", p95[0], p95[1], than, "lower", goal),
        Row(f"{name}longest task", "ms", longest[0], longest[1], than, "lower"),
        Row(f"{name}number right after the last alarm", "s", felt.settled, None, "", "lower"),
        Row(f"{name}number wrong by", "alarms", float(felt.wrong), None, "", "lower", 0.0),
    ]
