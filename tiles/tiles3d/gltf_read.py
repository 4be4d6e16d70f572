"""Reader of glTF 2.0 (.gltf, .glb) into meshes in the z-up frame; what survey and modelling tools write, and what we
write.

Takes node transforms, strided, normalised and sparse-free accessors, EXT_meshopt_compression, KHR_mesh_quantization,
KHR_texture_transform, KHR_draco_mesh_compression (where DracoPy is installed), WebP, and triangle lists, strips and
fans.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d.color import to_screen
from tiles.tiles3d.errors import BrokenFile, MissingTexture
from tiles.tiles3d.mesh import F64, Mesh, Part, Texture, inside
from tiles.tiles3d.meshopt import decode_view

_TYPES: dict[int, type[np.generic]] = {
    5120: np.int8,
    5121: np.uint8,
    5122: np.int16,
    5123: np.uint16,
    5125: np.uint32,
    5126: np.float32,
}
_WIDTH = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_LIMIT = 1 << 31


def split_glb(data: bytes, name: str) -> tuple[dict[str, Any], bytes]:
    """JSON and binary chunk of a glb.

    Raises:
        BrokenFile: wrong magic, version or lengths, or JSON that does not parse.
    """
    if len(data) < 20 or data[:4] != b"glTF":
        raise BrokenFile(name, "not a glb (magic)")
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2:
        raise BrokenFile(name, f"glTF version {version} is not taken")
    if length > len(data):
        raise BrokenFile(name, f"cut off: {len(data)} of {length} bytes")
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= length:
        size, kind = struct.unpack_from("<I4s", data, at)
        if at + 8 + size > length:
            raise BrokenFile(name, "chunk reaches past the end")
        chunks.setdefault(kind, data[at + 8 : at + 8 + size])
        at += 8 + size
    try:
        doc = json.loads(chunks[b"JSON"])
    except (KeyError, ValueError) as error:
        raise BrokenFile(name, f"no readable JSON chunk: {error}") from error
    if not isinstance(doc, dict):
        raise BrokenFile(name, "JSON chunk is not an object")
    return doc, chunks.get(b"BIN\x00", b"")


class Gltf:
    """One opened document. ``doc`` is the JSON; accessors are decoded on demand.

    Args:
        data: the bytes of a .glb or .gltf.
        name: for faults.
        base: the folder that relative URIs may refer to; None refuses them.
    """

    def __init__(self, data: bytes, name: str, base: Path | None = None) -> None:
        self.name, self.base = name, base
        self.bin = b""
        if data[:4] == b"glTF":
            self.doc, self.bin = split_glb(data, name)
        else:
            try:
                self.doc = json.loads(data)
            except ValueError as error:
                raise BrokenFile(name, f"neither glb nor glTF JSON: {error}") from error
        self._buffers: dict[int, bytes] = {}
        self._views: dict[int, bytes] = {}

    def get(self, kind: str, index: int) -> dict[str, Any]:
        """An object by kind and index, checked."""
        items = self.doc.get(kind, [])
        if not isinstance(index, int) or not 0 <= index < len(items):
            raise BrokenFile(self.name, f"{kind}[{index}] does not exist")
        return cast(dict[str, Any], items[index])

    def uri(self, uri: str) -> bytes:
        """Bytes behind a URI (data or relative file)."""
        if uri.startswith("data:"):
            try:
                return base64.b64decode(uri.partition(",")[2], validate=True)
            except binascii.Error as error:
                raise BrokenFile(self.name, "data URI is not base64") from error
        if self.base is None:
            raise BrokenFile(self.name, f"refers to another file: {uri[:80]}")
        return inside(self.base, uri).read_bytes()

    def buffer(self, index: int) -> bytes:
        if index not in self._buffers:
            uri = self.get("buffers", index).get("uri")
            try:
                self._buffers[index] = self.bin if uri is None else self.uri(uri)
            except OSError as error:
                raise BrokenFile(self.name, f"buffer {uri!r} is missing") from error
        return self._buffers[index]

    def view(self, index: int) -> bytes:
        """Bytes of a buffer view, decompressed."""
        if index not in self._views:
            view = self.get("bufferViews", index)
            packed = view.get("extensions", {}).get("EXT_meshopt_compression")
            source = packed or view
            start = source.get("byteOffset", 0)
            raw = self.buffer(source["buffer"])[start : start + source["byteLength"]]
            if len(raw) != source["byteLength"]:
                raise BrokenFile(self.name, f"buffer view {index} reaches past the end of its buffer")
            if packed:
                if packed["count"] * packed["byteStride"] > _LIMIT:
                    raise BrokenFile(self.name, f"buffer view {index} claims an absurd size")
                try:
                    raw = decode_view(
                        raw, packed["count"], packed["byteStride"], packed["mode"], packed.get("filter", "NONE")
                    )
                except (RuntimeError, ValueError) as error:
                    raise BrokenFile(self.name, f"meshopt data of buffer view {index} is broken: {error}") from error
            self._views[index] = raw
        return self._views[index]

    def accessor(self, index: int) -> NDArray[Any]:
        """Values of an accessor, (count,) or (count, width); normalised integers become float32."""
        acc = self.get("accessors", index)
        dtype = np.dtype(_TYPES[acc["componentType"]])
        width, count = _WIDTH[acc["type"]], acc["count"]
        if "bufferView" not in acc:
            values: NDArray[Any] = np.zeros((count, width), dtype)
        else:
            view = self.get("bufferViews", acc["bufferView"])
            data = self.view(acc["bufferView"])
            item = dtype.itemsize * width
            packed = view.get("extensions", {}).get("EXT_meshopt_compression")
            stride = packed["byteStride"] if packed else view.get("byteStride", item)
            start = acc.get("byteOffset", 0)
            if count < 0 or stride < item or (count and start + stride * (count - 1) + item > len(data)):
                raise BrokenFile(self.name, f"accessor {index} reaches past the end of its data")
            values = np.ndarray((count, width), dtype, data, start, (stride, dtype.itemsize)).copy()
        if acc.get("normalized"):
            values = np.maximum(values.astype(np.float32) / np.iinfo(dtype).max, -1.0)
        return values[:, 0] if width == 1 else values


def _node_matrix(node: dict[str, Any]) -> F64:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    m = np.eye(4)
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    m[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    m[:3, :3] *= np.array(node.get("scale", (1, 1, 1)), np.float64)
    m[:3, 3] = node.get("translation", (0, 0, 0))
    return m


def _zup(positions: NDArray[Any], world: F64) -> F64:
    yup = positions.astype(np.float64) @ world[:3, :3].T + world[:3, 3]
    return np.stack([yup[:, 0], -yup[:, 2], yup[:, 1]], axis=1)


def _triangles(indices: NDArray[Any], mode: int) -> NDArray[np.uint32]:
    ix = indices.astype(np.uint32)
    if mode == 4:
        return ix[: len(ix) // 3 * 3]
    if mode == 5 and len(ix) > 2:
        tri = np.stack([ix[:-2], ix[1:-1], ix[2:]], axis=1)
        tri[1::2] = tri[1::2, [1, 0, 2]]
        return tri.ravel()
    if mode == 6 and len(ix) > 2:
        return np.stack([np.broadcast_to(ix[:1], len(ix) - 2), ix[1:-1], ix[2:]], axis=1).ravel()
    return np.zeros(0, np.uint32)


class _Loader:
    """Walks the scene and gathers parts."""

    def __init__(self, gltf: Gltf, textures: bool) -> None:
        self.gltf, self.want_textures = gltf, textures
        self.mesh = Mesh()
        self.points: list[F64] = []
        self.images: dict[int, int] = {}

    def texture(self, info: dict[str, Any]) -> int:
        if not self.want_textures:
            return -1
        entry = self.gltf.get("textures", info["index"])
        ext = entry.get("extensions", {})
        # KTX2 last: where there is a picture beside it, that one can be decoded here.
        source = ext.get("EXT_texture_webp", {}).get("source", entry.get("source"))
        source = ext.get("KHR_texture_basisu", {}).get("source") if source is None else source
        if source is None:
            raise MissingTexture(
                self.gltf.name, f"texture {info['index']} has no picture in a form that is taken (JPEG, PNG, WebP)"
            )
        if source not in self.images:
            image = self.gltf.get("images", source)
            label = f"{self.gltf.name}#{image.get('uri', source)}"[:200]
            try:
                data = self.gltf.view(image["bufferView"]) if "bufferView" in image else self.gltf.uri(image["uri"])
            except OSError as error:
                raise MissingTexture(self.gltf.name, f"picture {image.get('uri')!r} is missing") from error
            self.images[source] = len(self.mesh.textures)
            self.mesh.textures.append(Texture(data, image.get("mimeType", ""), file=label))
        return self.images[source]

    def primitive(self, prim: dict[str, Any], world: F64) -> None:
        mode = prim.get("mode", 4)
        if mode == 0:
            self.points.append(_zup(self.gltf.accessor(prim["attributes"]["POSITION"]), world))
        if mode not in (4, 5, 6):
            return
        attributes, indices = self.attributes(prim)
        if "POSITION" not in attributes:
            raise BrokenFile(self.gltf.name, "a primitive has no POSITION")
        positions = _zup(attributes["POSITION"], world)
        triangles = _triangles(np.arange(len(positions)) if indices is None else indices, mode)
        if len(triangles) and int(triangles.max()) >= len(positions):
            raise BrokenFile(self.gltf.name, "an index points past the vertices")
        if not np.isfinite(positions).all():
            raise BrokenFile(self.gltf.name, "positions are not finite numbers")
        if np.linalg.det(world[:3, :3]) < 0:
            triangles = triangles.reshape(-1, 3)[:, [0, 2, 1]].ravel()
        if not len(triangles):
            return
        part = Part(positions.astype(np.float32), triangles, detail=int(prim.get("extras", {}).get("detail", 0)))
        # Kept in double precision until the curvature correction: real coordinates may be large.
        part.exact = positions
        self.material(part, prim, attributes)
        self.mesh.parts.append(part)

    def attributes(self, prim: dict[str, Any]) -> tuple[dict[str, NDArray[Any]], NDArray[Any] | None]:
        draco = prim.get("extensions", {}).get("KHR_draco_mesh_compression")
        if draco is None:
            found = {
                k: self.gltf.accessor(v)
                for k, v in prim["attributes"].items()
                if k in ("POSITION", "TEXCOORD_0", "TEXCOORD_1", "COLOR_0")
            }
            return found, self.gltf.accessor(prim["indices"]) if "indices" in prim else None
        try:
            import DracoPy
        except ImportError as error:
            raise BrokenFile(self.gltf.name, "Draco compression needs the package DracoPy") from error
        try:
            decoded = DracoPy.decode(self.gltf.view(draco["bufferView"]))
        except (ValueError, RuntimeError) as error:
            raise BrokenFile(self.gltf.name, f"Draco data is broken: {error}") from error
        found = {"POSITION": np.asarray(decoded.points)}
        if decoded.tex_coord is not None and len(decoded.tex_coord):
            found["TEXCOORD_0"] = np.asarray(decoded.tex_coord)
        return found, np.asarray(decoded.faces).ravel()

    def material(self, part: Part, prim: dict[str, Any], attributes: dict[str, NDArray[Any]]) -> None:
        material = self.gltf.get("materials", prim["material"]) if "material" in prim else {}
        pbr = material.get("pbrMetallicRoughness", {})
        info = pbr.get("baseColorTexture") or material.get("emissiveTexture")
        self.mesh.double_sided |= bool(material.get("doubleSided"))
        if info is not None and self.want_textures:
            transform = info.get("extensions", {}).get("KHR_texture_transform", {})
            name = f"TEXCOORD_{transform.get('texCoord', info.get('texCoord', 0))}"
            if name in attributes:
                part.uvs = _transformed(attributes[name].astype(np.float64), transform)
                part.texture = self.texture(info)
                slack = 1e-3
                part.repeat = bool((part.uvs.min() < -slack) or (part.uvs.max() > 1 + slack))
                if not part.repeat:
                    part.uvs = np.clip(part.uvs, 0.0, 1.0)
        factor = np.array(pbr.get("baseColorFactor", (1, 1, 1, 1)), np.float64)
        color = attributes.get("COLOR_0")
        if color is not None or (part.texture < 0 and "baseColorFactor" in pbr):
            rgba = np.ones((len(part.positions), 4))
            if color is not None:
                rgba[:, : color.shape[1]] = color if color.dtype.kind == "f" else color / np.iinfo(color.dtype).max
            part.colors = to_screen(rgba * factor)

    def node(self, index: int, world: F64, depth: int) -> None:
        if depth > 64:
            raise BrokenFile(self.gltf.name, "nodes are nested without end")
        node = self.gltf.get("nodes", index)
        world = world @ _node_matrix(node)
        if "mesh" in node:
            for prim in self.gltf.get("meshes", node["mesh"])["primitives"]:
                self.primitive(prim, world)
        for child in node.get("children", []):
            self.node(child, world, depth + 1)


def _transformed(uv: F64, transform: dict[str, Any]) -> NDArray[np.float32]:
    if transform:
        c, s = np.cos(transform.get("rotation", 0.0)), np.sin(transform.get("rotation", 0.0))
        uv = (uv * transform.get("scale", (1, 1))) @ np.array([[c, -s], [s, c]]) + transform.get("offset", (0, 0))
    return uv.astype(np.float32)


def load_gltf(data: bytes, name: str, base: Path | None = None, *, textures: bool = True) -> Mesh:
    """All triangles of a document's scene, z up.

    Raises:
        BrokenFile: whatever does not hold in the document.
        MissingTexture: a picture that is not there.
    """
    return _loaded(data, name, base, textures).mesh


def load_points(data: bytes, name: str) -> F64:
    """Positions (N, 3), z up, of all point primitives of a document."""
    points = _loaded(data, name, None, False).points
    return np.concatenate(points) if points else np.zeros((0, 3))


def _loaded(data: bytes, name: str, base: Path | None, textures: bool) -> _Loader:
    gltf = Gltf(data, name, base)
    loader = _Loader(gltf, textures)
    try:
        scene = gltf.doc.get("scene", 0)
        every = list(range(len(gltf.doc.get("nodes", []))))
        roots = gltf.get("scenes", scene).get("nodes", []) if gltf.doc.get("scenes") else every
        for index in roots:
            loader.node(index, np.eye(4), 0)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise BrokenFile(name, f"document does not hold: {type(error).__name__} {error}") from error
    return loader
