"""The live list with all its filters, and the trend workspace: several points, down to the second, with their alarms and exports. On demand."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Plant, console_page
from tests.e2e.console.test_alarms import crossing

ROW = "[data-test=point]"
DRAWN = "Number(document.querySelector('[data-test=multi-chart]')?.dataset.drawn) > 0"


@pytest.fixture
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """A manager's console."""
    with console_page(browser, plant, "manager") as made:
        yield made


def listed(plant: Plant, **query: Any) -> dict[str, Any]:
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    return plant.call("GET", f"/api/points?{asked}", cookie=plant.token("manager"))


@pytest.mark.req("M9.5")
def test_the_list_holds_one_page_and_is_filtered_by_area_risk_point_code_type_and_state(
    page: Page, plant: Plant
) -> None:
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.goto(f"{plant.url}/console/points")
    expect(page.locator(ROW)).to_have_count(50)
    assert not any("/collections/device/items?" in url for url in asked), "the page never loads all points"
    units = plant.call("GET", "/api/risks/units", cookie=plant.token("manager"))
    unit = next(u for u in units if 0 < listed(plant, zone=u["zone_codes"][0])["total"] < 400)
    page.select_option("[data-test=risk]", unit["code"])
    total = plant.call(
        "GET", "/api/points?" + "&".join(f"zone={z}" for z in unit["zone_codes"]), cookie=plant.token("manager")
    )["total"]
    expect(page.locator("[data-test=counts]")).to_contain_text(f"共 {total} 个")
    point = page.locator(ROW).first
    tag = str(point.get_attribute("data-tag"))
    page.fill("input[name=search]", tag)
    expect(page.locator(ROW)).to_have_count(1)
    page.select_option("[data-test=state-filter]", "good")
    expect(page.locator(f"{ROW}[data-tag={tag}]")).to_have_attribute("data-quality", "good")
    page.select_option("[data-test=state-filter]", "none")
    expect(page.locator("[data-test=state]")).to_contain_text("没有符合条件的监测点")
    page.reload()  # the address holds every filter
    expect(page.locator("[data-test=risk]")).to_have_value(unit["code"])
    expect(page.locator("[data-test=state-filter]")).to_have_value("none")


@pytest.mark.req("M9.5")
def test_several_points_on_one_time_axis_down_to_the_second_with_alarms_and_exports(page: Page, plant: Plant) -> None:
    first, second = (
        listed(plant, kind=kind, state="good", limit=1)["items"][0] for kind in ("temperature", "pressure")
    )
    page.goto(f"{plant.url}/console/points/{first['id']}")
    page.click("[data-test=workspace]")
    page.wait_for_function(DRAWN, polling=300)
    page.fill("input[name=tag]", second["tag"])
    page.locator(f"[data-test=found] [data-tag='{second['tag']}']").click()
    expect(page.locator("[data-test=pen]")).to_have_count(2)
    step = page.locator("[data-test=step]")
    expect(step).to_have_attribute("data-step", "minute")
    page.click("[data-test=zoom-in]")
    expect(step).to_have_attribute("data-step", "second")
    page.wait_for_function(DRAWN, polling=300)
    # The wheel over the chart reads finer data, too.
    before = parse_qs(urlsplit(page.url).query)
    chart = page.locator("[data-test=multi-chart]")
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.25)
    page.mouse.wheel(0, -400)
    page.wait_for_function(f"new URLSearchParams(location.search).get('from') !== {before['from'][0]!r}", polling=300)
    now = {
        key: datetime.fromisoformat(value[0])
        for key, value in parse_qs(urlsplit(page.url).query).items()
        if key in ("from", "to")
    }
    was = {key: datetime.fromisoformat(before[key][0]) for key in ("from", "to")}
    assert timedelta(0) < now["to"] - now["from"] < was["to"] - was["from"]
    page.go_back()
    page.wait_for_function(f"new URLSearchParams(location.search).get('from') === {before['from'][0]!r}", polling=300)
    expect(step).to_have_attribute("data-step", "second")
    with page.expect_download() as taken:
        page.click("[data-test=csv]")
    rows = list(csv.DictReader(io.StringIO(taken.value.path().read_text(encoding="utf-8-sig"))))
    assert {row["tag"] for row in rows} == {first["tag"], second["tag"]}
    assert all(was["from"] <= datetime.fromisoformat(row["ts"]) < was["to"] for row in rows)
    with page.expect_download() as taken:
        page.click("[data-test=parquet]")
    assert taken.value.path().read_bytes()[:4] == b"PAR1"


@pytest.mark.req("M9.5", "M9.6")
def test_alarms_lie_over_the_trend_of_their_point(page: Page, plant: Plant) -> None:
    with crossing(plant) as alarm:
        page.goto(f"{plant.url}/console/trends?ids={alarm['subject_id']}&period=1h")
        page.wait_for_function(DRAWN, polling=300)
        expect(page.locator("[data-test=multi-chart]")).not_to_have_attribute("data-marks", "0")
        expect(page.locator("[data-test=event]").first).to_contain_text("高报")
        page.locator("[data-test=event] a").first.click()
        page.wait_for_url("**/console/alarms/**")
