"""Tables of the exchange."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant


class ExchangeTarget(Identified, Tenant, Base):
    """A receiving platform.

    Attributes:
        config: its adapter: ``paths`` by kind, ``cipher``, ``time_format``, ``page``, ``names`` (own spellings).
        sealed: cipher key and iv under the installation's key.
    """

    __tablename__ = "exchange_target"

    code: Mapped[str]
    name: Mapped[str]
    base_url: Mapped[str]
    company_code: Mapped[str]
    config: Mapped[dict[str, Any]]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class ExchangeMark(Tenant, Base):
    """How far a target has a kind: time of change and id of the last row that it took."""

    __tablename__ = "exchange_mark"

    target_id: Mapped[UUID] = mapped_column(ForeignKey("exchange_target.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    changed: Mapped[datetime]
    row_id: Mapped[UUID]


class ExchangeRun(Identified, Tenant, Base):
    """What one run sent of a kind, or why it stopped."""

    __tablename__ = "exchange_run"

    target_id: Mapped[UUID] = mapped_column(ForeignKey("exchange_target.id", ondelete="CASCADE"))
    kind: Mapped[str]
    rows: Mapped[int]
    outcome: Mapped[str]
    error: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=clock.now)
