"""Tables of alarms. One row is one activation: a condition from the moment it became true."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant


class Alarm(Identified, Tenant, Base):
    """An activation of the condition ``key``; the state is in ``status`` (realtime/alarms/workflow.py).

    Attributes:
        active: the condition still stands. at: when it became true (source's clock); raised_at: when it came here.
        grade: 1 red .. 4 blue. stage: 1 alarm value, 2 interlock value, 0 neither.
        escalated_at: when it was brought back to the screens because nobody took it in time.
        cause, action, person: the written handling result.
    """

    __tablename__ = "alarm"

    key: Mapped[str]
    source: Mapped[str]
    type: Mapped[str]
    grade: Mapped[int]
    stage: Mapped[int] = mapped_column(default=0)
    status: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    at: Mapped[datetime]
    raised_at: Mapped[datetime]
    returned_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str] = mapped_column(default="")
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[str] = mapped_column(default="")
    cause: Mapped[str] = mapped_column(default="")
    action: Mapped[str] = mapped_column(default="")
    person: Mapped[str] = mapped_column(default="")
    escalated_at: Mapped[datetime | None]
    hold_reason: Mapped[str] = mapped_column(default="")
    hold_until: Mapped[datetime | None]
    hold_by: Mapped[str] = mapped_column(default="")
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    value: Mapped[float | None]
    limit_value: Mapped[float | None]
    subject_layer: Mapped[str | None]
    subject_id: Mapped[UUID | None]
    subject_name: Mapped[str] = mapped_column(default="")
    zone_code: Mapped[str | None]
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    h: Mapped[float | None]
    floor_code: Mapped[str | None]
    persons: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), default=list)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
