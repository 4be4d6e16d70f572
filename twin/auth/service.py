"""Signing in and out, sessions, bearer tokens: who is asking.

A session's or token's secret is random and only its SHA-256 is stored. Authenticated principals are remembered for a
few seconds, so a burst of requests costs one look-up; a sign-out or lock is seen at once in this process, within that
time in the others, and goes out as an event on the topic ``auth`` for those that hold connections.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from starlette.requests import Request

from twin import clock
from twin.auth import passwords, repository
from twin.auth.accounts import create_account, create_enterprise, lock_account
from twin.auth.models import Account, Session, Token
from twin.auth.principal import Principal
from twin.auth.roles import scopes_of
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work
from twin.errors import Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from twin.settings import get_settings

__all__ = [
    "authenticate_request",
    "authenticate_token",
    "create_account",
    "create_enterprise",
    "lock_account",
    "sign_in",
    "sign_out",
]

log = structlog.get_logger("twin.auth")

COOKIE = "twin_session"
TOKEN_PREFIX = "twin_"
#: Failed sign-ins until the user name is locked, and until an address is, and for how long.
NAME_FAILURES = 5
ADDRESS_FAILURES = 30
LOCK = timedelta(minutes=15)
#: Unused sessions end after this; the big screen's never do, since nobody stands before it to sign in.
IDLE = timedelta(hours=1)
CONTROL_SESSION = timedelta(days=90)
#: A password older than this must be changed (not the big screen's).
PASSWORD_AGE = timedelta(days=90)
SESSIONS_PER_ACCOUNT = 20
TOKENS_PER_ACCOUNT = 50
TOKEN_DAYS = 365
_TOUCH = timedelta(minutes=1)
_CACHE_SECONDS = 3.0
_CACHE_SIZE = 10_000
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SignInFailed(Unauthenticated):
    """Wrong user name or password, or a disabled account: the answer does not say which."""

    code = "sign_in_failed"


class SignInLocked(TooMany):
    """Too many failures for this user name or from this address."""

    code = "sign_in_locked"


class CsrfMissing(Forbidden):
    """A write by cookie without the header ``X-Twin: 1``, which other sites' pages cannot send."""

    code = "csrf"


class TokenNotFound(NotFound):
    """No such token of this account."""

    code = "token_not_found"


@dataclass(frozen=True)
class SignedIn:
    """A new session: the secret for the cookie, its end, and whose it is."""

    secret: str
    expires_at: datetime
    principal: Principal


@dataclass(frozen=True)
class _Cached:
    principal: Principal
    at: float
    until: float


_cache: dict[bytes, _Cached] = {}


