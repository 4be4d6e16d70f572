"""One spelling for one content: the bytes that digests and signatures are made of."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


def canonical(value: Any) -> str:
    """``value`` as JSON with sorted keys and no blanks; times in UTC with microseconds, whole floats as integers.

    Raises:
        ValueError: something JSON cannot say (NaN, bytes, an object).
    """
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number that is none")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    raise ValueError(f"{type(value).__name__} has no canonical form")


#: In the place of a field that is not there.
_ABSENT = object()


def differences(before: Any, after: Any, where: str = "") -> list[str]:
    """Paths at which two canonical contents differ, e.g. ``measures.2.text``."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            path
            for key in sorted(before.keys() | after.keys())
            # a field that is not there is another thing than one that holds nothing
            for path in differences(
                before.get(key, _ABSENT), after.get(key, _ABSENT), f"{where}.{key}" if where else key
            )
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [
            path
            for n, pair in enumerate(zip(before, after, strict=True))
            for path in differences(*pair, f"{where}.{n}")
        ]
    return [] if before == after else [where]
