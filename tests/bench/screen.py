"""The big screen in Chromium, for benches that look at what it draws."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from tests.e2e.conftest import CHROMIUM, FLAGS, PATIENCE, Plant


@contextmanager
def screen(plant: Plant, ready: str, width: int = 1280, height: int = 720, view: str = "") -> Iterator[Page]:
    """A control room's page, once the script ``ready`` says true; ``view`` is 2d or 3d, else the screen's own choice."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN")
        page.set_default_timeout(PATIENCE)
        plant.login(page)
        page.goto(f"{plant.url}/screen/" + (f"?view={view}" if view else ""))
        page.wait_for_function(ready, polling=200)
        yield page
        browser.close()
