"""The console's risk register in a real browser: built from object to measure, with the level live and nobody's work lost."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Plant, console_page

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """A manager's console."""
    with console_page(browser, plant, width=1920, height=1080) as made:
        yield made


@pytest.mark.req("M4.1")
def test_a_risk_is_entered_from_object_to_measure_and_a_conflict_loses_nothing(page: Page, plant: Plant) -> None:
    mark = uuid4().hex[:8]
    cookie = plant.token("manager")
    page.goto(f"{plant.url}/console/risks")
    page.click("[data-test=structure]")
    page.click("[data-test=add-object]")
    form = page.locator("[data-test=form-objects]")
    form.locator("[name=code]").fill(f"not a code {mark}")  # refused by the server, in the reader's language
    form.locator("[name=name]").fill(f"对象 {mark}")
    form.locator("[type=submit]").click()
    expect(form.get_by_role("alert").first).to_be_visible()
    expect(form.locator("[name=name]")).to_have_value(f"对象 {mark}")
    form.locator("[name=code]").fill(f"O-{mark}")
    form.locator("[type=submit]").click()
    page.locator("[data-test=object]", has_text=mark).locator("[data-test=add-unit]").click()
    form = page.locator("[data-test=form-units]")
    form.locator("[name=code]").fill(f"U-{mark}")
    form.locator("[name=name]").fill(f"单元 {mark}")
    form.locator("[type=submit]").click()
    expect(page.locator("[data-test=unit-row]", has_text=mark)).to_be_visible()

    page.click("[data-test=add-event]")
    form = page.locator("[data-test=form-events]")
    form.locator("[name=unit_id]").select_option(label=f"对象 {mark} / 单元 {mark}")
    form.locator("[name=name]").fill(f"事件 {mark}")
    form.locator("[name=method]").select_option("LS")
    form.locator("[name=L]").select_option("3")
    form.locator("[name=S]").select_option("5")
    expect(form.locator("[data-test=computed]")).to_have_attribute("data-level", "2")
    form.locator("[type=submit]").click()

    side = page.locator("[data-test=risk-side]")
    expect(side).to_contain_text(f"事件 {mark}")
    side.locator("[data-test=add-measure]").click()
    form = page.locator("[data-test=form-measures]")
    form.locator("[name=description]").fill(f"措施 {mark}")
    form.locator("[name=classify2]").select_option("3-2")
    form.locator("[type=submit]").click()
    expect(side.locator("[data-test=measure]")).to_contain_text(f"措施 {mark}")

    event = page.url.split("/risks/")[1].split("?")[0]
    side.locator("[data-test=reassess]").click()
    form = side.locator("[data-test=form-events]")
    form.locator("[name=owner]").fill(f"本人 {mark}")
    row = plant.call("GET", f"/api/risks/events/{event}", cookie=cookie)
    fields = [
        "unit_id",
        "name",
        "category",
        "subject",
        "content",
        "accident_types",
        "method",
        "factors",
        "control_level",
        "department",
    ]
    other = {**{name: row[name] for name in fields}, "owner": "另一人"}
    plant.call("PUT", f"/api/risks/events/{event}?version={row['version']}", other, cookie=cookie)
    form.locator("[type=submit]").click()
    expect(side.locator("[data-test=conflict]")).to_be_visible()
    expect(form.locator("[name=owner]")).to_have_value(f"本人 {mark}")
    side.locator("[data-test=conflict] button").first.click()
    expect(side.locator("dl").first).to_contain_text(f"本人 {mark}")
    row = plant.call("GET", f"/api/risks/events/{event}", cookie=cookie)
    assert (row["level"], row["owner"], row["measure_items"][0]["classify1"]) == (2, f"本人 {mark}", 3)
    unit = next(u for u in plant.call("GET", "/api/risks/units", cookie=cookie) if u["id"] == row["unit_id"])
    rows = [("measures", row["measure_items"][0]["id"]), ("events", event), ("units", unit["id"])]
    for kind, id_ in [*rows, ("objects", unit["object_id"])]:
        plant.call(
            "DELETE", f"/api/risks/{kind}/{id_}?version={_version(plant, cookie, kind, id_, event)}", cookie=cookie
        )


def _version(plant: Plant, cookie: str, kind: str, id_: str, event: str) -> int:
    """The version that a row has now: an event's measures and change of level touch the rows above it."""
    if kind in ("measures", "events"):
        found = plant.call("GET", f"/api/risks/events/{event}", cookie=cookie)
        return int(found["version"] if kind == "events" else found["measure_items"][0]["version"])
    return int(next(r["version"] for r in plant.call("GET", f"/api/risks/{kind}", cookie=cookie) if r["id"] == id_))


@pytest.mark.req("M4.2")
def test_a_plan_with_shifts_is_entered_with_its_point_and_checklist(page: Page, plant: Plant) -> None:
    mark = uuid4().hex[:8]
    page.goto(f"{plant.url}/console/inspections")
    page.click("[data-test=add-plan]")
    form = page.locator("[data-test=form-plan]")
    form.locator("[name=code]").fill(f"P-{mark}")
    form.locator("[name=name]").fill(f"计划 {mark}")
    form.locator("[name=who]").select_option("p:leader")
    form.locator("[name=unit]").select_option("shift")
    form.locator("[name=shifts]").fill("8:00-20:00 20:00-08:00")
    form.locator("[name=active]").uncheck()  # nobody gets a task of it
    form.locator("[data-test=add-point]").click()
    point = form.locator("[data-test=point] input")
    point.nth(1).fill("泵房")
    point.nth(2).fill(f"TAG-{mark}")
    form.locator("[type=submit]").click()
    side = page.locator("[data-test=plan-side]")
    expect(side).to_contain_text(f"计划 {mark}")
    side.locator("[data-test=edit-items]").click()
    side.locator("[name=library]").select_option("storage")
    side.locator("[data-test=fill-library]").click()
    expect(side.locator("[data-test=line]")).not_to_have_count(0)
    plan = page.url.split("/inspections/")[1].split("?")[0]
    row = plant.call("GET", f"/api/inspections/plans/{plan}", cookie=plant.token("manager"))
    assert row["rule"]["shifts"] == [["08:00", "20:00"], ["20:00", "08:00"]]
    assert (row["post"], row["active"], row["route"][0]["tag"]) == ("leader", False, f"TAG-{mark}")
    assert row["items"]
    plant.call("DELETE", f"/api/inspections/plans/{plan}?version={row['version']}", cookie=plant.token("manager"))
