"""Inspections."""

from alembic import op

from twin.db.register import REGISTERED
from twin.db.rls import append_only, enable_rls, script

revision = "0001_inspections"
down_revision = None
branch_labels = ("inspections",)
depends_on = "0002_spatial"

_TABLES = f"""
CREATE TABLE inspection_plan ({REGISTERED},
    code text NOT NULL, name text NOT NULL, kind integer NOT NULL, form text NOT NULL, work_type integer NOT NULL,
    task_num integer NOT NULL, rule jsonb NOT NULL, work_day integer NOT NULL, starts_on date NOT NULL, ends_on date,
    owner_id uuid, post text NOT NULL, department text NOT NULL, zone_codes text[] NOT NULL, route jsonb NOT NULL,
    remind_minutes integer NOT NULL, active boolean NOT NULL, dispatched_to timestamptz
);
CREATE UNIQUE INDEX uq_inspection_plan_code ON inspection_plan (enterprise_id, code) WHERE NOT deleted;

CREATE TABLE inspection_item ({REGISTERED},
    plan_id uuid NOT NULL REFERENCES inspection_plan (id), position integer NOT NULL, point text NOT NULL,
    content text NOT NULL, risk_measure_id uuid, unit text NOT NULL, low double precision, high double precision
);
CREATE INDEX ix_inspection_item_plan_id ON inspection_item (plan_id, position);

CREATE TABLE inspection_stop ({REGISTERED},
    kind text NOT NULL, scope text NOT NULL, scope_key text NOT NULL, reason text NOT NULL,
    starts_at timestamptz NOT NULL, ends_at timestamptz, risk_unit_id uuid
);

CREATE TABLE inspection_task (
    id uuid PRIMARY KEY, enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    plan_id uuid NOT NULL REFERENCES inspection_plan (id), status text NOT NULL, version integer NOT NULL,
    starts_at timestamptz NOT NULL, due_at timestamptz NOT NULL, assignee_id uuid, assignee_name text NOT NULL,
    post text NOT NULL, done_at timestamptz, done_by uuid, done_name text, late boolean NOT NULL, stop_id uuid,
    client_id uuid, checkins jsonb NOT NULL, signature_id uuid, updated_at timestamptz NOT NULL,
    CONSTRAINT uq_inspection_task_plan_id_starts_at UNIQUE (plan_id, starts_at)
);
CREATE UNIQUE INDEX uq_inspection_task_client_id ON inspection_task (enterprise_id, client_id);
CREATE INDEX ix_inspection_task_status_due_at ON inspection_task (enterprise_id, status, due_at);
CREATE INDEX ix_inspection_task_assignee_id ON inspection_task (assignee_id, status, due_at);

CREATE TABLE inspection_record (
    id uuid PRIMARY KEY, enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    task_id uuid NOT NULL REFERENCES inspection_task (id), plan_id uuid NOT NULL, item_id uuid NOT NULL,
    result integer NOT NULL, reading double precision, note text NOT NULL, photos uuid[] NOT NULL,
    by_name text NOT NULL, at timestamptz NOT NULL
);
CREATE INDEX ix_inspection_record_task_id ON inspection_record (task_id);
CREATE INDEX ix_inspection_record_plan_id_id ON inspection_record (plan_id, id);
CREATE INDEX ix_inspection_record_at ON inspection_record (enterprise_id, at, id);

CREATE TABLE inspection_skip (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id), plan_id uuid NOT NULL REFERENCES inspection_plan (id),
    starts_at timestamptz NOT NULL, stop_id uuid NOT NULL REFERENCES inspection_stop (id),
    PRIMARY KEY (plan_id, starts_at)
);
CREATE INDEX ix_inspection_skip_enterprise_id ON inspection_skip (enterprise_id);

CREATE TABLE inspection_day (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id), day date NOT NULL, kind text NOT NULL,
    PRIMARY KEY (enterprise_id, day)
);
"""
_ALL = ("plan", "item", "stop", "task", "record", "skip", "day")


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for name in _ALL:
        enable_rls(op, f"inspection_{name}")
    for name in ("plan", "item", "stop"):
        script(op, f"CREATE INDEX ix_inspection_{name}_changed ON inspection_{name} (enterprise_id, updated_at, id)")
    append_only(op, "inspection_record")
