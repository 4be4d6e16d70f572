"""Site data, styles and fonts."""
