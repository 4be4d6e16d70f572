"""Hazards."""

from alembic import op

from twin.db.rls import create_spatial_table, enable_rls, script

revision = "0001_hazards"
down_revision = None
branch_labels = ("hazards",)
depends_on = "0002_spatial"

_COLUMNS = """
    status text NOT NULL, level integer NOT NULL, hazard_type integer NOT NULL, source integer NOT NULL,
    category integer NOT NULL, manage_type integer NOT NULL, description text NOT NULL, zone_code text,
    department text NOT NULL, hazard_code text NOT NULL, risk_measure_id uuid, check_record_id uuid,
    origin text NOT NULL, origin_key text NOT NULL, photos uuid[] NOT NULL,
    reporter_id uuid NOT NULL, reporter_name text NOT NULL, evaluator_id uuid, dismiss_reason text NOT NULL,
    criteria text[] NOT NULL, owner_id uuid, owner_name text NOT NULL, acceptor_ids uuid[] NOT NULL,
    deadline timestamptz, plan jsonb NOT NULL, extension_until timestamptz, extension_reason text NOT NULL,
    send_back_reason text NOT NULL, round integer NOT NULL, rectified_at timestamptz, overdue boolean NOT NULL,
    days_left integer, escalated integer NOT NULL, closed_at timestamptz
"""
_TABLES = """
CREATE UNIQUE INDEX uq_hazard_origin ON hazard (enterprise_id, origin, origin_key) WHERE origin <> 'manual';
CREATE INDEX ix_hazard_enterprise_id_status ON hazard (enterprise_id, status, id);
CREATE INDEX ix_hazard_owner_id ON hazard (owner_id) WHERE status IN ('rectifying', 'extension_asked');

CREATE TABLE hazard_rectification (
    id uuid PRIMARY KEY, enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    hazard_id uuid NOT NULL REFERENCES hazard (id), round integer NOT NULL, cause text NOT NULL,
    measures text NOT NULL, cost double precision NOT NULL, permit text NOT NULL, photos uuid[] NOT NULL,
    by_id uuid NOT NULL, by_name text NOT NULL, at timestamptz NOT NULL
);
CREATE INDEX ix_hazard_rectification_enterprise_id ON hazard_rectification (enterprise_id);
CREATE UNIQUE INDEX uq_hazard_rectification_hazard_id_round ON hazard_rectification (hazard_id, round);

CREATE TABLE hazard_acceptance (
    id uuid PRIMARY KEY, enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    rectification_id uuid NOT NULL REFERENCES hazard_rectification (id), acceptor_id uuid NOT NULL,
    acceptor_name text NOT NULL, opinion text NOT NULL, signature_id uuid NOT NULL, at timestamptz NOT NULL
);
CREATE INDEX ix_hazard_acceptance_enterprise_id ON hazard_acceptance (enterprise_id);
CREATE UNIQUE INDEX uq_hazard_acceptance_rectification_id_acceptor_id
    ON hazard_acceptance (rectification_id, acceptor_id);

CREATE TABLE hazard_notice (
    id uuid PRIMARY KEY, enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    hazard_type integer, level integer, role text NOT NULL
);
CREATE INDEX ix_hazard_notice_enterprise_id ON hazard_notice (enterprise_id);

CREATE TABLE hazard_number (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id), day date NOT NULL, last integer NOT NULL,
    PRIMARY KEY (enterprise_id, day)
);
"""


def upgrade() -> None:
    """Apply."""
    create_spatial_table(op, "hazard", "PointZ", _COLUMNS)
    script(op, _TABLES)
    for table in ("hazard_rectification", "hazard_acceptance", "hazard_notice", "hazard_number"):
        enable_rls(op, table)
