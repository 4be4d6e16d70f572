"""Tables of hazards."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, SpatialRow, Tenant


class Hazard(SpatialRow, Base):
    """A hazard at a place. ``code`` is its number, ``name`` what it is in a few words.

    Attributes:
        level: 0 一般, 1 重大. hazard_type, source, category, manage_type: codes of the exchange form.
        origin, origin_key: what it came from: ``manual``, ``inspection``, ``alarm``, ``ai`` and the id there.
        photos: live photos of the report.
        plan: the five elements of a major hazard.
        round: how often it was rectified; ``rectified_at`` of the last time.
        days_left: whole days to the deadline; kept up by a job, so that the map shows it.
        escalated: how often it was raised to a higher level for being late.
    """

    __tablename__ = "hazard"
    geometry_kind = "POINTZ"

    status: Mapped[str]
    level: Mapped[int]
    hazard_type: Mapped[int]
    source: Mapped[int]
    category: Mapped[int]
    manage_type: Mapped[int]
    description: Mapped[str]
    zone_code: Mapped[str | None]
    department: Mapped[str]
    hazard_code: Mapped[str]
    risk_measure_id: Mapped[UUID | None]
    check_record_id: Mapped[UUID | None]
    origin: Mapped[str]
    origin_key: Mapped[str]
    photos: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    reporter_id: Mapped[UUID]
    reporter_name: Mapped[str]
    evaluator_id: Mapped[UUID | None]
    dismiss_reason: Mapped[str]
    criteria: Mapped[list[str]] = mapped_column(ARRAY(Text))
    criteria_version: Mapped[str]
    owner_id: Mapped[UUID | None]
    owner_name: Mapped[str]
    acceptor_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    deadline: Mapped[datetime | None]
    plan: Mapped[dict[str, Any]]
    extension_until: Mapped[datetime | None]
    extension_reason: Mapped[str]
    send_back_reason: Mapped[str]
    round: Mapped[int]
    rectified_at: Mapped[datetime | None]
    overdue: Mapped[bool]
    days_left: Mapped[int | None]
    escalated: Mapped[int]
    closed_at: Mapped[datetime | None]


class HazardRectification(Identified, Tenant, Base):
    """What was done, once per round."""

    __tablename__ = "hazard_rectification"

    hazard_id: Mapped[UUID] = mapped_column(ForeignKey("hazard.id"))
    round: Mapped[int]
    cause: Mapped[str]
    measures: Mapped[str]
    cost: Mapped[float]
    permit: Mapped[str]
    photos: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    by_id: Mapped[UUID]
    by_name: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=clock.now)

    __table_args__ = (Index("uq_hazard_rectification_hazard_id_round", "hazard_id", "round", unique=True),)


class HazardAcceptance(Identified, Tenant, Base):
    """One leader's signed acceptance of a rectification."""

    __tablename__ = "hazard_acceptance"

    rectification_id: Mapped[UUID] = mapped_column(ForeignKey("hazard_rectification.id"))
    acceptor_id: Mapped[UUID]
    acceptor_name: Mapped[str]
    opinion: Mapped[str]
    signature_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(default=clock.now)

    __table_args__ = (
        Index("uq_hazard_acceptance_rectification_id_acceptor_id", "rectification_id", "acceptor_id", unique=True),
    )


class HazardCriteria(Identified, Tenant, Base):
    """An enterprise's own version of the criteria of major hazards; the one that ships lies in ``data/criteria.json``."""

    __tablename__ = "hazard_criteria"

    version: Mapped[str]
    effective_from: Mapped[date]
    items: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class HazardNotice(Identified, Tenant, Base):
    """Who is told of a new hazard, by class and grade; None fits every one."""

    __tablename__ = "hazard_notice"

    hazard_type: Mapped[int | None]
    level: Mapped[int | None]
    role: Mapped[str]
