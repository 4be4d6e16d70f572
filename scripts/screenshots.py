"""``make screenshots [URL=...]``: every screen and state of the running demo, in Chromium, into ``var/screenshots``.

Each viewer app lists its shots in ``viewer/apps/<app>/shots.json``: name, path, account, sizes (``wall``, ``phone`` ...), ``act``
(a list of click, fill, press, wait, eval), ``wait`` (a JavaScript condition polled until true before the picture is taken) and lang.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright  # noqa: E402

from tests.e2e.conftest import CHROMIUM, FLAGS, PATIENCE, Plant  # noqa: E402
from tests.e2e.conftest import plant as plant_fixture  # noqa: E402

SIZES = {"wall": (1920, 1080), "phone": (390, 844), "4k": (3840, 2160), "wall3x1": (5760, 1080)}


def main(only: str = "") -> int:
    """Take all pictures whose name contains ``only``; 1 when a state did not come."""
    target = ROOT / "var" / "screenshots"
    target.mkdir(parents=True, exist_ok=True)
    failed = 0
    with ExitStack() as stack:
        plant = stack.enter_context(_running())
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for listing in sorted(ROOT.glob("viewer/apps/*/shots.json")):
            for shot in json.loads(listing.read_text(encoding="utf-8")):
                for size in shot.get("sizes", ["wall"]):
                    name = f"{listing.parent.name}-{shot['name']}-{size}"
                    if only in name:
                        failed += not _take(browser, plant, shot, size, target / f"{name}.png")
    return 1 if failed else 0


def _running() -> Any:
    from contextlib import contextmanager

    return contextmanager(plant_fixture.__wrapped__)()  # type: ignore[attr-defined]


def _take(browser: Browser, plant: Plant, shot: dict[str, Any], size: str, path: Path) -> bool:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, locale=shot.get("lang", "zh-CN"), timezone_id="Asia/Shanghai"
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    try:
        if account := shot.get("account"):
            plant.login(page, account)
        page.goto(plant.url + shot["path"])
        for step in shot.get("act", []):
            _act(page, step)
        if condition := shot.get("wait"):
            page.wait_for_function(condition, polling=500)
        page.wait_for_timeout(1000)  # the last frame after the condition
        print(path.name)
        return True
    except TimeoutError as error:
        print(f"{path.name}: {str(error).splitlines()[0]}")
        return False
    finally:
        page.screenshot(path=path, timeout=PATIENCE)
        context.close()


def _act(page: Page, step: dict[str, str]) -> None:
    if "click" in step:
        page.click(step["click"])
    elif "fill" in step:
        page.fill(step["fill"], step["text"])
    elif "press" in step:
        page.keyboard.press(step["press"])
    elif "wait" in step:
        page.wait_for_function(step["wait"], polling=500)
    elif "eval" in step:
        page.evaluate(step["eval"])


if __name__ == "__main__":
    sys.exit(main(os.environ.get("ONLY", "") or (sys.argv[1] if len(sys.argv) > 1 else "")))
