"""Mapping files: how a vendor's JSON becomes a report of :mod:`realtime.tracking.messages`.

A file is TOML::

    gateway = "vendor-a"            # name of the sender, or path of it in the message
    items = "data.tags"             # path of the list of badges; "" when the message itself is one badge or a list
    time_unit = "ms"                # s or ms
    [fields]                        # our name = path inside an item
    badge = "tagId"
    t = "ts"
    "fix.x" = "pos.x"
    "fix.y" = "pos.y"
    "fix.floor" = "mapId"
    battery = "power"
    sos = "alarm.sos"
    [floors]                        # value of the vendor = code of our floor
    "12" = "BD-04-F1"
    [origin]                        # the vendor's zero and axes in the site's frame
    x = 0.0
    y = 0.0
    rotation_deg = 0.0
    scale = 1.0
    [lists.ranges]                  # lists of measurements: path, and the paths of their parts
    items = "anchors"
    parts = ["id", "dist"]
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

_HERE = Path(__file__).parent


class Parts(BaseModel):
    """A list of measurements in an item."""

    model_config = ConfigDict(extra="forbid")

    items: str
    parts: list[str]


class Origin(BaseModel):
    """Where the vendor's zero lies in the site's frame (m), how its axes are turned (degrees counter-clockwise)."""

    model_config = ConfigDict(extra="forbid")

    x: float = 0.0
    y: float = 0.0
    rotation_deg: float = 0.0
    scale: float = 1.0


class Mapping(BaseModel):
    """A mapping file, see the module's own text."""

    model_config = ConfigDict(extra="forbid")

    gateway: str
    items: str = ""
    time_unit: str = "s"
    fields: dict[str, str]
    floors: dict[str, str] = {}
    origin: Origin = Origin()
    lists: dict[str, Parts] = {}

    def report(self, message: Any) -> dict[str, Any]:
        """The vendor's message as a report.

        Raises:
            ValueError, TypeError, KeyError: it does not fit the mapping.
        """
        items = _at(message, self.items) if self.items else message
        items = items if isinstance(items, list) else [items]
        sender = _at(message, self.gateway) if "." in self.gateway or self._names_a_part(message) else self.gateway
        return {"gateway": str(sender or "vendor"), "badges": [self._badge(item) for item in items]}

    def _names_a_part(self, message: Any) -> bool:
        return isinstance(message, dict) and self.gateway in message

    def _badge(self, item: dict[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, path in self.fields.items():
            value = _at(item, path)
            if value is None:
                continue
            into, _, leaf = name.rpartition(".")
            (out.setdefault(into, {}) if into else out)[leaf] = value
        out["badge"] = str(out["badge"])
        if "t" in out:
            out["t"] = float(out["t"]) / (1000.0 if self.time_unit == "ms" else 1.0)
        if "sos" in out:
            out["sos"] = out["sos"] in (True, 1, "1", "true")
        for name, parts in self.lists.items():
            out[name] = [[_at(part, p) for p in parts.parts] for part in _at(item, parts.items) or ()]
        fix = out.get("fix")
        if fix is not None:
            self._place(fix)
        return out

    def _place(self, fix: dict[str, Any]) -> None:
        if "floor" in fix:
            fix["floor"] = self.floors.get(str(fix["floor"]), fix["floor"])
        if "x" in fix and "y" in fix:
            turn, scale = math.radians(self.origin.rotation_deg), self.origin.scale
            x, y = float(fix["x"]) * scale, float(fix["y"]) * scale
            fix["x"] = self.origin.x + x * math.cos(turn) - y * math.sin(turn)
            fix["y"] = self.origin.y + x * math.sin(turn) + y * math.cos(turn)


def _at(value: Any, path: str) -> Any:
    """What lies at a dotted path; None when something on the way is missing."""
    for part in path.split("."):
        if isinstance(value, list) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def load(name: str) -> Mapping:
    """A mapping by its name here or its path.

    Raises:
        OSError, ValueError: there is no such file, or it is no mapping.
    """
    path = _HERE / f"{name}.toml"
    return Mapping.model_validate(tomllib.loads((path if path.is_file() else Path(name)).read_text("utf-8")))
