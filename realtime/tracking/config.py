"""Settings of live positions (environment ``TWIN_TRACKING_*``)."""

from __future__ import annotations

from functools import lru_cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from twin.settings import get_settings


class TrackingSettings(BaseSettings):
    """How positions come in and how long they stay.

    Attributes:
        host: where the UDP and TCP ports listen. udp_port, tcp_port: 0 listens on none; ten and
            eleven above the hub's port unless set, so that two installations on one machine do not meet.
        mqtt_url: ``mqtt://[user:password@]host[:port]`` of a broker, empty for none. mqtt_topic: filter, wildcards as in MQTT.
        vendor: mapping file for JSON that is not ours, by its name in ``vendors/`` or a path; empty for none.
        keep_days: whole days of tracks and accuracy figures; never below 30 (issue 5).
        raw_hours: forensic window in which every measurement is kept.
        silent_s: without any message for that long the feed is lost, which is an alarm of its own; longer than the pause between the
            heartbeats of the few who are there at night.
        share: part of a zone's fixes that must have r95 within the zone's limit (clause S2); delay_s: limit of delay.
    """

    model_config = SettingsConfigDict(env_prefix="TWIN_TRACKING_", env_file=".env", extra="ignore")

    host: str = "127.0.0.1"
    udp_port: int = Field(default_factory=lambda: get_settings().hub_port + 10, ge=0, le=65535)
    tcp_port: int = Field(default_factory=lambda: get_settings().hub_port + 11, ge=0, le=65535)
    mqtt_url: str = ""
    mqtt_topic: str = "positions/#"
    vendor: str = ""
    keep_days: int = Field(default=90, ge=30, le=3650)
    ahead_days: int = Field(default=3, ge=1, le=30)
    raw_hours: int = Field(default=72, ge=1, le=24 * 90)
    silent_s: float = Field(default=60.0, gt=0.0, le=3600.0)
    share: float = Field(default=0.9, gt=0.0, le=1.0)
    delay_s: float = Field(default=5.0, gt=0.0)


@lru_cache(maxsize=1)
def tracking_settings() -> TrackingSettings:
    """The settings of this process, read once."""
    return TrackingSettings()
