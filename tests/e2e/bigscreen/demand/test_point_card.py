"""The card of a measuring point: information, live value, trend of every length, alarm record, bound cameras. On demand."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.bigscreen.test_bigscreen import READY, new_context, wait
from tests.e2e.conftest import Plant
from tests.e2e.console.test_alarms import crossing

TREND = "[data-device-trend]"
DRAWN = "hours => { const d = document.querySelector('[data-device-trend]')?.dataset; return d?.hours === hours && Number(d.points) > 0 }"


@pytest.mark.req("M9.3", "M9.5")
def test_the_card_of_a_point_has_value_trend_record_and_cameras(plant: Plant, browser: Browser) -> None:
    cookie = plant.token("manager")
    camera = plant.call("GET", "/ogc/collections/camera/items?limit=1", cookie=cookie)["features"][0]
    context = new_context(browser)
    try:
        with crossing(plant) as alarm:
            id_ = alarm["subject_id"]
            device = plant.call("GET", f"/ogc/collections/device/items/{id_}", cookie=cookie)["properties"]
            bound = f"/api/alarms/points/{id_}/cameras"
            before = plant.call("GET", bound, cookie=cookie)
            plant.call("PUT", bound, {"cameras": [camera["id"]]}, cookie=cookie)
            page = context.new_page()
            plant.login(page, "control")
            page.goto(f"{plant.url}/screen/?view=2d#sel=device:{device['code']}")
            wait(page, READY)
            card = page.locator("[data-card]")
            expect(card).to_contain_text(device["tag"])
            expect(card).to_contain_text(device["unit_text"])
            wait(page, "() => document.querySelector('[data-live]')?.dataset.quality === 'good'")
            wait(page, DRAWN, "1")
            for hours in ("8", "24"):
                card.get_by_role("button", name=f"{hours} 小时", exact=True).click()
                wait(page, DRAWN, hours)
            card.locator("[data-own]").click()
            end = datetime.fromisoformat(str(card.locator("input[name=to]").input_value()))
            card.locator("input[name=from]").fill((end - timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M"))
            card.locator("input[name=from]").blur()
            wait(page, DRAWN, "free")
            with page.expect_response(lambda r: "/trend?" in r.url and "step=second" in r.url):
                card.locator("input[name=to]").fill((end - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M"))
                card.locator("input[name=to]").blur()
            expect(card.locator(f"[data-record='{alarm['id']}']")).to_be_visible()
            expect(card).to_contain_text(camera["properties"]["name"])
            assert card.locator("[data-workspace]").get_attribute("href") == f"/console/trends?ids={id_}"
            plant.call("PUT", bound, {"cameras": before["cameras"]}, cookie=cookie)
    finally:
        context.close()
