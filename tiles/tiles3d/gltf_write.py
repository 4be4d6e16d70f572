"""Writer of unlit glb tiles: plain, or EXT_meshopt_compression; pictures as given (bytes kept), WebP or KTX2."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import orjson
from numpy.typing import NDArray
from PIL import Image

from tiles.tiles3d import meshopt
from tiles.tiles3d.color import to_light
from tiles.tiles3d.mesh import U8, U32, Mesh, Part, Texture

_MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"RIFF": "image/webp"}


def sniff(data: bytes) -> str:
    """MIME type by magic bytes; empty when it is none of JPEG, PNG, WebP."""
    return next((mime for magic, mime in _MAGIC.items() if data.startswith(magic)), "")


def encode_picture(pixels: U8, *, webp: bool, quality: int) -> tuple[bytes, str]:
    """Encode H x W x 3|4 pixels as WebP, else JPEG (opaque) or PNG."""
    out = io.BytesIO()
    image = Image.fromarray(pixels)
    if webp:
        image.save(out, "WEBP", quality=quality, method=2)
        return out.getvalue(), "image/webp"
    if pixels.shape[2] == 4:
        image.save(out, "PNG")
        return out.getvalue(), "image/png"
    image.save(out, "JPEG", quality=max(quality, 85))
    return out.getvalue(), "image/jpeg"


@dataclass
class _Writer:
    meshopt: bool
    doc: dict[str, Any] = field(default_factory=dict)
    blob: bytearray = field(default_factory=bytearray)
    fallback: int = 0

    def _append(self, data: bytes) -> int:
        self.blob.extend(b"\0" * (-len(self.blob) % 4))
        at = len(self.blob)
        self.blob.extend(data)
        return at

    def raw_view(self, data: bytes, target: int | None = None, stride: int = 0) -> int:
        view: dict[str, Any] = {"buffer": 0, "byteOffset": self._append(data), "byteLength": len(data)}
        if target:
            view["target"] = target
        if stride:
            view["byteStride"] = stride
        self.doc["bufferViews"].append(view)
        return len(self.doc["bufferViews"]) - 1

    def packed_view(self, packed: bytes, count: int, stride: int, mode: str, filter_: str, target: int) -> int:
        at = self._append(packed)
        size = count * stride
        ext: dict[str, Any] = {
            "buffer": 0,
            "byteOffset": at,
            "byteLength": len(packed),
            "byteStride": stride,
            "count": count,
            "mode": mode,
        }
        if filter_ != "NONE":
            ext["filter"] = filter_
        start = -(-self.fallback // 4) * 4
        view: dict[str, Any] = {"buffer": 1, "byteOffset": start, "byteLength": size, "target": target}
        if mode == "ATTRIBUTES":
            view["byteStride"] = stride
        view["extensions"] = {"EXT_meshopt_compression": ext}
        self.fallback = start + size
        self.doc["bufferViews"].append(view)
        return len(self.doc["bufferViews"]) - 1

    def attribute(self, rows: NDArray[Any], exponential: NDArray[np.uint32] | None = None) -> int:
        stride = rows.itemsize * rows.shape[1]
        if not self.meshopt:
            return self.raw_view(np.ascontiguousarray(rows).tobytes(), 34962, stride)
        packed = meshopt.encode_attributes(rows if exponential is None else exponential)
        return self.packed_view(
            packed, len(rows), stride, "ATTRIBUTES", "NONE" if exponential is None else "EXPONENTIAL", 34962
        )

    def indices(self, indices: U32, vertices: int) -> int:
        small = vertices <= 65535
        if self.meshopt:
            view = self.packed_view(
                meshopt.encode_triangles(indices, vertices), len(indices), 2 if small else 4, "TRIANGLES", "NONE", 34963
            )
        else:
            view = self.raw_view(indices.astype(np.uint16 if small else np.uint32).tobytes(), 34963)
        return self.accessor(view, 5123 if small else 5125, "SCALAR", len(indices))

    def accessor(self, view: int, component: int, kind: str, count: int, **more: Any) -> int:
        self.doc["accessors"].append(
            {"bufferView": view, "componentType": component, "type": kind, "count": count, **more}
        )
        return len(self.doc["accessors"]) - 1


def join(parts: list[Part]) -> Part:
    """One part from several that share a texture."""
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0, *(len(p.positions) for p in parts[:-1])]).astype(np.uint32)
    has_uv = any(p.uvs is not None for p in parts)
    has_color = any(p.colors is not None for p in parts)
    white = np.uint8(255)
    return Part(
        positions=np.concatenate([p.positions for p in parts]),
        indices=np.concatenate([p.indices + o for p, o in zip(parts, offsets, strict=True)]),
        uvs=np.concatenate([p.uvs if p.uvs is not None else np.zeros((len(p.positions), 2), np.float32) for p in parts])
        if has_uv
        else None,
        colors=np.concatenate(
            [p.colors if p.colors is not None else np.full((len(p.positions), 4), white) for p in parts]
        )
        if has_color
        else None,
        texture=parts[0].texture,
        detail=min(p.detail for p in parts),
        repeat=any(p.repeat for p in parts),
    )


def _primitive(w: _Writer, part: Part, material: int) -> dict[str, Any]:
    indices, old = meshopt.order(part.indices, len(part.positions))
    zup = part.positions[old]
    yup = np.stack([zup[:, 0], zup[:, 2], -zup[:, 1]], axis=1) + np.float32(0)  # + 0 turns -0.0 into 0.0
    view = w.attribute(yup, meshopt.positions_to_exponential(yup) if w.meshopt else None)
    low, high = yup.min(axis=0).tolist(), yup.max(axis=0).tolist()
    attributes = {"POSITION": w.accessor(view, 5126, "VEC3", len(yup), min=low, max=high)}
    if part.uvs is not None and part.texture >= 0:
        uv = part.uvs[old]
        if part.repeat:
            view = w.attribute(uv, meshopt.floats_to_exponential(uv) if w.meshopt else None)
            attributes["TEXCOORD_0"] = w.accessor(view, 5126, "VEC2", len(uv))
        else:
            q = np.rint(np.clip(uv, 0, 1).astype(np.float64) * 65535).astype(np.uint16)
            attributes["TEXCOORD_0"] = w.accessor(w.attribute(q), 5123, "VEC2", len(uv), normalized=True)
    if part.colors is not None:
        attributes["COLOR_0"] = w.accessor(
            w.attribute(to_light(part.colors[old])), 5123, "VEC4", len(yup), normalized=True
        )
    return {"attributes": attributes, "indices": w.indices(indices, len(yup)), "material": material, "mode": 4}


def _sampler(w: _Writer, repeat: bool) -> int:
    wrap = 10497 if repeat else 33071
    sampler = {"magFilter": 9729, "minFilter": 9987, "wrapS": wrap, "wrapT": wrap}
    if sampler not in w.doc["samplers"]:
        w.doc["samplers"].append(sampler)
    return cast(int, w.doc["samplers"].index(sampler))


def _texture(w: _Writer, texture: Texture, used: set[str], *, repeat: bool, pictures: str, quality: int) -> int:
    webp = pictures == "webp"
    if pictures == "ktx2":
        from tiles.tiles3d import ktx2

        data, mime = ktx2.encode(texture.array()), "image/ktx2"
    elif texture.pixels is None and (not webp or sniff(texture.data) == "image/webp") and sniff(texture.data):
        data, mime = texture.data, sniff(texture.data)
    else:
        data, mime = encode_picture(texture.array(), webp=webp, quality=quality)
    w.doc["images"].append({"bufferView": w.raw_view(data), "mimeType": mime})
    source = len(w.doc["images"]) - 1
    sampler = _sampler(w, repeat)
    extension = {"image/webp": "EXT_texture_webp", "image/ktx2": "KHR_texture_basisu"}.get(mime)
    if extension:
        used.add(extension)
        w.doc["textures"].append({"sampler": sampler, "extensions": {extension: {"source": source}}})
    else:
        w.doc["textures"].append({"sampler": sampler, "source": source})
    return len(w.doc["textures"]) - 1


def write_glb(mesh: Mesh, *, compress: bool = True, pictures: str = "webp", quality: int = 80) -> bytes:
    """A glb of the mesh, y up, unlit, positions in float32 without node transforms (shaders see the tileset's frame).

    Args:
        compress: EXT_meshopt_compression (lossless here: positions are on the 2 mm grid already).
        pictures: ``webp``, ``ktx2``, or ``keep``: encoded pictures are kept byte for byte.
        quality: of WebP, 0..100.
    """
    w = _Writer(compress)
    w.doc = {
        "asset": {"version": "2.0", "generator": "plant-twin"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
    }
    w.doc |= {
        "meshes": [],
        "materials": [],
        "accessors": [],
        "bufferViews": [],
        "images": [],
        "textures": [],
        "samplers": [],
    }
    used = {"KHR_materials_unlit"}
    groups: dict[int, list[Part]] = {}
    for part in mesh.parts:
        if part.triangles:
            groups.setdefault(part.texture if part.uvs is not None else -1, []).append(part)
    primitives = []
    for index, parts in groups.items():
        material: dict[str, Any] = {
            "pbrMetallicRoughness": {"metallicFactor": 0.0},
            "extensions": {"KHR_materials_unlit": {}},
        }
        if index >= 0:
            texture = mesh.textures[index]
            number = _texture(w, texture, used, repeat=any(p.repeat for p in parts), pictures=pictures, quality=quality)
            material["pbrMetallicRoughness"]["baseColorTexture"] = {"index": number}
            if texture.pixels is not None and texture.pixels.shape[2] == 4:
                material["alphaMode"] = "MASK"
        if mesh.double_sided:
            material["doubleSided"] = True
        w.doc["materials"].append(material)
        primitives.append(_primitive(w, join(parts), len(w.doc["materials"]) - 1))
    w.doc["meshes"] = [{"primitives": primitives}]
    return _finish(w, used)


def write_points(
    positions: NDArray[np.float32], colors: U8, *, compress: bool = True, offset: NDArray[np.float64] | None = None
) -> bytes:
    """A glb of coloured points, y up.

    Args:
        positions: (N, 3) z up, metres; on the 2 mm grid when ``compress`` is set.
        colors: (N, 4) uint8, sRGB.
        offset: (3,) z-up translation kept in double precision in the node.
    """
    w = _Writer(compress)
    node: dict[str, Any] = {"mesh": 0}
    if offset is not None and np.any(offset):
        node["translation"] = [float(offset[0]), float(offset[2]), float(-offset[1])]
    w.doc = {
        "asset": {"version": "2.0", "generator": "plant-twin"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [node],
    }
    w.doc |= {"meshes": [], "accessors": [], "bufferViews": []}
    yup = np.stack([positions[:, 0], positions[:, 2], -positions[:, 1]], axis=1) + np.float32(0)
    view = w.attribute(yup, meshopt.positions_to_exponential(yup) if compress else None)
    bounds = {"min": yup.min(axis=0).tolist(), "max": yup.max(axis=0).tolist()}
    attributes = {"POSITION": w.accessor(view, 5126, "VEC3", len(yup), **bounds)}
    attributes["COLOR_0"] = w.accessor(w.attribute(to_light(colors)), 5123, "VEC4", len(yup), normalized=True)
    w.doc["materials"] = [{"pbrMetallicRoughness": {"metallicFactor": 0.0}, "extensions": {"KHR_materials_unlit": {}}}]
    w.doc["meshes"] = [{"primitives": [{"attributes": attributes, "mode": 0, "material": 0}]}]
    return _finish(w, {"KHR_materials_unlit"})


def _finish(w: _Writer, used: set[str]) -> bytes:
    """Close the document and lay out the chunks."""
    required = used & {"EXT_texture_webp", "KHR_texture_basisu", "EXT_meshopt_compression"}
    w.doc["buffers"] = [{"byteLength": len(w.blob)}]
    if w.fallback:
        used.add("EXT_meshopt_compression")
        required.add("EXT_meshopt_compression")
        w.doc["buffers"].append(
            {"byteLength": w.fallback, "extensions": {"EXT_meshopt_compression": {"fallback": True}}}
        )
    w.doc["extensionsUsed"] = sorted(used)
    if required:
        w.doc["extensionsRequired"] = sorted(required)
    return pack({k: v for k, v in w.doc.items() if v not in ([], {})}, bytes(w.blob))


def pack(doc: dict[str, Any], blob: bytes) -> bytes:
    """A glb of a document and its binary chunk."""
    text = orjson.dumps(doc, option=orjson.OPT_SERIALIZE_NUMPY)
    text += b" " * (-len(text) % 4)
    blob += b"\0" * (-len(blob) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if blob:
        chunks += struct.pack("<I4s", len(blob), b"BIN\0") + blob
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
