"""CityGML buildings (1.0 to 3.0): solids and surfaces of the finest level given, else footprints raised by the measured
height.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from tiles.tiles3d import georef as geo
from tiles.tiles3d.errors import BrokenFile, EmptyTile, SrsError
from tiles.tiles3d.georef import Georef, ecef
from tiles.tiles3d.job import Building, Options, Progress
from tiles.tiles3d.mesh import F64, Mesh, Part, snap
from tiles.tiles3d.nodes import Record, Writer
from tiles.tiles3d.sources import Delivery

_BUILDINGS = ("Building", "BuildingPart")
_ROOF, _WALL = (172, 176, 178, 255), (208, 205, 198, 255)
#: A face this close to level counts as roof or floor (cosine of its slope).
_LEVEL = 0.5


@dataclass
class Face:
    """A flat polygon: the outer ring and its holes, each (N, 3), first point not repeated."""

    rings: list[F64]


@dataclass
class City:
    """What a delivery's files hold.

    Attributes:
        srs: srsName as written; one for the whole delivery.
    """

    srs: str = ""
    faces: list[Face] = field(default_factory=list)


def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def read_city(file: Path, label: str, city: City) -> None:
    """Add a file's buildings to ``city``.

    Raises:
        BrokenFile: not CityGML, cut off, not finite, or another SRS than before (mixed units).
    """
    with file.open("rb") as stream:
        tail = b""
        while block := stream.read(1 << 20):
            if b"<!DOCTYPE" in tail + block or b"<!ENTITY" in tail + block:
                raise BrokenFile(label, "document types and entities are not taken")
            tail = block[-16:]
    try:
        for event, element in ElementTree.iterparse(file, ("start", "end")):
            if event == "start":
                _same_srs(city, element.get("srsName", ""), label)
            elif _local(element.tag) in _BUILDINGS:
                city.faces += _building(element, label)
                element.clear()
    except ElementTree.ParseError as error:
        raise BrokenFile(label, f"not readable as XML, or cut off: {error}") from error


def _same_srs(city: City, name: str, label: str) -> None:
    if name and not city.srs:
        city.srs = name
    elif name and _crs(name, label) != _crs(city.srs, label):
        raise BrokenFile(label, f"{name} beside {city.srs} in one delivery (mixed units)")


def _crs(name: str, label: str) -> CRS:
    """The horizontal part of an srsName (``EPSG:n``, URN, URL; compound ones too).

    Raises:
        SrsError: not understood.
    """
    code = re.search(r"EPSG(?::[^:,]*:|/[^/]*/|:)(\d+)", name)
    try:
        crs = CRS.from_epsg(int(code[1])) if code else CRS.from_user_input(name)
    except CRSError as error:
        raise SrsError(label, f"SRS is not understood: {name[:80]!r}") from error
    return crs.sub_crs_list[0] if crs.is_compound else crs


def _building(element: ElementTree.Element, label: str) -> list[Face]:
    levels: dict[int, list[Face]] = {}
    for child in element.iter():
        match = re.fullmatch(r"lod(\d)\w*", _local(child.tag))
        if match:
            levels.setdefault(int(match[1]), []).extend(_faces(child, label))
    solid = {level: faces for level, faces in levels.items() if level > 0 and faces}
    if solid:
        return _once(solid[max(solid)])
    height = next((e.text for e in element.iter() if _local(e.tag) == "measuredHeight"), None)
    if height is None or not levels.get(0):
        return []
    try:
        return [raised for face in levels[0][:1] for raised in _raise(face, float(height))]
    except ValueError as error:
        raise BrokenFile(label, f"measuredHeight is not a number: {height!r}") from error


def _once(faces: list[Face]) -> list[Face]:
    """Solids and boundary surfaces may hold the same polygon; one is enough."""
    return list({face.rings[0].tobytes(): face for face in faces}.values())


def _faces(element: ElementTree.Element, label: str) -> Iterator[Face]:
    for polygon in element.iter():
        if _local(polygon.tag) not in ("Polygon", "PolygonPatch", "Triangle"):
            continue
        rings = [_ring(r, label) for r in polygon.iter() if _local(r.tag) == "LinearRing"]
        if rings and len(rings[0]) >= 3:
            yield Face([r for r in rings if len(r) >= 3])


def _ring(element: ElementTree.Element, label: str) -> F64:
    texts = [e.text or "" for e in element.iter() if _local(e.tag) in ("posList", "pos", "coordinates")]
    try:
        numbers = np.array([float(v) for v in re.split(r"[\s,]+", " ".join(texts)) if v], np.float64)
    except ValueError as error:
        raise BrokenFile(label, f"positions are not numbers: {error}") from error
    if len(numbers) % 3 or not np.isfinite(numbers).all():
        raise BrokenFile(label, "positions are not threes of finite numbers")
    ring = numbers.reshape(-1, 3)
    return ring[:-1] if len(ring) > 1 and (ring[0] == ring[-1]).all() else ring


def _raise(face: Face, height: float) -> Iterator[Face]:
    if not height > 0:
        return
    up = np.array([0.0, 0.0, height])
    yield Face([r + up for r in face.rings])
    for ring in face.rings:
        for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            yield Face([np.array([a, b, b + up, a + up])])


def triangulate(face: Face) -> F64:
    """Triangles (T, 3, 3) of a flat polygon with holes, turned as its outer ring is; none where it has no area."""
    ring = face.rings[0]
    # Newell's normal: right for any flat ring, convex or not.
    center = ring.mean(axis=0)
    normal = np.cross(ring - center, np.roll(ring, -1, axis=0) - center).sum(axis=0)
    if np.linalg.norm(normal) < 1e-6:
        return np.zeros((0, 3, 3))
    drop = int(np.argmax(np.abs(normal)))
    keep = np.delete(np.arange(3), drop)
    corners = {tuple(p[keep]): p for r in face.rings for p in r}
    polygon = shapely.Polygon(ring[:, keep], [r[:, keep] for r in face.rings[1:]])
    if not polygon.is_valid:
        polygon = shapely.make_valid(polygon)
    found = []
    for part in shapely.get_parts(polygon):
        if isinstance(part, shapely.Polygon):
            pieces = shapely.get_parts(shapely.constrained_delaunay_triangles(part))
            found += [shapely.get_coordinates(t)[:3] for t in pieces]

    def corner(at: F64) -> F64:
        """The ring's own point, or (where a ring crosses itself) the plane's."""
        own = corners.get(tuple(at))
        if own is None:
            own = np.zeros(3)
            own[keep] = at
            own[drop] = center[drop] - ((at - center[keep]) @ normal[keep]) / normal[drop]
        return own

    made = np.array([[corner(c) for c in t] for t in found]).reshape(-1, 3, 3)
    turned = np.einsum("ij,j->i", np.cross(made[:, 1] - made[:, 0], made[:, 2] - made[:, 0]), normal)
    made[turned < 0] = made[turned < 0][:, ::-1]
    return cast(F64, made[turned != 0])


def _tie(city: City, points: F64, label: str, options: Options) -> tuple[Georef, F64]:
    """The tie to the earth and the points (N, 3) in its frame."""
    if not city.srs and not options.srs:
        middle = points.mean(axis=0)
        raise SrsError(label, "no srsName in the file", geo.candidates((middle[0], middle[1], 0.0), options.near))
    crs = _crs(options.srs or city.srs, label)
    # URNs and URLs mean the order of the axes that the system itself defines; the short form means east, north.
    if city.srs.startswith(("urn:", "http")) and crs.axis_info[0].direction == "north":
        points = points[:, [1, 0, 2]]
    low, high = points.min(axis=0), points.max(axis=0)
    if crs.is_geographic:
        if (np.abs(points[:, :2]) > (180, 90)).any():
            raise BrokenFile(label, "coordinates are not longitude and latitude in degrees (mixed units)")
        lon, lat, h = float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2, float(low[2])
        georef = geo.resolve(f"ENU:{lat:.9f},{lon:.9f},{h:.3f}", (0.0, 0.0, 0.0), height_offset=options.height_offset)
        inverse = np.linalg.inv(georef.transform)
        world = ecef(points[:, 0], points[:, 1], points[:, 2] + options.height_offset)
        return georef, world @ inverse[:3, :3].T + inverse[:3, 3]
    origin = tuple(float(v) for v in np.floor((low + high) / 2))
    georef = geo.resolve(
        f"EPSG:{crs.to_epsg()}" if crs.to_epsg() else crs.to_wkt(), (origin[0], origin[1], origin[2]), file=label,
        height_offset=options.height_offset, geoid=options.geoid, near=options.near,
    )  # fmt: skip
    local = points - origin
    georef.fit(local.min(axis=0) - 10.0, local.max(axis=0) + 10.0)
    return georef, georef.apply(local)


def _color(triangles: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(T * 3, 4): roofs and walls, walls a little darker by the way they face."""
    normal = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    shade = 0.86 + 0.1 * np.cos(np.arctan2(normal[:, 1], normal[:, 0]) - 0.7)
    walls = np.array(_WALL) * np.column_stack([np.repeat(shade[:, None], 3, axis=1), np.ones(len(shade))])
    colors = np.where((np.abs(normal[:, 2]) > _LEVEL)[:, None], np.array(_ROOF), walls)
    return np.rint(colors).astype(np.uint8).repeat(3, axis=0)


def build_city(delivery: Delivery, building: Building, options: Options, progress: Progress) -> tuple[Georef, Record]:
    """The tileset of all buildings.

    Raises:
        EmptyTile: not a single face. Others: see the readers.
    """
    city, label = City(delivery.srs), delivery.relative(delivery.files[0])
    for number, file in enumerate(delivery.files):
        before = len(city.faces)
        read_city(file, delivery.relative(file), city)
        if len(city.faces) == before:
            raise EmptyTile(delivery.relative(file), "not a single building with surfaces or a height")
        progress(0.4 * (number + 1) / len(delivery.files), "scan")
    triangles = np.concatenate([triangulate(face) for face in city.faces])
    if not len(triangles):
        raise EmptyTile(label, "not a single triangle")
    georef, placed = _tie(city, triangles.reshape(-1, 3), label, options)
    positions = snap(placed)
    part = Part(positions, np.arange(len(positions), dtype=np.uint32), colors=_color(positions.reshape(-1, 3, 3)))
    mesh = Mesh([part])
    low, high = mesh.bounds()
    record, _ = Writer(building.folder, options.style()).subtree(mesh, low, high, 0, "city")
    progress(0.95, "tiles")
    return georef, record
