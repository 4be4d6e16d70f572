"""Tables of people, their departments, the ledger of terminals, and calls with their receipts."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant


class Department(Identified, Tenant, Base):
    """A department; they form a tree by ``parent_code``."""

    __tablename__ = "department"
    __table_args__ = (UniqueConstraint("enterprise_id", "code"),)

    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    parent_code: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


class Person(Identified, Tenant, Base):
    """A person who may be on the plant.

    Attributes:
        code: personnel number, unique in the enterprise. klass: column ``class``: employee, contractor, visitor.
        department: code of the department. employer: company that pays (contractors, visitors). duty: 岗位职务.
        trade: 工种. account_id: the account with which they sign in.
    """

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("enterprise_id", "code"),)

    code: Mapped[str]
    name: Mapped[str]
    sex: Mapped[str] = mapped_column(default="")
    klass: Mapped[str] = mapped_column("class")
    department: Mapped[str | None]
    employer: Mapped[str] = mapped_column(default="")
    duty: Mapped[str] = mapped_column(default="")
    trade: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    account_id: Mapped[UUID | None]
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


class Terminal(Identified, Tenant, Base):
    """A line of the terminal ledger (clause S1): badges, vehicle units, anchors and handhelds alike.

    Attributes:
        kind: badge, vehicle_unit, anchor, handheld. code: as the device calls itself; unique in the enterprise.
        ex_mark: marking of the explosion protection, e.g. ``Ex ib IIC T4 Gb``. ex_certificate, ex_expiry: certificate
        and the day it ends. temp_limit_c: highest ambient temperature in degrees Celsius (the order asks for >= 70).
        battery: percent, for what does not report it itself. battery_on, battery_years: when the battery was put in
        and how long it lasts (beacons: 5 years). vibrates: takes a command to vibrate. zone_code: where it is fixed.
    """

    __tablename__ = "terminal"
    __table_args__ = (UniqueConstraint("enterprise_id", "code"),)

    kind: Mapped[str]
    code: Mapped[str]
    model: Mapped[str] = mapped_column(default="")
    ex_mark: Mapped[str] = mapped_column(default="")
    ex_certificate: Mapped[str] = mapped_column(default="")
    ex_expiry: Mapped[date | None]
    temp_limit_c: Mapped[float | None]
    battery: Mapped[float | None]
    battery_on: Mapped[date | None]
    battery_years: Mapped[float | None]
    nfc: Mapped[str] = mapped_column(default="")
    vibrates: Mapped[bool] = mapped_column(default=False)
    zone_code: Mapped[str | None]
    note: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


class Call(Identified, Tenant, Base):
    """A message to one person, to a zone, or to everyone; ``recall`` asks them to come out (撤离召回)."""

    __tablename__ = "person_call"

    kind: Mapped[str]
    scope: Mapped[str]
    target: Mapped[str] = mapped_column(default="")
    message: Mapped[str]
    by: Mapped[UUID | None]
    by_name: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)


class CallReceipt(Identified, Tenant, Base):
    """What became of a call for one person: the notification that carries it, and the command to the badge."""

    __tablename__ = "person_call_receipt"

    call_id: Mapped[UUID]
    person_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    inbox_id: Mapped[UUID | None]
    badge: Mapped[str] = mapped_column(default="")
    command: Mapped[str] = mapped_column(default="none")
