"""Live photos."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_photos"
down_revision = None
branch_labels = ("photos",)
depends_on = "0002_spatial"

_TABLES = """
CREATE TABLE live_photo (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    account_id uuid NOT NULL REFERENCES account (id),
    account_name text NOT NULL,
    nonce text NOT NULL,
    record_kind text NOT NULL,
    record_number text NOT NULL,
    lon double precision,
    lat double precision,
    place text NOT NULL,
    place_source text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    taken_at timestamptz,
    sha256 text,
    original_id uuid,
    attachment_id uuid,
    watermarked_sha256 text,
    thumb bytea,
    owner_kind text NOT NULL,
    owner_key text NOT NULL
);
CREATE INDEX ix_live_photo_enterprise_id ON live_photo (enterprise_id);
CREATE UNIQUE INDEX uq_live_photo_enterprise_id_sha256 ON live_photo (enterprise_id, sha256);
CREATE INDEX ix_live_photo_account_id_id ON live_photo (account_id, id);
CREATE INDEX ix_live_photo_owner_kind_owner_key ON live_photo (owner_kind, owner_key);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    enable_rls(op, "live_photo")
