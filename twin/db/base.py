"""Table bases: ids, tenancy, and the columns that every spatial layer shares."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from twin import clock
from twin.ids import uuid7

#: Coordinates in the database: WGS 84 longitude, latitude, ellipsoidal height in metres (CGCS2000 agrees within
#: centimetres).
SRID = 4326


class Base(DeclarativeBase):
    """Declarative base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        str: Text(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


class Identified:
    """A UUIDv7 primary key."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)


class Enterprise(Identified, Base):
    """A site operator: the tenant that every other row belongs to."""

    __tablename__ = "enterprise"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Tenant:
    """Belongs to one enterprise. Row-level security (``twin.db.rls``) keeps enterprises apart."""

    @declared_attr
    def enterprise_id(cls) -> Mapped[UUID]:
        return mapped_column(ForeignKey("enterprise.id"), nullable=False, index=True)


class SpatialRow(Identified, Tenant):
    """Columns shared by every spatial layer; subclasses set ``geometry_kind`` and their own fields.

    ``geom`` is EPSG:4326 with ellipsoidal heights (Z). ``geom_3857`` is generated and flat, because tiles cut from a
    stored Web Mercator geometry cost half (measured, design.md).
    """

    geometry_kind = "GEOMETRYZ"

    @declared_attr
    def site_id(cls) -> Mapped[UUID]:
        return mapped_column(nullable=False, index=True)

    code: Mapped[str] = mapped_column(nullable=False)
    name: Mapped[str] = mapped_column(nullable=False)
    name_en: Mapped[str] = mapped_column(nullable=False, default="")
    note: Mapped[str] = mapped_column(nullable=False, default="")
    version: Mapped[int] = mapped_column(Integer, nullable=False, default=1)
    created_at: Mapped[datetime] = mapped_column(nullable=False, default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(nullable=False, default=clock.now)
    updated_by: Mapped[UUID | None] = mapped_column(nullable=True)

    @declared_attr
    def geom(cls) -> Mapped[Any]:
        return mapped_column(Geometry(cls.geometry_kind, srid=SRID, dimension=3, spatial_index=False), nullable=False)

    @declared_attr
    def geom_3857(cls) -> Mapped[Any]:
        return mapped_column(
            Geometry("GEOMETRY", srid=3857, dimension=2, spatial_index=False),
            Computed("ST_Force2D(ST_Transform(geom, 3857))", persisted=True),
        )

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        table = str(cls.__tablename__)  # type: ignore[attr-defined]
        return (
            UniqueConstraint("site_id", "code"),
            Index(f"ix_{table}_geom", "geom", postgresql_using="gist"),
            Index(f"ix_{table}_geom_3857", "geom_3857", postgresql_using="gist"),
            Index(f"ix_{table}_enterprise_id_updated_at", "enterprise_id", "updated_at"),
        )


class Outbox(Base):
    """Facts on their way to subscribers.

    ``seq`` is given after commit, in commit order, by one follower (twin/db/outbox.py).
    """

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    seq: Mapped[int | None] = mapped_column(BigInteger, nullable=True, unique=True)
    enterprise_id: Mapped[UUID] = mapped_column(nullable=False)
    topic: Mapped[str] = mapped_column(nullable=False)
    kind: Mapped[str] = mapped_column(nullable=False)
    key: Mapped[str] = mapped_column(nullable=False)
    payload: Mapped[dict[str, Any]] = mapped_column(nullable=False)
    at: Mapped[datetime] = mapped_column(nullable=False, default=clock.now)

    __table_args__ = (
        Index("ix_outbox_unsequenced", "id", postgresql_where="seq IS NULL"),
        Index("ix_outbox_topic_seq", "topic", "seq"),
    )


class LayerHead(Base):
    """The newest sequence number per enterprise and topic: the version key of tiles and snapshots.

    Written by the sequencer only.
    """

    __tablename__ = "layer_head"

    enterprise_id: Mapped[UUID] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, nullable=False)
