"""Texts in Chinese (first) and English. Each package may carry ``i18n/zh-CN.json`` and ``i18n/en.json``; keys are flat, ``area.name``.

Keys are the same in both files (a test compares them). ``{name}`` in a text is filled from the parameters.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from twin.registry import discover

LANGUAGES = ("zh-CN", "en")
DEFAULT = "zh-CN"


@cache
def catalogue(language: str) -> dict[str, str]:
    """All texts of a language, kernel and modules together."""
    texts: dict[str, str] = {}
    for folder in discover.folders("i18n"):
        path = folder / f"{language}.json"
        if path.is_file():
            texts.update(json.loads(path.read_text(encoding="utf-8")))
    return texts


class _Safe(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def t(key: str, language: str = DEFAULT, **params: Any) -> str:
    """The text of ``key``; falls back to Chinese, then to the key itself."""
    text = catalogue(language).get(key) or catalogue(DEFAULT).get(key) or key
    return text.format_map(_Safe(params)) if params else text


def negotiate(header: str | None) -> str:
    """The best language for an ``Accept-Language`` header (RFC 9110, 12.5.4); Chinese when nothing fits."""
    best, weight = DEFAULT, 0.0
    for part in (header or "").split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            q = float(quality) if quality else 1.0
        except ValueError:
            continue
        for language in LANGUAGES:
            if q > weight and tag and tag.split("-")[0].lower() == language.split("-")[0].lower():
                best, weight = language, q
    return best
