"""The viewer's generated types of the HTTP contract are those of this server."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from twin.app import create_app
from twin.settings import ROOT


@pytest.fixture(scope="module")
def openapi() -> ModuleType:
    """``scripts/openapi.py``; scripts are no package."""
    spec = importlib.util.spec_from_file_location("twin_scripts_openapi", ROOT / "scripts" / "openapi.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_viewers_types_are_those_of_this_server(openapi: ModuleType) -> None:
    committed = openapi.TARGET.read_text(encoding="utf-8")
    found = openapi.faults(openapi.canonical(create_app().openapi()), committed)
    assert not found, f"{'; '.join(found)}; run: cd viewer && npm run generate"
    assert len(committed.encode()) < 1024 * 1024 and "://" not in committed


def test_a_changed_contract_or_file_is_noticed(openapi: ModuleType) -> None:
    document = create_app().openapi()
    contract = openapi.canonical(document)
    made = openapi.compose(contract, "export interface paths {\n\n}\n")
    assert openapi.faults(contract, made) == []
    # Neither the product's version nor the order of keys matters.
    later = {**dict(reversed(document.items())), "info": {**document["info"], "version": "99"}}
    assert openapi.faults(openapi.canonical(later), made) == []
    schemas = document["components"]["schemas"]
    fewer = {**document, "components": {**document["components"], "schemas": {**schemas, "Me": {"type": "object"}}}}
    assert len(openapi.faults(openapi.canonical(fewer), made)) == 1
    assert len(openapi.faults(contract, made.replace("paths", "routes"))) == 1
    assert len(openapi.faults(contract, "")) == 2
