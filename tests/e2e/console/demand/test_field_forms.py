"""Forms of field data and alarms that set what the field does: annunciator and recording, dead-band, escalation; sound and light on
every page of the console. On demand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Plant, console_page
from tests.e2e.console.test_alarms import crossing


@pytest.fixture
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """A manager's console."""
    with console_page(browser, plant, "manager") as made:
        yield made


@pytest.mark.req("M9.1")
def test_the_annunciator_and_the_recording_are_set_in_a_form(page: Page, plant: Plant) -> None:
    cookie = plant.token("manager")
    before = plant.call("GET", "/api/alarms/desk", cookie=cookie)
    try:
        page.goto(f"{plant.url}/console/alarm-desk")
        form = page.locator("[data-test=desk-form]")
        form.locator("[name=siren]").check()
        form.locator("[name=host]").fill("127.0.0.1")
        form.locator("[name=port]").fill("15999")
        for grade in range(1, 5):
            form.locator(f"[name=coil-{grade}]").fill("")
        expect(page.locator("[data-test=save-desk]")).to_be_disabled()  # a siren that no grade sounds
        form.locator("[name=coil-1]").fill("7")
        form.locator("[name=recording]").check()
        form.locator("[name=max_grade]").select_option("2")
        form.locator("[name=length_s]").fill("45")
        form.locator("[name=pre_roll_s]").fill("8")
        page.click("[data-test=save-desk]")
        expect(page.locator("[data-test=saved]")).to_be_visible()
        now = plant.call("GET", "/api/alarms/desk", cookie=cookie)
        assert now["annunciator"]["coils"] == {"1": 7} and now["annunciator"]["port"] == 15999
        assert (now["recording"]["max_grade"], now["recording"]["length_s"], now["recording"]["pre_roll_s"]) == (
            2,
            45,
            8,
        )
    finally:
        plant.call("PUT", "/api/alarms/desk", before, cookie=cookie)


@pytest.mark.req("M9.4")
def test_a_rule_names_roles_zones_and_types_in_words(page: Page, plant: Plant) -> None:
    cookie, name = plant.token("manager"), f"e2e-{uuid4().hex[:8]}"
    zone = plant.call("GET", "/ogc/collections/zone/items?limit=1", cookie=cookie)["features"][0]["properties"]
    page.goto(f"{plant.url}/console/alarm-rules")
    page.click("[data-test=add-rule]")
    form = page.locator("[data-test=rule-form]")
    form.locator("[name=name]").fill(name)
    form.locator("[name=channel]").select_option("handheld")
    form.locator("[name=minutes]").fill("1.5")
    for field, words in (("roles", "中控值班"), ("zones", zone["name"]), ("types", "通讯中断")):
        form.locator(f"[data-test={field}]").click()
        page.locator(".el-select-dropdown__item:visible", has_text=words).first.click()
        page.keyboard.press("Escape")
    page.click("[data-test=save-rule]")
    row = page.locator("[data-test=rule]", has_text=name)
    expect(row).to_contain_text("中控值班")
    made = next(r for r in plant.call("GET", "/api/alarms/rules", cookie=cookie) if r["name"] == name)
    try:
        assert (made["after_s"], made["zones"], made["types"]) == (90, [zone["code"]], ["comm"])
        assert set(made["roles"]) == {"leader", "control"}
    finally:
        plant.call("DELETE", f"/api/alarms/rules/{made['id']}", cookie=cookie)


@pytest.mark.req("M9.3")
def test_a_dead_band_is_set_and_a_safety_point_asks_twice(plant: Plant, browser: Browser) -> None:
    cookie = plant.token("admin")
    devices = plant.call("GET", "/ogc/collections/device/items?limit=1000", cookie=cookie)["features"]
    safe = next(d for d in devices if d["properties"]["safety"] and d["properties"]["tag"])
    plain = next(d for d in devices if not d["properties"]["safety"] and d["properties"]["tag"])
    with console_page(browser, plant, "admin") as page:
        page.goto(f"{plant.url}/console/field-settings")
        form = page.locator("[data-test=dead-band]")
        for point, critical in ((plain, False), (safe, True)):
            form.locator("[name=tag]").fill(point["properties"]["tag"])
            form.locator(f"[data-tag='{point['properties']['tag']}']").click()
            form.locator("[name=deviation]").fill("wide")
            expect(form.locator("[data-test=save-band]")).to_be_disabled()
            form.locator("[name=deviation]").fill("0.5")
            page.click("[data-test=save-band]")
            if critical:
                expect(form.locator("[data-test=band-fault]")).to_be_visible()
                form.locator("[name=even-for-safety]").check()
                page.click("[data-test=save-band]")
            expect(form.locator("[data-test=band-saved]")).to_be_visible()
            kept = plant.call("GET", f"/api/points/{point['id']}/compression", cookie=cookie)
            assert kept["deviation"] == 0.5
            form.locator("[name=deviation]").fill("")
            page.click("[data-test=save-band]")
            expect(form.locator("[data-test=band-saved]")).to_be_visible()


@pytest.mark.req("M9.4")
def test_whatever_page_is_open_a_new_alarm_is_heard_and_seen(page: Page, plant: Plant) -> None:
    page.goto(f"{plant.url}/console/risk/cards")  # nothing to do with alarms
    lamp = page.locator("[data-test=lamp]")
    expect(lamp).to_have_attribute("data-sound", "off")
    page.click("[data-test=sound]")
    expect(lamp).to_have_attribute("data-sound", "on")
    with crossing(plant) as alarm:
        expect(lamp).to_have_attribute("data-last", re.compile(re.escape(alarm["title"])), timeout=60_000)
        expect(page.locator("[data-test=lamp-lit]")).to_be_visible()
        page.click("[data-test=silence]")
        expect(page.locator("[data-test=silence]")).to_be_disabled()
        plant.call("POST", f"/api/alarms/{alarm['id']}/acknowledge", cookie=plant.token("manager"))
