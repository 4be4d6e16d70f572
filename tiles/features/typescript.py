"""``python -m tiles.features.typescript``: the viewer's types of every layer, from the registry.

The result, ``viewer/packages/api/src/generated/layers.ts``, is committed, because the viewer builds without Python;
a contract test compares it.
"""

from __future__ import annotations

import json
from pathlib import Path

from twin.registry.layer import Field, Layer, Text, layers
from twin.settings import ROOT

TARGET = ROOT / "viewer" / "packages" / "api" / "src" / "generated" / "layers.ts"

_HEAD = """// Written by `python -m tiles.features.typescript` from the layer registry; do not edit.
import type { CommonProperties } from '../types'

export interface Title {
  zh: string
  en: string
}
export interface CodeInfo {
  value: string | number
  title: Title
}
export interface FieldInfo {
  name: string
  title: Title
  kind: 'string' | 'integer' | 'number' | 'boolean' | 'datetime'
  codes: readonly CodeInfo[]
  unit: string
  minimum?: number
  maximum?: number
  required: boolean
  writable: boolean
}
export interface StyleInfo {
  colour: string
  by: string | null
  colours: readonly { value: string | number; colour: string }[]
  icon: string
  label: string | null
  minZoom: number
}
export interface LayerInfo {
  key: string
  title: Title
  geometry: 'Point' | 'LineString' | 'Polygon'
  topic: string
  live: boolean
  identify: number
  fields: readonly FieldInfo[]
  style: StyleInfo
}
"""
_TYPES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "datetime": "string"}


def _title(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _field(field: Field) -> dict[str, object]:
    out: dict[str, object] = {
        "name": field.name, "title": _title(field.title), "kind": field.kind,
        "codes": [{"value": value, "title": _title(text)} for value, text in field.codes],
        "unit": field.unit, "required": field.required, "writable": field.writable,
    }  # fmt: skip
    if field.minimum is not None:
        out["minimum"] = field.minimum
    if field.maximum is not None:
        out["maximum"] = field.maximum
    return out


def _layer(layer: Layer) -> dict[str, object]:
    style = layer.style
    return {
        "key": layer.key, "title": _title(layer.title), "geometry": layer.geometry, "topic": layer.topic,
        "live": layer.live, "identify": layer.identify, "fields": [_field(f) for f in layer.all_fields],
        "style": {
            "colour": style.colour, "by": style.by, "colours": [{"value": v, "colour": c} for v, c in style.colours],
            "icon": style.icon, "label": style.label, "minZoom": style.min_zoom,
        },
    }  # fmt: skip


def _interface(layer: Layer) -> str:
    name = "".join(part.capitalize() for part in layer.key.split("_"))
    lines = [f"export interface {name}Properties extends CommonProperties {{"]
    for field in layer.fields:
        kind = " | ".join(json.dumps(v) for v, _ in field.codes) if field.codes else _TYPES[field.kind]
        lines.append(f"  {field.name}: {kind}{'' if field.required or field.kind == 'boolean' else ' | null'}")
    return "\n".join([*lines, "}"])


def render() -> str:
    """The whole file."""
    every = layers()
    parts = [_HEAD, *(_interface(layer) for layer in every.values())]
    # One line a layer: differences stay readable without thousands of lines.
    table = "".join(f"  {key}: {json.dumps(_layer(layer), ensure_ascii=False)},\n" for key, layer in every.items())
    parts.append(f"export const LAYERS: Record<string, LayerInfo> = {{\n{table}}}")
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the file."""
    Path(TARGET).parent.mkdir(exist_ok=True)
    Path(TARGET).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
