"""Tables of the kernel's machinery: the audit trail with its seals, cursors and parked events of subscribers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base


class Audit(Base):
    """Who did what to which thing, with its content before and after. The app role may only add rows.

    The digests (SHA-256, hex, of the JSON text) are set by a trigger, as is the row in ``audit_pending`` that the
    sealer works off.
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    enterprise_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    actor_id: Mapped[UUID | None]
    actor: Mapped[str] = mapped_column(default="")
    origin: Mapped[str] = mapped_column(default="")
    action: Mapped[str]
    kind: Mapped[str]
    key: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    before_digest: Mapped[str | None]
    after_digest: Mapped[str | None]


class AuditPending(Base):
    """Audit rows that are not sealed yet."""

    __tablename__ = "audit_pending"

    audit_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    enterprise_id: Mapped[UUID]


class AuditSeal(Base):
    """A link of an enterprise's chain: ``hash = SHA-256(hash of n - 1 | n | digest of the audit row)``.

    Numbers have no gaps.
    """

    __tablename__ = "audit_seal"

    enterprise_id: Mapped[UUID] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    audit_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(default=clock.now)


class OutboxCursor(Base):
    """How far a durable subscriber has come."""

    __tablename__ = "outbox_cursor"

    subscriber: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(default=clock.now)


class OutboxParked(Base):
    """An event that a subscriber could not handle: set aside, shown to the system administrator, retried on demand."""

    __tablename__ = "outbox_parked"

    subscriber: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    enterprise_id: Mapped[UUID]
    topic: Mapped[str]
    kind: Mapped[str]
    key: Mapped[str]
    payload: Mapped[dict[str, Any]]
    event_at: Mapped[datetime]
    error: Mapped[str]
    attempts: Mapped[int]
    parked_at: Mapped[datetime] = mapped_column(default=clock.now)
