"""Demo accounts and saved camera views, as data; the kernel loads them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypedDict

from gis_assets.sites.demo.frame import ORIGIN_H, to_lonlat


class Account(TypedDict):
    """A demo account. The password is public and only ever used for the demo site."""

    username: str
    password: str
    name: str
    name_en: str
    roles: list[str]
    department: str


class View(TypedDict):
    """Saved camera: degrees (EPSG:4326), ellipsoidal metres, heading from north, negative pitch looks down."""

    key: str
    name: str
    name_en: str
    lon: float
    lat: float
    height: float
    heading: float
    pitch: float


_VIEWS: tuple[tuple[str, str, str, float, float, float, float, float], ...] = (
    ("home", "全厂鸟瞰", "Whole plant", -350, -480, 330, 36.5, -30),
    ("units", "生产装置区", "Process units", -60, -130, 130, 16, -28),
    ("tanks", "罐区", "Tank farm", -345, 70, 95, 62, -26),
    ("loading", "装卸与公用工程", "Loading and utilities", 330, -210, 130, 318, -30),
)


def views() -> list[View]:
    """The four saved views of the site; ``home`` first."""
    rows: list[View] = []
    for key, name, name_en, x, y, z, heading, pitch in _VIEWS:
        lon, lat = to_lonlat(x, y)
        rows.append(
            View(
                key=key, name=name, name_en=name_en, lon=lon, lat=lat, height=ORIGIN_H + z, heading=heading, pitch=pitch
            )
        )
    return rows


def accounts() -> list[Account]:
    """The demo accounts in the order of the file; the big screen's ``control`` first."""
    text = Path(__file__).with_name("accounts.toml").read_text(encoding="utf-8")
    rows: list[Account] = tomllib.loads(text)["account"]
    return rows
