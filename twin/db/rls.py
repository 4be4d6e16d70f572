"""Row-level security and table helpers for migrations.

Every tenant table gets one policy: the app role sees and writes the rows of the enterprise named by the setting
``twin.enterprise`` (set by the unit of work for its transaction), all rows when that is ``*`` (the product's own
services), and none when it is not set.
"""

from __future__ import annotations

from typing import Any

from twin.settings import get_settings

# Sub-selects are evaluated once per statement, not once per row.
_NAMED = "(SELECT current_setting('twin.enterprise', true))"
_ENTERPRISE = "(SELECT NULLIF(NULLIF(current_setting('twin.enterprise', true), ''), '*')::uuid)"

#: PostGIS functions behind spatial predicates. Row-level security evaluates only leakproof functions before its own
#: filter, so without this mark no spatial index is ever used by the app role. What they could leak by an error text is
#: an SRID.
_SPATIAL = (
    "geometry_overlaps(geometry, geometry)",
    "geometry_overlaps_nd(geometry, geometry)",
    "st_intersects(geometry, geometry)",
    "st_contains(geometry, geometry)",
    "st_within(geometry, geometry)",
    "st_covers(geometry, geometry)",
    "st_coveredby(geometry, geometry)",
    "st_crosses(geometry, geometry)",
    "st_touches(geometry, geometry)",
    "st_overlaps(geometry, geometry)",
    "st_equals(geometry, geometry)",
    "st_dwithin(geometry, geometry, double precision)",
)
#: Sets the mark, which a dump does not carry. Functions are found by the search path.
LEAKPROOF = (
    "DO $$ BEGIN "
    + "\n".join(
        f"BEGIN ALTER FUNCTION {name} LEAKPROOF;"
        " EXCEPTION WHEN insufficient_privilege OR undefined_function THEN NULL; END;"
        for name in _SPATIAL
    )
    + " END $$;"
)


def script(op: Any, sql: str) -> None:
    """Run several statements as they are: no parameters, ``%`` and ``:`` mean nothing special."""
    op.get_bind().connection.dbapi_connection.cursor().execute(sql)


def enable_rls(op: Any, table: str, column: str = "enterprise_id") -> None:
    """Put ``table`` under the policy of its enterprise; ``column`` holds the enterprise's id."""
    script(
        op,
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        CREATE POLICY enterprise ON {table} TO "{get_settings().app_role}"
            USING ({column} = {_ENTERPRISE} OR {_NAMED} = '*')
            WITH CHECK ({column} = {_ENTERPRISE} OR {_NAMED} = '*');
        """,
    )


def append_only(op: Any, table: str) -> None:
    """The app role may read and add rows, never change or delete them."""
    script(op, f'REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM "{get_settings().app_role}"')


def create_spatial_table(op: Any, table: str, geometry: str, columns: str = "") -> None:
    """A table for a subclass of ``SpatialRow``: common columns, the layer's own, indexes and row-level security.

    Args:
        geometry: PostGIS type with heights, e.g. ``PolygonZ``.
        columns: SQL of the layer's own columns, comma-separated, e.g. ``kind text NOT NULL, z_min double precision``.
    """
    own = columns.strip().rstrip(",")
    script(
        op,
        f"""
        CREATE TABLE {table} (
            id uuid PRIMARY KEY,
            enterprise_id uuid NOT NULL REFERENCES enterprise (id),
            site_id uuid NOT NULL,
            code text NOT NULL,
            name text NOT NULL,
            name_en text NOT NULL DEFAULT '',
            note text NOT NULL DEFAULT '',
            version integer NOT NULL DEFAULT 1,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            updated_by uuid,
            geom geometry({geometry}, 4326) NOT NULL,
            geom_3857 geometry(Geometry, 3857) GENERATED ALWAYS AS (ST_Force2D(ST_Transform(geom, 3857))) STORED
            {"," + own if own else ""},
            CONSTRAINT uq_{table}_site_id_code UNIQUE (site_id, code)
        );
        CREATE INDEX ix_{table}_enterprise_id ON {table} (enterprise_id);
        CREATE INDEX ix_{table}_site_id ON {table} (site_id);
        CREATE INDEX ix_{table}_geom ON {table} USING gist (geom);
        CREATE INDEX ix_{table}_geom_3857 ON {table} USING gist (geom_3857);
        CREATE INDEX ix_{table}_enterprise_id_updated_at ON {table} (enterprise_id, updated_at);
        """,
    )
    enable_rls(op, table)


def create_app_role(op: Any) -> None:
    """The app role, if it is missing, and its rights on all tables that this owner makes from now on."""
    role = get_settings().app_role
    script(
        op,
        f"""
        DO $$ BEGIN
            CREATE ROLE "{role}" LOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$;
        GRANT USAGE ON SCHEMA public TO "{role}";
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{role}";
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO "{role}";
        """,
    )


def mark_leakproof(op: Any) -> None:
    """Let spatial indexes work under row-level security. Needs a superuser; elsewhere queries stay right but scan."""
    script(op, LEAKPROOF)
