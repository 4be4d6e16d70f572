"""Signed in a real browser with its authenticator instead of the password, and a drawing laid onto the plan by its corners."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Plant, console_page

expect.set_options(timeout=60_000)


@pytest.fixture
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """A manager's console, opened by name: authenticators answer for no address by number."""
    with console_page(browser, Plant(plant.url.replace("127.0.0.1", "localhost"), None, plant.var_dir)) as made:
        yield made


@pytest.fixture
def event(plant: Plant) -> Iterator[dict[str, Any]]:
    """A risk event of its own."""
    cookie, mark = plant.token("manager"), uuid4().hex[:8]

    def add(kind: str, body: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = plant.call("POST", f"/api/risks/{kind}", body, cookie=cookie)
        return found

    top = add("objects", {"code": f"O-{mark}", "name": f"对象 {mark}"})
    unit = add("units", {"object_id": top["id"], "code": f"U-{mark}", "name": f"单元 {mark}"})
    factors = {"L": 3, "S": 3}
    made = add("events", {"unit_id": unit["id"], "name": f"事件 {mark}", "method": "LS", "factors": factors})
    yield made
    for kind, row in (("events", made), ("units", unit), ("objects", top)):
        path = "/api/risks/events/" + row["id"] if kind == "events" else f"/api/risks/{kind}"
        now = plant.call("GET", path, cookie=cookie)
        version = (now if kind == "events" else next(r for r in now if r["id"] == row["id"]))["version"]
        plant.call("DELETE", f"/api/risks/{kind}/{row['id']}?version={version}", cookie=cookie)


@pytest.mark.req("M4.1")
def test_a_level_is_overridden_by_the_browsers_authenticator(page: Page, plant: Plant, event: dict[str, Any]) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    url = plant.url.replace("127.0.0.1", "localhost")
    page.goto(f"{url}/console/profile")
    name = f"工作站 {uuid4().hex[:6]}"
    page.fill("[name=device-name]", name)
    page.fill("[name=device-password]", plant.password("manager"))
    page.click("[data-test=add-device]")
    row = page.locator("[data-test=device]", has_text=name)
    expect(row).to_be_visible()

    page.goto(f"{url}/console/risks/{event['id']}")
    page.click("[data-test=override]")
    side = page.locator("[data-test=risk-side]")
    side.locator("[name=level]").select_option("2")
    side.locator("[name=reason]").fill("邻近装置同时检修")
    pad = side.locator("[data-test=pad]")
    box = pad.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 60, steps=4)
    page.mouse.up()
    side.locator("[data-test=sign-device]").click()
    expect(side).to_contain_text("邻近装置同时检修")
    cookie = plant.token("manager")
    assert plant.call("GET", f"/api/risks/events/{event['id']}", cookie=cookie)["level"] == 2
    signed = plant.call("GET", f"/api/signatures?kind=risk_event&key={event['id']}", cookie=cookie)
    assert plant.call("GET", f"/api/verify/{signed[-1]['id']}")["valid"]

    page.goto(f"{url}/console/profile")
    page.once("dialog", lambda asked: asked.accept())
    row.locator("[data-test=remove-device]").click()
    expect(row).to_have_count(0)


@pytest.mark.req("M4.1")
def test_a_drawing_is_laid_onto_the_plan_by_its_corners(page: Page, plant: Plant) -> None:
    out, title = io.BytesIO(), f"风险分布图 {uuid4().hex[:6]}"
    Image.new("RGB", (64, 48), (200, 120, 40)).save(out, "PNG")
    page.goto(f"{plant.url.replace('127.0.0.1', 'localhost')}/console/risks")
    page.click("[data-test=show-drawings]")
    page.fill("[name=drawing-title]", title)
    page.set_input_files("[name=drawing-file]", {"name": "r.png", "mimeType": "image/png", "buffer": out.getvalue()})
    expect(page.locator("[data-test=lay-drawing]")).to_be_disabled()
    plan = page.locator("[data-test=drawing-plan]")
    box = plan.bounding_box()
    assert box
    left, top = box["width"] / 2 - 100, box["height"] / 2 - 80
    for n, (x, y) in enumerate(((0, 0), (200, 0), (200, 160), (0, 160)), 1):
        plan.click(position={"x": left + x, "y": top + y})
        expect(page.locator("[data-test=corner]")).to_have_count(n)
    page.click("[data-test=lay-drawing]")
    expect(page.locator("[data-test=drawing]", has_text=title)).to_be_visible()
    cookie = plant.token("manager")
    made = next(d for d in plant.call("GET", "/api/risks/drawings", cookie=cookie) if d["title"] == title)
    (west, north), (east, north_too), (_, south), _ = made["corners"]
    assert abs(north - north_too) < 1e-6 and east > west and north > south
    assert 117 < west < 119 and 38 < south < 39, "the demo plant's own degrees"
    plant.call("DELETE", f"/api/risks/drawings/{made['id']}?version={made['version']}", cookie=cookie)
