"""DXF drawings, our own or a plant's: closed outlines, circles, lines, points and blocks of the chosen CAD layers.

The code and other properties of a shape come from extended data (our own drawings), from a block's attributes, or from
the text that stands in it or nearest to it: the first word is the code, the rest the name.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from shapely import STRtree
from shapely.errors import GEOSException
from shapely.geometry import Point, shape

from twin.registry.layer import Layer
from twin.spatial.transfer.dxf_write import APP
from twin.spatial.transfer.model import FileUnreadable, LayerUnclear, Options, Raw, Read, check_rows
from twin.spatial.validate import Fault, fault

#: Metres of one drawing unit by $INSUNITS; a drawing without units is taken to be in metres.
UNITS = {1: 0.0254, 2: 0.3048, 4: 0.001, 5: 0.01, 6: 1.0, 14: 0.1}
#: How far a text may stand from its point, in metres.
_NEAR_M = 5.0
#: Deviation of a flattened arc or circle, metres.
_SAGITTA_M = 0.05
_RELATIVE = 1e-5
_OUTLINES = ("LWPOLYLINE", "POLYLINE", "CIRCLE", "ELLIPSE", "LINE", "SPLINE", "ARC")
_TEXTS = ("TEXT", "MTEXT", "ATTDEF")
_CLOSED = ("LWPOLYLINE", "POLYLINE", "CIRCLE", "ELLIPSE")
_MAX_ENTITIES = 200_000
#: Entities of a block that are looked at.
_MAX_BLOCK = 1000


@dataclass(frozen=True)
class _Text:
    x: float
    y: float
    text: str


def read(path: Path, layer: Layer, options: Options) -> Read:
    """Shapes of the drawing's CAD layers for ``layer``, in metres (or degrees, where the drawing's numbers are).

    Raises:
        FileUnreadable: no DXF.
        LayerUnclear: no CAD layer is named like the layer; ``found`` lists those that have fitting shapes.
    """
    drawing = _open(path)
    space = drawing.modelspace()
    if len(space) > _MAX_ENTITIES:
        check_rows(len(space))
    scale = options.unit or UNITS.get(drawing.units, 1.0)
    entities = [(e, e.dxf.layer) for e in space if e.dxftype() not in _TEXTS]
    chosen = _choose(layer, options, Counter(name for e, name in entities if _fits(e, layer)))
    texts = [text for e in space.query("TEXT MTEXT") if (text := _text(e, scale)) is not None]
    rows: list[Raw] = []
    holes: list[tuple[str, dict[str, Any]]] = []
    for entity, name in entities:
        if name not in chosen or not _fits(entity, layer):
            continue
        own = _own(entity)
        geometry, faults = _geometry(entity, layer, scale, keep_heights=bool(own))
        if "hole_of" in own and geometry is not None:
            holes.append((str(own["hole_of"]), geometry))
            continue
        label = f"{entity.dxftype()} #{entity.dxf.handle}"
        rows.append(Raw(len(rows) + 1, own or _attributes(entity), geometry, label, faults))
        check_rows(len(rows))
    for code, hole in holes:
        target = next((row for row in rows if row.properties.get("code") == code and row.geometry), None)
        if target is not None and target.geometry is not None:
            target.geometry["coordinates"].append(hole["coordinates"][0])
    _name(rows, texts, layer)
    return Read(rows)


def _open(path: Path) -> Any:
    # ezdxf could also repair damaged drawings, but it does so by guessing numbers: coordinates must never be guessed.
    from ezdxf.filemanagement import readfile
    from ezdxf.lldxf.const import DXFError

    try:
        return readfile(path)
    except (DXFError, OSError, ValueError) as error:
        raise FileUnreadable(detail=f"DXF: {error}"[:200]) from error


def _fits(entity: Any, layer: Layer) -> bool:
    kind = entity.dxftype()
    if layer.geometry == "Point":
        return kind in ("POINT", "INSERT", "CIRCLE")
    return kind in _OUTLINES or (kind == "INSERT" and layer.geometry == "Polygon" and _outline(entity) is not None)


def _outline(insert: Any) -> Any | None:
    """The largest closed outline of a block where it is put: a tank drawn as a block is its shell, not its ladder."""
    from ezdxf import path as paths
    from ezdxf.lldxf.const import DXFError

    best, most = None, 0.0
    try:
        for entity in islice(insert.virtual_entities(), _MAX_BLOCK):
            if entity.dxftype() in _CLOSED and (made := paths.make_path(entity)).is_closed:
                box = paths.bbox([made], fast=True)
                if box.has_data and box.size.x * box.size.y > most:
                    best, most = entity, box.size.x * box.size.y
    except (DXFError, ValueError, TypeError, ArithmeticError):
        return None
    return best


def _choose(layer: Layer, options: Options, found: Counter[str]) -> set[str]:
    """The CAD layers to take: those that were named, else those that are named like the layer, else the only one."""
    if options.cad_layers:
        wanted = {name.lower() for name in options.cad_layers}
        chosen = {name for name in found if name.lower() in wanted}
    else:
        own = {layer.key, f"twin_{layer.key}", layer.title.zh.lower(), layer.title.en.lower()}
        chosen = {name for name in found if name.lower() in own} or (set(found) if len(found) == 1 else set())
    if not chosen:
        listed = ", ".join(f"{name} ({count})" for name, count in found.most_common(20))
        raise LayerUnclear(layer=layer.key, found=listed[:500] or "-")
    return chosen


def _own(entity: Any) -> dict[str, Any]:
    """Properties of a drawing that we made."""
    if not entity.has_xdata(APP):
        return {}
    try:
        own = json.loads("".join(str(tag.value) for tag in entity.get_xdata(APP) if tag.code == 1000))
    except ValueError:
        return {}
    return own if isinstance(own, dict) else {}


def _attributes(entity: Any) -> dict[str, Any]:
    return {a.dxf.tag: a.dxf.text for a in entity.attribs} if entity.dxftype() == "INSERT" else {}


def _text(entity: Any, scale: float) -> _Text | None:
    content = entity.plain_text() if entity.dxftype() == "MTEXT" else entity.dxf.text
    words = " ".join(str(content).split())
    at = entity.dxf.insert
    return _Text(at.x * scale, at.y * scale, words) if words else None


def _geometry(
    entity: Any, layer: Layer, scale: float, *, keep_heights: bool
) -> tuple[dict[str, Any] | None, list[Fault]]:
    """Shape of an entity. A plant's flat drawing says nothing of heights: its zeros are left out."""
    kind = entity.dxftype()
    if layer.geometry == "Point":
        at = entity.dxf.location if kind == "POINT" else entity.dxf.center if kind == "CIRCLE" else entity.dxf.insert
        return {"type": "Point", "coordinates": [v * scale for v in (at if at.z or keep_heights else at.vec2)]}, []
    try:
        line, closed = _flatten(_outline(entity) if kind == "INSERT" else entity, scale)
    except (ValueError, TypeError, ZeroDivisionError, ArithmeticError):
        return None, [fault("not_a_feature", "geometry")]
    if not keep_heights and not any(p[2] for p in line):
        line = [p[:2] for p in line]
    if layer.geometry == "LineString":
        return {"type": "LineString", "coordinates": line}, []
    if closed and line[0] != line[-1]:
        line.append(list(line[0]))
    return {"type": "Polygon", "coordinates": [line]}, []


