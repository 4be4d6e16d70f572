"""Table of vehicles."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant


class Vehicle(Identified, Tenant, Base):
    """A vehicle that may be on the plant.

    Attributes:
        type: car, truck, tanker, forklift, crane, fire, bus. waybill: number of its electronic waybill (电子运单).
        roads: codes of the roads that it may use, empty for all. parking: codes of the zones or fences where it may
        park, empty for anywhere; parking_minutes: how long there.
    """

    __tablename__ = "vehicle"
    __table_args__ = (UniqueConstraint("enterprise_id", "plate"),)

    plate: Mapped[str]
    type: Mapped[str]
    driver: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    company: Mapped[str] = mapped_column(default="")
    waybill: Mapped[str] = mapped_column(default="")
    roads: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    parking: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    parking_minutes: Mapped[float | None]
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
