"""Emergency cards and knowledge cards of zones and posts (应急卡, 应知卡)."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_zone_cards"
down_revision = None
branch_labels = ("zone_cards",)
depends_on = "0001_risk"

_TABLE = """
CREATE TABLE zone_card (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    zone text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('emergency', 'knowledge')),
    post text NOT NULL DEFAULT '',
    title text NOT NULL,
    sections jsonb NOT NULL,
    phones jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL,
    updated_by uuid,
    CONSTRAINT uq_zone_card_enterprise_id_zone_kind_post UNIQUE (enterprise_id, zone, kind, post)
);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLE)
    enable_rls(op, "zone_card")
