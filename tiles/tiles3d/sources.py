"""What lies at a path: recognise deliveries and read their tiles."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tiles.tiles3d.errors import BrokenFile, EmptyTile, UnknownDelivery
from tiles.tiles3d.georef import read_metadata
from tiles.tiles3d.gltf_read import load_gltf
from tiles.tiles3d.mesh import Mesh

MESH_SUFFIXES = (".glb", ".gltf", ".obj", ".ifc")
POINT_SUFFIXES = (".las", ".laz", ".ply", ".e57")
FOOTPRINT_SUFFIXES = (".geojson", ".wkb", ".wkt")
#: CityGML; ``.xml`` only where it is named as the delivery itself.
CITY_SUFFIXES = (".gml", ".citygml")


@dataclass
class Delivery:
    """A recognised delivery.

    Attributes:
        kind: ``osgb``, ``mesh``, ``points``, ``footprints``, ``city`` or ``tileset``.
        files: the tiles' top files (one per delivery tile), sorted.
        srs: from metadata.xml; empty when there is none.
        srs_file: the file that the SRS came from, for faults.
    """

    kind: str
    path: Path
    files: list[Path]
    srs: str = ""
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    srs_file: str = "metadata.xml"
    notes: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.path if self.path.is_dir() else self.path.parent

    def relative(self, file: Path) -> str:
        return file.relative_to(self.root).as_posix() if file.is_relative_to(self.root) else file.name

    def size(self) -> tuple[int, int]:
        """Files and bytes of the whole delivery."""
        if self.path.is_file():
            return 1, self.path.stat().st_size
        sizes = [f.stat().st_size for f in self.path.rglob("*") if f.is_file()]
        return len(sizes), sum(sizes)


def recognise(path: Path) -> Delivery:
    """Tell what kind of delivery a file or folder is.

    Raises:
        UnknownDelivery: nothing there that can be imported.
    """
    if not path.exists():
        raise UnknownDelivery(path, "no such file or folder")
    if path.is_file():
        return _single(path)
    if (path / "tileset.json").is_file():
        return Delivery("tileset", path, [path / "tileset.json"])
    srs, origin = "", (0.0, 0.0, 0.0)
    metadata = next((m for m in (path / "metadata.xml", path / "Data" / "metadata.xml") if m.is_file()), None)
    if metadata is not None:
        srs, origin = read_metadata(metadata)
    data = path / "Data" if (path / "Data").is_dir() else path
    for kind, suffixes in (
        ("osgb", (".osgb",)),
        ("mesh", MESH_SUFFIXES),
        ("points", POINT_SUFFIXES),
        ("footprints", FOOTPRINT_SUFFIXES),
        ("city", CITY_SUFFIXES),
    ):
        files = _tops(data, suffixes)
        if files:
            return _placed(Delivery(kind, path, files, srs, origin, "metadata.xml"))
    raise UnknownDelivery(path, "no OSGB, glTF, OBJ, IFC, CityGML, point cloud, footprints or tileset.json in it")


def _placed(delivery: Delivery) -> Delivery:
    """With the SRS and origin that IFC files carry themselves, where metadata.xml does not say.

    Raises:
        BrokenFile: files of one delivery that stand in different places.
    """
    if delivery.srs or delivery.kind != "mesh" or not any(f.suffix.lower() == ".ifc" for f in delivery.files):
        return delivery
    from tiles.tiles3d.ifc import read_place

    first = delivery.files[0]
    for file in delivery.files:
        label = delivery.relative(file)
        if file.suffix.lower() != ".ifc":
            raise BrokenFile(label, "IFC and other meshes in one delivery need a metadata.xml")
        place = read_place(file, label)
        if file is first:
            delivery.srs, delivery.origin, delivery.srs_file = place.srs, place.origin, label
        elif (place.srs, place.origin) != (delivery.srs, delivery.origin):
            raise BrokenFile(label, f"stands elsewhere than {delivery.srs_file}: deliver the files one by one")
    return delivery


def _single(path: Path) -> Delivery:
    suffix = path.suffix.lower()
    srs, origin = "", (0.0, 0.0, 0.0)
    if (path.parent / "metadata.xml").is_file():
        srs, origin = read_metadata(path.parent / "metadata.xml")
    if suffix == ".osgb":
        return Delivery("osgb", path, [path], srs, origin)
    if suffix in MESH_SUFFIXES:
        return _placed(Delivery("mesh", path, [path], srs, origin))
    if suffix in CITY_SUFFIXES:
        return _placed(Delivery("city", path, [path], srs, origin))
    if suffix in POINT_SUFFIXES:
        return Delivery("points", path, [path], srs, origin)
    if suffix in FOOTPRINT_SUFFIXES:
        return Delivery("footprints", path, [path], srs, origin)
    if suffix == ".json":
        import orjson

        try:
            doc = orjson.loads(path.read_bytes())
        except orjson.JSONDecodeError as error:
            raise BrokenFile(path.name, f"not JSON: {error}") from error
        if isinstance(doc, dict) and "root" in doc:
            return Delivery("tileset", path.parent, [path])
        return Delivery("footprints", path, [path], srs, origin)
    raise UnknownDelivery(path, f"files of the kind {suffix or 'without suffix'} are not taken")


def _tops(data: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """One file per tile: ``Tile_x/Tile_x.ext`` where the folder convention holds, else every file of the kind."""
    folders = sorted(d for d in data.iterdir() if d.is_dir())
    found: list[Path] = []
    for folder in folders:
        named = [folder / f"{folder.name}{s}" for s in suffixes]
        top = next((f for f in named if f.is_file()), None)
        if top is not None:
            found.append(top)
        elif folder.name.startswith("Tile_"):
            inner = sorted(f for f in folder.iterdir() if f.suffix.lower() in suffixes)
            if inner and suffixes == (".osgb",):
                raise BrokenFile(folder.name, f"the tile's top file {folder.name}.osgb is missing")
            found += inner
    if found:
        return found
    return sorted(f for f in data.iterdir() if f.is_file() and f.suffix.lower() in suffixes)


def read_tile(file: Path, label: str, *, textures: bool = True) -> Mesh:
    """The mesh of a glTF, OBJ or IFC tile, local frame, z up.

    Raises:
        EmptyTile: no triangle in it. Others: see the readers.
    """
    if file.suffix.lower() == ".obj":
        from tiles.tiles3d.obj import load_obj

        mesh = load_obj(file, label, textures=textures)
    elif file.suffix.lower() == ".ifc":
        from tiles.tiles3d.ifc import load_ifc

        mesh = load_ifc(file, label)
    else:
        mesh = load_gltf(file.read_bytes(), label, file.parent, textures=textures)
    if mesh.triangles == 0:
        raise EmptyTile(label, "not a single triangle")
    return mesh
