"""Table of notifications."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant


class Inbox(Identified, Tenant, Base):
    """A notification for one account. Its text is made in the reader's language from ``kind`` and ``params``.

    ``dedupe`` makes a repeat of the same notification (a redelivered event, a job that ran twice) harmless.
    """

    __tablename__ = "inbox"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    kind: Mapped[str]
    level: Mapped[str] = mapped_column(default="info")
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    link: Mapped[str] = mapped_column(default="")
    dedupe: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    read_at: Mapped[datetime | None]
