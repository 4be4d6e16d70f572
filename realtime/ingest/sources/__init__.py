"""One file per kind of field source, each with ``KIND``."""