def _flatten(entity: Any, scale: float) -> tuple[list[list[float]], bool]:
    from ezdxf import path as paths

    made = paths.make_path(entity)
    size = max((made.start.distance(v) for v in made.control_vertices()), default=0.0)
    # A giant circle must not become millions of points; where numbers are degrees the least number of pieces is enough.
    deviation = max(_SAGITTA_M / scale, size * _RELATIVE)
    points = [[p.x * scale, p.y * scale, p.z * scale] for p in made.flattening(deviation, segments=8)]
    line = [p for n, p in enumerate(points) if n == 0 or p[:2] != points[n - 1][:2]]
    closed = bool(made.is_closed)
    if closed and len(line) > 1 and math.dist(line[0][:2], line[-1][:2]) < 1e-9 * max(1.0, abs(line[0][0])):
        line[-1] = list(line[0])
    return line, closed


def _name(rows: list[Raw], texts: list[_Text], layer: Layer) -> None:
    """Give shapes without a code the text that stands in them (the largest last), or nearest to a point or line."""
    nameless = [row for row in rows if row.geometry and not _has_code(row)]
    if not nameless or not texts:
        return
    tree = STRtree([Point(text.x, text.y) for text in texts])
    used: set[int] = set()
    for row, made in sorted(_shapes(nameless), key=lambda pair: pair[1].area):
        if layer.geometry == "Polygon":
            hits = [int(n) for n in tree.query(made, predicate="intersects")]
        else:
            hits = [int(n) for n in tree.query(made, predicate="dwithin", distance=_NEAR_M)]
        free = [n for n in hits if n not in used]
        if not free:
            continue
        middle = made.centroid if layer.geometry == "Polygon" else made
        nearest = min(free, key=lambda n: middle.distance(Point(texts[n].x, texts[n].y)))
        used.add(nearest)
        code, _, name = texts[nearest].text.partition(" ")
        row.properties = {"code": code, **({"name": name.strip()} if name.strip() else {}), **row.properties}


def _has_code(row: Raw) -> bool:
    return any(str(key).lower() in ("code", "编号") and value for key, value in row.properties.items())


def _shapes(rows: list[Raw]) -> Iterator[tuple[Raw, Any]]:
    for row in rows:
        try:
            made = shape(row.geometry)
            yield row, made if made.is_valid else made.convex_hull
        except (ValueError, GEOSException):
            continue
