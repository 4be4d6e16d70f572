"""Tables of inspections."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant
from twin.db.register import Registered


class InspectionPlan(Registered, Base):
    """A plan.

    Attributes:
        kind: as the hazard source of the exchange form (1 日常 ... 8 专家). work_type, task_num: 包保 role and item.
        rule, work_day: see ``periods``.
        owner_id, post: who does it: a person, or whoever holds a role.
        route: points ``{"code", "name", "tag", "lon", "lat", "radius_m"}`` in their order.
        dispatched_to: tasks that start before this instant have been dispatched.
    """

    __tablename__ = "inspection_plan"

    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[int]
    form: Mapped[str]
    work_type: Mapped[int]
    task_num: Mapped[int]
    rule: Mapped[dict[str, Any]]
    work_day: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    owner_id: Mapped[UUID | None]
    post: Mapped[str]
    department: Mapped[str]
    zone_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    route: Mapped[list[Any]]
    remind_minutes: Mapped[int]
    active: Mapped[bool]
    dispatched_to: Mapped[datetime | None]


class InspectionItem(Registered, Base):
    """A line of a plan's checklist; ``low`` and ``high`` are the limits of its reading."""

    __tablename__ = "inspection_item"

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("inspection_plan.id"))
    position: Mapped[int]
    point: Mapped[str]
    content: Mapped[str]
    risk_measure_id: Mapped[UUID | None]
    unit: Mapped[str]
    low: Mapped[float | None]
    high: Mapped[float | None]

    __table_args__ = (Index("ix_inspection_item_plan_id", "plan_id", "position"),)


class InspectionTask(Identified, Tenant, Base):
    """One time that a plan is due."""

    __tablename__ = "inspection_task"

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("inspection_plan.id"))
    status: Mapped[str]
    version: Mapped[int]
    starts_at: Mapped[datetime]
    due_at: Mapped[datetime]
    assignee_id: Mapped[UUID | None]
    assignee_name: Mapped[str]
    post: Mapped[str]
    done_at: Mapped[datetime | None]
    done_by: Mapped[UUID | None]
    done_name: Mapped[str | None]
    late: Mapped[bool]
    stop_id: Mapped[UUID | None]
    client_id: Mapped[UUID | None]
    checkins: Mapped[list[Any]]
    signature_id: Mapped[UUID | None]
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)

    __table_args__ = (
        UniqueConstraint("plan_id", "starts_at"),
        Index("ix_inspection_task_status_due_at", "enterprise_id", "status", "due_at"),
        Index("ix_inspection_task_assignee_id", "assignee_id", "status", "due_at"),
    )


class InspectionRecord(Identified, Tenant, Base):
    """The result of one item: 0 normal, 1 hazard, 2 not checked, 3 other."""

    __tablename__ = "inspection_record"

    task_id: Mapped[UUID] = mapped_column(ForeignKey("inspection_task.id"))
    plan_id: Mapped[UUID]
    item_id: Mapped[UUID]
    result: Mapped[int]
    reading: Mapped[float | None]
    note: Mapped[str]
    photos: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    by_name: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_inspection_record_task_id", "task_id"),
        Index("ix_inspection_record_plan_id_id", "plan_id", "id"),
        Index("ix_inspection_record_at", "enterprise_id", "at", "id"),
    )


class InspectionStop(Registered, Base):
    """A time when nothing is dispatched: a stop or holidays of the plant, a zone or a risk unit.

    ``ends_at`` None: until somebody resumes.
    """

    __tablename__ = "inspection_stop"

    kind: Mapped[str]
    scope: Mapped[str]
    scope_key: Mapped[str]
    reason: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    risk_unit_id: Mapped[UUID | None]


class InspectionSkip(Tenant, Base):
    """A task that was not dispatched, and the stop that is the reason."""

    __tablename__ = "inspection_skip"

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("inspection_plan.id"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    stop_id: Mapped[UUID] = mapped_column(ForeignKey("inspection_stop.id"))


class InspectionDay(Tenant, Base):
    """A statutory holiday (``holiday``) or a weekend that is worked (``workday``)."""

    __tablename__ = "inspection_day"

    enterprise_id: Mapped[UUID] = mapped_column(ForeignKey("enterprise.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str]
