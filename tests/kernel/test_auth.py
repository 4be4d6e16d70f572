"""Signing in, sessions, tokens, lockout, rights: over HTTP against a real database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from tests.conftest import Enterprise, SignIn
from tests.support import PASSWORD
from twin import clock
from twin.auth import accounts, service
from twin.auth.roles import ADMINISTRATORS, ROLE_SCOPES, scopes_of
from twin.db.uow import unit_of_work
from twin.errors import Unauthenticated


async def _account(enterprise: Enterprise, *roles: str) -> str:
    """A new account with a name of its own, so that tests do not lock one another out."""
    username = f"u{uuid4().hex[:10]}"
    async with unit_of_work(enterprise.id) as uow:
        await accounts.create_account(
            uow, username=username, name=username, password=PASSWORD, roles=roles or ["manager"]
        )
    return username


async def _login(client: httpx.AsyncClient, username: str, password: str = PASSWORD) -> httpx.Response:
    client.cookies.clear()
    return await client.post("/api/auth/login", json={"username": username, "password": password})


@pytest.mark.req("S5")
async def test_sign_in_gives_a_session_and_me(sign_in: SignIn, enterprise: Enterprise) -> None:
    http = await sign_in("manager")
    me = (await http.get("/api/auth/me")).json()
    assert me["username"] == "manager"
    assert me["enterprise"]["code"] == enterprise.code
    assert "map:read" in me["scopes"] and "audit:read" not in me["scopes"]
    assert not me["must_change"]


async def test_cookie_is_out_of_reach_of_scripts(client: httpx.AsyncClient, enterprise: Enterprise) -> None:
    answer = await _login(client, await _account(enterprise))
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie


async def test_without_session(client: httpx.AsyncClient, enterprise: Enterprise) -> None:
    client.cookies.clear()
    answer = await client.get("/api/auth/me", headers={"Accept-Language": "en"})
    assert answer.status_code == 401
    assert answer.json() == {"code": "unauthenticated", "message": "Please sign in.", "params": {}}


async def test_sign_out_ends_the_session(client: httpx.AsyncClient, enterprise: Enterprise) -> None:
    await _login(client, await _account(enterprise))
    secret = client.cookies[service.COOKIE]
    assert (await client.post("/api/auth/logout")).status_code == 204
    client.cookies.set(service.COOKIE, secret)
    assert (await client.get("/api/auth/me")).status_code == 401


@pytest.mark.req("S5")
async def test_five_failures_lock_for_fifteen_minutes(client: httpx.AsyncClient, enterprise: Enterprise) -> None:
    username = await _account(enterprise)
    for _ in range(5):
        answer = await _login(client, username, "Wrong-Pass-2026")
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_failed")
    answer = await _login(client, username)
    assert (answer.status_code, answer.json()["code"]) == (429, "sign_in_locked")
    assert 800 < answer.json()["params"]["seconds"] <= 900
    with clock.travel(by=timedelta(minutes=14)):
        assert (await _login(client, username)).status_code == 429
    with clock.travel(by=timedelta(minutes=15, seconds=1)):
        assert (await _login(client, username)).status_code == 200


async def test_an_unknown_name_looks_like_a_known_one(client: httpx.AsyncClient, enterprise: Enterprise) -> None:
    name = f"nobody{uuid4().hex[:8]}"
    codes = [(await _login(client, name)).json()["code"] for _ in range(6)]
    assert codes == ["sign_in_failed"] * 5 + ["sign_in_locked"]


async def test_guesses_sent_at_once_do_not_outrun_the_lock(enterprise: Enterprise) -> None:
    username = await _account(enterprise)

    async def guess(password: str) -> str:
        try:
            await service.sign_in(username, password, origin="10.0.0.9")
        except (service.SignInFailed, service.SignInLocked) as error:
            return error.code
        return "in"

    await asyncio.gather(*(guess("Wrong-Pass-2026") for _ in range(6)))
    assert await guess(PASSWORD) == "sign_in_locked"


async def test_an_address_is_throttled_over_all_names(enterprise: Enterprise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "ADDRESS_FAILURES", 6)
    username = await _account(enterprise)
    origin = f"192.0.2.{uuid4().int % 200}-{uuid4().hex[:4]}"
    for n in range(service.ADDRESS_FAILURES):
        with pytest.raises(service.SignInFailed):
            await service.sign_in(f"guess{n}-{uuid4().hex[:6]}", "Wrong-Pass-2026", origin=origin)
    with pytest.raises(service.SignInLocked):
        await service.sign_in(username, PASSWORD, origin=origin)
    assert await service.sign_in(username, PASSWORD, origin="192.0.2.250")


@pytest.mark.req("S5")
async def test_sessions_end_when_idle_and_absolutely(enterprise: Enterprise) -> None:
    signed = await service.sign_in(await _account(enterprise), PASSWORD)
    with clock.travel(by=timedelta(minutes=59)):
        await service.authenticate_token(signed.secret)  # used: idle time starts anew
    with clock.travel(by=timedelta(minutes=110)):
        await service.authenticate_token(signed.secret)
    with clock.travel(by=timedelta(minutes=171)), pytest.raises(Unauthenticated):
        await service.authenticate_token(signed.secret)

    signed = await service.sign_in(await _account(enterprise), PASSWORD)
    for hours in (0.9, 1.8, 2.7, 3.6, 4.5, 5.4, 6.3, 7.2, 8.1, 9.0, 9.9, 10.8, 11.7):
        with clock.travel(by=timedelta(hours=hours)):
            await service.authenticate_token(signed.secret)
    with clock.travel(by=timedelta(hours=12)), pytest.raises(Unauthenticated):
        await service.authenticate_token(signed.secret)


async def test_the_big_screen_stays_signed_in(enterprise: Enterprise) -> None:
    signed = await service.sign_in(await _account(enterprise, "control"), PASSWORD)
    with clock.travel(by=timedelta(days=89)):
        assert "map:read" in (await service.authenticate_token(signed.secret)).scopes


async def test_writes_by_cookie_need_the_header(client: httpx.AsyncClient, enterprise: Enterprise) -> None:
    await _login(client, await _account(enterprise))
    cookies = {service.COOKIE: client.cookies[service.COOKIE]}
    async with httpx.AsyncClient(transport=client._transport, base_url="http://twin.test", cookies=cookies) as bare:
        answer = await bare.post("/api/auth/tokens", json={"name": "x", "scopes": ["map:read"]})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
        assert (await bare.get("/api/auth/tokens")).status_code == 200


@pytest.mark.req("S5")
async def test_bearer_tokens(client: httpx.AsyncClient, enterprise: Enterprise) -> None:
    await _login(client, await _account(enterprise))
    refused = await client.post("/api/auth/tokens", json={"name": "probe", "scopes": ["map:read", "audit:read"]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "scope_not_held"
    made = (await client.post("/api/auth/tokens", json={"name": "probe", "scopes": ["map:read"], "days": 30})).json()
    assert made["secret"].startswith("twin_")
    assert "secret" not in (await client.get("/api/auth/tokens")).json()[0]
    bearer = {"Authorization": f"Bearer {made['secret']}"}
    async with httpx.AsyncClient(transport=client._transport, base_url="http://twin.test", headers=bearer) as machine:
        assert (await machine.get("/api/auth/me")).json()["scopes"] == ["map:read"]
        with clock.travel(by=timedelta(days=29)):
            assert (await machine.get("/api/auth/me")).status_code == 200
        with clock.travel(by=timedelta(days=30, seconds=1)):
            assert (await machine.get("/api/auth/me")).status_code == 401
        assert (await machine.get("/api/auth/me")).status_code == 200
        assert (await client.delete(f"/api/auth/tokens/{made['id']}")).status_code == 204
        assert (await machine.get("/api/auth/me")).status_code == 401
    assert (await client.delete(f"/api/auth/tokens/{made['id']}")).json()["code"] == "token_not_found"


@pytest.mark.req("S5")
async def test_password_rules_and_change(client: httpx.AsyncClient, enterprise: Enterprise) -> None:
    username = await _account(enterprise)
    await _login(client, username)
    other = await service.sign_in(username, PASSWORD)
    rules = {
        "Short-1": "length",
        "alllowercaseletters": "kinds",
        "Password-2026": "common",
        f"{username}-A1": "name",
        PASSWORD: "reused",
    }
    for new, rule in rules.items():
        answer = await client.post("/api/auth/password", json={"old": PASSWORD, "new": new})
        assert (answer.status_code, answer.json()["params"]["rule"]) == (422, rule), new
    wrong = await client.post("/api/auth/password", json={"old": "Wrong-Pass-2026", "new": "Fresh-Word-77"})
    assert wrong.json()["code"] == "sign_in_failed"
    assert (await client.post("/api/auth/password", json={"old": PASSWORD, "new": "Fresh-Word-77"})).status_code == 204
    assert (await client.get("/api/auth/me")).status_code == 200  # this session stays
    with pytest.raises(Unauthenticated):  # the others end
        await service.authenticate_token(other.secret)
    assert (await _login(client, username)).status_code == 401
    assert (await _login(client, username, "Fresh-Word-77")).status_code == 200


async def test_an_old_password_must_be_changed(enterprise: Enterprise) -> None:
    username = await _account(enterprise)
    with clock.travel(by=timedelta(days=91)):
        assert (await service.sign_in(username, PASSWORD)).principal.scopes == frozenset()


@pytest.mark.req("S5")
def test_the_three_administrators_share_no_right() -> None:
    for one in ADMINISTRATORS:
        for other in ADMINISTRATORS:
            assert one == other or not ROLE_SCOPES[one] & ROLE_SCOPES[other]
    assert scopes_of(["no such role"]) == frozenset()


@pytest.mark.req("S5")
async def test_account_administration(sign_in: SignIn, enterprise: Enterprise) -> None:
    admin, plain = await sign_in("security_admin"), await sign_in("manager")
    body = {"username": f"n{uuid4().hex[:8]}", "name": "新人", "password": "Start-Word-77", "roles": ["employee"]}
    assert (await plain.post("/api/accounts", json=body)).status_code == 403
    both = await admin.post("/api/accounts", json={**body, "roles": ["system_admin", "audit_admin"]})
    assert both.json()["code"] == "roles_conflict"
    king = await admin.post("/api/accounts", json={**body, "roles": ["king"]})
    assert king.json()["errors"][0]["code"] == "role_unknown"
    made = (await admin.post("/api/accounts", json=body)).json()
    assert made["must_change"] and made["roles"] == ["employee"]
    again = await admin.post("/api/accounts", json={**body, "username": str(body["username"]).upper()})
    assert again.json()["code"] == "username_taken"
    signed = await service.sign_in(body["username"], "Start-Word-77")
    assert signed.principal.scopes == frozenset()  # nothing until the password is changed
    changed = await admin.patch(f"/api/accounts/{made['id']}", json={"zones": ["Z2", "Z1"], "active": False})
    assert changed.json()["zones"] == ["Z1", "Z2"]
    with pytest.raises(Unauthenticated):
        await service.authenticate_token(signed.secret)
    with pytest.raises(service.SignInFailed):
        await service.sign_in(body["username"], "Start-Word-77")
    me = (await admin.get("/api/auth/me")).json()
    assert (await admin.patch(f"/api/accounts/{me['id']}", json={"roles": ["leader"]})).json()["code"] == "own_account"
    assert (await admin.patch(f"/api/accounts/{uuid4()}", json={"name": "x"})).json()["code"] == "account_not_found"


async def test_accounts_page_by_name(sign_in: SignIn) -> None:
    admin, seen, after = await sign_in("security_admin"), [], ""
    while after is not None:
        page = (await admin.get("/api/accounts", params={"after": after, "limit": 4})).json()
        seen += [row["username"] for row in page["items"]]
        after = page["next"]
    assert seen == sorted(set(seen), key=str.lower) and "manager" in seen


async def test_sessions_per_account_are_bounded(enterprise: Enterprise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SESSIONS_PER_ACCOUNT", 3)
    username = await _account(enterprise)
    signed = [await service.sign_in(username, PASSWORD) for _ in range(service.SESSIONS_PER_ACCOUNT + 1)]
    with pytest.raises(Unauthenticated):
        await service.authenticate_token(signed[0].secret)
    assert await service.authenticate_token(signed[-1].secret)
