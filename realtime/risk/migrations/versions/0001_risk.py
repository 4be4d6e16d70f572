"""Rules of the dynamic risk, the log of facts that counted, changes of level, and people's overrides."""

from alembic import op

from twin.db.rls import append_only, enable_rls, script

revision = "0001_risk"
down_revision = None
branch_labels = ("risk",)
depends_on = "0002_spatial"

_TABLES = """
CREATE TABLE risk_rule (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    key text NOT NULL,
    title_zh text NOT NULL,
    title_en text NOT NULL,
    icon text NOT NULL DEFAULT 'info',
    body jsonb NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL,
    updated_by uuid,
    CONSTRAINT uq_risk_rule_enterprise_id_key UNIQUE (enterprise_id, key)
);
CREATE TABLE risk_log (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    kind text NOT NULL,
    key text NOT NULL,
    zone text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz,
    attributes jsonb NOT NULL
);
CREATE INDEX ix_risk_log_enterprise_id_since ON risk_log (enterprise_id, since);
CREATE TABLE risk_change (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    zone text NOT NULL,
    at timestamptz NOT NULL,
    before smallint NOT NULL CHECK (before BETWEEN 1 AND 4),
    after smallint NOT NULL CHECK (after BETWEEN 1 AND 4),
    own smallint NOT NULL CHECK (own BETWEEN 1 AND 4),
    causes jsonb NOT NULL,
    child text,
    override boolean NOT NULL
);
CREATE INDEX ix_risk_change_enterprise_id_zone_at ON risk_change (enterprise_id, zone, at, seq);
CREATE INDEX ix_risk_change_enterprise_id_at ON risk_change (enterprise_id, at);
CREATE TABLE risk_override (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    zone text NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 1 AND 4),
    reason text NOT NULL CHECK (length(reason) BETWEEN 2 AND 500),
    at timestamptz NOT NULL,
    until timestamptz NOT NULL CHECK (until > at),
    ended_at timestamptz,
    by_account uuid NOT NULL,
    by_name text NOT NULL,
    signature uuid
);
CREATE INDEX ix_risk_override_enterprise_id_zone ON risk_override (enterprise_id, zone, at);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("risk_rule", "risk_log", "risk_change", "risk_override"):
        enable_rls(op, table)
    append_only(op, "risk_change")
