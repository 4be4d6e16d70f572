"""Settings of the history (environment ``TWIN_HISTORY_*``)."""

from __future__ import annotations

from functools import lru_cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class HistorySettings(BaseSettings):
    """How long samples are kept.

    Attributes:
        keep_days: whole days of measured values that stay readable; never below 30 (clause S3.1).
        ahead_days: day partitions that exist before they are needed.
        hot_days: whole days before today that stay in the database; older ones are sealed to Parquet.
    """

    model_config = SettingsConfigDict(env_prefix="TWIN_HISTORY_", env_file=".env", extra="ignore")

    keep_days: int = Field(default=90, ge=30, le=3650)
    ahead_days: int = Field(default=3, ge=1, le=30)
    hot_days: int = Field(default=3, ge=1, le=3650)


@lru_cache(maxsize=1)
def history_settings() -> HistorySettings:
    """The settings of this process, read once."""
    return HistorySettings()
