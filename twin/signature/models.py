"""Tables of signing keys and signatures."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, Tenant


class SigningKey(Identified, Tenant, Base):
    """An account's key pair. ``sealed`` is the private key under the installation's key.

    Attributes:
        fingerprint: SHA-256 of the public key, hex.
    """

    __tablename__ = "signing_key"

    account_id: Mapped[UUID]
    algorithm: Mapped[str]
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    fingerprint: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Signature(Identified, Tenant, Base):
    """A signature; rows are never changed.

    Attributes:
        n: number in the enterprise's chain, from 1.
        kind, key, meaning: what was signed and as what, e.g. ``hazard``, its id, ``accept``.
        content: the record's canonical JSON when it was signed.
        digest: digest of ``content``, hex.
        statement: canonical JSON that the signature covers; it names the digest and the hash of the link before.
        hash: digest of statement and signature: the next link names it.
    """

    __tablename__ = "signature"

    n: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    key: Mapped[str]
    meaning: Mapped[str]
    content: Mapped[str]
    digest: Mapped[str]
    signer_id: Mapped[UUID]
    signer_name: Mapped[str]
    drawing_id: Mapped[UUID]
    drawing_sha256: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    key_id: Mapped[UUID]
    statement: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        UniqueConstraint("enterprise_id", "n"),
        Index("ix_signature_kind_key", "kind", "key"),
    )


class SignatureDevice(Identified, Tenant, Base):
    """A platform authenticator that confirms its account's signatures (WebAuthn credential).

    Attributes:
        public_key: COSE key. sign_count: the authenticator's own counter at its last use.
        removed_at: its owner took it back; the row stays, for signatures name it.
    """

    __tablename__ = "signature_device"

    account_id: Mapped[UUID]
    name: Mapped[str]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class SignatureChallenge(Identified, Tenant, Base):
    """A one-time number for an authenticator. ``purpose``: ``register``, or ``sign`` for one record."""

    __tablename__ = "signature_challenge"

    account_id: Mapped[UUID]
    purpose: Mapped[str]
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]
