"""People, departments, the terminal ledger, calls and their receipts."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_people"
down_revision = None
branch_labels = ("people",)
depends_on = "0001_tracking"

_TABLES = """
CREATE TABLE department (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    code text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    parent_code text,
    updated_at timestamptz NOT NULL,
    CONSTRAINT uq_department_enterprise_id_code UNIQUE (enterprise_id, code)
);
CREATE TABLE person (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    code text NOT NULL,
    name text NOT NULL,
    sex text NOT NULL DEFAULT '' CHECK (sex IN ('', 'male', 'female')),
    class text NOT NULL CHECK (class IN ('employee', 'contractor', 'visitor')),
    department text,
    employer text NOT NULL DEFAULT '',
    duty text NOT NULL DEFAULT '',
    trade text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    account_id uuid REFERENCES account (id) ON DELETE SET NULL,
    active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT uq_person_enterprise_id_code UNIQUE (enterprise_id, code)
);
CREATE INDEX ix_person_department ON person (enterprise_id, department);
CREATE UNIQUE INDEX uq_person_account ON person (account_id) WHERE account_id IS NOT NULL;
CREATE TABLE terminal (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    kind text NOT NULL CHECK (kind IN ('badge', 'vehicle_unit', 'anchor', 'handheld')),
    code text NOT NULL,
    model text NOT NULL DEFAULT '',
    ex_mark text NOT NULL DEFAULT '',
    ex_certificate text NOT NULL DEFAULT '',
    ex_expiry date,
    temp_limit_c double precision,
    battery double precision,
    battery_on date,
    battery_years double precision,
    nfc text NOT NULL DEFAULT '',
    vibrates boolean NOT NULL DEFAULT false,
    zone_code text,
    note text NOT NULL DEFAULT '',
    active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL,
    CONSTRAINT uq_terminal_enterprise_id_code UNIQUE (enterprise_id, code)
);
CREATE TABLE person_call (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    kind text NOT NULL CHECK (kind IN ('call', 'recall')),
    scope text NOT NULL CHECK (scope IN ('person', 'zone', 'everyone')),
    target text NOT NULL DEFAULT '',
    message text NOT NULL,
    by uuid,
    by_name text NOT NULL DEFAULT '',
    at timestamptz NOT NULL
);
CREATE INDEX ix_person_call_enterprise_id ON person_call (enterprise_id, id);
CREATE TABLE person_call_receipt (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    call_id uuid NOT NULL REFERENCES person_call (id) ON DELETE CASCADE,
    person_id uuid NOT NULL REFERENCES person (id),
    account_id uuid,
    inbox_id uuid,
    badge text NOT NULL DEFAULT '',
    command text NOT NULL DEFAULT 'none'
);
CREATE INDEX ix_person_call_receipt_call_id ON person_call_receipt (call_id);
CREATE INDEX ix_person_call_receipt_enterprise_id ON person_call_receipt (enterprise_id);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("department", "person", "terminal", "person_call", "person_call_receipt"):
        enable_rls(op, table)
