"""Queries of accounts, sessions, tokens and throttles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from twin.auth.models import Account, AccountRole, Session, Token
from twin.db.base import Enterprise


@dataclass(frozen=True)
class Credential:
    """What a session or token leads to."""

    id: UUID
    account: Account
    roles: tuple[str, ...]
    created_at: datetime
    last_seen_at: datetime | None
    expires_at: datetime
    scopes: frozenset[str] | None


async def account_by_name(session: AsyncSession, username: str) -> Account | None:
    """The account with this user name (any case)."""
    found = await session.execute(select(Account).where(func.lower(Account.username) == username.lower()))
    return found.scalar_one_or_none()


async def roles(session: AsyncSession, account_id: UUID) -> tuple[str, ...]:
    """The account's roles, sorted."""
    found = await session.scalars(
        select(AccountRole.role).where(AccountRole.account_id == account_id).order_by(AccountRole.role)
    )
    return tuple(found)


async def set_roles(session: AsyncSession, account: Account, wanted: Iterable[str]) -> None:
    """Replace the account's roles."""
    await session.execute(delete(AccountRole).where(AccountRole.account_id == account.id))
    rows = [
        {"account_id": account.id, "role": role, "enterprise_id": account.enterprise_id} for role in sorted(set(wanted))
    ]
    if rows:
        await session.execute(insert(AccountRole), rows)


async def accounts(session: AsyncSession, after: str, limit: int) -> list[tuple[Account, list[str]]]:
    """A page of accounts in the order of their user names, with their roles."""
    found = await session.execute(
        select(Account, func.array_remove(func.array_agg(AccountRole.role), None))
        .outerjoin(AccountRole, AccountRole.account_id == Account.id)
        .where(func.lower(Account.username) > after.lower())
        .group_by(Account.id)
        .order_by(func.lower(Account.username))
        .limit(limit)
    )
    return [(account, sorted(held)) for account, held in found]


async def accounts_with_role(session: AsyncSession, role: str) -> list[UUID]:
    """Ids of the active accounts that hold a role."""
    found = await session.scalars(
        select(Account.id)
        .join(AccountRole, AccountRole.account_id == Account.id)
        .where(AccountRole.role == role, Account.active)
    )
    return list(found)


async def enterprise(session: AsyncSession, enterprise_id: UUID) -> Enterprise | None:
    """The enterprise with this id."""
    return await session.get(Enterprise, enterprise_id)


async def enterprise_by_code(session: AsyncSession, code: str) -> Enterprise | None:
    """The enterprise with this code."""
    return (await session.execute(select(Enterprise).where(Enterprise.code == code))).scalar_one_or_none()


async def by_session(session: AsyncSession, token_hash: bytes) -> Credential | None:
    """The session with this hash and its account."""
    row = (
        await session.execute(
            select(Session, Account)
            .join(Account, Account.id == Session.account_id)
            .where(Session.token_hash == token_hash)
        )
    ).first()
    if row is None:
        return None
    found, account = row
    held = await roles(session, account.id)
    return Credential(found.id, account, held, found.created_at, found.last_seen_at, found.expires_at, None)


async def by_token(session: AsyncSession, token_hash: bytes) -> Credential | None:
    """The bearer token with this hash, unless revoked, and its account."""
    row = (
        await session.execute(
            select(Token, Account)
            .join(Account, Account.id == Token.account_id)
            .where(Token.token_hash == token_hash, Token.revoked_at.is_(None))
        )
    ).first()
    if row is None:
        return None
    found, account = row
    held = await roles(session, account.id)
    return Credential(
        found.id, account, held, found.created_at, found.last_used_at, found.expires_at, frozenset(found.scopes)
    )


async def touch_session(session: AsyncSession, session_id: UUID, now: datetime) -> None:
    """Note that a session was used."""
    await session.execute(update(Session).where(Session.id == session_id).values(last_seen_at=now))


async def touch_token(session: AsyncSession, token_id: UUID, now: datetime) -> None:
    """Note that a token was used."""
    await session.execute(update(Token).where(Token.id == token_id).values(last_used_at=now))


