"""Field sources and point lists in the console, in a real browser beside the demo's own field."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Plant, console_page

PATIENT = {"timeout": 60_000}


@pytest.fixture
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """An administrator's console."""
    with console_page(browser, plant, "admin") as made:
        yield made


@pytest.mark.req("M9.1")
def test_a_source_is_tried_added_and_removed_and_a_point_list_shows_its_faults(page: Page, plant: Plant) -> None:
    cookie, name = plant.token("admin"), f"e2e-{uuid4().hex[:8]}"
    line = next(s for s in plant.call("GET", "/api/sources", cookie=cookie) if s["name"] == "demo-gds")
    port = plant.call("GET", f"/api/sources/{line['id']}", cookie=cookie)["settings"]["port"]
    page.goto(f"{plant.url}/console/sources")
    expect(page.locator("[data-test=source][data-name=demo-dcs]")).to_have_attribute("data-health", "live", **PATIENT)

    page.click("[data-test=add-source]")
    form = page.locator("[data-test=source-form]")
    form.locator("[name=kind]").select_option("modbus_tcp")
    form.locator("[name=source-name]").fill(name)
    form.locator("[name=host]").fill("127.0.0.1")
    form.locator("[name=port]").fill(str(port))
    form.locator("[name=try-address]").fill("nowhere")
    page.click("[data-test=test-source]")
    expect(page.locator("[data-test=side-fault]")).to_contain_text("nowhere", **PATIENT)
    form.locator("[name=try-address]").fill("1:holding:0:float32")
    page.click("[data-test=test-source]")  # one value now, from the gas detectors' real line
    expect(page.locator("[data-test=tried]")).to_have_attribute("data-ok", "true", **PATIENT)
    expect(page.locator("[data-test=side-fault]")).to_have_count(0)
    page.click("[data-test=save-source]")
    row = page.locator(f"[data-test=source][data-name={name}]")
    expect(row).to_be_visible(**PATIENT)
    page.click("[data-test=remove-source]")
    page.click("[data-test=remove-source]")  # asked back once
    expect(row).to_have_count(0, **PATIENT)

    page.goto(f"{plant.url}/console/point-list")
    head = "编号,名称,位号,kind,经度,纬度,高程,采集源,采集地址"
    near = plant.call("GET", "/ogc/collections/device/items?limit=1", cookie=cookie)["features"][0]
    where = ",".join(map(str, near["geometry"]["coordinates"]))
    good = f"{name},新液位,{name},level,{where},demo-gds,1:holding:0:float32"
    bad = f"{name}-2,新液位,{name}-2,level,{where},no-such-source,1:holding:0:float32"
    for rows, errors in (([good, bad], 1), ([good], 0)):
        text = "\n".join([head, *rows]) + "\n"
        page.set_input_files("[data-test=file]", {"name": "p.csv", "mimeType": "text/csv", "buffer": text.encode()})
        page.click("[data-test=preview]")
        expect(page.locator("[data-test=plan]")).to_have_attribute("data-errors", str(errors), **PATIENT)
        if errors:
            expect(page.locator("table.figures").first).to_contain_text("no-such-source")
            expect(page.locator("[data-test=import]")).to_be_disabled()
        else:
            expect(page.locator("table.figures").first).to_contain_text(name)
            expect(page.locator("[data-test=import]")).to_be_enabled()
