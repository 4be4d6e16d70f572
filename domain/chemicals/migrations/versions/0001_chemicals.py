"""Chemicals, major-hazard units and their results."""

from alembic import op

from twin.db.rls import append_only, enable_rls, script

revision = "0001_chemicals"
down_revision = None
branch_labels = ("chemicals",)
depends_on = "0002_spatial"

_TABLES = """
CREATE TABLE chemical (
    id uuid PRIMARY KEY, enterprise_id uuid NOT NULL REFERENCES enterprise (id), name text NOT NULL,
    name_en text NOT NULL, cas text NOT NULL, roles text[] NOT NULL, entry text NOT NULL, category text NOT NULL,
    own_q double precision CHECK (own_q > 0), own_beta double precision CHECK (own_beta > 0), basis text NOT NULL,
    density double precision CHECK (density > 0), flash_point double precision, lel double precision,
    uel double precision, oel text NOT NULL, hazards text NOT NULL, first_aid text NOT NULL,
    fire_fighting text NOT NULL, leak text NOT NULL, sds_id uuid, version integer NOT NULL,
    updated_at timestamptz NOT NULL, CONSTRAINT uq_chemical_enterprise_id_name UNIQUE (enterprise_id, name)
);
CREATE TABLE major_unit (
    id uuid PRIMARY KEY, enterprise_id uuid NOT NULL REFERENCES enterprise (id), name text NOT NULL,
    name_en text NOT NULL, kind text NOT NULL CHECK (kind IN ('tank_farm', 'warehouse', 'process')),
    zone_code text NOT NULL, residents integer NOT NULL CHECK (residents >= 0), lines jsonb NOT NULL,
    removed boolean NOT NULL DEFAULT false, version integer NOT NULL, updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX uq_major_unit_enterprise_id_name ON major_unit (enterprise_id, name) WHERE NOT removed;
CREATE TABLE major_assessment (
    id uuid PRIMARY KEY, enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    unit_id uuid NOT NULL REFERENCES major_unit (id), at timestamptz NOT NULL, cause text NOT NULL,
    level smallint CHECK (level BETWEEN 1 AND 4), s double precision NOT NULL, r double precision NOT NULL,
    body jsonb NOT NULL
);
CREATE INDEX ix_major_assessment_unit_id_at ON major_assessment (unit_id, at DESC);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("chemical", "major_unit", "major_assessment"):
        enable_rls(op, table)
    append_only(op, "major_assessment")
