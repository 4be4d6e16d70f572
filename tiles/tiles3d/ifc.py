"""IFC building models (ISO 16739) as coloured meshes, by IfcOpenShell (LGPL, the optional extra ``ifc``).

Placed by IfcMapConversion with IfcProjectedCRS, else by the site's latitude and longitude with true north. Units become
metres whatever the project's are.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d.errors import BrokenFile
from tiles.tiles3d.mesh import F64, Mesh, Part

#: Products without a body of their own in the picture.
_HIDDEN = ["IfcSpace", "IfcOpeningElement", "IfcAnnotation", "IfcGrid"]
_GREY = (200, 200, 196)
#: Elements so small that coarse levels do without.
_FINE, _FINER = 1.5, 0.4


@dataclass
class IfcPlace:
    """Where the model stands.

    Attributes:
        srs: ``EPSG:n`` or ``ENU:lat,lon,h``; empty where the file does not say.
        origin: easting, northing, height of the model's origin, metres.
        matrix: 4 x 4, model metres to the delivery's local frame (turned to grid or true north).
    """

    srs: str
    origin: tuple[float, float, float]
    matrix: F64


def _open(file: Path, label: str) -> Any:
    try:
        import ifcopenshell
    except ImportError as error:
        raise BrokenFile(label, "IFC needs the package ifcopenshell (extra ifc)") from error
    data = file.read_bytes()
    if b"ISO-10303-21" not in data[:2000]:
        raise BrokenFile(label, "not an IFC file (no ISO-10303-21 header)")
    if b"END-ISO-10303-21" not in data[-2000:]:
        raise BrokenFile(label, "IFC file is cut off")
    try:
        return ifcopenshell.open(str(file))
    except Exception as error:  # its own kinds and bare RuntimeErrors
        raise BrokenFile(label, f"IFC file cannot be read: {error}") from error


def _unit(model: Any) -> float:
    from ifcopenshell.util.unit import calculate_unit_scale

    return float(calculate_unit_scale(model))


def _turned(x: float, y: float) -> F64:
    """The rotation about z that carries the direction (x, y) to east."""
    length = float(np.hypot(x, y)) or 1.0
    matrix = np.eye(4)
    matrix[:2, :2] = np.array([[x, y], [-y, x]]) / length
    return matrix


def read_place(file: Path, label: str) -> IfcPlace:
    """Where a file's model stands.

    Raises:
        BrokenFile: not readable, or a map conversion whose scale does not fit the file's unit.
    """
    return _place(_open(file, label), label)


def _place(model: Any, label: str) -> IfcPlace:
    unit = _unit(model)
    for conversion in model.by_type("IfcMapConversion") if model.schema != "IFC2X3" else ():
        crs = conversion.TargetCRS
        if crs is None or not crs.Name:
            continue
        map_unit = getattr(crs, "MapUnit", None)
        if map_unit is not None and (getattr(map_unit, "Name", "") != "METRE" or getattr(map_unit, "Prefix", None)):
            raise BrokenFile(label, "the map's unit is not the metre (mixed units)")
        scale = float(conversion.Scale or 1.0)
        # Many programs leave the scale at 1 whatever the unit; the map's metres are meant all the same.
        if scale != 1.0 and abs(scale / unit - 1.0) > 0.01:
            raise BrokenFile(label, f"map scale {scale:g} does not fit the file's unit of {unit:g} m (mixed units)")
        factor = scale / unit if scale != 1.0 else 1.0
        x, y = conversion.XAxisAbscissa, conversion.XAxisOrdinate
        # The model's x axis points along (x, y) on the map: the turn back of what carries (x, y) to east.
        matrix = _turned(float(x), float(y)).T if x is not None and y is not None else np.eye(4)
        matrix[:3, :3] *= factor
        origin = (float(conversion.Eastings), float(conversion.Northings), float(conversion.OrthogonalHeight))
        return IfcPlace(str(crs.Name), origin, matrix)
    return _by_site(model, unit)


def _by_site(model: Any, unit: float) -> IfcPlace:
    """From the site's latitude and longitude, which hold at the site's own origin."""
    from ifcopenshell.util.placement import get_local_placement

    for site in model.by_type("IfcSite"):
        if site.RefLatitude is None or site.RefLongitude is None:
            continue
        lat, lon = (
            sum(part / over for part, over in zip(angle, (1, 60, 3600, 3.6e9), strict=False))
            for angle in (site.RefLatitude, site.RefLongitude)
        )
        matrix = np.eye(4)
        north = next((c.TrueNorth for c in model.by_type("IfcGeometricRepresentationContext") if _has_north(c)), None)
        if north is not None:
            x, y = north.DirectionRatios[:2]
            matrix = _turned(float(y), -float(x))
        if site.ObjectPlacement is not None:
            shift = np.asarray(get_local_placement(site.ObjectPlacement), np.float64)[:3, 3] * unit
            matrix[:3, 3] = -matrix[:3, :3] @ shift
        height = float(site.RefElevation or 0.0) * unit
        return IfcPlace(f"ENU:{lat:.9f},{lon:.9f},{height:.3f}", (0.0, 0.0, 0.0), matrix)
    return IfcPlace("", (0.0, 0.0, 0.0), np.eye(4))


def _has_north(context: Any) -> bool:
    return not context.is_a("IfcGeometricRepresentationSubContext") and context.TrueNorth is not None


def load_ifc(file: Path, label: str) -> Mesh:
    """All bodies of a file, a part for each element and colour, in the frame of ``read_place``.

    Raises:
        BrokenFile: not readable.
    """
    model = _open(file, label)
    matrix = _place(model, label).matrix
    geom: Any = import_module("ifcopenshell.geom")
    settings = geom.settings()
    settings.set("use-world-coords", True)
    mesh = Mesh()
    if not model.by_type("IfcProduct"):
        return mesh
    shapes = geom.iterator(settings, model, 1, exclude=_HIDDEN)
    if not shapes.initialize():
        return mesh
    while True:
        mesh.parts += _parts(shapes.get().geometry, matrix, label)
        if not shapes.next():
            return mesh


def _parts(shape: Any, matrix: F64, label: str) -> list[Part]:
    positions = np.array(shape.verts, np.float64).reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
    triangles = np.array(shape.faces, np.uint32).reshape(-1, 3)
    if not len(triangles):
        return []
    if not np.isfinite(positions).all():
        raise BrokenFile(label, "positions are not finite numbers")
    size = float(np.ptp(positions, axis=0).max())
    detail = 2 if size < _FINER else 1 if size < _FINE else 0
    materials = np.array(shape.material_ids, np.int64)
    if len(materials) != len(triangles):
        materials = np.full(len(triangles), -1)
    whole = Part(positions.astype(np.float32), triangles.ravel(), exact=positions, detail=detail)
    found = []
    for number in np.unique(materials):
        part = whole.take(materials == number)
        part.exact = positions[np.unique(triangles[materials == number])]
        part.colors = np.tile(_color(shape, int(number)), (len(part.positions), 1))
        found.append(part)
    return found


def _color(shape: Any, number: int) -> NDArray[np.uint8]:
    rgb = np.array(_GREY, np.float64) / 255
    if 0 <= number < len(shape.materials):
        diffuse = shape.materials[number].diffuse
        own = np.array([diffuse.r(), diffuse.g(), diffuse.b()], np.float64)
        rgb = own if np.isfinite(own).all() else rgb
    return np.array([*np.clip(np.rint(rgb * 255), 0, 255), 255], np.uint8)