async def end_session(session: AsyncSession, token_hash: bytes) -> UUID | None:
    """Delete a session; its account's id, or None when there was none."""
    found = await session.execute(delete(Session).where(Session.token_hash == token_hash).returning(Session.account_id))
    return found.scalar()


async def end_sessions(session: AsyncSession, account_id: UUID, but: bytes = b"") -> None:
    """Delete an account's sessions, except the one with the hash ``but``."""
    await session.execute(delete(Session).where(Session.account_id == account_id, Session.token_hash != but))


async def trim_sessions(session: AsyncSession, account_id: UUID, keep: int) -> None:
    """Delete all but the ``keep`` most recently used sessions of an account."""
    newest = (
        select(Session.id)
        .where(Session.account_id == account_id)
        .order_by(Session.last_seen_at.desc(), Session.id.desc())
        .limit(keep)
    )
    await session.execute(delete(Session).where(Session.account_id == account_id, Session.id.not_in(newest)))


async def prune_sessions(session: AsyncSession, now: datetime) -> int:
    """Delete sessions past their absolute end and throttles that no longer matter; how many sessions went."""
    gone = await session.execute(delete(Session).where(Session.expires_at < now).returning(Session.id))
    await session.execute(
        text("DELETE FROM throttle WHERE since < :old AND (locked_until IS NULL OR locked_until < :now)"),
        {"old": now - timedelta(days=1), "now": now},
    )
    return len(gone.all())


async def tokens(session: AsyncSession, account_id: UUID) -> list[Token]:
    """The account's tokens that are not revoked, newest first."""
    found = await session.scalars(
        select(Token).where(Token.account_id == account_id, Token.revoked_at.is_(None)).order_by(Token.id.desc())
    )
    return list(found)


async def revoke_token(session: AsyncSession, account_id: UUID, token_id: UUID, now: datetime) -> Token | None:
    """Revoke one of the account's tokens."""
    found = await session.execute(
        update(Token)
        .where(Token.id == token_id, Token.account_id == account_id, Token.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Token)
    )
    return found.scalar_one_or_none()


async def locked_until(
    session: AsyncSession, keys: Iterable[str], now: datetime, *, hold: bool = False
) -> datetime | None:
    """Until when the latest lock among ``keys`` holds; None when none does.

    ``hold`` keeps the rows locked in this transaction.
    """
    found = await session.execute(
        text("SELECT locked_until FROM throttle WHERE key = ANY(:keys) ORDER BY key" + (" FOR UPDATE" if hold else "")),
        {"keys": list(keys)},
    )
    ends: list[datetime] = [row[0] for row in found if row[0] is not None and row[0] > now]
    return max(ends, default=None)


async def add_failure(session: AsyncSession, key: str, limit: int, now: datetime, span: timedelta) -> bool:
    """Count a failed sign-in; whether this one caused the lock.

    The count starts anew after ``span`` without reaching ``limit``.
    """
    params: dict[str, Any] = {"key": key, "limit": limit, "now": now, "old": now - span, "end": now + span}
    found = await session.execute(
        text(
            """
            INSERT INTO throttle AS t (key, failures, since, locked_until) VALUES (:key, 1, :now, NULL)
            ON CONFLICT (key) DO UPDATE SET
                failures = CASE WHEN t.since < :old OR t.locked_until < :now THEN 1 ELSE t.failures + 1 END,
                since = CASE WHEN t.since < :old OR t.locked_until < :now THEN :now ELSE t.since END,
                locked_until = CASE
                    WHEN t.locked_until >= :now THEN t.locked_until
                    WHEN t.since >= :old AND t.locked_until IS NULL AND t.failures + 1 >= :limit
                        THEN CAST(:end AS timestamptz)
                    ELSE NULL END
            RETURNING failures = :limit AND locked_until IS NOT NULL
            """
        ),
        params,
    )
    return bool(found.scalar())


async def clear_failures(session: AsyncSession, key: str) -> None:
    """Forget the failures of a key (after a success or by the security administrator)."""
    await session.execute(text("DELETE FROM throttle WHERE key = :key"), {"key": key})
