"""Existing 3D Tiles (1.0 and 1.1) taken over: contents unwrapped to glb, one 1.1 tree, everything in our layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d import georef as geo
from tiles.tiles3d.contents import content_bytes
from tiles.tiles3d.errors import BrokenFile, EmptyTile, SrsError
from tiles.tiles3d.georef import Georef
from tiles.tiles3d.gltf_read import Gltf, load_gltf, load_points
from tiles.tiles3d.job import Building, Options, Progress
from tiles.tiles3d.mesh import F64, inside
from tiles.tiles3d.nodes import Record
from tiles.tiles3d.sources import Delivery
from tiles.tiles3d.tileset import load_json, matrix_of
from tiles.tiles3d.wrapped import to_glbs

_MAX_DEPTH = 200


@dataclass
class _Taker:
    """Copies a tileset tile by tile."""

    building: Building
    progress: Progress
    count: int = 0
    triangles: int = 0
    points: int = 0
    size: int = 0
    low: F64 = field(default_factory=lambda: np.full(3, np.inf))
    high: F64 = field(default_factory=lambda: np.full(3, -np.inf))

    def tile(self, tile: dict[str, Any], base: Path, world: F64, refine: str, depth: int) -> dict[str, Any]:
        """The 1.1 form of a tile and all below it."""
        if depth > _MAX_DEPTH:
            raise BrokenFile(base.name, "tilesets refer to one another without end")
        if "implicitTiling" in tile:
            raise BrokenFile(base.name, "implicit tiling is not taken")
        if not isinstance(tile.get("boundingVolume"), dict):
            raise BrokenFile(base.name, "a tile has no bounding volume")
        out = {"boundingVolume": tile["boundingVolume"], "geometricError": float(tile.get("geometricError", 0.0))}
        out["refine"] = str(tile.get("refine", refine)).upper()
        if depth and "transform" in tile:
            out["transform"] = tile["transform"]
            world = world @ matrix_of(tile["transform"])
        children, files = [], []
        for content in [tile["content"]] if "content" in tile else tile.get("contents", []):
            uri = str(content.get("uri", content.get("url", "")))
            if uri.split("?")[0].endswith(".json"):
                target = inside(base, uri.split("?")[0])
                inner = load_json(target)["root"]
                children.append(self.tile(inner, target.parent, world, out["refine"], depth + 1))
            else:
                files += self.content(base, uri, world)
        if len(files) == 1:
            out["content"] = {"uri": files[0]}
        elif files:
            out["contents"] = [{"uri": f} for f in files]
        children += [self.tile(c, base, world, out["refine"], depth + 1) for c in tile.get("children", [])]
        if children:
            out["children"] = children
        return out

    def content(self, base: Path, uri: str, world: F64) -> list[str]:
        names = []
        data = content_bytes(base, uri)
        glbs = (
            to_glbs(data, uri, lambda address: content_bytes(base, address))
            if data[:1] != b"{"
            else [_embedded(data, uri, base)]
        )
        for glb in glbs:
            self.count += 1
            name = f"tiles/{self.count:06d}.glb"
            path = self.building.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(glb)
            self.measure(glb, uri, world)
            names.append(name)
            self.progress(0.95 * self.count / (self.count + 20), "tiles")
        return names

    def measure(self, glb: bytes, uri: str, world: F64) -> None:
        """Sums and bounds; also proves that the content can be read."""
        mesh = load_gltf(glb, uri)
        self.triangles += mesh.triangles
        self.size += len(glb)
        found = [p.positions if p.exact is None else p.exact for p in mesh.parts]
        points = load_points(glb, uri)
        self.points += len(points)
        if len(points):
            found.append(points)
        for positions in found:
            here = np.asarray(positions, np.float64) @ world[:3, :3].T + world[:3, 3]
            self.low, self.high = np.minimum(self.low, here.min(axis=0)), np.maximum(self.high, here.max(axis=0))


def _embedded(data: bytes, uri: str, base: Path) -> bytes:
    """A .gltf with its buffers and pictures as one glb."""
    from tiles.tiles3d.gltf_write import pack

    gltf = Gltf(data, uri, inside(base, uri).parent)
    blob, starts = bytearray(), []
    for index in range(len(gltf.doc.get("buffers", []))):
        blob.extend(b"\0" * (-len(blob) % 4))
        starts.append(len(blob))
        blob.extend(gltf.buffer(index))
    for view in gltf.doc.get("bufferViews", []):
        view["byteOffset"] = view.get("byteOffset", 0) + starts[view["buffer"]]
        view["buffer"] = 0
    for image in gltf.doc.get("images", []):
        if "uri" in image:
            picture = gltf.uri(image.pop("uri"))
            blob.extend(b"\0" * (-len(blob) % 4))
            gltf.doc["bufferViews"].append({"buffer": 0, "byteOffset": len(blob), "byteLength": len(picture)})
            blob.extend(picture)
            image["bufferView"] = len(gltf.doc["bufferViews"]) - 1
            image.setdefault("mimeType", "image/png" if picture[:4] == b"\x89PNG" else "image/jpeg")
    gltf.doc["buffers"] = [{"byteLength": len(blob)}]
    return pack(gltf.doc, bytes(blob))


def take_over(
    delivery: Delivery, building: Building, options: Options, progress: Progress
) -> tuple[Georef, Record, dict[str, Any], float]:
    """Copy a tileset; returns its tie to the earth, a summary record, the root tile and the tileset's error."""
    doc = load_json(delivery.files[0])
    root = doc["root"]
    taker = _Taker(building, progress)
    tile = taker.tile(root, delivery.files[0].parent, np.eye(4), "REPLACE", 0)
    if not np.isfinite(taker.low).all():
        raise EmptyTile(delivery.files[0].name, "the tileset draws nothing")
    transform = matrix_of(root.get("transform"))
    georef = _place(delivery, options, transform, (taker.low + taker.high) / 2, root)
    record = Record(
        taker.low.tolist(), taker.high.tolist(), float(tile["geometricError"]), "tileset.json", 0, taker.triangles
    )
    record.points, record.bytes = taker.points, taker.size
    return georef, record, tile, float(doc.get("geometricError", tile["geometricError"]))


def _place(delivery: Delivery, options: Options, transform: NDArray[Any], middle: F64, root: dict[str, Any]) -> Georef:
    """From the tileset itself where it is earth-centred; else from the SRS that the caller states."""
    if options.srs:
        return geo.resolve(
            options.srs, options.origin or (0.0, 0.0, 0.0), file="--srs", height_offset=options.height_offset
        )
    center = transform[:3, :3] @ middle + transform[:3, 3]
    if not 6.2e6 < float(np.linalg.norm(center)) < 6.5e6:
        raise SrsError(
            delivery.files[0].name,
            "the tileset is not on the earth: its root has no transform to EPSG:4978",
            ["EPSG:4548"],
        )
    at = geo.geodetic(center)
    georef = Georef(
        "EPSG:4978", "", (0.0, 0.0, 0.0), (float(at[0]), float(at[1]), float(at[2])), 0.0, np.asarray(transform)
    )
    if options.height_offset:
        up = geo.enu_frame(at[0], at[1], at[2])[:3, 2]
        georef.transform = georef.transform.copy()
        georef.transform[:3, 3] += up * options.height_offset
    return georef
