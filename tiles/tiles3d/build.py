"""From a delivery to a 3D Tiles 1.1 tileset: ``import_delivery``."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely

from tiles.tiles3d import georef as geo
from tiles.tiles3d.archive import unpacked
from tiles.tiles3d.city import build_city
from tiles.tiles3d.errors import UnknownDelivery
from tiles.tiles3d.footprints import build_footprints
from tiles.tiles3d.foreign import take_over
from tiles.tiles3d.georef import Georef
from tiles.tiles3d.job import Building, Options, Progress, content_version, fingerprint
from tiles.tiles3d.ktx2 import encoder
from tiles.tiles3d.manifest import Level, Manifest, Place, Source, write_manifest
from tiles.tiles3d.meshes import build_meshes
from tiles.tiles3d.nodes import Record
from tiles.tiles3d.paged import build_paged
from tiles.tiles3d.points import build_points
from tiles.tiles3d.sources import Delivery, recognise
from tiles.tiles3d.tileset import write_tileset, write_tree
from twin import clock

#: Half edge of the box over which the curvature correction is fitted, metres; far more than a plant.
_SPAN = 8000.0


def tileset_id(path: Path, options: Options) -> str:
    """Folder name of the tileset: the option, or letters, digits and dashes of the delivery's name."""
    raw = options.id or (path.stem if path.is_file() else path.resolve().name)
    cleaned = re.sub(r"[^A-Za-z0-9_-]+", "-", raw).strip("-").lower()
    return cleaned or "tileset"


def import_delivery(
    path: Path, out_dir: Path, *, options: Options | None = None, progress: Progress | None = None
) -> Manifest:
    """Import any recognised delivery into ``out_dir`` (replaced as a whole when the new tileset is complete).

    Args:
        path: a delivery folder or file.
        out_dir: the tileset's folder.
        progress: called with the share done and the stage.

    Returns:
        The manifest, also written to ``out_dir/manifest.json``.

    Raises:
        DeliveryError: names the file and the fault; nothing is left behind.
    """
    options = options or Options()
    if options.textures == "ktx2":
        encoder()  # said now, not after an hour of reading
    path, out_dir = Path(path), Path(out_dir)
    if path.is_file() and path.suffix.lower() == ".zip":
        named = replace(options, id=options.id or tileset_id(path, options), name=options.name or path.stem)
        with unpacked(path, out_dir) as folder:
            return _import(folder, out_dir, named, progress or _silent)
    return _import(path, out_dir, options, progress or _silent)


def _silent(share: float, stage: str) -> None:
    """Nobody asked."""


def _import(path: Path, out_dir: Path, options: Options, report: Progress) -> Manifest:
    started = clock.monotonic()
    delivery = recognise(path)
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    building = Building(out_dir, fingerprint(_source_files(delivery), options))
    try:
        report(0.0, "scan")
        if delivery.kind == "tileset":
            georef, root, tree, error = take_over(delivery, building, options, report)
            version = content_version(building.folder)
            write_tree(building.folder, tree, error, georef.transform, version, tree["refine"])
        else:
            georef, root = _build(delivery, building, options, report)
            version = content_version(building.folder)
            refine = "ADD" if delivery.kind == "points" else "REPLACE"
            write_tileset(building.folder, root, georef.transform, version, refine)
        manifest = make_manifest(delivery, georef, root, building.folder, version, options)
        manifest.seconds = round(clock.monotonic() - started, 3)
        write_manifest(manifest, building.folder)
        _compress_json(building.folder)
    except Exception:
        # A refusal leaves nothing. Only an interruption (Ctrl-C, a killed process) leaves the folder, to go on from.
        building.discard()
        raise
    building.publish()
    report(1.0, "done")
    return manifest


def _compress_json(folder: Path) -> None:
    """A gzip copy beside every JSON of the tileset; the server hands it out as it is."""
    for file in [folder / "tileset.json", *sorted((folder / "tiles").glob("*.json"))]:
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))


def _source_files(delivery: Delivery) -> list[Path]:
    if delivery.path.is_file():
        return [delivery.path]
    return sorted(f for f in delivery.path.rglob("*") if f.is_file())


