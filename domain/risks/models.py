"""Tables of the risk register."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant
from twin.db.register import Registered


class RiskObject(Registered, Base):
    """An analysis object (分析对象): a major hazard where there is one, otherwise a plant, tank farm, store.

    Attributes:
        hazard_code: code in the registration system (``hazardCode``); for a major hazard the official one.
        main_person, technical_person, operation_person: responsible by 包保 role.
    """

    __tablename__ = "risk_object"

    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    hazard_code: Mapped[str]
    department: Mapped[str]
    main_person: Mapped[str]
    technical_person: Mapped[str]
    operation_person: Mapped[str]


class RiskUnit(Registered, Base):
    """A unit (风险分析单元) of an object; it belongs to zones of the map, whose colour follows it.

    Attributes:
        level, control_level: the worst of its events; None without events.
    """

    __tablename__ = "risk_unit"

    object_id: Mapped[UUID] = mapped_column(ForeignKey("risk_object.id"))
    code: Mapped[str]
    name: Mapped[str]
    department: Mapped[str]
    liable_person: Mapped[str]
    zone_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    level: Mapped[int | None]
    control_level: Mapped[int | None]


class RiskEvent(Registered, Base):
    """A risk event (风险事件): what can happen, how bad it is, who controls it.

    Attributes:
        category: what was analysed: equipment, activity, place, material.
        factors: values of the method, e.g. ``{"L": 3, "S": 4}``.
        computed_level: by the method; ``level`` is the override if there is one.
        override_id: the signature under the override.
    """

    __tablename__ = "risk_event"

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("risk_unit.id"))
    name: Mapped[str]
    category: Mapped[str]
    subject: Mapped[str]
    content: Mapped[str]
    accident_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    dictionary_version: Mapped[str]
    method: Mapped[str]
    factors: Mapped[dict[str, Any]]
    score: Mapped[float]
    computed_level: Mapped[int]
    level: Mapped[int]
    override_reason: Mapped[str]
    override_id: Mapped[UUID | None]
    control_level: Mapped[int]
    department: Mapped[str]
    owner: Mapped[str]

    __table_args__ = (
        Index("ix_risk_event_unit_id", "unit_id"),
        Index("ix_risk_event_level_id", "enterprise_id", "level", "id"),
        Index("ix_risk_event_control_level_id", "enterprise_id", "control_level", "id"),
        Index("ix_risk_event_department_id", "enterprise_id", "department", "id"),
        Index("ix_risk_event_owner_id", "enterprise_id", "owner", "id"),
    )


class RiskMeasure(Registered, Base):
    """A control measure (管控措施) of an event.

    Attributes:
        data_src: 1 automatic monitoring, 2 inspection.
        classify1, classify2, classify3: classes of the exchange form; the third is the enterprise's own.
        check_content: what an inspector looks at (``troubleshootContent``).
    """

    __tablename__ = "risk_measure"

    event_id: Mapped[UUID] = mapped_column(ForeignKey("risk_event.id"))
    data_src: Mapped[int]
    description: Mapped[str]
    classify1: Mapped[int]
    classify2: Mapped[str]
    classify3: Mapped[str]
    check_content: Mapped[str]
    owner: Mapped[str]


class RiskDictionary(Identified, Tenant, Base):
    """An enterprise's own version of a dictionary; those that ship lie in ``data/dictionaries.json``."""

    __tablename__ = "risk_dictionary"

    name: Mapped[str]
    version: Mapped[str]
    effective_from: Mapped[date]
    items: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class RiskDrawing(Registered, Base):
    """An uploaded risk-distribution drawing, laid onto the map by its corners (lon, lat from the top left, clockwise)."""

    __tablename__ = "risk_drawing"

    title: Mapped[str]
    zone_code: Mapped[str]
    attachment_id: Mapped[UUID]
    corners: Mapped[list[Any]]
