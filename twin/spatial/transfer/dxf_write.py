"""DXF drawings of a layer: shapes on a CAD layer of its name, codes and names as text, properties as extended data."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from shapely.geometry import shape

from twin.registry.layer import Layer
from twin.spatial.repository import Feature
from twin.spatial.transfer.model import ExportImpossible
from twin.spatial.transfer.systems import System
from twin.spatial.validate import fault

if TYPE_CHECKING:
    from ezdxf.layouts.layout import Modelspace

#: Application id of our extended data: JSON of the properties in pieces.
APP = "PLANT_TWIN"
#: Characters of a piece: at most 255 bytes are allowed, Chinese takes three each.
_PIECE = 80
#: Bytes of extended data that an entity may carry.
_MOST = 16_000
_METRES = 6


def write(layer: Layer, features: list[Feature], system: System, language: str) -> bytes:
    """A drawing (DXF R2018, metres unless the system is in degrees).

    Raises:
        ExportImpossible: a feature has more text than an entity can carry.
    """
    from ezdxf.filemanagement import new

    faults = [
        fault("too_long_for_format", str(f["properties"]["code"]), limit=_MOST)
        for f in features
        if len(_json(f["properties"]).encode()) > _MOST
    ]
    if faults:
        raise ExportImpossible(errors=faults[:50])
    drawing = new("R2018")
    drawing.header["$INSUNITS"] = 0 if system.degrees else _METRES
    drawing.appids.add(APP)
    name, labels = layer.key.upper(), f"{layer.key.upper()}_TEXT"
    drawing.layers.add(name)
    drawing.layers.add(labels)
    drawing.styles.add("TWIN", font="simsun.ttf")
    if layer.geometry == "Point":
        block = drawing.blocks.new(f"TWIN_{name}")
        block.add_circle((0, 0), 0.000003 if system.degrees else 0.3)
    space = drawing.modelspace()
    height = 0.00001 if system.degrees else 1.0
    for feature in features:
        for number, entity in enumerate(_draw(space, feature, name)):
            content = (
                _json(feature["properties"]) if number == 0 else json.dumps({"hole_of": feature["properties"]["code"]})
            )
            pieces = [content[i : i + _PIECE] for i in range(0, len(content), _PIECE)]
            entity.set_xdata(APP, [(1000, piece) for piece in pieces])
        middle = shape(feature["geometry"]).representative_point()
        text = f"{feature['properties']['code']} {feature['properties']['name']}"
        space.add_text(text[:200], height=height, dxfattribs={"layer": labels, "style": "TWIN"}).set_placement(
            (middle.x, middle.y)
        )
    out = io.StringIO()
    drawing.write(out)
    return out.getvalue().encode(drawing.output_encoding, errors="dxfreplace")


def _json(properties: dict[str, Any]) -> str:
    # Control characters would end the line that carries them.
    return json.dumps({k: v for k, v in properties.items() if v is not None and v != ""}, ensure_ascii=False)


def _draw(space: Modelspace, feature: Feature, name: str) -> list[Any]:
    """The entities of a feature; those after the first are holes."""
    geometry, attributes = feature["geometry"], {"layer": name}
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        return [space.add_blockref(f"TWIN_{name}", coordinates, dxfattribs=attributes)]
    lines = coordinates if kind == "Polygon" else [coordinates]
    made: list[Any] = []
    for line in lines:
        points = line[:-1] if kind == "Polygon" else line
        heights = {p[2] for p in points}
        if len(heights) == 1:
            flat = [(p[0], p[1]) for p in points]
            more = {**attributes, "elevation": heights.pop()}
            made.append(space.add_lwpolyline(flat, close=kind == "Polygon", dxfattribs=more))
        else:
            made.append(space.add_polyline3d(points, close=kind == "Polygon", dxfattribs=attributes))
    return made
