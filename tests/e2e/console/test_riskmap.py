"""The dynamic risk in the console: a new rule is corrected by words, tried on thirty days, and counts once it is signed; a factor that
is entered by hand raises its zone, and its end gives the level back."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE, Plant, console_page

TITLE = "任何隐患升至重大风险（试）"
#: Any hazard that is open makes its zone red: the demo has one in a zone of lowest risk, which its own rules leave as it is.
BODY = {"kind": "hazard", "where": [{"name": "grade", "op": "in", "value": ["general", "major"]}], "level": 1}


def sign(page: Page, password: str) -> None:
    """By hand and password."""
    pad = page.locator("[data-test=pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 60)
    page.mouse.up()
    page.fill("[name=sign-password]", password)
    page.click("[data-test=sign-send]")


def would_differ(plant: Plant, cookie: str) -> bool:
    """Whether the facts of the demo have reached the engine's log."""
    body = {"key": "own_try", "body": BODY, "days": 30}
    return bool(plant.call("POST", "/api/risk/trial", body, cookie=cookie)["zones"])


@pytest.mark.req("M8.3")
def test_a_new_rule_is_corrected_tried_and_signed(browser: Browser, plant: Plant) -> None:
    cookie, patient = plant.token("manager"), {"timeout": PATIENCE}
    deadline = time.monotonic() + PATIENCE / 1000
    while not would_differ(plant, cookie):
        assert time.monotonic() < deadline, "the demo has no open hazard"
        time.sleep(0.5)
    with console_page(browser, plant) as page:
        page.goto(f"{plant.url}/console/risk/rules")
        page.click("[data-test=new-rule]")
        editor = page.locator("[data-test=rule-editor]")
        expect(editor).to_be_visible(**patient)
        # What is wrong is said beside its field, and nothing is sent.
        page.fill("[name=title_zh]", TITLE)
        page.select_option("[name=kind]", "hazard")
        page.click("[data-test=add-where]")
        page.fill("[name=window]", "10")
        page.fill("[name=standing]", "5")
        page.click("[data-test=trial]")
        faults = editor.locator("[data-fault]")
        expect(faults).to_have_count(3, **patient)
        expect(editor.locator("[data-fault=title_en]")).to_have_text("请填写", **patient)
        expect(editor.locator("[data-fault='where.0']")).to_have_text("请从列出的属性中选择", **patient)
        expect(editor.locator("[data-fault=standing]")).to_contain_text("不能同时要求持续", **patient)
        # Corrected, it can be tried: zones would have been worse for longer.
        page.fill("[name=title_en]", "Any hazard makes red (trial)")
        page.select_option("[name=where-name]", "grade")
        page.select_option("[name=where-op]", "in")
        page.fill("[name=where-value]", "general，major")
        page.fill("[name=window]", "0")
        page.fill("[name=standing]", "0")
        page.select_option("[name=lift]", "l1")
        expect(faults).to_have_count(0, **patient)
        page.click("[data-test=trial]")
        expect(page.locator("[data-test=trial-result] tbody tr").first).to_be_visible(**patient)
        # It is kept switched off: what was tried is not what is signed now, so the result goes.
        page.uncheck("[name=enabled]")
        expect(page.locator("[data-test=trial-result]")).to_have_count(0, **patient)
        sign(page, plant.password("manager"))
        expect(page.locator("[data-test=said]")).to_have_text("已保存，引擎立即采用", **patient)
        key = editor.get_attribute("data-rule-key")
        expect(page.locator(f"[data-rule={key}]")).to_have_attribute("data-enabled", "false", **patient)
    rules: list[dict[str, Any]] = plant.call("GET", "/api/risk/rules", cookie=cookie)
    kept = next(rule for rule in rules if rule["key"] == key)
    assert (kept["title_zh"], kept["enabled"], kept["version"]) == (TITLE, False, 1)
    assert {name: kept["body"][name] for name in BODY} == BODY
    (signed,) = plant.call("GET", f"/api/signatures?kind=risk_rule&key={key}", cookie=cookie)
    assert plant.call("GET", f"/api/verify/{signed['id']}")["valid"]


@pytest.mark.req("M8.3")
def test_a_bypassed_interlock_that_is_entered_raises_its_zone(browser: Browser, plant: Plant) -> None:
    cookie, patient = plant.token("manager"), {"timeout": PATIENCE}
    levels: dict[str, int] = plant.call("GET", "/api/risk/at", cookie=cookie)["levels"]
    zone = max((code for code, level in levels.items() if level == 4), default="")
    assert zone, "the demo has a zone of lowest risk"
    name = "LSHH-9902 联锁（试）"
    with console_page(browser, plant, "control") as page:
        page.goto(f"{plant.url}/console/risk/facts")
        form = page.locator("[data-test=tell-form]")
        expect(form).to_be_visible(**patient)
        expect(form.locator("[data-test=tell]")).to_be_disabled(**patient)
        form.locator("[name=subject]").fill(name)
        form.locator("[name=zone]").select_option(zone)
        form.locator("[data-test=tell]").click()
        row = page.locator(f"[data-fact='{name}']")
        expect(row).to_contain_text("联锁摘除", **patient)
        page.goto(f"{plant.url}/console/risk/zones")
        shown = page.locator(f"[data-zone={zone}]")
        expect(shown).to_have_attribute("data-level", "2", **patient)
        page.goto(f"{plant.url}/console/risk/facts")
        end = row.locator("[data-test=end]")
        end.click()
        expect(end).to_have_text("确认结束", **patient)
        end.click()
        expect(row).to_have_count(0, **patient)
        page.goto(f"{plant.url}/console/risk/zones")
        expect(shown).not_to_have_attribute("data-level", "2", **patient)
