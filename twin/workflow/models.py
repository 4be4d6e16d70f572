"""Table of running deadlines."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from twin.db.base import Base, Tenant


class WorkflowDeadline(Tenant, Base):
    """When ``due_at`` has come and the row is still in its status, the product fires ``event`` on it."""

    __tablename__ = "workflow_deadline"

    machine: Mapped[str] = mapped_column(primary_key=True)
    row_id: Mapped[UUID] = mapped_column(primary_key=True)
    event: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]

    __table_args__ = (Index("ix_workflow_deadline_due_at", "due_at"),)