def digest(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


async def sign_in(username: str, password: str, *, origin: str = "", agent: str = "") -> SignedIn:
    """Check a password and open a session.

    Raises:
        SignInFailed: wrong name or password, or the account is disabled.
        SignInLocked: five failures for the name within 15 minutes, or thirty from the address; ``seconds`` says how
            long to wait.
    """
    keys = [f"name:{username.lower()[:200]}", f"addr:{origin}"]
    async with unit_of_work(ALL_ENTERPRISES, origin=origin) as uow:
        _refuse_locked(await repository.locked_until(uow.session, keys, clock.now()))
        account = await repository.account_by_name(uow.session, username)
    right = await passwords.verify(password, account.password_hash if account else None)
    if not right or account is None or not account.active:
        await _failed(account, username, keys, origin)
        raise SignInFailed
    async with unit_of_work(account.enterprise_id, account.id, origin) as uow:
        # Once more, with the row held: of many guesses sent at once, none counts after the lock.
        _refuse_locked(await repository.locked_until(uow.session, keys, clock.now(), hold=True))
        await repository.clear_failures(uow.session, keys[0])
        return await _open_session(uow, account, origin, agent)


def _refuse_locked(until: datetime | None) -> None:
    if until is not None:
        raise SignInLocked(seconds=max(1, round((until - clock.now()).total_seconds())))


async def _failed(account: Account | None, username: str, keys: Sequence[str], origin: str) -> None:
    enterprise = account.enterprise_id if account else ALL_ENTERPRISES
    async with unit_of_work(enterprise, account.id if account else None, origin) as uow:
        now = clock.now()
        locked = await repository.add_failure(uow.session, keys[0], NAME_FAILURES, now, LOCK)
        await repository.add_failure(uow.session, keys[1], ADDRESS_FAILURES, now, LOCK)
        if account is None:
            log.warning("sign-in with an unknown name", origin=origin)
            return
        action = "sign_in_locked" if locked else "sign_in_failed"
        await uow.audit(action, "account", str(account.id), after={"username": username})


async def _open_session(uow: UnitOfWork, account: Account, origin: str, agent: str) -> SignedIn:
    now = clock.now()
    held = await repository.roles(uow.session, account.id)
    lasts = CONTROL_SESSION if _is_control(held) else timedelta(hours=get_settings().session_hours)
    secret = secrets.token_urlsafe(32)
    uow.session.add(
        Session(
            enterprise_id=account.enterprise_id,
            account_id=account.id,
            token_hash=digest(secret),
            created_at=now,
            last_seen_at=now,
            expires_at=now + lasts,
            origin=origin,
            agent=agent[:200],
        )
    )
    await uow.session.flush()
    await repository.trim_sessions(uow.session, account.id, SESSIONS_PER_ACCOUNT)
    await uow.audit("sign_in", "account", str(account.id), after={"username": account.username})
    return SignedIn(secret, now + lasts, _principal(account, held, None))


def _is_control(roles: Sequence[str]) -> bool:
    return tuple(roles) == ("control",)


def must_change(account: Account, roles: Sequence[str]) -> bool:
    """Whether the account has to set a new password before anything else."""
    return account.must_change or (not _is_control(roles) and clock.now() - account.password_changed_at > PASSWORD_AGE)


def _principal(account: Account, roles: tuple[str, ...], only: frozenset[str] | None) -> Principal:
    scopes = scopes_of(roles) if only is None else scopes_of(roles) & only
    if only is None and must_change(account, roles):
        scopes = frozenset()
    return Principal(
        account_id=account.id,
        enterprise_id=account.enterprise_id,
        username=account.username,
        name=account.name,
        roles=roles,
        scopes=scopes,
        zones=frozenset(account.zones),
        departments=frozenset(account.departments),
        language=account.language,
    )


async def authenticate_request(request: Request) -> Principal:
    """The principal of a request by bearer token or session cookie.

    Raises:
        Unauthenticated: neither is there, or it has expired or been revoked.
        CsrfMissing: a write by cookie without ``X-Twin: 1``.
    """
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return await authenticate_token(value.strip())
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        raise Unauthenticated
    principal = await authenticate_token(cookie)
    if request.method not in _SAFE and request.headers.get("x-twin") != "1":
        raise CsrfMissing(scope="csrf")
    return principal


async def authenticate_token(secret: str) -> Principal:
    """The principal of a session's secret (cookie ``twin_session``) or a bearer token (``twin_...``).

    Raises:
        Unauthenticated: unknown, expired, idle for too long, revoked, or the account is disabled.
    """
    key, now = digest(secret), clock.timestamp()
    cached = _cache.get(key)
    if cached is not None and 0 <= now - cached.at < _CACHE_SECONDS and now < cached.until:
        return cached.principal
    _cache.pop(key, None)
    bearer = secret.startswith(TOKEN_PREFIX)
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        found = await (repository.by_token if bearer else repository.by_session)(uow.session, key)
        moment = clock.now()
        if found is None or not found.account.active or moment >= found.expires_at:
            raise Unauthenticated
        idle = not bearer and not _is_control(found.roles)
        if idle and found.last_seen_at is not None and moment - found.last_seen_at >= IDLE:
            raise Unauthenticated
        if found.last_seen_at is None or moment - found.last_seen_at >= _TOUCH:
            await (repository.touch_token if bearer else repository.touch_session)(uow.session, found.id, moment)
    principal = _principal(found.account, found.roles, found.scopes)
    if len(_cache) >= _CACHE_SIZE:
        _cache.clear()
    _cache[key] = _Cached(principal, now, found.expires_at.timestamp())
    return principal


def forget(account_id: UUID) -> None:
    """Drop what this process remembers of an account."""
    for key in [k for k, c in _cache.items() if c.principal.account_id == account_id]:
        _cache.pop(key, None)


async def sign_out(uow: UnitOfWork, secret: str) -> None:
    """End a session."""
    account_id = await repository.end_session(uow.session, digest(secret))
    _cache.pop(digest(secret), None)
    if account_id is not None:
        await uow.audit("sign_out", "account", str(account_id))
        await uow.emit("auth", "sign_out", str(account_id), {})


async def change_password(uow: UnitOfWork, account_id: UUID, old: str, new: str, keep: str = "") -> None:
    """Set one's own new password; all other sessions of the account end.

    Raises:
        SignInFailed: the old password is wrong. It counts as a failed sign-in would.
        WeakPassword: the new one breaks a rule.
    """
    account = await uow.session.get(Account, account_id)
    if account is None:
        raise Unauthenticated
    keys = [f"name:{account.username.lower()}", f"addr:{uow.origin}"]
    _refuse_locked(await repository.locked_until(uow.session, keys, clock.now()))
    if not await passwords.verify(old, account.password_hash):
        await _failed(account, account.username, keys, uow.origin)
        raise SignInFailed
    hashed = await passwords.renew(new, account.username, [account.password_hash, *account.password_history])
    account.password_history = [account.password_hash, *account.password_history][: passwords.REMEMBERED]
    account.password_hash, account.password_changed_at, account.must_change = hashed, clock.now(), False
    await repository.end_sessions(uow.session, account_id, digest(keep) if keep else b"")
    await uow.audit("password", "account", str(account_id))
    await uow.emit("auth", "password", str(account_id), {})
    forget(account_id)


async def confirm_password(uow: UnitOfWork, account_id: UUID, password: str) -> None:
    """Ask for one's own password again, e.g. before a signature. A wrong one counts as a failed sign-in would.

    Raises:
        SignInFailed, SignInLocked.
    """
    account = await uow.session.get(Account, account_id)
    if account is None:
        raise Unauthenticated
    keys = [f"name:{account.username.lower()}", f"addr:{uow.origin}"]
    _refuse_locked(await repository.locked_until(uow.session, keys, clock.now()))
    if not await passwords.verify(password, account.password_hash):
        await _failed(account, account.username, keys, uow.origin)
        raise SignInFailed


async def create_token(
    uow: UnitOfWork, principal: Principal, name: str, scopes: Sequence[str], days: int
) -> tuple[Token, str]:
    """A bearer token with some of the principal's rights; the secret is shown once.

    Raises:
        Invalid: scopes that the principal does not hold, or too many tokens.
    """
    beyond = sorted(set(scopes) - principal.scopes)
    if beyond:
        raise Invalid(errors=[{"where": "scopes", "code": "scope_not_held", "scope": scope} for scope in beyond])
    if len(await repository.tokens(uow.session, principal.account_id)) >= TOKENS_PER_ACCOUNT:
        raise TooMany(limit=TOKENS_PER_ACCOUNT)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    now = clock.now()
    token = Token(
        enterprise_id=principal.enterprise_id,
        account_id=principal.account_id,
        name=name,
        token_hash=digest(secret),
        scopes=sorted(set(scopes)),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    uow.session.add(token)
    await uow.session.flush()
    await uow.audit(
        "create",
        "token",
        str(token.id),
        after={"name": name, "scopes": token.scopes, "expires_at": token.expires_at.isoformat()},
    )
    return token, secret


async def revoke_token(uow: UnitOfWork, principal: Principal, token_id: UUID) -> None:
    """Revoke one of one's own tokens.

    Raises:
        TokenNotFound: no such token.
    """
    token = await repository.revoke_token(uow.session, principal.account_id, token_id, clock.now())
    if token is None:
        raise TokenNotFound
    _cache.pop(token.token_hash, None)
    await uow.audit("revoke", "token", str(token_id), before={"name": token.name, "scopes": token.scopes})
    await uow.emit("auth", "revoke", str(principal.account_id), {})
