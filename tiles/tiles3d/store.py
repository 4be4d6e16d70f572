"""Tilesets on disk: ``<sites_dir>/<site>/tiles3d/<tileset>/``."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tiles.tiles3d.errors import BrokenFile, TileNotFound, TilesetNotFound, UnsafePath
from tiles.tiles3d.manifest import Manifest, read_manifest
from tiles.tiles3d.mesh import inside

if TYPE_CHECKING:
    from tiles.tiles3d.height import HeightField

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
#: What a tileset may consist of; everything else in the folder stays private.
MEDIA = {
    ".json": "application/json",
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ktx2": "image/ktx2",
    **dict.fromkeys((".bin", ".b3dm", ".i3dm", ".pnts", ".cmpt", ".subtree"), "application/octet-stream"),
}
_FIELDS = 8

_fields: OrderedDict[tuple[Path, str], HeightField] = OrderedDict()
_manifests: dict[Path, tuple[int, Manifest]] = {}
_lock = threading.Lock()


def tileset_folder(sites: Path, site: str, tileset: str) -> Path:
    """Folder of a tileset.

    Raises:
        TilesetNotFound: no such tileset, or a name that is none.
    """
    folder = sites / site / "tiles3d" / tileset
    if not _NAME.fullmatch(site) or not _NAME.fullmatch(tileset) or not (folder / "manifest.json").is_file():
        raise TilesetNotFound(site=site, tileset=tileset)
    return folder


def manifest_of(folder: Path) -> Manifest:
    """The manifest, read again only when the file has changed."""
    stamp = (folder / "manifest.json").stat().st_mtime_ns
    known = _manifests.get(folder)
    if known is None or known[0] != stamp:
        known = (stamp, read_manifest(folder))
        _manifests[folder] = known
    return known[1]


def list_manifests(sites: Path) -> list[tuple[str, str, Manifest]]:
    """(site, tileset, manifest) of every finished tileset; broken ones are left out. Reads only the small manifests."""
    found = []
    for path in sorted(sites.glob("*/tiles3d/*/manifest.json")):
        folder = path.parent
        if not folder.name.startswith("."):
            try:
                found.append((folder.parent.parent.name, folder.name, manifest_of(folder)))
            except (BrokenFile, OSError):
                continue
    return found


def tile_path(folder: Path, name: str) -> Path:
    """A file of the tileset.

    Raises:
        TileNotFound: absent, hidden, of another kind, or outside.
    """
    hidden = any(piece.startswith(".") for piece in name.split("/"))
    if hidden or Path(name).suffix.lower() not in MEDIA or "\\" in name or "\0" in name:
        raise TileNotFound(file=name)
    try:
        path = inside(folder, name)
    except UnsafePath:
        raise TileNotFound(file=name) from None
    if not path.is_file():
        raise TileNotFound(file=name)
    return path


def height_field(folder: Path) -> HeightField:
    """The height field of a tileset, kept between requests and dropped when the tileset changes."""
    from tiles.tiles3d.height import HeightField  # numba: seconds at start, needed at the first question

    key = (folder, manifest_of(folder).version)
    with _lock:
        field = _fields.get(key)
        if field is None:
            field = _fields[key] = HeightField(folder)
        _fields.move_to_end(key)
        for old in [k for k in _fields if k[0] == folder and k != key]:
            del _fields[old]
        while len(_fields) > _FIELDS:
            _fields.popitem(last=False)
    return field


def sample(folder: Path, points: Sequence[tuple[float, float]], below: float | None = None) -> list[float | None]:
    """Ellipsoidal heights of the model's highest surface (not above ``below``) at longitudes and latitudes; None beside it."""
    import numpy as np

    values = height_field(folder).sample(np.array(points, np.float64).reshape(-1, 2), below=below)
    return [None if np.isnan(v) else float(v) for v in values]
