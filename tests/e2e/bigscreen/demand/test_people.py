"""People on the big screen: the dots, their counts, a fence that is broken, a call for help, and where somebody was."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.bigscreen.test_bigscreen import new_context, wait
from tests.e2e.conftest import PATIENCE, Plant

expect.set_options(timeout=60_000)

#: What the panel says and what is drawn, read in one go: numbers by class of those known to be there, and the old ones.
SAID_AND_DRAWN = """() => {
  const said = key => Number(document.querySelector(`[data-panel=people] [data-count=${key}]`)?.textContent ?? 0)
  const glyphs = { worker: 'employee', contractor: 'contractor', visitor: 'visitor', vehicle: 'vehicle' }
  const drawn = { employee: 0, contractor: 0, visitor: 0, vehicle: 0, stale: 0 }
  for (const layer of ['people', 'vehicles'])
    for (const { mover } of __twin.view.live.motions.layers.get(layer)?.things.values() ?? [])
      drawn[mover.state === 'stale' || mover.state === 'lost' ? 'stale' : glyphs[mover.glyph]] += 1
  const sums = [...document.querySelectorAll('[data-panel=people] [data-sum]')].reduce((n, e) => n + Number(e.textContent), 0)
  const told = Object.fromEntries(Object.keys(drawn).map(key => [key, said(key)]))
  return { told, drawn, sums, people: said('people') }
}"""


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """The plan, which draws the same movers as the 3D model and needs no graphics processor."""
    context = new_context(browser)
    made = context.new_page()
    plant.login(made)
    made.goto(f"{plant.url}/screen/?view=2d")
    wait(made, "window.__twin && __twin.ready && document.querySelector('[data-panel=people] [data-count=people]')")
    yield made
    context.close()


def call(plant: Plant, account: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """An HTTP call of a demo account."""
    return plant.call(method, path, body, cookie=plant.token(account), headers=headers or None)


@pytest.mark.req("M10.1")
def test_the_panel_counts_the_dots_by_class_and_area(page: Page) -> None:
    wait(page, f"(({SAID_AND_DRAWN})()).people > 50")
    wait(
        page,
        f"() => {{ const {{ told, drawn }} = ({SAID_AND_DRAWN})(); return JSON.stringify(told) === JSON.stringify(drawn) }}",
    )
    row = page.locator("[data-panel=people] [data-area]:not([disabled])").first
    row.click()
    expect(row).to_have_attribute("aria-pressed", "true")
    row.click()
    expect(row).to_have_attribute("aria-pressed", "false")
    # every area shown, their numbers are that of the whole site
    if page.locator("[data-panel=people] .more").count():
        page.click("[data-panel=people] .more")
    wait(page, f"() => {{ const {{ sums, people }} = ({SAID_AND_DRAWN})(); return sums === people && people > 0 }}")


@pytest.mark.req("M10.2")
def test_a_broken_fence_is_shown_with_its_count(page: Page, plant: Plant) -> None:
    """A fence drawn around those who stand in the control building is judged at once, and opens from the panel."""
    buildings = call(plant, "manager", "GET", "/ogc/collections/building/items?limit=100")["features"]
    building = next(b for b in buildings if b["properties"]["code"] == "BD-04")
    code = f"E2E-{uuid.uuid4().hex[:6]}"
    properties = {"code": code, "name": "测试限员", "kind": "over_count", "limit_count": 1, "grade": 3, "enabled": True}
    made = call(
        plant, "manager", "POST", "/api/spatial/geofence",
        {"type": "Feature", "geometry": building["geometry"], "properties": properties},
    )  # fmt: skip
    try:
        row = page.locator(f"[data-fence='{code}']")
        expect(row).to_contain_text("超员")
        row.click()
        expect(page.locator("[data-card]")).to_contain_text("测试限员")
        page.click("[data-card-close]")
    finally:
        call(plant, "manager", "DELETE", f"/api/spatial/geofence/{made['id']}", **{"If-Match": '"1"'})
    expect(page.locator(f"[data-fence='{code}']")).to_have_count(0)


@pytest.mark.req("M10.6")
def test_a_call_for_help_from_a_handheld_opens_its_card(page: Page, plant: Plant, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, locale="zh-CN")
    try:
        phone = context.new_page()
        phone.set_default_timeout(PATIENCE)
        plant.login(phone, "employee")
        phone.goto(f"{plant.url}/m/me")
        button = phone.locator("[data-test=sos]")
        button.hover()
        phone.mouse.down()
        expect(phone.locator(".sos [role=alert]")).to_contain_text("求救已发出")
        phone.mouse.up()
        card = page.locator("[data-person-card]")
        expect(card.locator("[data-sos]")).to_contain_text("紧急求救")
        expect(card).to_contain_text("刘洋")
        expect(card.locator("[data-seen-by]")).to_be_visible()
        card.locator("[data-test=take]").click()
        expect(card.locator("[data-sos]")).to_contain_text("已有人处置")
        page.click("[data-person-close]")
    finally:
        context.close()
        for alarm in call(plant, "control", "GET", "/api/alarms?type=sos&state=open")["items"]:
            result = {"cause": "演练", "action": "已联系本人", "person": "值班员"}
            call(plant, "control", "POST", f"/api/alarms/{alarm['id']}/handle", result)


@pytest.mark.req("M10.4")
def test_playback_shows_where_somebody_was(page: Page, plant: Plant) -> None:
    people = call(plant, "control", "GET", "/api/people?badge=true&limit=200")["items"]
    person = next(p for p in people if p["position"] and p["position"]["state"] == "good")
    wait(
        page,
        """async id => {
          const now = Date.now()
          const query = new URLSearchParams({ subjects: id, from: new Date(now - 3.6e6).toISOString(), to: new Date(now + 6e4).toISOString() })
          const answer = await (await fetch(`/api/tracks?${query}`)).json()
          return answer.items?.[0]?.points.length > 1
        }""",
        person["id"],
    )
    page.click("[data-test=open-playback]")
    page.fill("input[name=playback-person]", person["code"])
    page.locator("[data-test=found]").first.click()
    expect(page.locator(f"[data-playback] [data-subject='{person['id']}']")).to_be_visible()
    expect(page.locator("[data-playback] [data-test=line]")).to_be_visible()
    wait(page, "() => __twin.view.live.motions.layers.get('playback').things.size === 1")
    before = page.locator("[data-test=at]").get_attribute("data-at")
    page.click("[data-speed='64']")
    page.click("[data-test=play]")
    expect(page.locator("[data-test=at]")).not_to_have_attribute("data-at", str(before))
    with page.expect_download() as download:
        page.click("[data-export=csv]")
    assert person["id"] in download.value.path().read_text(encoding="utf-8-sig")
    page.click("[data-test=playback-close]")
    expect(page.locator("[data-playback]")).to_have_count(0)
    wait(page, f"(({SAID_AND_DRAWN})()).drawn.employee > 0")
