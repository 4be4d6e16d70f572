"""Bodies and answers of signatures."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from twin.text_in import Body

_Point = Annotated[list[float], Field(min_length=2, max_length=2)]
_Stroke = Annotated[list[_Point], Field(max_length=2000)]


class Confirmation(Body):
    """How a person signs: the drawing (PNG in base64, or strokes in 0..1 of the field) and their password."""

    password: Annotated[str, Field(min_length=1, max_length=200)]
    drawing: Annotated[str | None, Field(max_length=800_000)] = None
    strokes: Annotated[list[_Stroke] | None, Field(max_length=200)] = None


class SignatureOut(BaseModel):
    """A signature. ``token`` is the text of its QR code."""

    id: UUID
    n: int
    kind: str
    key: str
    meaning: str
    signer_id: UUID
    signer_name: str
    at: datetime
    drawing_id: UUID
    digest: str
    token: str


class Checks(BaseModel):
    """The single checks; ``record`` null: records of this kind are no longer known."""

    signature: bool
    content: bool
    link: bool
    drawing: bool
    record: bool | None


class VerdictOut(BaseModel):
    """Outcome of a check, public: it shows no content, only the names of fields that differ from what was signed."""

    id: UUID
    valid: bool
    checks: Checks
    changed: list[str]
    kind: str
    title: str
    meaning: str
    signer_name: str
    enterprise: str
    at: datetime
    algorithm: str
    fingerprint: str


class SealIn(Body):
    """The text of a QR code."""

    token: Annotated[str, Field(min_length=20, max_length=8000)]


class SealOut(BaseModel):
    """What a QR code says. ``known``: the installation has this signature with this statement."""

    holds: bool
    known: bool
    id: UUID | None
    kind: str
    meaning: str
    signer_name: str
    at: str
    fingerprint: str


class KeyOut(BaseModel):
    """A public key (hex) and whose it is."""

    fingerprint: str
    algorithm: str
    public_key: str
    account_id: UUID
    name: str
    created_at: datetime
