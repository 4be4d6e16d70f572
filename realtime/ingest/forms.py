"""The settings of every kind of source as a form: JSON Schema with titles in the reader's language."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from realtime.ingest.plugin import SourceKind, kinds
from realtime.ingest.vault import secret_fields
from twin.i18n import catalogue, t


class KindOut(BaseModel):
    """A kind of source. ``form``: JSON Schema of its settings, in order, every property with a ``title``, ``x-names`` of its choices where those
    have any; secrets are ``writeOnly``. ``address``: how its points are addressed. ``browsable``: its points can be picked from a tree."""

    kind: str
    title: str
    form: dict[str, Any]
    address: str
    browsable: bool


def text_key(kind: str, field: str, language: str) -> str:
    """The key of a setting's title: the kind's own, else the one that kinds share."""
    own = f"source.{kind}.{field}"
    return own if own in catalogue(language) else f"source.field.{field}"


def form(kind: SourceKind[Any], language: str) -> KindOut:
    """The form of a kind."""
    schema = kind.model.model_json_schema()
    schema.pop("description", None)
    schema["title"] = t(f"source.kind.{kind.key}", language)
    for name, field in schema["properties"].items():
        field["title"] = t(text_key(kind.key, name, language), language)
        if name in secret_fields(kind.model):
            field["writeOnly"] = True
        if names := {
            str(c): t(key, language)
            for c in field.get("enum", ())
            if (key := f"source.choice.{c}") in catalogue(language)
        }:
            field["x-names"] = names
    return KindOut(
        kind=kind.key,
        title=schema["title"],
        form=schema,
        address=t(f"source.address.{kind.key}", language),
        browsable=kind.browsable,
    )


def forms(language: str) -> list[KindOut]:
    """All kinds."""
    return [form(kind, language) for _, kind in sorted(kinds().items())]
