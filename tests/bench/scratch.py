"""A migrated private database for the length of a benchmark; this process's settings point to it meanwhile."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twin.db import cluster as pg
from twin.db import migrate
from twin.settings import Settings, child_environment, get_settings


@contextmanager
def database() -> Iterator[Settings]:
    """Starts a cluster in a temporary folder and removes it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="twin-bench-"))
    folder.chmod(0o755)
    settings, before = Settings(var_dir=folder / "var", _env_file=None), dict(os.environ)
    settings.var_dir.mkdir(parents=True)
    server = pg.Cluster(settings)
    try:
        server.start()
        migrate.upgrade(pg.owner_url(settings))
        os.environ.update(child_environment(settings))
        get_settings.cache_clear()
        yield settings
    finally:
        server.stop()
        os.environ.clear()
        os.environ.update(before)
        get_settings.cache_clear()
        shutil.rmtree(folder, ignore_errors=True)
