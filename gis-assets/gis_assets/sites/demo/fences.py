"""More electronic fences of the demo plant, and what all of them say: who may enter, when, and how grave a breach is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gis_assets.sites.demo.layout import ASSEMBLY, BUILDINGS, SITE
from gis_assets.sites.demo.shapes import Fence, Rect

_CONTROL = next(b.rect for b in BUILDINGS if b.code == "BD-04")


def _fence(no: int, name: str, en: str, kind: str, rect: Rect, top: float, **limits: int) -> Fence:
    return Fence(f"GF-{no:02d}", name, en, kind, tuple(rect.outline()), -1, top, **limits)


MORE: tuple[Fence, ...] = (
    _fence(13, "厂区车辆限速", "Speed limit on site", "speeding", SITE.inset(2.0), 20),
    _fence(
        14, "安全大道禁停", "No parking on Safety Avenue", "parking", Rect(-140, -101, 140, -89), 10, limit_seconds=600
    ),
    _fence(15, "装卸台聚集", "Gathering at the loading bay", "gathering", Rect(224, -60, 268, -42), 12, limit_count=15),
    _fence(16, "中控值守", "Control room post", "leave_post", _CONTROL, 14, limit_count=1, limit_seconds=180),
    *(
        _fence(17 + n, f"{p.name}计数", f"{p.name_en}, count", "count", Rect(p.x - 15, p.y - 8, p.x + 15, p.y + 8), 10)
        for n, p in enumerate(ASSEMBLY)
    ),
)

_WEEKDAYS = {"days": [1, 2, 3, 4, 5], "from": "08:00", "to": "17:30"}
_TANKS = {"duties": ["储运班长", "储运外操"], "departments": ["安全环保部"]}
_PROCESS = {"duties": ["生产班长", "装置外操"], "departments": ["安全环保部"]}
#: Beside the kind and its limits. A roll call is switched on when it is held, the post when the shift plan is kept.
SAID: Mapping[str, Mapping[str, Any]] = {
    "GF-01": {"allowed": _TANKS, "grade": 1},
    "GF-02": {"allowed": _TANKS},
    "GF-03": {"allowed": {"departments": ["安全环保部"]}, "grade": 1},
    "GF-04": {"allowed": _PROCESS, "grade": 1},
    "GF-05": {"allowed": {"duties": ["电气运行", "公用工程班长"]}},
    "GF-08": {"schedule": {"weekly": [_WEEKDAYS]}},
    "GF-12": {"enabled": False},
    "GF-13": {"limit_speed_kmh": 25.0, "classes": "vehicle"},
    "GF-14": {"classes": "vehicle"},
    "GF-15": {"radius_m": 8.0},
    "GF-16": {
        "floor_code": "BD-04-F3",
        "allowed": {"duties": ["中控内操"]},
        "schedule": {
            "weekly": [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "24:00"}],
            "off": ["2026-10-01"],
        },
        "enabled": False,
    },
}


def said(code: str) -> dict[str, Any]:
    """Properties of a fence beside its kind and limits, texts as the layer takes them."""
    found = dict(SAID.get(code, {}))
    for name in ("allowed", "schedule"):
        if name in found:
            found[name] = json.dumps(found[name], ensure_ascii=False)
    return {"enabled": True, **found}
