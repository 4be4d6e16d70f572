"""On the handheld: a hazard from report to acceptance with photos from the camera; an inspection done at its point and signed."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import PATIENCE, Plant
from tests.e2e.handheld.camera import phone, sign, take_photo

#: In zone Z-11 of the demo plant.
_LON, _LAT = 117.77744, 38.36151


@pytest.mark.req("M4.3")
@pytest.mark.req("M7.2")
def test_a_hazard_is_reported_put_right_and_accepted_with_live_photos(
    browser: Browser, plant: Plant, tmp_path: Path
) -> None:
    title = f"泵密封滴漏 {uuid.uuid4().hex[:8]}"
    with phone(browser, tmp_path, _LON, _LAT) as context:
        page = context.new_page()
        plant.login(page, "employee")
        page.goto(f"{plant.url}/m/hazards/new")
        expect(page.locator("[data-test=number]")).to_contain_text("YH-", timeout=PATIENCE)
        assert page.locator("input[type=file]").count() == 0  # there is no way in for a picture from the album
        take_photo(page)
        page.locator("input[name=title]").fill(title)
        page.locator("[data-test=send]").click()
        detail = page.locator("[data-test=detail]")
        expect(detail).to_have_attribute("data-status", "reported", timeout=PATIENCE)
        expect(detail).to_contain_text(title)
        expect(page.locator("[data-test=shot]")).to_have_count(1)
        expect(page.locator("[data-step]")).to_have_count(0)  # to judge it is not the reporter's
        place = page.url
        context.clear_cookies()
        plant.login(page, "manager")
        page.goto(place)
        page.locator("[data-step=evaluate]").click()
        page.locator("[data-test=step-send]").click()
        expect(detail).to_have_attribute("data-status", "to_assign", timeout=PATIENCE)
    cookie, hazard = plant.token("manager"), place.rsplit("/", 1)[1]
    found = plant.call("GET", f"/api/hazards/{hazard}", cookie=cookie)
    assert found["name"] == title and found["zone_code"] and len(found["photo_files"]) == 1
    people = {p["name"]: p["id"] for p in plant.call("GET", "/api/hazards/people", cookie=cookie)}
    who = {n: people[plant.call("GET", "/api/auth/me", cookie=plant.token(n))["name"]] for n in ("employee", "leader")}
    deadline = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    given = {"owner_id": who["employee"], "acceptor_ids": [who["leader"]], "deadline": deadline}
    plant.call("POST", f"/api/hazards/{hazard}/assign", given, cookie=cookie)
    # Another camera: the film of the first begins anew, and the server knows its pictures.
    (tmp_path / "second").mkdir()
    with phone(browser, tmp_path / "second", _LON, _LAT) as context:
        page = context.new_page()
        plant.login(page, "employee")
        page.goto(place)
        page.locator("[data-step=rectify]").click()
        page.locator("[name=cause]").fill("机械密封磨损")
        page.locator("[name=measures]").fill("更换机械密封")
        take_photo(page)
        page.locator("[data-test=step-send]").click()
        detail = page.locator("[data-test=detail]")
        expect(detail).to_have_attribute("data-status", "to_accept", timeout=PATIENCE)
        context.clear_cookies()
        plant.login(page, "leader")
        page.goto(place)
        page.locator("[data-step=accept]").click()
        sign(page, plant.password("leader"))
        expect(detail).to_have_attribute("data-status", "closed", timeout=PATIENCE)
    closed = plant.call("GET", f"/api/hazards/{hazard}", cookie=cookie)
    (done,) = closed["rectifications"]
    assert len(closed["photo_files"]) == 2 and done["cause"] == "机械密封磨损"
    assert plant.call("GET", f"/api/verify/{done['acceptances'][0]['signature_id']}")["valid"] is True


@pytest.mark.req("M4.2")
def test_an_inspection_is_done_at_its_point_and_signed(browser: Browser, plant: Plant, tmp_path: Path) -> None:
    manager, mark = plant.token("manager"), uuid.uuid4().hex[:8]
    tag = f"P-{mark}"
    who = plant.call("GET", "/api/auth/me", cookie=plant.token("employee"))["id"]
    body = {
        "code": f"E2E-{mark}", "name": f"球罐排查 {mark}", "owner_id": who, "starts_on": f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}",
        "rule": {"unit": "hour", "every": 1, "at": "00:00", "window_minutes": 60}, "zone_codes": ["Z-11"],
        "route": [{"code": "1", "name": "球罐区入口", "tag": tag, "lon": _LON, "lat": _LAT, "radius_m": 30}],
    }  # fmt: skip
    plan = plant.call("POST", "/api/inspections/plans", body, cookie=manager)["id"]
    for line in ({"content": "法兰无渗漏"}, {"content": "压力表读数", "unit": "MPa", "low": 0.2, "high": 1.6}):
        plant.call("POST", f"/api/inspections/plans/{plan}/items", line, cookie=manager)
    plant.call("POST", "/api/inspections/dispatch", cookie=manager)
    tasks = plant.call("GET", f"/api/inspections/tasks?plan_id={plan}&limit=500", cookie=manager)["items"]
    now = datetime.now(UTC)
    task = min((t for t in tasks if datetime.fromisoformat(t["due_at"]) > now), key=lambda t: str(t["due_at"]))
    with phone(browser, tmp_path, _LON, _LAT) as context:
        page = context.new_page()
        plant.login(page, "employee")
        page.goto(f"{plant.url}/m/point/{tag}")  # what the point's QR code opens
        page.wait_for_url(re.compile(r"/m/tasks"), timeout=PATIENCE)
        page.goto(f"{plant.url}/m/tasks/{task['id']}")
        expect(page.locator("[data-test=checkin]")).to_have_attribute("data-in", "true", timeout=PATIENCE)
        for line in page.locator("[data-test=item]").all():
            line.locator("[data-result='0']").click()
        reading = page.locator("input[name=reading]")
        reading.fill("9")
        expect(page.locator("[data-test=left]")).to_be_visible()  # outside its limits it cannot be normal
        reading.fill("0.8")
        sign(page, plant.password("employee"))
        expect(page.locator("[data-test=task-head]")).to_have_attribute("data-status", "done", timeout=PATIENCE)
    done = plant.call("GET", f"/api/inspections/tasks/{task['id']}", cookie=manager)
    assert (
        done["signature_id"]
        and {r["result"] for r in done["records"]} == {0}
        and done["checkins"][0]["distance_m"] < 30
    )
    seal = plant.call("GET", f"/api/verify/{done['signature_id']}")
    assert seal["valid"] is True
    version = plant.call("GET", f"/api/inspections/plans/{plan}", cookie=manager)["version"]
    plant.call("DELETE", f"/api/inspections/plans/{plan}?version={version}", cookie=manager)