def _build(delivery: Delivery, building: Building, options: Options, report: Progress) -> tuple[Georef, Record]:
    if delivery.kind == "mesh":
        georef = place(delivery, options)
        return georef, build_meshes(delivery, georef, building, options, report)
    if delivery.kind == "points":
        return build_points(delivery, building, options, report)
    if delivery.kind == "footprints":
        return build_footprints(delivery, building, options, report)
    if delivery.kind == "city":
        return build_city(delivery, building, options, report)
    if delivery.kind == "osgb":
        georef = place(delivery, options)
        return georef, build_paged(delivery, georef, building, options, report)
    raise UnknownDelivery(delivery.path, f"deliveries of the kind {delivery.kind} are not taken")


def place(delivery: Delivery, options: Options) -> Georef:
    """The delivery's tie to the earth, with the curvature correction fitted.

    Raises:
        SrsError: with candidates.
    """
    georef = geo.resolve(
        options.srs or delivery.srs,
        options.origin or delivery.origin,
        file=delivery.srs_file,
        height_offset=options.height_offset,
        geoid=options.geoid,
        near=options.near,
    )
    georef.fit(np.array([-_SPAN, -_SPAN, -500.0]), np.array([_SPAN, _SPAN, 2500.0]))
    return georef


def make_levels(root: Record) -> list[Level]:
    """Sums per level, coarsest first."""
    found: dict[int, list[Record]] = {}
    for record in root.walk():
        if record.content:
            found.setdefault(record.level, []).append(record)
    return [
        Level(
            level=level,
            tiles=len(items),
            triangles=sum(r.triangles for r in items),
            points=sum(r.points for r in items),
            texels=sum(r.texels for r in items),
            bytes=sum(r.bytes for r in items),
            geometric_error=max(r.error for r in items),
        )
        for level, items in sorted(found.items(), reverse=True)
    ]


def _coverage(leaves: list[Record], georef: Georef) -> list[list[tuple[float, float]]]:
    """Outlines around the finest tiles, longitude and latitude."""
    # Half a metre more on each side, so that tiles that touch become one.
    boxes = [shapely.box(r.low[0] - 0.5, r.low[1] - 0.5, r.high[0] + 0.5, r.high[1] + 0.5) for r in leaves]
    outlines = []
    for polygon in shapely.get_parts(shapely.union_all(boxes).simplify(1.0)):
        xy = np.asarray(shapely.get_coordinates(polygon.exterior))
        ring = georef.lonlat_of(np.column_stack([xy, np.full(len(xy), leaves[0].low[2])]))
        outlines.append([(float(lon), float(lat)) for lon, lat in ring[:, :2]])
    return outlines


def make_manifest(
    delivery: Delivery, georef: Georef, root: Record, folder: Path, version: str, options: Options
) -> Manifest:
    """The card of a freshly built tileset."""
    low, high = np.array(root.low), np.array(root.high)
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    lonlat = georef.lonlat_of(corners)
    files = [f for f in folder.rglob("*") if f.is_file() and "work" not in f.relative_to(folder).parts]
    count, size = delivery.size()
    leaves = [r for r in root.walk() if not r.children]
    bounds = [float(v) for v in (*lonlat.min(axis=0)[:2], *lonlat.max(axis=0)[:2])]
    return Manifest(
        id=tileset_id(delivery.path, options),
        name=options.name or delivery.path.stem,
        site=options.site,
        version=version,
        source=Source(kind=delivery.kind, name=delivery.path.name, files=count, bytes=size),
        place=Place(
            srs=georef.srs,
            crs=georef.crs,
            srs_origin=georef.origin,
            longitude=georef.lonlat[0],
            latitude=georef.lonlat[1],
            height=georef.lonlat[2],
            height_offset=georef.height_offset,
            geoid=georef.geoid,
            convergence_deg=georef.convergence,
            grid_scale=georef.scale,
        ),
        transform=[float(v) for v in georef.transform.T.ravel()],
        bounds=(bounds[0], bounds[1], bounds[2], bounds[3]),
        coverage=_coverage(leaves, georef),
        heights=(float(lonlat[:, 2].min()), float(lonlat[:, 2].max())),
        frame_low=(float(low[0]), float(low[1]), float(low[2])),
        frame_high=(float(high[0]), float(high[1]), float(high[2])),
        date=options.date,
        imported_at=clock.now(),
        accuracy_m=options.accuracy_m,
        licence=options.licence,
        attribution=options.attribution,
        compression="EXT_meshopt_compression" if options.compress else "",
        textures="source" if options.textures == "keep" else options.textures,
        files=len(files) + 1,
        bytes=sum(f.stat().st_size for f in files),
        triangles=sum(r.triangles for r in leaves),
        points=sum(r.points for r in root.walk()),
        levels=make_levels(root),
        notes=delivery.notes,
    )
