"""Rows of a small register, made over HTTP."""

from __future__ import annotations

from typing import Any

import httpx


async def post(http: httpx.AsyncClient, path: str, body: dict[str, Any], status: int = 201) -> Any:
    """Send a body; the answer's JSON."""
    answer = await http.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def make_unit(http: httpx.AsyncClient, code: str, zones: list[str] | None = None) -> dict[str, Any]:
    """An object with one unit."""
    owner = {"code": f"O-{code}", "name": f"对象 {code}", "hazard_code": "110000001", "main_person": "王立新"}
    made = await post(http, "/api/risks/objects", owner)
    body = {
        "object_id": made["id"],
        "code": code,
        "name": f"单元 {code}",
        "zone_codes": zones or [],
        "liable_person": "周建国",
    }
    unit: dict[str, Any] = await post(http, "/api/risks/units", body)
    return unit


def event(unit: dict[str, Any], likelihood: int = 1, severity: int = 1, **more: Any) -> dict[str, Any]:
    """An event by LS."""
    return {
        "unit_id": unit["id"], "name": "法兰泄漏", "subject": "V-101", "method": "LS",
        "factors": {"L": likelihood, "S": severity}, "accident_types": ["08"], "department": "储运部", "owner": "周建国", **more,
    }  # fmt: skip
