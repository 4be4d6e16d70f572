"""Bodies and answers of signatures."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from twin.text_in import Body

_Point = Annotated[list[float], Field(min_length=2, max_length=2)]
_Stroke = Annotated[list[_Point], Field(max_length=2000)]


#: What a browser's credential says of itself (``PublicKeyCredential.toJSON()``).
_Credential = Annotated[dict[str, Any], Field(max_length=20)]


class Assertion(Body):
    """An authenticator's answer to the challenge of ``device_needed``."""

    challenge_id: UUID
    credential: _Credential


class Confirmation(Body):
    """How a person signs: the drawing (PNG in base64, or strokes in 0..1 of the field) and either their password or
    their authenticator. With neither, the answer is 428 ``device_needed`` with a challenge for this very record; sent
    again with ``assertion`` it is signed."""

    password: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    assertion: Assertion | None = None
    drawing: Annotated[str | None, Field(max_length=800_000)] = None
    strokes: Annotated[list[_Stroke] | None, Field(max_length=200)] = None


class DeviceAsk(Body):
    """Registering an authenticator is confirmed with the password."""

    password: Annotated[str, Field(min_length=1, max_length=200)]


class DeviceOptions(BaseModel):
    """A challenge and the options of ``navigator.credentials.create``, binary values in base64url."""

    challenge_id: UUID
    options: dict[str, Any]


class DeviceIn(Assertion):
    """A new authenticator's answer, and what its owner calls it."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class DeviceOut(BaseModel):
    """An authenticator of the reader's own."""

    id: UUID
    name: str
    created_at: datetime
    used_at: datetime | None


class DevicesOut(BaseModel):
    """One's authenticators, and the address at which they answer."""

    origin: str
    items: list[DeviceOut]


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
