"""From the field to the screens: a measured level crosses its limit, the alarm is seen, acknowledged, handled, and counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE, Plant

#: What the answer about a set-point tells beside the set-point itself.
TOLD = ("device_id", "tag", "name", "unit", "layer", "effective", "all_grades")

#: The list draws only the rows in sight: leaf through it until the alarm is there.
LEAF = """id => {
  if (document.querySelector(`[data-alarm="${id}"]`)) return true
  const box = document.querySelector('[data-alarm-rows]')
  if (box) box.scrollTop = box.scrollTop + box.clientHeight >= box.scrollHeight ? 0 : box.scrollTop + box.clientHeight / 2
  return false
}"""


@pytest.fixture
def alarm(plant: Plant) -> Iterator[dict[str, Any]]:
    """An open alarm that nobody has seen."""
    with crossing(plant) as made:
        yield made


@contextmanager
def crossing(plant: Plant) -> Iterator[dict[str, Any]]:
    """The open alarm of a tank whose limit is set below the level that its gauge measures; its limit is as before afterwards."""
    cookie = plant.token("manager")
    devices = plant.call("GET", "/ogc/collections/device/items?limit=1000", cookie=cookie)["features"]
    # not the tank that the scenarios overfill
    device = next(d["id"] for d in reversed(devices) if d["properties"]["kind"] == "level")
    at = f"/api/alarms/points/{device}"
    kept = {k: v for k, v in plant.call("GET", at, cookie=cookie).items() if k not in TOLD}
    level = _until(
        lambda: plant.call("GET", f"/api/points/{device}/latest", cookie=cookie).get("value"), "no level is measured"
    )
    changed = plant.call(
        "PUT", at, kept | {"enabled": True, "limits": {"h": level / 2}, "grades": {"h": 1}}, cookie=cookie
    )
    try:
        query = f"/api/alarms?state=unacknowledged&subject={device}"
        yield _until(lambda: plant.call("GET", query, cookie=cookie)["items"], "the crossing raised no alarm")[0]
    finally:
        plant.call("PUT", at, kept | {"version": changed["version"]}, cookie=cookie)


def _until(get: Callable[[], Any], otherwise: str) -> Any:
    deadline = time.monotonic() + PATIENCE / 1000
    while not (found := get()):
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.2)
    return found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1600, "height": 900}, locale="zh-CN", timezone_id="Europe/Berlin")
    made = context.new_page()
    made.set_default_timeout(PATIENCE)
    yield made
    context.close()


@pytest.mark.req("M9.3", "M9.4", "M9.6")
def test_an_alarm_is_seen_acknowledged_handled_and_counted(page: Page, plant: Plant, alarm: dict[str, Any]) -> None:
    patient = {"timeout": PATIENCE}
    plant.login(page, "manager")
    page.goto(f"{plant.url}/screen/?view=2d")
    page.wait_for_function(LEAF, arg=alarm["id"], polling=100)
    row = page.locator(f"[data-alarm='{alarm['id']}']")
    expect(row).to_have_attribute("data-status", "unacknowledged", **patient)
    # the sound says what it is: off until somebody enables it by a click
    sound = page.locator("[data-sound]")
    expect(sound).to_have_attribute("data-sound", "off")
    page.click("[data-sound-toggle]")
    expect(sound).to_have_attribute("data-sound", "on", **patient)
    expect(page.locator("[data-lamp]")).to_contain_text("未确认")
    row.locator("[data-acknowledge]").click()
    page.wait_for_function(LEAF, arg=alarm["id"], polling=100)  # those that nobody has seen stand before it now
    expect(row).to_have_attribute("data-status", "acknowledged", **patient)

    page.goto(f"{plant.url}/console/alarms/{alarm['id']}?subject={alarm['subject_id']}&state=all")
    drawer = page.locator("[data-test=drawer]")
    expect(drawer).to_have_attribute("data-status", "acknowledged", **patient)
    submit = page.locator("[data-test=handle]")
    expect(submit).to_be_disabled()  # a written result or none
    page.fill("[name=cause]", "进料阀未关严")
    page.fill("[name=action]", "关闭进料阀，核对液位")
    page.fill("[name=person]", "王强")
    submit.click()
    expect(page.locator("[data-test=result]")).to_contain_text("进料阀未关严", **patient)
    # still above its limit: it closes by itself once the level is back
    expect(drawer).to_have_attribute("data-status", "handled")
    expect(page.locator(f"[data-test=alarm][data-alarm='{alarm['id']}']")).to_have_attribute(
        "data-status", "handled", **patient
    )
    told = page.locator("[data-test=history]")
    expect(told).to_contain_text("确认")
    expect(told).to_contain_text("处置")

    page.goto(f"{plant.url}/console/alarm-statistics")
    expect(page.locator("[data-test=top-sensor]", has_text=alarm["subject_name"])).to_have_count(1, **patient)
    assert int(page.inner_text("[data-test=handled]")) >= 1
    cookie = plant.token("manager")
    found = plant.call("GET", f"/api/alarms?state=handled&subject={alarm['subject_id']}", cookie=cookie)["items"]
    assert [a["person"] for a in found if a["id"] == alarm["id"]] == ["王强"]
