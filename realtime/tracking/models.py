"""Badges and who carries them. ``domain.people`` and ``domain.vehicles`` write these; the tracking process reads."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant


class Badge(Identified, Tenant, Base):
    """A badge or a vehicle's unit.

    Attributes:
        code: what it calls itself in its messages; unique in the enterprise.
        kind: ``badge`` (person) or ``vehicle_unit``.
        ex_certificate, ex_expiry: explosion-proof certificate and the day it ends.
        battery: percent, as last reported. last_heartbeat: event time of its last message; written by the engine.
        temp_limit_c: highest ambient temperature that its certificate allows.
        nfc: id of its NFC tag.
    """

    __tablename__ = "badge"
    __table_args__ = (UniqueConstraint("enterprise_id", "code"),)

    code: Mapped[str]
    kind: Mapped[str] = mapped_column(default="badge")
    ex_certificate: Mapped[str] = mapped_column(default="")
    ex_expiry: Mapped[date | None]
    battery: Mapped[float | None]
    last_heartbeat: Mapped[datetime | None]
    temp_limit_c: Mapped[float | None]
    nfc: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


class BadgeBinding(Identified, Tenant, Base):
    """A badge in somebody's hands from ``since`` until ``until`` (None: still).

    One open binding per badge and per subject.

    Attributes:
        subject_kind: ``person`` or ``vehicle``. subject_id, subject_name: which one.
        klass: column ``class``: employee, contractor, visitor; car, truck, forklift ...
        department: as told at issue.
    """

    __tablename__ = "badge_binding"

    badge_id: Mapped[UUID]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    subject_name: Mapped[str]
    klass: Mapped[str] = mapped_column("class", default="")
    department: Mapped[str] = mapped_column(default="")
    since: Mapped[datetime] = mapped_column(default=clock.now)
    until: Mapped[datetime | None]
