"""Badges and their bindings."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_tracking"
down_revision = None
branch_labels = ("tracking",)
depends_on = "0002_spatial"

_TABLES = """
CREATE TABLE badge (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    code text NOT NULL,
    kind text NOT NULL DEFAULT 'badge' CHECK (kind IN ('badge', 'vehicle_unit')),
    ex_certificate text NOT NULL DEFAULT '',
    ex_expiry date,
    battery double precision,
    last_heartbeat timestamptz,
    temp_limit_c double precision,
    nfc text NOT NULL DEFAULT '',
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT uq_badge_enterprise_id_code UNIQUE (enterprise_id, code)
);
CREATE TABLE badge_binding (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    badge_id uuid NOT NULL REFERENCES badge (id),
    subject_kind text NOT NULL CHECK (subject_kind IN ('person', 'vehicle')),
    subject_id uuid NOT NULL,
    subject_name text NOT NULL,
    "class" text NOT NULL DEFAULT '',
    department text NOT NULL DEFAULT '',
    since timestamptz NOT NULL,
    until timestamptz CHECK (until >= since)
);
CREATE INDEX ix_badge_binding_enterprise_id ON badge_binding (enterprise_id);
CREATE INDEX ix_badge_binding_subject_id ON badge_binding (subject_id, since);
-- One badge in one hand, one hand with one badge.
CREATE UNIQUE INDEX uq_badge_binding_open_badge ON badge_binding (badge_id) WHERE until IS NULL;
CREATE UNIQUE INDEX uq_badge_binding_open_subject ON badge_binding (subject_kind, subject_id) WHERE until IS NULL;
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("badge", "badge_binding"):
        enable_rls(op, table)
