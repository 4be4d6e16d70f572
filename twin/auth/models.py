"""Tables of accounts, sessions, tokens and sign-in throttling."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant


class Account(Identified, Tenant, Base):
    """A person or machine that signs in. User names are unique over the installation, without regard to case.

    ``password_history`` holds the hashes of earlier passwords, newest first. ``zones`` and ``departments`` limit write
    rights; empty means the whole enterprise.
    """

    __tablename__ = "account"

    username: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    password_hash: Mapped[str]
    password_history: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    password_changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    must_change: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(default="zh-CN")
    zones: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    departments: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


class AccountRole(Tenant, Base):
    """A role of an account (twin/auth/roles.py lists them)."""

    __tablename__ = "account_role"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class Session(Identified, Tenant, Base):
    """A browser's sign-in. Only the SHA-256 of its random token is kept."""

    __tablename__ = "session"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    origin: Mapped[str] = mapped_column(default="")
    agent: Mapped[str] = mapped_column(default="")


class Token(Identified, Tenant, Base):
    """A bearer token for a machine; its rights are at most its account's."""

    __tablename__ = "token"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class Throttle(Base):
    """Failed sign-ins, per user name (``name:...``, known or not) and per address (``addr:...``)."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime]
    locked_until: Mapped[datetime | None]
