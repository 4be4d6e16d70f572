"""The big screen's panel of the risk map: counts by level, changes of the last hour with their cause, a click flies to the zone."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.bigscreen.demand.test_address import NO_WEBGL
from tests.e2e.conftest import PATIENCE, Plant

expect.set_options(timeout=PATIENCE)
#: A zone that no other test decides on.
ZONE = "Z-42"


@pytest.mark.req("M1.5", "M8.2")
def test_the_risk_panel_counts_tells_changes_with_cause_and_flies(browser: Browser, plant: Plant) -> None:
    cookie = plant.token("manager")
    body = {
        "level": 1, "reason": "检修", "until": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
        "confirmation": {"password": plant.password("manager"), "strokes": [[[0.1, 0.2], [0.8, 0.7]]]},
    }  # fmt: skip
    plant.call("PUT", f"/api/zones/{ZONE}/override", body, cookie=cookie)
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    context.set_default_timeout(PATIENCE)
    context.add_init_script(NO_WEBGL)
    try:
        page = context.new_page()
        plant.login(page)
        page.goto(f"{plant.url}/screen/?view=2d")
        panel = page.locator("[data-test=risk-panel]")
        change = panel.locator(f"[data-change={ZONE}]").first
        expect(change).to_contain_text("人工")
        # the counts are those of the zones on the map
        page.wait_for_function("code => __twin.zone(code)?.level === 1", arg=ZONE, timeout=PATIENCE, polling=100)
        deadline = time.monotonic() + PATIENCE / 1000
        while True:  # alarms of the demo come and go meanwhile
            levels = list(plant.call("GET", "/api/risk/at", cookie=cookie)["levels"].values())
            counts = [int(panel.locator(f"[data-risk-count='{n}'] b").inner_text()) for n in (1, 2, 3, 4)]
            if counts == [levels.count(n) for n in (1, 2, 3, 4)]:
                break
            assert time.monotonic() < deadline, (counts, levels)
            time.sleep(0.2)
        before = page.evaluate("JSON.stringify(__twin.camera)")
        change.click()
        page.wait_for_function("code => __twin.selected?.code === code", arg=ZONE, timeout=PATIENCE, polling=100)
        page.wait_for_function(
            "before => JSON.stringify(__twin.camera) !== before", arg=before, timeout=PATIENCE, polling=100
        )
        expect(page.locator(f"[data-test=zone-section][data-loaded='{ZONE}'] [data-test=by-person]")).to_be_visible()
    finally:
        context.close()
        plant.call("DELETE", f"/api/zones/{ZONE}/override", cookie=cookie)
