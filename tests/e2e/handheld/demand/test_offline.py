"""Inspections without a network: what was done waits on the device, is handed in once and signed then; a conflict is shown."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE, Plant
from tests.e2e.handheld.camera import phone, sign

_LON, _LAT = 117.77744, 38.36151
_STROKES = [[[0.1, 0.5], [0.3, 0.2], [0.5, 0.8]], [[0.6, 0.2], [0.7, 0.9], [0.9, 0.4]]]


def _task(plant: Plant, manager: str, name: str) -> dict[str, Any]:
    """A plan of one line for the employee, and its task of this hour."""
    who = plant.call("GET", "/api/auth/me", cookie=plant.token("employee"))["id"]
    body = {
        "code": name, "name": name, "owner_id": who, "starts_on": f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}",
        "rule": {"unit": "hour", "every": 1, "at": "00:00", "window_minutes": 60}, "zone_codes": ["Z-11"],
    }  # fmt: skip
    plan = plant.call("POST", "/api/inspections/plans", body, cookie=manager)["id"]
    plant.call("POST", f"/api/inspections/plans/{plan}/items", {"content": "法兰无渗漏"}, cookie=manager)
    plant.call("POST", "/api/inspections/dispatch", cookie=manager)
    tasks = plant.call("GET", f"/api/inspections/tasks?plan_id={plan}&limit=500", cookie=manager)["items"]
    now = datetime.now(UTC)
    return dict(min((t for t in tasks if datetime.fromisoformat(t["due_at"]) > now), key=lambda t: str(t["due_at"])))


def _open(page: Page, task: dict[str, Any]) -> None:
    """Opens a task from the list, as a finger does: nothing is loaded anew."""
    page.locator(f"a[href$='/tasks/{task['id']}']").click()
    expect(page.locator("[data-test=item]")).to_have_count(1, timeout=PATIENCE)


def _work_offline(page: Page, plant: Plant, task: dict[str, Any]) -> None:
    _open(page, task)
    page.locator("[data-test=item] [data-result='0']").click()
    sign(page, plant.password("employee"))
    page.wait_for_url(re.compile(r"/m/tasks$"), timeout=PATIENCE)
    expect(page.locator(f"a[href$='/tasks/{task['id']}']")).to_have_attribute("data-state", "ready", timeout=PATIENCE)


@pytest.mark.req("M4.2")
def test_work_without_a_network_is_handed_in_once_and_a_conflict_is_shown(
    browser: Browser, plant: Plant, tmp_path: Path
) -> None:
    manager, mark = plant.token("manager"), uuid.uuid4().hex[:8]
    mine, taken = _task(plant, manager, f"OFF-{mark}-1"), _task(plant, manager, f"OFF-{mark}-2")
    try:
        with phone(browser, tmp_path, _LON, _LAT) as context:
            page = context.new_page()
            plant.login(page, "employee")
            page.goto(f"{plant.url}/m/tasks")
            page.wait_for_function("navigator.serviceWorker.controller !== null", timeout=PATIENCE)
            page.reload()  # from here on what is read is kept on the device
            for task in (mine, taken):
                _open(page, task)
                page.go_back()
            context.set_offline(True)
            for task in (mine, taken):
                _work_offline(page, plant, task)
            kept = page.evaluate("JSON.stringify(localStorage)")
            assert mine["id"] in kept and plant.password("employee") not in kept
            assert plant.call("GET", f"/api/inspections/tasks/{mine['id']}", cookie=manager)["status"] != "done"

            # Meanwhile the same person does the second one at another device.
            there = plant.call("GET", f"/api/inspections/tasks/{taken['id']}", cookie=manager)
            results = [{"item_id": item["id"], "result": 0} for item in there["items"]]
            signed = {"password": plant.password("employee"), "strokes": _STROKES}
            body = {"client_id": str(uuid.uuid4()), "results": results, "confirmation": signed}
            path = f"/api/inspections/tasks/{taken['id']}/submit"
            other = plant.call("POST", path, body, cookie=plant.token("employee"))

            context.set_offline(False)
            page.reload()
            ready = page.locator("[data-test=ready]")
            expect(ready).to_contain_text(mine["plan_name"], timeout=PATIENCE)
            sign(page, plant.password("employee"))
            expect(ready).not_to_contain_text(mine["plan_name"], timeout=PATIENCE)
            expect(ready.get_by_role("alert")).to_contain_text("已由", timeout=PATIENCE)
        done = plant.call("GET", f"/api/inspections/tasks/{mine['id']}", cookie=manager)
        assert done["status"] == "done" and len(done["records"]) == 1
        assert plant.call("GET", f"/api/verify/{done['signature_id']}")["valid"] is True
        kept = plant.call("GET", f"/api/inspections/tasks/{taken['id']}", cookie=manager)
        assert (kept["signature_id"], len(kept["records"])) == (other["signature_id"], 1)
    finally:
        for task in (mine, taken):
            version = plant.call("GET", f"/api/inspections/plans/{task['plan_id']}", cookie=manager)["version"]
            plant.call("DELETE", f"/api/inspections/plans/{task['plan_id']}?version={version}", cookie=manager)
