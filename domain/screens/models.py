"""Table of the layouts of big screens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant


class ScreenLayout(Identified, Tenant, Base):
    """How the big screen of a scene is laid out, as the administrator left it.

    Attributes:
        scene: control_room, gatehouse or meeting. layout: what :class:`domain.screens.endpoints.LayoutIn` describes.
    """

    __tablename__ = "screen_layout"
    __table_args__ = (UniqueConstraint("enterprise_id", "scene"),)

    scene: Mapped[str]
    layout: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_by: Mapped[str] = mapped_column(default="")
