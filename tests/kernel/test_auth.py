"""Signing in, sessions, tokens, lockout, rights: over HTTP against a real database."""

from __future__ import annotations

import httpx
import pytest
from tests.conftest import Enterprise, SignIn


@pytest.mark.req("S5")
async def test_sign_in_gives_a_session_and_me(sign_in: SignIn, enterprise: Enterprise) -> None:
    http = await sign_in("manager")
    me = (await http.get("/api/auth/me")).json()
    assert me["username"] == "manager"
    assert me["enterprise"]["code"] == enterprise.code
    assert "map:read" in me["scopes"] and "audit:read" not in me["scopes"]
    assert not me["must_change"]


async def test_without_session(client: httpx.AsyncClient, enterprise: Enterprise) -> None:
    answer = await client.get("/api/auth/me")
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
