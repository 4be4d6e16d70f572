"""Tile contents of any 3D Tiles version as meshes: glb and gltf directly, b3dm, i3dm and cmpt unwrapped."""

from __future__ import annotations

from pathlib import Path

from tiles.tiles3d.errors import BrokenFile
from tiles.tiles3d.gltf_read import load_gltf
from tiles.tiles3d.mesh import Mesh, inside


def content_bytes(base: Path, uri: str) -> bytes:
    """Bytes of a content address, relative to ``base`` and inside it.

    Raises:
        BrokenFile: missing. UnsafePath: leads out.
    """
    target = inside(base, uri.split("?")[0])
    try:
        return target.read_bytes()
    except OSError as error:
        raise BrokenFile(uri, "missing file") from error


def content_mesh(base: Path, uri: str, *, textures: bool = False) -> Mesh:
    """The triangles of a tile's content in the tile's frame (z up).

    Raises:
        BrokenFile: missing, broken or of an unknown kind.
    """
    data = content_bytes(base, uri)
    if data[:4] == b"glTF" or data[:1] == b"{":
        return load_gltf(data, uri, base, textures=textures)
    from tiles.tiles3d.levels import merge
    from tiles.tiles3d.wrapped import to_glbs

    inner = to_glbs(data, uri, lambda address: content_bytes(base, address))
    return merge([load_gltf(glb, uri, base, textures=textures) for glb in inner])
