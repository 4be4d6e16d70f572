"""Sign-in, one's own account and tokens (``/api/auth``); the security administrator's ``/api/accounts``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from twin.auth import accounts, repository, service
from twin.auth.models import Account, Token
from twin.auth.principal import Principal
from twin.auth.schemas import (
    AccountChange,
    AccountIn,
    AccountOut,
    AccountPage,
    EnterpriseOut,
    Login,
    Me,
    PasswordChange,
    PasswordIn,
    TokenIn,
    TokenMade,
    TokenOut,
)
from twin.db.uow import UnitOfWork, unit_of_work
from twin.errors import Unauthenticated
from twin.settings import get_settings
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(route_class=TwinRoute)


async def _me(uow: UnitOfWork, principal: Principal) -> Me:
    account = await uow.session.get(Account, principal.account_id)
    enterprise = await repository.enterprise(uow.session, principal.enterprise_id)
    if account is None or enterprise is None:
        raise Unauthenticated
    return Me(
        id=account.id,
        username=account.username,
        name=account.name,
        roles=list(principal.roles),
        scopes=sorted(principal.scopes),
        zones=sorted(principal.zones),
        departments=sorted(principal.departments),
        language=account.language,
        enterprise=EnterpriseOut.model_validate(enterprise, from_attributes=True),
        must_change=service.must_change(account, principal.roles),
    )


@router.post("/api/auth/login", tags=["auth"], summary="Sign in")
async def login(body: Login, request: Request, response: Response) -> Me:
    """Open a session; the cookie ``twin_session`` carries it."""
    origin = request.client.host if request.client else ""
    signed = await service.sign_in(
        body.username, body.password, origin=origin, agent=request.headers.get("user-agent", "")
    )
    response.set_cookie(
        service.COOKIE,
        signed.secret,
        expires=signed.expires_at,
        httponly=True,
        samesite="lax",
        secure=get_settings().secure_cookies,
    )
    response.headers["Cache-Control"] = "no-store"
    async with unit_of_work(signed.principal.enterprise_id, signed.principal.account_id) as uow:
        return await _me(uow, signed.principal)


@router.post("/api/auth/logout", tags=["auth"], summary="Sign out", status_code=204)
async def logout(uow: Uow, request: Request, response: Response) -> None:
    """End this session."""
    if cookie := request.cookies.get(service.COOKIE):
        await service.sign_out(uow, cookie)
    response.delete_cookie(service.COOKIE)


@router.get("/api/auth/me", tags=["auth"], summary="Who am I")
async def me(uow: Uow, principal: CurrentPrincipal) -> Me:
    """The signed-in account, its roles and rights."""
    return await _me(uow, principal)


@router.post("/api/auth/password", tags=["auth"], summary="Change my password", status_code=204)
async def password(body: PasswordChange, uow: Uow, principal: CurrentPrincipal, request: Request) -> None:
    """Set a new password; all other sessions end."""
    await service.change_password(
        uow, principal.account_id, body.old, body.new, keep=request.cookies.get(service.COOKIE, "")
    )


def _token(token: Token) -> TokenOut:
    return TokenOut.model_validate(token, from_attributes=True)


@router.get("/api/auth/tokens", tags=["auth"], summary="My bearer tokens")
async def tokens(uow: Uow, principal: CurrentPrincipal) -> list[TokenOut]:
    """The account's tokens that are not revoked."""
    return [_token(token) for token in await repository.tokens(uow.session, principal.account_id)]


@router.post("/api/auth/tokens", tags=["auth"], summary="New bearer token", status_code=201)
async def create_token(body: TokenIn, uow: Uow, principal: CurrentPrincipal) -> TokenMade:
    """A token for a machine, with some of one's own rights."""
    token, secret = await service.create_token(uow, principal, body.name, body.scopes, body.days)
    return TokenMade(**_token(token).model_dump(), secret=secret)


@router.delete("/api/auth/tokens/{token_id}", tags=["auth"], summary="Revoke a bearer token", status_code=204)
async def revoke_token(token_id: UUID, uow: Uow, principal: CurrentPrincipal) -> None:
    """The token stops working."""
    await service.revoke_token(uow, principal, token_id)


def _account(account: Account, roles: list[str]) -> AccountOut:
    fields = {f: getattr(account, f) for f in AccountOut.model_fields if f != "roles"}
    return AccountOut(**fields, roles=roles)


async def _one(uow: UnitOfWork, account_id: UUID) -> AccountOut:
    account = await accounts.get_account(uow, account_id)
    return _account(account, list(await repository.roles(uow.session, account_id)))


@router.get("/api/accounts", tags=["accounts"], summary="Accounts")
async def list_accounts(
    uow: Uow,
    principal: CurrentPrincipal,
    after: Annotated[str, Query(max_length=64, pattern=r"^[^\x00]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AccountPage:
    """The enterprise's accounts by user name."""
    principal.require("account:read")
    rows = await repository.accounts(uow.session, after, limit + 1)
    items = [_account(account, held) for account, held in rows[:limit]]
    return AccountPage(items=items, next=items[-1].username if len(rows) > limit else None)


@router.post("/api/accounts", tags=["accounts"], summary="New account", status_code=201)
async def create_account(body: AccountIn, uow: Uow, principal: CurrentPrincipal) -> AccountOut:
    """An account whose owner changes the password at the first sign-in."""
    principal.require("account:write")
    account_id = await accounts.create_account(uow, **body.model_dump(), must_change=True)
    return await _one(uow, account_id)


@router.patch("/api/accounts/{account_id}", tags=["accounts"], summary="Change an account")
async def update_account(account_id: UUID, body: AccountChange, uow: Uow, principal: CurrentPrincipal) -> AccountOut:
    """Name, roles, limits, or whether it may sign in."""
    principal.require("account:write")
    await accounts.update_account(uow, account_id, body.model_dump(exclude_unset=True, exclude_none=True))
    return await _one(uow, account_id)


@router.post("/api/accounts/{account_id}/password", tags=["accounts"], summary="Reset a password", status_code=204)
async def reset_password(account_id: UUID, body: PasswordIn, uow: Uow, principal: CurrentPrincipal) -> None:
    """A new password that its owner has to change."""
    principal.require("account:write")
    await accounts.reset_password(uow, account_id, body.password)


@router.post("/api/accounts/{account_id}/unlock", tags=["accounts"], summary="Lift a sign-in lock", status_code=204)
async def unlock(account_id: UUID, uow: Uow, principal: CurrentPrincipal) -> None:
    """End the lock that failed sign-ins caused."""
    principal.require("account:write")
    await accounts.unlock_sign_in(uow, account_id)
