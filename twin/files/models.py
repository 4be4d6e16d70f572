"""Table of attachments. The bytes lie content-addressed in the files folder (twin/files/store.py)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant


class Attachment(Identified, Tenant, Base):
    """A file somebody attached to a thing; several attachments may share one content.

    Attributes:
        sha256: digest of the bytes, hex.
        media_type: found out from the bytes, never taken from the name.
        owner_kind, owner_key: the thing it belongs to, e.g. ``permit`` and its id; empty until it is tied to one.
    """

    __tablename__ = "attachment"

    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    name: Mapped[str]
    owner_kind: Mapped[str] = mapped_column(default="")
    owner_key: Mapped[str] = mapped_column(default="")
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
