"""Finding modules, so that the kernel names none of them (ARCHITECTURE.md lists the submodules and attributes)."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from twin.settings import Settings

#: Top-level packages in import order: the kernel first.
PACKAGES = ("twin", "gis_assets", "realtime", "tiles", "domain")


@cache
def packages() -> tuple[str, ...]:
    """Dotted names of the packages that may hold pieces: the top levels, those of the settings, and their children."""
    names: list[str] = []
    # Read afresh: the first look for modules comes before the process has settled its settings.
    extra = [name.strip() for name in Settings().extra_packages.split(",") if name.strip()]
    for top in (*PACKAGES, *extra):
        spec = importlib.util.find_spec(top)
        if spec is None or not spec.submodule_search_locations:
            if top in extra:
                raise ModuleNotFoundError(f"TWIN_EXTRA_PACKAGES names {top}, which is not on the Python path", name=top)
            continue
        names.append(top)
        names.extend(
            f"{top}.{info.name}"
            for info in sorted(pkgutil.iter_modules(spec.submodule_search_locations), key=lambda i: i.name)
            if info.ispkg
        )
    return tuple(names)


@cache
def submodules(name: str) -> tuple[ModuleType, ...]:
    """Every ``<package>.<name>`` there is, imported. An import error inside a module is never swallowed."""
    found: list[ModuleType] = []
    for package in packages():
        folder = _folder(package)
        if (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file():
            if package in ("twin", "twin.registry"):
                continue  # twin/cli.py is the shell itself, twin/registry/layer.py the declaration
            found.append(importlib.import_module(f"{package}.{name}"))
    return tuple(found)


def declared(name: str, attribute: str, key: str = "key") -> dict[str, Any]:
    """What modules declare in ``<package>.<name>`` as ``attribute``, by the ``key`` of each piece, in the order in which they are found.

    Raises:
        ValueError: two pieces have the same key.
    """
    found: dict[str, Any] = {}
    for module in submodules(name):
        for piece in getattr(module, attribute):
            known = getattr(piece, key)
            if known in found:
                raise ValueError(f"{name}: {known} is declared twice ({module.__name__})")
            found[known] = piece
    return found


def folders(name: str) -> tuple[Path, ...]:
    """Every folder ``<package>/<name>``, found without importing the packages."""
    return tuple(p for package in packages() if (p := _folder(package) / name).is_dir())


@cache
def _folder(package: str) -> Path:
    top, _, rest = package.partition(".")
    spec = importlib.util.find_spec(top)
    assert spec is not None and spec.submodule_search_locations
    return (
        Path(next(iter(spec.submodule_search_locations))) / rest
        if rest
        else Path(next(iter(spec.submodule_search_locations)))
    )
