"""The kept points beside an instant, of everybody in one question."""

from alembic import op

from twin.db.rls import script

revision = "0004_tracks_beside"
down_revision = "0003_radio_maps"
branch_labels = None
depends_on = None

# track_of() asks for one subject; calling it hundreds of times plans a query over all partitions as often.
_FUNCTION = """
CREATE FUNCTION tracks_beside(moment timestamptz, back interval, ahead interval) RETURNS SETOF track_point
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    own text := current_setting('twin.enterprise', true);
BEGIN
    RETURN QUERY
    SELECT b.* FROM track_subject s CROSS JOIN LATERAL (
        (SELECT * FROM track_point p WHERE p.subject = s.id AND p.ts >= moment - back AND p.ts <= moment
         ORDER BY p.ts DESC LIMIT 1)
        UNION ALL
        (SELECT * FROM track_point p WHERE p.subject = s.id AND p.ts > moment AND p.ts < moment + ahead
         ORDER BY p.ts LIMIT 1)
    ) b
    WHERE own = '*' OR s.enterprise_id::text = own;
END $$;
"""


def upgrade() -> None:
    """Apply."""
    script(op, _FUNCTION)
