"""The checker: every kind of source, present and future, keeps the promises of a plug-in."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from pydantic import BaseModel, SecretStr

from realtime.ingest import forms, vault
from realtime.ingest.plugin import AddressInvalid, SourceKind, kinds
from twin.i18n import LANGUAGES, catalogue

KINDS = sorted(kinds())


def test_the_kinds_of_the_plant_are_there() -> None:
    assert set(KINDS) >= {"opcua", "modbus_tcp", "modbus_serial", "mqtt", "framed"}


@pytest.mark.parametrize("key", KINDS)
def test_a_kind_is_whole(key: str) -> None:
    kind = kinds()[key]
    assert isinstance(kind, SourceKind) and kind.key == key and inspect.iscoroutinefunction(kind.run)
    assert issubclass(kind.model, BaseModel) and kind.model.__doc__
    with pytest.raises(AddressInvalid):
        kind.check("")
    assert inspect.getmodule(type(kind)).__name__.startswith("realtime.ingest.sources.")  # type: ignore[union-attr]
    assert (
        inspect.iscoroutinefunction(type(kind).browse)
        and (type(kind).browse is not SourceKind.browse) == kind.browsable
    )
    for name, field in kind.model.model_fields.items():
        if any(word in name for word in ("password", "secret", "token")):
            assert field.annotation is SecretStr, name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", KINDS)
def test_a_kind_has_a_form_in_every_language(key: str, language: str) -> None:
    kind, texts = kinds()[key], catalogue(language)
    made = forms.form(kind, language)
    for text in (f"source.kind.{key}", f"source.address.{key}"):
        assert texts.get(text), text
    assert list(made.form["properties"]) == list(kind.model.model_fields)
    for name, field in made.form["properties"].items():
        assert texts.get(forms.text_key(key, name, language)) == field["title"], name
        assert (name in vault.secret_fields(kind.model)) == (field.get("writeOnly") is True), name
        # words have a name; numbers, versions and names of standards stand for themselves
        for choice in field.get("enum", ()):
            if str(choice).isalpha() and choice != "gbk":
                assert field["x-names"].get(choice) == texts.get(f"source.choice.{choice}"), (name, choice)


@pytest.mark.parametrize("key", KINDS)
def test_a_kind_ends_when_it_is_told_to(key: str) -> None:
    """Cancelling ends it at once even where nobody answers; no task of its own stays behind."""
    given = {
        "opcua": {"url": "opc.tcp://127.0.0.1:1/"},
        "modbus_tcp": {"host": "127.0.0.1", "port": 1},
        "modbus_serial": {"device": "/dev/null-line"},
        "mqtt": {"host": "127.0.0.1", "port": 1},
        "framed": {"port": 1},
    }

    async def run() -> None:
        kind = kinds()[key]
        from tests.ingest.support import Ear

        task = asyncio.create_task(kind.run(kind.model.model_validate(given[key]), [], Ear()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        assert task.done()
        await asyncio.sleep(0)
        assert not [t for t in asyncio.all_tasks() if t is not asyncio.current_task() and not t.done()]

    asyncio.run(run())
