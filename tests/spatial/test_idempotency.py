"""What a handheld sends twice is done once (header ``Idempotency-Key``), over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx

from tests.spatial.test_edits import square, zone


async def post(http: httpx.AsyncClient, key: str, code: str, **more: Any) -> httpx.Response:
    body = {"geometry": square(), "properties": zone(code, **more)}
    return await http.post("/api/spatial/zone", json=body, headers={"Idempotency-Key": key})


async def test_a_repeat_gets_the_first_answer_and_does_nothing(manager: httpx.AsyncClient) -> None:
    key, code = uuid4().hex, f"I{uuid4().hex[:6]}"
    answers = await asyncio.gather(*(post(manager, key, code) for _ in range(4)))
    assert [a.status_code for a in answers] == [201] * 4, [a.text for a in answers]
    assert len({a.json()["id"] for a in answers}) == 1
    assert sorted("idempotent-replay" in a.headers for a in answers) == [False, True, True, True]
    later = await post(manager, key, code)
    assert later.json() == answers[0].json()


async def test_a_key_belongs_to_one_request(manager: httpx.AsyncClient) -> None:
    key = uuid4().hex
    assert (await post(manager, key, f"I{uuid4().hex[:6]}")).status_code == 201
    other = await post(manager, key, f"I{uuid4().hex[:6]}")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    short = await post(manager, "abc", f"I{uuid4().hex[:6]}")
    assert short.json()["code"] == "idempotency_key_form"


async def test_what_was_refused_may_be_sent_again(manager: httpx.AsyncClient) -> None:
    key, code = uuid4().hex, f"I{uuid4().hex[:6]}"
    refused = await manager.post(
        "/api/spatial/zone", json={"geometry": square(), "properties": {"code": code}}, headers={"Idempotency-Key": key}
    )
    assert refused.status_code == 422
    assert (await post(manager, key, code)).status_code == 201
