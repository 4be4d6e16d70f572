"""Rows of registers (risks, hazards, inspections): who made and changed them, and a mark instead of deletion.

Exchange with regulators needs all of it: rows are never taken away, they are marked, and every row says when and by
whom it was last changed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Identified, Tenant

#: SQL of the columns below, for migrations.
REGISTERED = """
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    version integer NOT NULL DEFAULT 1,
    deleted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
"""


class Registered(Identified, Tenant):
    """Version, deletion mark, times and names of the people."""

    version: Mapped[int] = mapped_column(Integer, default=1)
    deleted: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by: Mapped[str] = mapped_column(default="")
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_by: Mapped[str] = mapped_column(default="")
