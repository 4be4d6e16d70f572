"""Where the wall clock was set back: from there on the later pass of the doubled time counts."""

from alembic import op

from twin.db.rls import append_only, enable_rls, script

revision = "0002_risk_set_back"
down_revision = "0001_risk"
branch_labels = None
depends_on = None

# Changes up to ``seq`` that are dated after ``at`` were written in the earlier pass: whoever asks for ``at`` or later does not see them.
_TABLES = """
CREATE TABLE risk_set_back (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    at timestamptz NOT NULL,
    seq bigint NOT NULL
);
CREATE INDEX ix_risk_set_back_enterprise_id_at ON risk_set_back (enterprise_id, at);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    enable_rls(op, "risk_set_back")
    append_only(op, "risk_set_back")
