"""Settings: one class, environment variables with the prefix ``TWIN_`` and an optional ``.env`` in the working folder."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """What an installation may set. Addresses and folders only; business settings live in the database.

    Attributes:
        var_dir: all that is written at run time (database cluster, files, tilesets, logs).
        database_url: outside PostgreSQL as ``postgresql://owner:...@host/db``; empty runs the private cluster.
        app_role: the database role of the running product. It owns nothing and obeys row-level security.
        hub_public_url: what browsers are told as the hub's address, e.g. ``wss://twin.example/hub`` behind a proxy;
            empty means the address of the page with ``hub_port``.
        demo_detail: resolution of the pictures on the demo's generated model, as a share of the usual one; less is made faster.
        extra_packages: packages outside this repository that hold modules (comma-separated, on the Python path).
        hub_origins: pages of these origins (comma-separated, e.g. ``https://twin.example``) may connect besides those of the same host.
    """

    model_config = SettingsConfigDict(env_prefix="TWIN_", env_file=".env", extra="ignore")

    var_dir: Path = Field(default=ROOT / "var")
    database_url: SecretStr | None = None
    app_database_url: SecretStr | None = None
    app_role: str = "twin_app"
    host: str = "127.0.0.1"
    port: int = 8080
    hub_host: str = "127.0.0.1"
    hub_port: int = 8081
    hub_public_url: str = ""
    hub_origins: str = ""
    extra_packages: str = ""
    site: str = "demo"
    enterprise: str = "demo"
    demo: bool = False
    demo_detail: float = Field(default=1.0, gt=0.0, le=1.0)
    viewer_dist: Path = Field(default=ROOT / "viewer" / "dist")
    session_hours: float = 12.0
    upload_limit_mb: int = 512
    db_pool: int = 8
    log_json: bool = False
    secure_cookies: bool = False

    @property
    def pg_dir(self) -> Path:
        """Folder of the private cluster."""
        return self.var_dir / "pg"

    @property
    def sites_dir(self) -> Path:
        """Tilesets and other large site data: ``<sites_dir>/<site>/tiles3d/<tileset>/``."""
        return self.var_dir / "sites"

    @property
    def files_dir(self) -> Path:
        """Content-addressed attachments."""
        return self.var_dir / "files"

    @property
    def archive_dir(self) -> Path:
        """Files that stand for rows moved out of the database; written once, named by rows. Backups take them along."""
        return self.var_dir / "archive"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once. Tests call ``get_settings.cache_clear()`` after changing the environment."""
    return Settings()


def child_environment(settings: Settings) -> dict[str, str]:
    """Environment for child processes so that they see exactly these settings."""
    env = dict(os.environ)
    for name, value in settings:
        if value is None:
            continue
        env[f"TWIN_{name.upper()}"] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return env
