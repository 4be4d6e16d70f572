"""Every typed error, role and right of the kernel has its text in Chinese and English."""

from __future__ import annotations

import importlib
import json
import pkgutil

import pytest

import twin
from twin.auth.roles import ROLES, role_scopes
from twin.db.audit import Fault
from twin.errors import TwinError
from twin.i18n import LANGUAGES, catalogue
from twin.registry import discover


def _kernel_errors() -> set[str]:
    for info in pkgutil.walk_packages(twin.__path__, "twin."):
        if "migrations" not in info.name and not info.name.startswith("twin.spatial"):
            importlib.import_module(info.name)
    codes, todo = set(), [TwinError]
    while todo:
        kind = todo.pop()
        todo += kind.__subclasses__()
        if kind.__module__.startswith("twin.") and not kind.__module__.startswith("twin.spatial"):
            codes.add(kind.code)
    return codes


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_complete(language: str) -> None:
    wanted = {f"error.{code}" for code in _kernel_errors()} | {f"role.{role}" for role in ROLES}
    wanted |= {f"scope.{scope}" for scopes in role_scopes().values() for scope in scopes}
    reasons = ("changed", "missing", "seal_missing", "chain_broken", "unsealed", "cut_off")
    assert all(reason in (Fault.__doc__ or "") for reason in reasons)
    wanted |= {f"audit.reason.{reason}" for reason in reasons}
    assert sorted(wanted - catalogue(language).keys()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_written_twice(language: str) -> None:
    """Keys are flat across packages: of two texts with one key the later would win in silence."""
    seen: dict[str, str] = {}
    twice = []
    for folder in discover.folders("i18n"):
        path = folder / f"{language}.json"
        for key in json.loads(path.read_text(encoding="utf-8")) if path.is_file() else ():
            if key in seen:
                twice.append((key, seen[key], str(folder)))
            seen[key] = str(folder)
    assert twice == []
