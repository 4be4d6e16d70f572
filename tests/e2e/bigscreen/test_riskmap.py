"""The big screen's risk map on the plan (2D): a zone opens to everything that is known of it, and a past second shows its own colours."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE, Plant

#: A zone that no other test touches; what the demo's own facts make of it is its level without a decision.
ZONE = "Z-44"
CARD = f"[data-test=zone-section][data-loaded='{ZONE}']"
COLOURS = {1: "#e5372e", 2: "#f58a1f", 3: "#f2d023", 4: "#2f80f0"}


def until(check: Callable[[], bool]) -> None:
    """Wait for the plant, not for the clock."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not check():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def manager(plant: Plant) -> str:
    """Session cookie of somebody who may decide on zones."""
    return plant.token("manager")


def state(plant: Plant, cookie: str) -> dict[str, Any]:
    return dict(plant.call("GET", f"/api/zones/{ZONE}/why", cookie=cookie))


@contextmanager
def red(plant: Plant, cookie: str) -> Iterator[dict[str, Any]]:
    """The zone is red by a signed decision, and afterwards what it was."""
    before = state(plant, cookie)["level"]
    body = {
        "level": 1, "reason": "装置检修", "until": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
        "confirmation": {"password": plant.password("manager"), "strokes": [[[0.1, 0.2], [0.8, 0.7]]]},
    }  # fmt: skip
    plant.call("PUT", f"/api/zones/{ZONE}/override", body, cookie=cookie)
    try:
        until(lambda: state(plant, cookie)["override"])
        yield state(plant, cookie)
    finally:
        plant.call("DELETE", f"/api/zones/{ZONE}/override", cookie=cookie)
    until(lambda: state(plant, cookie)["level"] == before)


def write_card(plant: Plant, cookie: str) -> None:
    """The zone's emergency card says what to do."""
    path = f"/api/zones/{ZONE}/cards/emergency"
    cards = plant.call("GET", f"/api/zones/{ZONE}", cookie=cookie)["cards"]
    version = next((c["version"] for c in cards if (c["kind"], c["post"]) == ("emergency", "")), 0)
    body = {"title": "应急卡", "sections": [{"heading": "处置", "lines": ["启动备用泵"]}], "version": version}
    plant.call("PUT", path, body, cookie=cookie)


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """The screen with the plan, at the zone's own address."""
    context = browser.new_context(viewport={"width": 1024, "height": 576}, locale="zh-CN", timezone_id="Europe/Berlin")
    context.set_default_timeout(PATIENCE)
    made = context.new_page()
    plant.login(made, "control")
    made.goto(f"{plant.url}/screen/?view=2d#layers=zone&sel=zone:{ZONE}")
    made.wait_for_selector(CARD)
    yield made
    context.close()


def wait(page: Page, condition: str, arg: Any = None) -> None:
    page.wait_for_function(condition, arg=arg, timeout=PATIENCE, polling=100)


@pytest.mark.req("M8.4", "C1")
def test_a_zone_opens_to_why_last_day_people_and_what_modules_know(page: Page, plant: Plant, manager: str) -> None:
    patient = {"timeout": PATIENCE}
    card = page.locator(CARD)
    write_card(plant, manager)
    with red(plant, manager):
        expect(page.locator("[data-card-level='1']")).to_be_visible(**patient)
        expect(card.locator("[data-test=by-person]")).to_be_visible(**patient)
        expect(card.locator("[data-test=strip] li").last).to_have_attribute("data-level", "1", **patient)
    wait(page, "code => __twin.zone(code).level > 1", ZONE)
    expect(card.locator("[data-test=by-person]")).to_have_count(0, **patient)
    whole = plant.call("GET", f"/api/zones/{ZONE}", cookie=plant.token("control"))
    assert whole["responsible"] and "risks" in whole["sections"]
    for person in whole["responsible"]:
        expect(card.locator(".person", has_text=person["role"])).to_contain_text(person["phone"], **patient)
    for key, section in whole["sections"].items():
        head = card.locator(f"[data-section={key}]")
        expect(head).to_have_count(1, **patient)
        if key not in ("people", "alarms", "points"):  # those move while the test looks
            expect(head.locator("b")).to_have_text(str(section["total"]), **patient)
    for key, name, detail in (("risks", "name", "unit_name"), ("checklist", "description", "check_content")):
        card.locator(f"[data-section={key}]").click()
        first = whole["sections"][key]["items"][0]
        row = card.locator("[data-test=zone-rows] li", has_text=first[name]).first
        expect(row).to_contain_text(first[detail], **patient)
    card.locator("[data-card-kind=emergency]").click()
    expect(card.locator("[data-test=zone-cards] article")).to_contain_text("启动备用泵", **patient)


