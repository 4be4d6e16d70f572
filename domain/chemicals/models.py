"""Tables of chemicals and major-hazard units."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant


class Chemical(Identified, Tenant, Base):
    """A chemical of the plant with its safety data.

    Attributes:
        roles: raw, intermediate, product.
        entry, category: named substance and class of the GB 18218 dictionary, or empty.
        own_q (t), own_beta: where the dictionary has none; ``basis`` says by what.
        density: t/m3. flash_point: degrees Celsius. lel, uel: % by volume. oel: text, e.g. ``6 mg/m3 PC-TWA``.
        sds_id: attachment with the safety data sheet.
    """

    __tablename__ = "chemical"

    name: Mapped[str]
    name_en: Mapped[str]
    cas: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    entry: Mapped[str]
    category: Mapped[str]
    own_q: Mapped[float | None]
    own_beta: Mapped[float | None]
    basis: Mapped[str]
    density: Mapped[float | None]
    flash_point: Mapped[float | None]
    lel: Mapped[float | None]
    uel: Mapped[float | None]
    oel: Mapped[str]
    hazards: Mapped[str]
    first_aid: Mapped[str]
    fire_fighting: Mapped[str]
    leak: Mapped[str]
    sds_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


class MajorUnit(Identified, Tenant, Base):
    """A unit in the sense of GB 18218: tank farm (by dike), warehouse (by building) or process unit.

    Attributes:
        residents: people who live within 500 m of its boundary.
        lines: what is stored, as ``domain.chemicals.schemas.StoredLine``.
    """

    __tablename__ = "major_unit"

    name: Mapped[str]
    name_en: Mapped[str]
    kind: Mapped[str]
    zone_code: Mapped[str]
    residents: Mapped[int]
    lines: Mapped[list[Any]]
    removed: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


class MajorAssessment(Identified, Tenant, Base):
    """A result with all its inputs (``body``: ``domain.chemicals.schemas.Assessed``). Never changed."""

    __tablename__ = "major_assessment"

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("major_unit.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    cause: Mapped[str]
    level: Mapped[int | None]
    s: Mapped[float]
    r: Mapped[float]
    body: Mapped[dict[str, Any]]
