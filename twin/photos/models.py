"""Table of live photos and their challenges."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant


class LivePhoto(Identified, Tenant, Base):
    """A challenge and, once answered, the photo.

    Attributes:
        nonce: what the proof is made with; given to the app once.
        record_kind, record_number: what the picture is of, drawn onto it.
        place_source: ``gnss``, ``badge`` or ``none``; who says where it was.
        sha256: digest of the bytes from the camera.
        original_id, attachment_id: those bytes, and the picture with its watermark.
        thumb: 32 x 32 grey values: a picture that was sent before is known by them, however it was re-encoded.
        owner_kind, owner_key: the record that it became part of.
    """

    __tablename__ = "live_photo"

    account_id: Mapped[UUID]
    account_name: Mapped[str]
    nonce: Mapped[str]
    record_kind: Mapped[str]
    record_number: Mapped[str]
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    place: Mapped[str]
    place_source: Mapped[str]
    issued_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    sha256: Mapped[str | None]
    original_id: Mapped[UUID | None]
    attachment_id: Mapped[UUID | None]
    watermarked_sha256: Mapped[str | None]
    thumb: Mapped[bytes | None] = mapped_column(LargeBinary)
    owner_kind: Mapped[str] = mapped_column(default="")
    owner_key: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        Index("ix_live_photo_account_id_id", "account_id", "id"),
        Index("ix_live_photo_owner_kind_owner_key", "owner_kind", "owner_key"),
    )