@pytest.mark.req("M8.2")
def test_a_past_second_shows_the_colour_of_then_and_now_comes_back(page: Page, plant: Plant, manager: str) -> None:
    with red(plant, manager) as then:
        # the first whole second in which it was red, and one behind it, so that the second is over when it is asked for
        second = datetime.fromisoformat(then["since"]).replace(microsecond=0) + timedelta(seconds=1)
        until(lambda: datetime.fromisoformat(state(plant, manager)["at"]) > second + timedelta(seconds=2))
    wait(page, "code => __twin.zone(code).level > 1", ZONE)
    now = page.evaluate("code => __twin.zone(code).level", ZONE)

    page.click("[data-test=open-machine]")
    page.wait_for_selector("[data-test=past][data-shown]")
    page.locator("[data-test=past-scrub]").evaluate(
        "(bar, at) => { bar.value = at; bar.dispatchEvent(new Event('input', { bubbles: true })) }",
        int(second.timestamp() * 1000),
    )
    page.wait_for_selector(f"[data-test=past][data-shown='{int(second.timestamp() * 1000)}']")
    wait(page, "code => __twin.zone(code).level === 1", ZONE)
    assert page.evaluate("code => __twin.zone(code).colour", ZONE) == COLOURS[1]
    # why it was red then, and the time of then on the plant's own clock, wherever the screen stands
    expect(page.locator(f"{CARD} [data-test=by-person]")).to_be_visible(timeout=PATIENCE)
    shown = second.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")
    expect(page.locator("[data-test=past]")).to_contain_text(shown, timeout=PATIENCE)

    page.click("[data-test=past-live]")
    expect(page.locator("[data-test=past]")).to_have_count(0, timeout=PATIENCE)
    wait(page, "([code, level]) => __twin.zone(code).level === level", [ZONE, now])
    assert page.evaluate("code => __twin.zone(code).colour", ZONE) == COLOURS[now]

    # the line of the last day stands at the bottom all the time; a pull at it opens that time
    wait(page, "() => Number(document.querySelector('[data-test=timeline]').dataset.parts) > 0")
    page.locator("[data-test=timeline-scrub]").evaluate(
        "bar => { bar.value = bar.max - 6 * 3600000; bar.dispatchEvent(new Event('input', { bubbles: true })) }"
    )
    page.wait_for_selector("[data-test=past][data-shown]")
    ago = page.evaluate(
        "() => document.querySelector('[data-test=timeline]').dataset.end - document.querySelector('[data-test=past]').dataset.at"
    )
    assert 5.9 < ago / 3_600_000 < 6.1
    page.click("[data-test=past-live]")
    expect(page.locator("[data-test=past]")).to_have_count(0, timeout=PATIENCE)


@pytest.mark.req("M8.1")
def test_the_index_opens_to_its_aspects_and_what_they_cost(page: Page, plant: Plant) -> None:
    patient = {"timeout": PATIENCE}
    now = plant.call("GET", "/api/index", cookie=plant.token("control"))
    panel = page.locator("[data-test=index-panel]")
    expect(panel).to_have_attribute("data-level", re.compile("^[1-4]$"), **patient)
    expect(panel.locator("[data-test=index-value]")).to_have_text(re.compile(r"^\d+(\.\d)?$"), **patient)
    page.click("[data-test=index-open]")
    card = page.locator("[data-test=index-card]")
    # Every aspect has its axis: with its score, or said to have no data and named as left out.
    for aspect in now["aspects"]:
        expect(card.locator(f"[data-axis={aspect['key']}]")).to_have_count(1, **patient)
        if aspect["score"] is None:
            expect(card.locator("[data-test=index-missing]")).to_contain_text(aspect["title"], **patient)
    scored = next(a for a in now["aspects"] if a["key"] == "hazards")
    card.locator("[data-axis=hazards] text").click()
    rows = card.locator("[data-test=index-indicator]")
    expect(rows).to_have_count(len(scored["indicators"]), **patient)
    for indicator in scored["indicators"]:
        expect(rows.filter(has_text=indicator["title"])).to_have_count(1, **patient)
    page.click("[data-test=index-close]")
    expect(card).to_have_count(0, **patient)
