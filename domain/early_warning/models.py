"""Tables of the early-warning index. Models and targets are never changed: every version is a row."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base


class IndexModel(Base):
    """A version of the model; ``body`` is ``domain.early_warning.model.IndexModelBody``."""

    __tablename__ = "index_model"

    enterprise_id: Mapped[UUID] = mapped_column(ForeignKey("enterprise.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    by_name: Mapped[str]


class IndexTarget(Base):
    """A version of an indicator's target and owner (``owner``: role, ``owner_name``: the person)."""

    __tablename__ = "index_target"

    enterprise_id: Mapped[UUID] = mapped_column(ForeignKey("enterprise.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    target: Mapped[float]
    owner: Mapped[str]
    owner_name: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    by_name: Mapped[str]


class IndexPoint(Base):
    """The index of an hour.

    Attributes:
        scope: empty for the enterprise, otherwise the code of an area zone.
        uncapped: without vetoes. level: 4 blue .. 1 red.
        aspects: key -> ``{"score", "share"}`` of those with data. indicators: key -> value.
        computed_later: made from rows that carry their times, after the hour; indicators that know only the present
            are missing from it.
        rows: of the indicators that know only the present, as they were.
    """

    __tablename__ = "index_point"

    enterprise_id: Mapped[UUID] = mapped_column(ForeignKey("enterprise.id"), primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    value: Mapped[float]
    uncapped: Mapped[float]
    level: Mapped[int]
    vetoes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    aspects: Mapped[dict[str, Any]]
    indicators: Mapped[dict[str, Any]]
    model_version: Mapped[int]
    computed_later: Mapped[bool]
    rows: Mapped[dict[str, Any]]
