"""The risk register."""

from alembic import op

from twin.db.register import REGISTERED
from twin.db.rls import enable_rls, script

revision = "0001_risks"
down_revision = None
branch_labels = ("risks",)
depends_on = "0002_spatial"

_TABLES = f"""
CREATE TABLE risk_object ({REGISTERED},
    code text NOT NULL, name text NOT NULL, kind text NOT NULL, hazard_code text NOT NULL, department text NOT NULL,
    main_person text NOT NULL, technical_person text NOT NULL, operation_person text NOT NULL
);
CREATE UNIQUE INDEX uq_risk_object_code ON risk_object (enterprise_id, code) WHERE NOT deleted;

CREATE TABLE risk_unit ({REGISTERED},
    object_id uuid NOT NULL REFERENCES risk_object (id),
    code text NOT NULL, name text NOT NULL, department text NOT NULL, liable_person text NOT NULL,
    zone_codes text[] NOT NULL, level integer, control_level integer
);
CREATE UNIQUE INDEX uq_risk_unit_code ON risk_unit (enterprise_id, code) WHERE NOT deleted;
CREATE INDEX ix_risk_unit_object_id ON risk_unit (object_id);
CREATE INDEX ix_risk_unit_zone_codes ON risk_unit USING gin (zone_codes);

CREATE TABLE risk_event ({REGISTERED},
    unit_id uuid NOT NULL REFERENCES risk_unit (id),
    name text NOT NULL, category text NOT NULL, subject text NOT NULL, content text NOT NULL,
    accident_types text[] NOT NULL, dictionary_version text NOT NULL, method text NOT NULL, factors jsonb NOT NULL,
    score double precision NOT NULL, computed_level integer NOT NULL, level integer NOT NULL,
    override_reason text NOT NULL, override_id uuid, control_level integer NOT NULL,
    department text NOT NULL, owner text NOT NULL,
    CONSTRAINT ck_risk_event_control CHECK (control_level <= level)
);
CREATE INDEX ix_risk_event_unit_id ON risk_event (unit_id);
CREATE INDEX ix_risk_event_level_id ON risk_event (enterprise_id, level, id);
CREATE INDEX ix_risk_event_control_level_id ON risk_event (enterprise_id, control_level, id);
CREATE INDEX ix_risk_event_department_id ON risk_event (enterprise_id, department, id);
CREATE INDEX ix_risk_event_owner_id ON risk_event (enterprise_id, owner, id);

CREATE TABLE risk_measure ({REGISTERED},
    event_id uuid NOT NULL REFERENCES risk_event (id),
    data_src integer NOT NULL, description text NOT NULL, classify1 integer NOT NULL, classify2 text NOT NULL,
    classify3 text NOT NULL, check_content text NOT NULL, owner text NOT NULL
);
CREATE INDEX ix_risk_measure_event_id ON risk_measure (event_id);

CREATE TABLE risk_dictionary (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    name text NOT NULL, version text NOT NULL, effective_from date NOT NULL, items jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT uq_risk_dictionary_name_version UNIQUE (enterprise_id, name, version)
);

CREATE TABLE risk_drawing ({REGISTERED},
    title text NOT NULL, zone_code text NOT NULL, attachment_id uuid NOT NULL, corners jsonb NOT NULL
);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("risk_object", "risk_unit", "risk_event", "risk_measure", "risk_dictionary", "risk_drawing"):
        enable_rls(op, table)
        if table != "risk_dictionary":
            script(op, f"CREATE INDEX ix_{table}_changed ON {table} (enterprise_id, updated_at, id)")
