"""Writes ``requirements.txt`` (to run) and ``requirements-dev.txt`` (to test): the exact versions that this environment holds.

Run it in ``.venv`` after changing ``pyproject.toml`` and installing: ``.venv/bin/python scripts/lock.py``.
"""

from __future__ import annotations

import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def closure(wanted: list[str]) -> dict[str, str]:
    """Name and version of every distribution that the requirements need, directly or not."""
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [Requirement(text) for text in wanted]
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        installed = distribution(name)
        found[name] = installed.version
        for text in installed.requires or []:
            child = Requirement(text)
            environments = [{"extra": extra} for extra in requirement.extras] or [{"extra": ""}]
            if child.marker is None or any(child.marker.evaluate(environment) for environment in environments):
                todo.append(child)
    return found


def main() -> None:
    """Write both files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    base = closure(project["dependencies"])
    tested = [text for extra in ("dev", "points", "positioning", "ifc", "video") for text in extras[extra]]
    dev = closure([*project["dependencies"], *tested])
    write("requirements.txt", base)
    write("requirements-dev.txt", {name: version for name, version in dev.items() if name not in base})


def write(name: str, packages: dict[str, str]) -> None:
    """One ``name==version`` a line, sorted."""
    lines = [f"{package}=={version.split('+')[0]}" for package, version in sorted(packages.items())]
    (ROOT / name).write_text("# Written by scripts/lock.py; do not edit.\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
